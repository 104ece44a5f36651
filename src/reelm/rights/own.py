"""Rows about a person as they are shown to that person: sealed columns opened, bytes as base64."""

import base64
from typing import Any
from uuid import UUID

from reelm.custody.service import SealBrokenError, open_field
from reelm.rights.repository import OwnTableRow

# In the order in which they are shown: from the most to the least guarded.
CLASSES = ("identity", "private", "social", "telemetry", "derived", "public", "operational")


def shown(table: OwnTableRow, row: dict[str, Any], data_key: bytes | None, person_id: UUID) -> dict[str, Any]:
    """Return a row with its sealed columns opened and called by their plain names."""
    sealed = set(table.about["sealed"])
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name in sealed:
            found[name.removesuffix("_sealed")] = _opened(table.name, name, value, data_key, person_id)
        elif name in table.about["bytes"] and value is not None:
            found[name] = base64.b64encode(raw(value)).decode()
        else:
            found[name] = value
    return found


def raw(value: str) -> bytes:
    """Return the bytes of a column as PostgreSQL writes them in JSON."""
    return bytes.fromhex(value.removeprefix("\\x"))


def _opened(
    table: str, column: str, value: str | None, data_key: bytes | None, person_id: UUID
) -> str | None:
    if value is None or data_key is None:
        return None
    try:
        return open_field(data_key, table, column, person_id, raw(value))
    except SealBrokenError:
        # A value that was put there by other means than ours can't be opened by anybody.
        return None


def key_of(table: OwnTableRow, row: dict[str, Any]) -> list[str]:
    """Return where the page that ended with `row` goes on."""
    return [str(row[name]) for name in table.about["key"]]
