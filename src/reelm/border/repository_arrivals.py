"""SQL of arrivals as they are taken in. As the worker: it reads and settles them, and can make none."""

from typing import Any, NamedTuple
from uuid import UUID

from reelm.kit.database import UnitOfWork


class Arrival(NamedTuple):
    """Something another realm sent, held until it is taken in or refused."""

    id: UUID
    peer: str
    uri: str
    act: str
    object_type: str
    document: dict[str, Any] | None
    attempts: int


_ARRIVAL = ", ".join(Arrival._fields)


class HeldReader:
    """Reads what is held."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_held(self, limit: int) -> list[Arrival]:
        """Return what waits, in the order in which it was sent."""
        rows = await self._uow.fetch(
            f"SELECT {_ARRIVAL} FROM arrivals WHERE state = 'held' ORDER BY at, batch_id, position LIMIT $1",
            limit,
        )
        return [Arrival(**dict(row)) for row in rows]


class HeldWriter(HeldReader):
    """Settles what was held."""

    async def hold(self, arrival_id: UUID) -> bool:
        """Keep an arrival to this transaction; false when it was settled meanwhile."""
        held = await self._uow.fetch_value(
            "SELECT id FROM arrivals WHERE id = $1 AND state = 'held' FOR UPDATE", arrival_id
        )
        return held is not None

    async def settle(self, arrival_id: UUID, state: str, reason: str | None) -> None:
        """Say what became of it; its words go."""
        await self._uow.execute(
            "UPDATE arrivals SET state = $2, reason = $3, document = NULL, attempts = attempts + 1 "
            "WHERE id = $1 AND state = 'held'",
            arrival_id,
            state,
            reason,
        )

    async def tried(self, arrival_id: UUID, reason: str) -> None:
        await self._uow.execute(
            "UPDATE arrivals SET attempts = attempts + 1, reason = $2 WHERE id = $1 AND state = 'held'",
            arrival_id,
            reason,
        )

    async def forget_settled(self, days: int) -> None:
        await self._uow.execute(
            "DELETE FROM arrivals WHERE state <> 'held' AND at < now() - make_interval(days => $1)", days
        )
