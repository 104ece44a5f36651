"""What grants ask of the keys process."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from reelm.custody.opening_schemas import GrantOpening, OpenedData
from reelm.custody.schemas import Session


class GrantKeys(Protocol):
    """The part of `KeysClient` that grants need; see there."""

    async def resolve(self, token: str) -> Session:
        """Return a live session."""
        ...

    async def references(self, kind: str, items: Sequence[tuple[UUID, bytes]]) -> list[tuple[str, bytes]]:
        """Make references for an entry, and the nonces that open them."""
        ...

    async def opening(self, token: str, nonce: bytes) -> str:
        """Return what opens a reference to the session's own person."""
        ...

    async def open_under_grant(self, asked: GrantOpening) -> OpenedData:
        """Open data by release rule (c)."""
        ...
