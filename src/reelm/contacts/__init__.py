"""Contacts: finding people by a number or an address, without anybody's being sent here.

Owns the tables contact_entries (who chose to be found) and contact_standings (how much each person may ask).
May import: social, accounts, custody, realm, models, kit.
Must never: learn a number, an address, or who was found; keep anything of a search.
"""
