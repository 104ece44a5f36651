"""Social: who follows whom, who asked to, and who are friends.

Owns the table follows.
May import: accounts, custody, realm, models, kit.
Must never: show a person's ties to anybody but the two people in them.
"""
