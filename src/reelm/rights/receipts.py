"""Receipts: ledger entries about a person, each with its proof and with what opens it."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

from reelm.kit.errors import NotFoundError
from reelm.ledger.service import LedgerLateError, LedgerService
from reelm.rights.hand import Hand
from reelm.rights.own import raw
from reelm.rights.repository import OwnTableRow, RightsReader
from reelm_audit import receipts
from reelm_audit.receipts import Opening
from reelm_audit.tlog import canonical


def document_of(person_id: UUID, **more: str) -> bytes:
    """Return what a reference of this room commits to."""
    return canonical.encode({"person": person_id.hex, **more})


async def receipt_text(
    ledger: LedgerService, origin: str, index: int, openings: Sequence[Opening], proof: str | None = None
) -> str:
    """Return the file that a person keeps. Raises `NotFoundError` or `LedgerLateError`."""
    state = await ledger.state()
    return receipts.make(
        proof or await ledger.proof(index),
        await ledger.entry(index),
        openings,
        realm=origin,
        vkey=state.vkey,
        policy=state.release_policy,
    )


class Receipts:
    """The receipts that go into an archive."""

    def __init__(self, ledger: LedgerService, origin: str, hand: Hand) -> None:
        self._ledger = ledger
        self._origin = origin
        self._hand = hand

    async def all(
        self, rows: Callable[[str], AsyncIterator[dict[str, Any]]], tables: dict[str, OwnTableRow]
    ) -> AsyncIterator[tuple[str, str]]:
        """Yield a name and a text for each entry about the person that is published."""
        async for row in rows("exports"):
            if row["nonce"] and row["entry_ref"]:
                async with self._hand.transaction() as uow:
                    index = await self._ledger.find_index(uow, UUID(row["entry_ref"]))
                document = document_of(self._hand.person_id, manifest=row["manifest_digest"])
                found = await self._one("rights.exported", index, document, raw(row["nonce"]))
                if found:
                    yield f"exported-{index}", found
        if tables["grant_people"].rows:
            async with self._hand.transaction() as uow:
                leaves = await RightsReader(uow).list_grant_leaves()
            async for row in rows("grant_people"):
                index = leaves.get(UUID(row["grant_id"]))
                found = await self._one("grant.requested", index, raw(row["document"]), raw(row["nonce"]))
                if found:
                    yield f"asked-{index}", found
        if tables["grant_uses"].rows:
            async for row in rows("grant_uses"):
                index = row["leaf"]
                found = await self._one("grant.used", index, raw(row["document"]), raw(row["nonce"]))
                if found:
                    yield f"opened-{index}", found

    async def _one(self, kind: str, index: int | None, document: bytes, nonce: bytes) -> str | None:
        if index is None:
            return None
        [opening] = await self._hand.keys.job_openings(self._hand.ticket, [nonce])
        opens = Opening(kind, document.decode(), bytes.fromhex(opening))
        try:
            return await receipt_text(self._ledger, self._origin, index, [opens])
        except (NotFoundError, LedgerLateError, json.JSONDecodeError):
            return None
