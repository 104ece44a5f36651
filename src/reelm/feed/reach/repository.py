"""SQL of reach: how often a clip was shown, by day and source, as its author may read it."""

import datetime as dt
from uuid import UUID

from reelm.kit.database import UnitOfWork


class ReachReader:
    """Reads what row-level security shows a clip's author."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def by_source(self, clip_id: UUID) -> dict[str, int]:
        rows = await self._uow.fetch(
            "SELECT source, sum(impressions)::bigint AS shown FROM clip_reach WHERE clip_id = $1 GROUP BY source",
            clip_id,
        )
        return {row["source"]: row["shown"] for row in rows}

    async def by_day(self, clip_id: UUID, since: dt.date) -> list[tuple[dt.date, int]]:
        rows = await self._uow.fetch(
            "SELECT day, sum(impressions)::bigint AS shown FROM clip_reach WHERE clip_id = $1 AND day >= $2 "
            "GROUP BY day ORDER BY day",
            clip_id,
            since,
        )
        return [(row["day"], row["shown"]) for row in rows]
