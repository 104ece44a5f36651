"""Decisions about clips: making, changing, deleting, showing.

The only file of this room that others import. What needs bytes to be moved or made is left to jobs.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from reelm.accounts.service import AccountsService, PrivacyChanged, Visitor
from reelm.clips import jobs
from reelm.clips.bringing import Brought, ClipBringer, id_of_time, readable_edit
from reelm.clips.errors import (
    CaptionTooLongError,
    ClipNotFailedError,
    ClipNotProcessingError,
    ClipPublishedError,
    CoverUnsuitableError,
    PublishTimeUnsuitableError,
)
from reelm.clips.events import (
    ClipChanged,
    ClipClosed,
    ClipFailed,
    ClipLiked,
    ClipMentioned,
    ClipOpened,
    ClipPublished,
    ClipReady,
    ClipReposted,
    ClipUnliked,
    ClipUnreposted,
)
from reelm.clips.jobs import enqueue_erase
from reelm.clips.reactions import ClipLists, Reactions
from reelm.clips.repository import ClipRow, ClipsReader, ClipsWriter, Cursor
from reelm.clips.schemas import Clip, ClipChange, ClipCounts, ClipNew, ClipViewer, Status, Visibility
from reelm.clips.shown import ClipShower, failure_of
from reelm.clips.states import audience_of, is_open
from reelm.clips.told import PublicClip, find_public, list_public_of
from reelm.clips.words import put_clip_words
from reelm.custody.service import KeysClient
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.kit.jobs import enqueue
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.kit.words import mentions_in, tags_in
from reelm.media.service import CancelledError, Edit, MediaService
from reelm.realm.service import CAPTION_CHARS, RealmService
from reelm.social.service import SocialService
from reelm.sounds.service import SoundsService

__all__ = [
    "Brought",
    "Clip",
    "ClipBringer",
    "ClipChanged",
    "ClipClosed",
    "ClipCounts",
    "ClipFacts",
    "ClipFailed",
    "ClipLiked",
    "ClipMentioned",
    "ClipOpened",
    "ClipPublished",
    "ClipReady",
    "ClipReposted",
    "ClipUnliked",
    "ClipUnreposted",
    "ClipViewer",
    "ClipsService",
    "PublicClip",
    "Visibility",
    "enqueue_erase",
    "find_public",
    "id_of_time",
    "list_public_of",
    "readable_edit",
]

_LONGEST_WAIT = dt.timedelta(days=366)
_PREPARE_FIRST = 10


class ClipFacts(NamedTuple):
    """The little that rooms above need to decide about what hangs on a clip."""

    id: UUID
    author_id: UUID
    allow_comments: bool


class ClipsService:
    """Clips, as the web process needs them."""

    def __init__(
        self,
        accounts: AccountsService,
        social: SocialService,
        media: MediaService,
        sounds: SoundsService,
        realm: RealmService,
        keys: KeysClient,
        events: EventBus,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._accounts = accounts
        self._media = media
        self._sounds = sounds
        self._shower = ClipShower(accounts, social, media, sounds)
        self._realm = realm
        self._keys = keys
        self._events = events
        self._clock = clock
        self._ids = ids
        self.reactions = Reactions(media, keys, events)
        self.lists = ClipLists(accounts, self._shower)

    def subscribe(self) -> None:
        """Hear what accounts has to say. Called once, by entrypoints."""
        self._events.on(PrivacyChanged, self._on_privacy_changed)

    # --- showing ----------------------------------------------------------------------------------------

    async def hydrate(self, uow: UnitOfWork, guest: Visitor | None, ids: Sequence[UUID]) -> list[Clip]:
        """Return those of `ids` that the viewer may see, in that order."""
        return await self._shower.hydrate(uow, guest, ids)

    async def get(self, uow: UnitOfWork, guest: Visitor | None, clip_id: UUID) -> Clip:
        """Return a clip. Raises `NotFoundError`."""
        found = await self._shower.hydrate(uow, guest, [clip_id])
        if not found:
            raise NotFoundError
        return found[0]

    async def marks(
        self, uow: UnitOfWork, visitor: Visitor, ids: Sequence[UUID]
    ) -> dict[UUID, tuple[bool, bool]]:
        """Return (liked, reposted) by the visitor for those of `ids` that the visitor may see."""
        return await ClipsReader(uow).list_marks(ids, visitor.person_id) if ids else {}

    async def list_of_authors(
        self,
        uow: UnitOfWork,
        guest: Visitor | None,
        authors: Collection[UUID],
        limit: int,
        cursor: str | None,
    ) -> Page[Clip]:
        """Page through what several people have published and the viewer may see, newest first."""
        before = decode_cursor(cursor, Cursor)
        rows = await ClipsReader(uow).list_of_authors(authors, before, limit + 1)
        clips = await self.hydrate(uow, guest, [clip_id for clip_id, _ in rows[:limit]])
        return Page(clips, encode_cursor(rows[limit - 1][1]) if len(rows) > limit else None)

    async def get_facts(self, uow: UnitOfWork, clip_id: UUID) -> ClipFacts:
        """Return whose clip it is and whether it takes comments. Raises `NotFoundError`."""
        row = await ClipsReader(uow).find(clip_id)
        if row is None:
            raise NotFoundError
        return ClipFacts(row.id, row.author_id, row.allow_comments)

    async def list_own(
        self, uow: UnitOfWork, visitor: Visitor, status: Status | None, limit: int, cursor: str | None
    ) -> Page[Clip]:
        """Page through the visitor's own clips, newest first, whatever their state."""
        before = decode_cursor(cursor, UUID)
        ids = await ClipsReader(uow).list_own(visitor.person_id, status, before, limit + 1)
        clips = await self.hydrate(uow, visitor, ids[:limit])
        return Page(clips, encode_cursor(ids[limit - 1]) if len(ids) > limit else None)

    async def progress(self, uow: UnitOfWork, clip_id: UUID) -> dict[str, Any]:
        """Return how far the visitor's clip is, as the stream tells it. Raises `NotFoundError`."""
        row = await ClipsReader(uow).find(clip_id)
        if row is None:
            raise NotFoundError
        failure = failure_of(row)
        return {
            "clip_id": str(row.id),
            "status": row.status,
            "stage": row.stage,
            "percent": row.percent,
            "failure": msgspec.to_builtins(failure) if failure else None,
        }

    # --- making -----------------------------------------------------------------------------------------

    async def create(
        self, uow: UnitOfWork, visitor: Visitor, new: ClipNew, idempotency_key: str | None
    ) -> Clip:
        """Make a clip of a complete upload, and give the worker its job in the same transaction."""
        answered = await self._accounts.answered(uow, visitor, idempotency_key, new)
        if answered is not None:
            return await self.get(uow, visitor, answered)
        now = self._clock.now()
        _check_caption(new.caption)
        _check_hour(new.publish_at, now)
        edit = Edit.from_json(msgspec.to_builtins(new.edit) if new.edit else None)
        if new.sound_id is not None:
            await self._sounds.source(uow, visitor, new.sound_id)
        clip_id = self._ids.new()
        await self._media.claim(uow, visitor, new.upload_id, clip_id)
        fresh = await self._keys.new_clip_key(visitor.token, clip_id)
        person = await self._accounts.get_by_id(uow, visitor.person_id)
        visibility = new.visibility or self._realm.document.edition.default_visibility
        await ClipsWriter(uow).add(
            {
                "id": clip_id,
                "author_id": visitor.person_id,
                "status": "processing",
                **await self._words_of(uow, new.caption),
                "visibility": visibility,
                "audience": audience_of(visibility, private=person.private),
                "allow_comments": new.permissions.comments,
                "allow_download": new.permissions.download,
                "allow_sound_reuse": new.permissions.sound_reuse,
                "label_ai": new.labels.ai,
                "label_paid": new.labels.paid,
                "language": new.language or self._realm.language(""),
                "draft": new.draft,
                "publish_at": new.publish_at,
                "created_at": now,
                "sound_id": new.sound_id,
                "sound_title": (new.sound_title or "").strip() or None,
                "upload_id": new.upload_id,
                "edit": edit.to_json(),
                "keep_original": new.keep_original,
            },
            fresh.wrapped,
        )
        await self._accounts.remember(uow, visitor, idempotency_key, new, clip_id)
        await self._enqueue(uow, visitor, jobs.PREPARE, clip_id, jobs.MEDIA_PROCESS, priority=_PREPARE_FIRST)
        return await self.get(uow, visitor, clip_id)

    async def _words_of(self, uow: UnitOfWork, caption: str) -> dict[str, Any]:
        """Return caption, tags and mentions; only people who exist for the author are mentioned."""
        people = await self._accounts.people_by_handles(uow, mentions_in(caption))
        known = {person.handle.casefold(): person.handle for person in people}
        mentions = [known[handle] for handle in mentions_in(caption) if handle in known]
        return {"caption": caption, "tags": tags_in(caption), "mentions": mentions}

    async def _enqueue(
        self,
        uow: UnitOfWork,
        visitor: Visitor,
        name: str,
        clip_id: UUID,
        purpose: str,
        *,
        attempt: int = 1,
        priority: int = 0,
    ) -> None:
        ticket = await self._keys.mint_job_ticket(visitor.token, purpose, clip_id)
        job = jobs.ClipJob(clip_id, visitor.person_id, ticket, attempt)
        await jobs.enqueue_clip(uow, name, job, priority=priority)

    async def retry(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> Clip:
        """Try again to make what failed or was cancelled. Raises `ClipNotFailedError`."""
        row = await self._own(uow, visitor, clip_id)
        if row.status != "failed":
            raise ClipNotFailedError
        await ClipsWriter(uow).change(
            clip_id,
            self._clock.now(),
            status="processing",
            stage="received",
            percent=0,
            attempt=row.attempt + 1,
            failure_code=None,
            failure_detail=None,
        )
        await self._enqueue(
            uow,
            visitor,
            jobs.PREPARE,
            clip_id,
            jobs.MEDIA_PROCESS,
            attempt=row.attempt + 1,
            priority=_PREPARE_FIRST,
        )
        return await self.get(uow, visitor, clip_id)

    async def cancel(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> Clip:
        """Stop making a clip; it can be tried again. Raises `ClipNotProcessingError`."""
        row = await self._own(uow, visitor, clip_id)
        if row.status != "processing":
            raise ClipNotProcessingError
        stopped = CancelledError()
        await ClipsWriter(uow).change(
            clip_id,
            self._clock.now(),
            status="failed",
            stage="failed",
            failure_code=stopped.code,
            failure_detail=stopped.detail,
        )
        return await self.get(uow, visitor, clip_id)

    # --- changing ---------------------------------------------------------------------------------------

    async def change(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID, change: ClipChange) -> Clip:
        """Change what the author may change; what is UNSET stays.

        Fewer people see the clip as soon as this commits; more of them when a job has moved its bytes.
        """
        row = await self._own(uow, visitor, clip_id)
        now = self._clock.now()
        values: dict[str, Any] = {}
        if change.caption is not UNSET:
            _check_caption(change.caption)
            values.update(await self._words_of(uow, change.caption))
        if change.permissions is not UNSET:
            values.update(_given(change.permissions, "allow_"))
        if change.labels is not UNSET:
            values.update(_given(change.labels, "label_"))
        values.update(_publication(row, change, now))
        if change.cover_ms is not UNSET:
            if row.media is not None and change.cover_ms > row.media.duration_ms:
                raise CoverUnsuitableError(fields={"cover_ms": "unsuitable"})
            values["edit"] = {**row.edit, "cover_ms": change.cover_ms}
        writer = ClipsWriter(uow)
        settle = bool(values.keys() & {"draft", "publish_at"})
        if change.visibility is not UNSET and change.visibility != row.visibility:
            settle = True
            values["visibility"] = change.visibility
            values.update(await self._narrowed(uow, row, change.visibility))
        await writer.change(clip_id, now, **values)
        if "allow_sound_reuse" in values:
            await self._sounds.set_reusable(uow, clip_id, reusable=values["allow_sound_reuse"])
        if "caption" in values:
            await self._follow_caption(uow, row, values)
        if settle and row.media is not None:
            await self._enqueue(uow, visitor, jobs.SETTLE, clip_id, jobs.CLIP_PUBLISH)
        if "edit" in values and row.media is not None:
            await self._enqueue(uow, visitor, jobs.COVER, clip_id, jobs.MEDIA_PROCESS)
        if is_open(row) and values:
            narrowed = values.get("audience", "everyone") != "everyone"
            kind = ClipClosed if narrowed else ClipChanged
            await self._events.publish(uow, kind(clip_id, row.author_id))
        return await self.get(uow, visitor, clip_id)

    async def _narrowed(self, uow: UnitOfWork, row: ClipRow, visibility: Visibility) -> dict[str, Any]:
        """Return the columns that take effect at once; widening to everyone is left to the job."""
        person = await self._accounts.get_by_id(uow, row.author_id)
        audience = audience_of(visibility, private=person.private)
        if audience == "everyone" and row.sealed and row.published_at is not None:
            return {}
        if audience != "everyone" and not row.sealed:
            uow.after_commit(lambda: self._media.withhold(row.id))
            return {"audience": audience, "sealed": True}
        return {"audience": audience}

    async def _follow_caption(self, uow: UnitOfWork, row: ClipRow, values: dict[str, Any]) -> None:
        """Bring tags, search and mentions after a changed caption."""
        writer = ClipsWriter(uow)
        await writer.set_tags(row.id, values["tags"], row.published_at)
        if row.published_at is None:
            return
        await put_clip_words(writer, row._replace(**values))
        fresh = [handle for handle in values["mentions"] if handle not in row.mentions]
        people = await self._accounts.people_by_handles(uow, fresh)
        told = tuple(person.id for person in people if person.id != row.author_id)
        if told:
            await self._events.publish(uow, ClipMentioned(row.id, row.author_id, told))

    async def delete(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> None:
        """Delete a clip: its rows now, its bytes right after; a job makes sure of them."""
        row = await self._own(uow, visitor, clip_id)
        await ClipsWriter(uow).delete(clip_id, visitor.person_id)
        if row.upload_id is not None:
            await self._media.forget_upload(uow, visitor.person_id, row.upload_id)
        if is_open(row):
            await self._events.publish(uow, ClipClosed(clip_id, row.author_id))
        await enqueue(uow, jobs.ERASE, jobs.EraseJob(clip_id, row.upload_id), delay_seconds=2)
        uow.after_commit(lambda: self._media.forget_bytes(clip_id, row.upload_id))

    async def _own(self, uow: UnitOfWork, visitor: Visitor, clip_id: UUID) -> ClipRow:
        """Return the visitor's own clip, held until the transaction ends. Raises `NotFoundError`."""
        row = await ClipsReader(uow).find(clip_id)
        if row is None or row.author_id != visitor.person_id:
            raise NotFoundError
        held = await ClipsReader(uow).find(clip_id, lock=True)
        if held is None:
            raise NotFoundError
        return held

    async def _on_privacy_changed(self, uow: UnitOfWork, event: PrivacyChanged) -> None:
        """A private account shows nothing to everyone, from this commit on."""
        if event.private:
            for clip_id in await ClipsWriter(uow).narrow_all(event.visitor.person_id, self._clock.now()):
                self._withhold_after(uow, clip_id)
                await self._events.publish(uow, ClipClosed(clip_id, event.visitor.person_id))
        await enqueue(uow, jobs.PRIVACY, jobs.PersonJob(event.visitor.person_id))

    def _withhold_after(self, uow: UnitOfWork, clip_id: UUID) -> None:
        uow.after_commit(lambda: self._media.withhold(clip_id))


def _given(change: msgspec.Struct, prefix: str) -> dict[str, Any]:
    return {
        prefix + name: value
        for name in change.__struct_fields__
        if (value := getattr(change, name)) is not UNSET
    }


def _publication(row: ClipRow, change: ClipChange, now: dt.datetime) -> dict[str, Any]:
    """Return what of `draft` and `publish_at` changes. Raises `ClipPublishedError`."""
    values: dict[str, Any] = {}
    if change.draft is not UNSET and change.draft != row.draft:
        values["draft"] = change.draft
    if change.publish_at is not UNSET and change.publish_at != row.publish_at:
        _check_hour(change.publish_at, now)
        values["publish_at"] = change.publish_at
    if values and row.published_at is not None:
        raise ClipPublishedError
    return values


def _check_caption(caption: str) -> None:
    if len(caption) > CAPTION_CHARS:
        raise CaptionTooLongError(fields={"caption": "too_long"})


def _check_hour(publish_at: dt.datetime | None, now: dt.datetime) -> None:
    if publish_at is None:
        return
    if publish_at.tzinfo is None or not now < publish_at <= now + _LONGEST_WAIT:
        raise PublishTimeUnsuitableError(fields={"publish_at": "unsuitable"})
