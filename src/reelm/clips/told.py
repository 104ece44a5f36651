"""What may be told of a clip that is before everyone, to other realms as to anybody."""

import datetime as dt
from typing import NamedTuple
from uuid import UUID

from reelm.clips.repository import ClipsReader
from reelm.clips.states import is_open
from reelm.kit.database import UnitOfWork
from reelm.media.service import MediaRecord


class PublicClip(NamedTuple):
    """A clip that everyone may see, complete."""

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
    media: MediaRecord


async def find_public(uow: UnitOfWork, clip_id: UUID) -> PublicClip | None:
    """Return a clip if it is before everyone, with the files it plays from."""
    row = await ClipsReader(uow).find(clip_id)
    if row is None or row.media is None or row.published_at is None or not is_open(row):
        return None
    return PublicClip(**{name: getattr(row, name) for name in PublicClip._fields})


async def list_public_of(uow: UnitOfWork, author_id: UUID, limit: int) -> list[UUID]:
    """Return an author's newest clips, newest first, as far as the subject (or nobody) may see them."""
    return [clip_id for clip_id, _ in await ClipsReader(uow).list_of_author(author_id, None, limit)]
