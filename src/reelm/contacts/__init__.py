"""Contacts: finding people by a number or an address, without anybody's being sent here.

Owns the tables of who chose to be found, and of how much each person asked.
May import: social, accounts, custody, realm, models, kit.
Must never: learn a number, an address, or who was found; keep anything of a search.
"""
