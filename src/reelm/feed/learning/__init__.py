"""Learning: what the realm's own telemetry teaches the feed, and how that is released.

Owns the matrices of neighbours, the ranker's releases, the tables of `models/learning.py` and DATA/feed/matrices and
DATA/feed/models. The learner sees pseudonyms, never people. May import kit, ledger.service and, of the feed, the
catalog and the pipeline's features. Only `training/` may import SciPy and LightGBM, and only short-lived children
run it: never import it from a process that stays.
"""
