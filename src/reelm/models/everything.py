"""Importing this declares every table: for migrations, the data map, and tests that ask about all of them."""

from reelm.models import (
    border,
    clips,
    contacts,
    custody,
    feed,
    friends,
    learning,
    ledger,
    message_reports,
    messages,
    people,
    push,
    realm,
    receipts,
    rights,
    watching,
)
from reelm.models.declare import metadata

__all__ = [
    "border",
    "clips",
    "contacts",
    "custody",
    "feed",
    "friends",
    "learning",
    "ledger",
    "message_reports",
    "messages",
    "metadata",
    "people",
    "push",
    "realm",
    "receipts",
    "rights",
    "watching",
]
