"""What an outsider checks a realm with: its ledger, its witnesses, its rules.

Owns: the pure library `tlog`, the mirror, the rules, the report, the witness.
May import: the standard library and `cryptography`.
Must never: import the server, need access to production, or trust what it has not verified.
"""
