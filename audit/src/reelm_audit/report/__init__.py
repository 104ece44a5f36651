"""The report: one self-contained page on what a check came to, for people who look before they read.

Owns: counting what the ledger tells, charts, the words of the page.
May import: everything of the auditor's tool.
Must never: load anything when it is read, run a script, or show text of a realm unescaped.
"""
