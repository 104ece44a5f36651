"""Social: who follows whom, who asked to, who are friends and close friends, and invites.

Owns the tables follows, close friends and friend invites.
May import: accounts, custody, realm, models, kit.
Must never: show a person's ties to anybody but the two people in them, a list of close friends to anybody but
its owner, or say of a wrong code how wrong it is.
"""
