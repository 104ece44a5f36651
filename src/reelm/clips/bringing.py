"""Clips brought from another realm: made like any other, but with their own dates, and without telling anybody."""

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from reelm.accounts.service import AccountsService
from reelm.clips import jobs
from reelm.clips.repository import ClipsWriter
from reelm.clips.schemas import EditIn, Visibility
from reelm.clips.states import audience_of
from reelm.kit.clock import Clock, FixedClock
from reelm.kit.database import UnitOfWork
from reelm.kit.ids import SystemIds
from reelm.kit.jobs import enqueue
from reelm.kit.words import tags_in
from reelm.media.service import Edit, InvalidEditError, MediaStore


class Brought(NamedTuple):
    """A clip as it was elsewhere. `wrapped_key` is its new key; the upload it is made from is here already.

    Without a `sound_title` the clip brings no sound of its own: its sound is somebody else's.
    """

    id: UUID
    author_id: UUID
    caption: str
    visibility: Visibility
    allow_comments: bool
    allow_download: bool
    allow_sound_reuse: bool
    label_ai: bool
    label_paid: bool
    language: str
    draft: bool
    publish_at: dt.datetime | None
    created_at: dt.datetime
    published_at: dt.datetime | None
    sound_title: str | None
    edit: dict[str, Any]
    keep_original: bool
    upload_id: UUID
    wrapped_key: bytes


def readable_edit(edit: dict[str, Any]) -> dict[str, Any]:
    """Return an edit as it is stored here. Raises `InvalidEditError`."""
    try:
        given = msgspec.convert({name: value for name, value in edit.items() if value is not None}, EditIn)
    except msgspec.ValidationError as error:
        raise InvalidEditError(technical=str(error)) from error
    return Edit.from_json(msgspec.to_builtins(given)).to_json()


def id_of_time(when: dt.datetime) -> UUID:
    """Return a fresh id that sorts where a clip of that time belongs."""
    return SystemIds(FixedClock(when)).new()


class ClipBringer:
    """Clips, as an import needs them."""

    def __init__(self, accounts: AccountsService, store: MediaStore, clock: Clock) -> None:
        self._accounts = accounts
        self._store = store
        self._clock = clock

    async def bring(self, uow: UnitOfWork, clip: Brought, ticket: str) -> None:
        """Insert a clip and the job that makes it. `ticket` lets that job act for its author."""
        person = await self._accounts.get_by_id(uow, clip.author_id)
        values = clip._asdict()
        wrapped = values.pop("wrapped_key")
        writer = ClipsWriter(uow)
        await writer.add(
            {
                **values,
                "status": "processing",
                "tags": tags_in(clip.caption),
                "audience": audience_of(clip.visibility, private=person.private),
                "imported": True,
            },
            wrapped,
        )
        if clip.published_at is not None:
            await writer.set_tags(clip.id, tags_in(clip.caption), clip.published_at)
        job = jobs.ClipJob(clip.id, clip.author_id, ticket)
        await jobs.enqueue_clip(uow, jobs.PREPARE, job)

    async def narrow(self, uow: UnitOfWork, person_id: UUID) -> None:
        """Bring the clips that are here already after an account that was made private."""
        for clip_id in await ClipsWriter(uow).narrow_all(person_id, self._clock.now()):
            uow.after_commit(self._withholding(clip_id))
        await enqueue(uow, jobs.PRIVACY, jobs.PersonJob(person_id))

    def _withholding(self, clip_id: UUID) -> Callable[[], Any]:
        return lambda: self._store.withhold(clip_id)
