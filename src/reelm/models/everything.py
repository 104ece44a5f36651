"""Importing this declares every table: for migrations, the data map, and tests that ask about all of them."""

from reelm.models import (
    border,
    clips,
    contacts,
    custody,
    feed,
    learning,
    ledger,
    people,
    realm,
    receipts,
    rights,
    watching,
)
from reelm.models.declare import metadata

__all__ = [
    "border",
    "clips",
    "custody",
    "feed",
    "learning",
    "ledger",
    "contacts",
    "metadata",
    "people",
    "realm",
    "receipts",
    "rights",
    "watching",
]
