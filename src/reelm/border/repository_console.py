"""SQL of the border's public page, and of what operators do there."""

import datetime as dt
from typing import NamedTuple
from uuid import UUID

from reelm.kit.database import UnitOfWork


class PeerLine(NamedTuple):
    """Another realm with what went to and came from it. `waiting` and `dead` count objects of deliveries."""

    realm: str
    name: str
    network: str
    state: str
    web: str
    last_heard_at: dt.datetime | None
    out_objects: int
    out_bytes: int
    in_objects: int
    in_bytes: int
    refused: int
    waiting: int
    dead: int


class DayCount(NamedTuple):
    """What went one way on a day."""

    day: dt.date
    kind: str
    direction: str
    peer: str
    data_class: str
    objects: int
    bytes: int


class DeliveryLine(NamedTuple):
    """One delivery to another realm."""

    id: UUID
    peer: str
    objects: int
    bytes: int
    state: str
    attempts: int
    problem: str | None
    next_at: dt.datetime | None
    made_at: dt.datetime
    done_at: dt.datetime | None
    entry_index: int | None


class ConsoleReader:
    """Reads what anybody may see of the border."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def is_operator(self) -> bool:
        found: bool = await self._uow.fetch_value("SELECT reelm.is_operator()")
        return found

    async def list_peers(self) -> list[PeerLine]:
        rows = await self._uow.fetch(
            "SELECT p.realm, p.name, p.network, p.state, p.web, p.heard_at AS last_heard_at, "
            "coalesce(c.out_objects, 0) AS out_objects, coalesce(c.out_bytes, 0) AS out_bytes, "
            "coalesce(c.in_objects, 0) AS in_objects, coalesce(c.in_bytes, 0) AS in_bytes, "
            "coalesce(c.refused, 0) AS refused, coalesce(b.waiting, 0) AS waiting, coalesce(b.dead, 0) AS dead "
            "FROM peers p LEFT JOIN (SELECT peer, "
            "sum(objects) FILTER (WHERE kind = 'crossing' AND direction = 'out')::bigint AS out_objects, "
            "sum(bytes) FILTER (WHERE kind = 'crossing' AND direction = 'out')::bigint AS out_bytes, "
            "sum(objects) FILTER (WHERE kind = 'crossing' AND direction = 'in')::bigint AS in_objects, "
            "sum(bytes) FILTER (WHERE kind = 'crossing' AND direction = 'in')::bigint AS in_bytes, "
            "sum(objects) FILTER (WHERE kind = 'refused')::bigint AS refused FROM border_counts GROUP BY peer) c "
            "ON c.peer = p.realm LEFT JOIN (SELECT peer, "
            "sum(count) FILTER (WHERE state IN ('recorded', 'released'))::bigint AS waiting, "
            "sum(count) FILTER (WHERE state = 'dead')::bigint AS dead "
            "FROM crossing_batches WHERE direction = 'out' AND state IN ('recorded', 'released', 'dead') "
            "GROUP BY peer) b ON b.peer = p.realm ORDER BY p.realm"
        )
        return [PeerLine(**dict(row)) for row in rows]

    async def list_days(self, since: dt.date) -> list[DayCount]:
        rows = await self._uow.fetch(
            "SELECT day, kind, direction, peer, data_class, objects, bytes FROM border_counts WHERE day >= $1 "
            "ORDER BY day, kind, direction, peer, data_class",
            since,
        )
        return [DayCount(**dict(row)) for row in rows]

    async def list_deliveries(self, state: str, before: UUID | None, limit: int) -> list[DeliveryLine]:
        """Deliveries in a state, newest first."""
        rows = await self._uow.fetch(
            "SELECT id, peer, count AS objects, bytes, state, attempts, problem, next_at, made_at, done_at, "
            "entry_index FROM crossing_batches WHERE direction = 'out' AND state = $1 "
            "AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            state,
            before,
            limit,
        )
        return [DeliveryLine(**dict(row)) for row in rows]


class ConsoleWriter(ConsoleReader):
    """What an operator changes."""

    async def retry(self, delivery: UUID) -> bool:
        found: bool = await self._uow.fetch_value("SELECT reelm.retry_delivery($1)", delivery)
        return found

    async def set_state(self, realm: str, state: str) -> bool:
        """Say whether there is such a peer, for whoever may change it."""
        touched = await self._uow.execute("UPDATE peers SET state = $2 WHERE realm = $1", realm, state)
        await self._uow.fetch_value("SELECT pg_notify('crossings', '')")
        return touched > 0
