"""Training: what runs in short-lived children only, for it needs SciPy and LightGBM.

Owns how events become matrices (`watched` → `pairs` → `weigh`, `content`), what is kept between two passes (`state`)
and how a ranker is trained and judged (`replay`, `ranker`, `judge`). May import the rest of learning, kit and the
readers of the catalog. Must never be imported by a process that stays.
"""
