"""Custody: who may open what.

Owns the keys process (`reelm keys`): the key store, credentials, sessions, tickets, blind indexes, and the
sealing of columns; the staff's keys, grants (their people, decisions and uses), and who opened a person's data.
It decides each release of a key by stated rules. What staff do is in the folder `grants`; all else is the keys
process and its client.
May import: realm, ledger, models, kit. Other rooms import only `custody.service` (and `custody.fields` through it).
Must never: hand the key-encryption key or a ledger key to a caller, write a secret to a log, or release a
person's key without a live session, a ticket whose purpose names the columns, or a grant that the ledger holds.
"""
