"""The rules that a realm's ledger is held to, one module for each subject.

Owns: what an entry may say and when, how charter, staff, grants, keys and releases follow from one another.
May import: `tlog`, `entries`, `findings`.
Must never: fetch, keep more than it needs to judge what comes next, or accuse where it could not look.
"""
