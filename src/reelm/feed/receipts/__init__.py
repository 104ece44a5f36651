"""Receipts: what every page of For You was made of, sealed for its viewer, and bound to the public ledger.

`keeper` is called for each page and never waits for the database; `indexing` brings index rows after it; `batches`
runs in the indexer and puts leaves into the ledger; `service` answers people about their own.
"""
