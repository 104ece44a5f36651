"""SQL of activity. Which acts of which friends there are for the subject, row-level security decides."""

import datetime as dt
from collections.abc import Collection
from typing import Annotated
from uuid import UUID

import msgspec

from reelm.activity.schemas import ActKind, SocialSettings
from reelm.kit.database import UnitOfWork


class ActCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where the list goes on: when the last act was, and which it was."""

    at: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    id: UUID


class ActRow(msgspec.Struct, frozen=True):
    """One act of a friend."""

    id: UUID
    person_id: UUID
    kind: ActKind
    clip_id: UUID | None
    other_id: UUID | None
    at: dt.datetime


class ActivityReader:
    """Reads the subject's choice, and what their friends chose to show."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def get_settings(self, person_id: UUID) -> SocialSettings:
        row = await self._uow.fetch_row(
            "SELECT share_activity, show_activity FROM social_settings WHERE person_id = $1", person_id
        )
        return SocialSettings(row["share_activity"], row["show_activity"]) if row else SocialSettings()

    async def list_acts(
        self, person_id: UUID, friends: Collection[UUID], before: ActCursor | None, limit: int
    ) -> list[ActRow]:
        """Return what `friends` did, newest first, without that they follow `person_id`, who is told of it."""
        rows = await self._uow.fetch(
            "SELECT id, person_id, kind, clip_id, other_id, at FROM friend_acts WHERE person_id = ANY ($2) "
            "AND other_id IS DISTINCT FROM $1 AND ($3::timestamptz IS NULL OR (at, id) < ($3, $4::uuid)) "
            "ORDER BY at DESC, id DESC LIMIT $5",
            person_id,
            list(friends),
            before.at if before else None,
            before.id if before else None,
            limit,
        )
        return [
            ActRow(row["id"], row["person_id"], row["kind"], row["clip_id"], row["other_id"], row["at"])
            for row in rows
        ]


class ActivityWriter(ActivityReader):
    """Changes the subject's choice."""

    async def set_settings(self, person_id: UUID, settings: SocialSettings) -> None:
        await self._uow.execute(
            "INSERT INTO social_settings (person_id, share_activity, show_activity) VALUES ($1, $2, $3) "
            "ON CONFLICT (person_id) DO UPDATE SET share_activity = excluded.share_activity, "
            "show_activity = excluded.show_activity",
            person_id,
            settings.share_activity,
            settings.show_activity,
        )
