"""SQL of what comes in: who sent it, what was answered, and what is held to be taken in. As `reelm_border` only."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from reelm.kit.database import UnitOfWork

_REFUSED = "refused "


class Sender(NamedTuple):
    """A realm that may send, and how it is recognised."""

    realm: str
    network: str
    ids: str
    web: str
    border: str
    vkey: str
    state: str


_SENDER = ", ".join(Sender._fields)


@dataclass(frozen=True)
class First:
    """What was answered when a delivery came for the first time."""

    count: int
    refused: list[int]


@dataclass(frozen=True)
class Held:
    """One activity that was taken, until it is taken in."""

    id: UUID
    position: int
    uri: str
    act: str
    object_type: str
    document: dict[str, Any]


class ArrivalsReader:
    """Reads senders, and what they sent."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_senders(self, key_name: str) -> list[Sender]:
        """Realms whose border's key has that name: one, or nobody is meant."""
        rows = await self._uow.fetch(
            f"SELECT {_SENDER} FROM peers WHERE split_part(vkey, '+', 1) = $1 LIMIT 2", key_name
        )
        return [Sender(**dict(row)) for row in rows]

    async def find_first(self, peer: str, root: bytes) -> First | None:
        """Return what was answered to a delivery that is here already."""
        row = await self._uow.fetch_row(
            "SELECT count, problem FROM crossing_batches WHERE direction = 'in' AND peer = $1 AND root = $2",
            peer,
            root,
        )
        if row is None:
            return None
        told = (row["problem"] or "").removeprefix(_REFUSED)
        return First(row["count"], [int(each) for each in told.split(",") if each])

    async def list_known(self, peer: str, uris: Sequence[str]) -> set[str]:
        """Those of the activities that were taken before."""
        rows = await self._uow.fetch(
            "SELECT uri FROM arrivals WHERE peer = $1 AND uri = ANY ($2)", peer, list(uris)
        )
        return {row["uri"] for row in rows}


class ArrivalsWriter(ArrivalsReader):
    """Holds what arrived."""

    async def hold_sender(self, realm: str, now: dt.datetime) -> str:
        """Note that a realm was heard of; until the transaction ends, nothing else is taken from it. Its state."""
        state: str = await self._uow.fetch_value(
            "UPDATE peers SET heard_at = $2 WHERE realm = $1 RETURNING state", realm, now
        )
        return state or "refused"

    async def add_batch(
        self,
        batch_id: UUID,
        peer: str,
        root: bytes,
        count: int,
        size: int,
        ref: UUID,
        entry_index: int,
        refused: Sequence[int],
        now: dt.datetime,
    ) -> None:
        """Note a delivery and what is answered to it. `entry_index` is its place in the sender's ledger."""
        await self._uow.execute(
            "INSERT INTO crossing_batches (id, peer, direction, root, count, bytes, ref, entry_index, state, "
            "problem, made_at, done_at) VALUES ($1, $2, 'in', $3, $4, $5, $6, $7, 'taken', $8, $9, $9)",
            batch_id,
            peer,
            root,
            count,
            size,
            ref,
            entry_index,
            _REFUSED + ",".join(map(str, refused)) if refused else None,
            now,
        )

    async def hold(self, batch_id: UUID, peer: str, held: Sequence[Held], now: dt.datetime) -> None:
        await self._uow.execute_many(
            "INSERT INTO arrivals (id, batch_id, position, peer, uri, act, object_type, document, at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                (
                    each.id,
                    batch_id,
                    each.position,
                    peer,
                    each.uri,
                    each.act,
                    each.object_type,
                    each.document,
                    now,
                )
                for each in held
            ],
        )

    async def announce(self) -> None:
        """Tell the worker, if and only if the transaction commits."""
        await self._uow.execute("SELECT reelm.announce_arrivals()")
