"""SQL of what anybody may see, as the border sees it: its own people, their public clips, what is said under those.

The rows are chosen by the audience `abroad` of these tables, not here (`models/people.py`, `models/clips.py`).
"""

import datetime as dt
from typing import Any, NamedTuple
from uuid import UUID

from reelm.kit.database import UnitOfWork


class PublicPerson(NamedTuple):
    """What everybody sees of somebody."""

    id: UUID
    handle: str
    display_name: str
    bio: str
    avatar: str | None
    private: bool
    followers: int
    created_at: dt.datetime


class PublicVideo(NamedTuple):
    """A clip that is before everyone."""

    id: UUID
    author_id: UUID
    caption: str
    tags: list[str]
    language: str
    label_ai: bool
    label_paid: bool
    allow_comments: bool
    allow_download: bool
    allow_sound_reuse: bool
    published_at: dt.datetime
    media: dict[str, Any]


class PublicNote(NamedTuple):
    """A comment under such a clip. `parent_id`: what it answers, where that is by one of this realm's people, too."""

    id: UUID
    clip_id: UUID
    author_id: UUID
    parent_id: UUID | None
    text: str
    created_at: dt.datetime


_PERSON, _VIDEO = ", ".join(PublicPerson._fields), ", ".join(PublicVideo._fields)


class PublicReader:
    """Reads what anybody may."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_person(self, person_id: UUID) -> PublicPerson | None:
        row = await self._uow.fetch_row(f"SELECT {_PERSON} FROM people WHERE id = $1", person_id)
        return PublicPerson(**dict(row)) if row else None

    async def find_by_handle(self, handle_key: str) -> PublicPerson | None:
        row = await self._uow.fetch_row(f"SELECT {_PERSON} FROM people WHERE handle_key = $1", handle_key)
        return PublicPerson(**dict(row)) if row else None

    async def find_video(self, clip_id: UUID) -> PublicVideo | None:
        row = await self._uow.fetch_row(
            f"SELECT {_VIDEO} FROM clips WHERE id = $1 AND media IS NOT NULL", clip_id
        )
        return PublicVideo(**dict(row)) if row else None

    async def list_videos(self, person_id: UUID, before: UUID | None, limit: int) -> list[PublicVideo]:
        """A person's public clips, newest first."""
        rows = await self._uow.fetch(
            f"SELECT {_VIDEO} FROM clips WHERE author_id = $1 AND media IS NOT NULL "
            "AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [PublicVideo(**dict(row)) for row in rows]

    async def count_videos(self, person_id: UUID) -> int:
        count: int = await self._uow.fetch_value(
            "SELECT count(*) FROM clips WHERE author_id = $1 AND media IS NOT NULL", person_id
        )
        return count

    async def find_note(self, comment_id: UUID) -> PublicNote | None:
        row = await self._uow.fetch_row(
            "SELECT c.id, c.clip_id, c.author_id, parent.id AS parent_id, c.text, c.created_at FROM comments c "
            "LEFT JOIN comments parent ON parent.id = c.parent_id WHERE c.id = $1",
            comment_id,
        )
        return PublicNote(**dict(row)) if row else None
