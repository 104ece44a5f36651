"""Accounts: people, how they sign in, what they say of themselves, whom they block.

Owns the tables people, person_details, blocks, invitations and answers.
May import: custody, realm, models, kit.
Must never: keep a password, a session or an unsealed identity value; those are custody's.
"""
