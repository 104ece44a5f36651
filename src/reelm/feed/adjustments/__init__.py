"""Adjustments: every boost and demotion made by hand, declared: a row, a map of all of them, an entry in the ledger.

`book` is what the pipeline uses: it holds no map whose root is not proved to be in the ledger. `service` is where
staff declare and take back, and where everybody reads.
"""
