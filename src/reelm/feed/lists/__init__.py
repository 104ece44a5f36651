"""Public lists: For You without profiling, the same bytes for everyone of a language, jurisdiction and age band.

`making` makes one from public clips alone, `keeper` makes those of an epoch and has the ledger say so, `shelf` holds
the files, `desk` gives them out. Must never: take anything about a viewer in.
"""
