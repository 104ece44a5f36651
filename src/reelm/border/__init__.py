"""Border: the only door through which data leaves or enters the realm.

Owns peers (other realms), crossings and their crossing batches, arrivals, the border's own counts and key.
May import: realm, ledger, models, kit.
Must never: read a person's rows, hold a person's key, or release what the ledger does not have yet.
"""
