"""Backups: a copy of the realm in which nobody's data can be read without that person's own key.

Owns the backup's format, its writing from a running realm and its restoring into an empty folder.
May import: ledger, custody and kit through their services; runs from the command line only, as the administrator.
Must never: write a row that is not public unless it is sealed under its person's key, or keep a key beside a backup.
"""
