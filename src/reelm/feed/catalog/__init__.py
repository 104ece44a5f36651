"""The shared catalog: every public clip as rows of integers in memory that all processes read.

`Catalog` reads, in any process. Everything else writes, and belongs to the indexer: `keeper` follows the database,
`store` logs and applies what changes, `snapshots` keeps what charter auditors get.
"""

from reelm.feed.catalog.layout import CATALOG, COUNTERS, KINDS, Kind
from reelm.feed.catalog.reader import Catalog, Mark, Rows

__all__ = ["CATALOG", "COUNTERS", "KINDS", "Catalog", "Kind", "Mark", "Rows"]
