"""Ledger: the realm's public, append-only, witnessed transparency log.

Owns the ledger: its outbox, the sequencer, tiles and checkpoints, the two witness policies, and the kinds of entries.
May import: models, kit, and of the auditor's distribution its pure library `tlog`.
Must never: import a room above it, hold a signing key, or write anything about a person that is not a reference
(finished references and the charter's digest come from the caller).
"""
