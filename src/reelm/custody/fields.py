"""Encryption of single column values under a person's data key.

The stored form is a `bytea`: the envelope of `custody.envelope`, bound to `table.column` and the person, so a
value moved to another row's person or another column does not open. Used by rooms through
`custody.service.seal_field` and `open_field`.
"""

from uuid import UUID

from reelm.custody.envelope import context, seal, unseal


def seal_field(data_key: bytes, table: str, column: str, person_id: UUID, value: str) -> bytes:
    """Encrypt a text value of a person's row."""
    return seal(data_key, value.encode(), context(table, column, person_id.bytes))


def open_field(data_key: bytes, table: str, column: str, person_id: UUID, sealed: bytes) -> str:
    """Decrypt a value sealed by `seal_field`. Raises SealBrokenError if it belongs to another place or person."""
    return unseal(data_key, sealed, context(table, column, person_id.bytes)).decode()
