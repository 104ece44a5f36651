"""Bringing an archive in: checked whole first, then thing by thing, each of them once.

Steps; after a crash each goes on where it stood:
1. the archive is read from its sealed pieces and checked to the last byte (`unpacking`), all lines decoded;
2. profile and picture;
3. each clip: its video goes into a new upload, then one transaction adds upload, clip, job and the note that it was
   brought; from there the ordinary pipeline makes it, in the sandbox: no rendition of the archive is believed;
4. whom the person follows: those of the same handle and name with an open account; others are only suggested;
5. what could not be brought is counted, with the reason, and the archive goes.
"""

import asyncio
import datetime as dt
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import structlog

from reelm.accounts.service import AccountsService, MeChange, PersonRecord
from reelm.clips.service import Brought, ClipBringer, id_of_time, readable_edit
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import Ids
from reelm.media.service import InvalidEditError, MediaWorkshop, PartRow, PictureUnsuitableError, UploadRow
from reelm.realm.service import CAPTION_CHARS
from reelm.rights import archive
from reelm.rights.errors import ArchiveError, ArchiveTooLargeError
from reelm.rights.hand import Hand
from reelm.rights.incoming import ClipIn, FollowIn, ProfileIn
from reelm.rights.parts import PartsFile
from reelm.rights.progress import Progress
from reelm.rights.repository import ImportRow, RightsReader, RightsWriter
from reelm.rights.unpacking import ArchiveReader
from reelm.settings import Settings
from reelm.social.service import TieKeeper

_log = structlog.get_logger("reelm.worker")
_PART_BYTES = 4 * 1024 * 1024
_MIB = 1024 * 1024
_BATCH = 100
_SUGGESTIONS = 1000
_MAX_FOLLOWS = 100_000
_AVATAR_BYTES = 10_000_000
# What belongs to other people's threads, feeds and choices, or only made sense there.
_LEFT_THERE = {
    "comments": "belongs_to_threads_there",
    "likes": "belongs_to_clips_there",
    "comment_likes": "belongs_to_threads_there",
    "reposts": "belongs_to_clips_there",
    "blocks": "people_of_there",
    **dict.fromkeys(
        ("notices", "watch_events", "feed_settings", "feed_wishes", "receipts", "clip_reach"),
        "only_made_sense_there",
    ),
}


@dataclass
class _Tally:
    """What could not be brought, and whom the person may want to look at."""

    missing: Counter[tuple[str, str]] = field(default_factory=Counter)
    suggestions: list[str] = field(default_factory=list)
    sound_title: str = "♪"

    def lines(self) -> list[dict[str, Any]]:
        return [
            {"what": what, "why": why, "count": count} for (what, why), count in sorted(self.missing.items())
        ]


class Importer:
    """Brings archives in."""

    def __init__(
        self,
        settings: Settings,
        workshop: MediaWorkshop,
        accounts: AccountsService,
        clips: ClipBringer,
        ties: TieKeeper,
        clock: Clock,
        ids: Ids,
        stopping: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._workshop = workshop
        self._store = workshop.store
        self._accounts = accounts
        self._clips = clips
        self._ties = ties
        self._clock = clock
        self._ids = ids
        self._stopping = stopping

    async def bring(self, hand: Hand, import_id: UUID) -> None:
        """Bring what is not here yet. Raises `CancelledError`, or `ArchiveError` before anything was taken."""
        async with hand.transaction() as uow:
            wanted = await RightsWriter(uow).begin_import(hand.person_id, import_id)
            row = await RightsReader(uow).find_import(hand.person_id, import_id)
            upload = await self._workshop.upload_of(uow, hand.person_id, import_id)
            parts = await self._workshop.parts_of(uow, upload) if upload else []
        if not wanted:
            # It is over; who ended it may have been killed before the archive's bytes were gone.
            await self.clear(hand, import_id)
            return
        if row is None or upload is None:
            raise ArchiveError
        key = (await hand.released((upload.id, upload.wrapped_key))).upload_key
        if key is None:
            raise ArchiveError

        async def tell(done: int, total: int) -> bool:
            async with hand.transaction() as uow:
                return await RightsWriter(uow).tell_import(hand.person_id, import_id, done, total)

        file = PartsFile(self._store, parts, key)
        try:
            buffered = io.BufferedReader(file, 256 * 1024)
            reader = await asyncio.to_thread(ArchiveReader, buffered, file.size)
            async with Progress(tell, self._stopping) as progress:
                await self._bring(hand, row, reader, progress, upload.size_bytes)
        finally:
            file.close()
        await self.clear(hand, import_id)

    async def clear(self, hand: Hand, import_id: UUID) -> None:
        """Forget the archive's bytes; doing it again is fine."""
        async with hand.transaction() as uow:
            upload = await self._workshop.upload_of(uow, hand.person_id, import_id)
        if upload is None:
            return
        await self._workshop.drop_pieces(upload)
        async with hand.transaction() as uow:
            await self._workshop.drop_upload(uow, upload)

    async def _bring(
        self, hand: Hand, row: ImportRow, reader: ArchiveReader, progress: Progress, archive_bytes: int
    ) -> None:
        volume = reader.total_bytes // _MIB + 1
        lines = next((line.rows or 0 for line in reader.manifest.files if line.name == archive.CLIPS), 0)
        progress.total = min(volume + lines + 3, 2**31 - 1)
        if row.checked:
            progress.step(volume)
        else:
            await self._check(hand, row, reader, progress, archive_bytes)
        tally = _Tally()
        await self._profile(hand, row, reader, tally)
        progress.step()
        await self._all_clips(hand, row, reader, progress, tally)
        await self._follows(hand, row, reader, tally)
        progress.step()
        for what, why in _LEFT_THERE.items():
            count = reader.manifest.counts.get(what, 0)
            if 0 < count < 2**31:
                tally.missing[what, why] += count
        async with hand.transaction() as uow:
            await RightsWriter(uow).finish_import(row.person_id, row.id, tally.lines(), tally.suggestions)

    # --- 1. checking --------------------------------------------------------------------------------------

    async def _check(
        self, hand: Hand, row: ImportRow, reader: ArchiveReader, progress: Progress, archive_bytes: int
    ) -> None:
        """Read all of it once. Raises `ArchiveError`; nothing was taken."""
        signer = await asyncio.to_thread(reader.verify_signature)
        known = signer.vkey == await hand.keys.export_vkey()
        seen = 0

        def told(count: int) -> None:
            nonlocal seen
            before, seen = seen, seen + count
            progress.step(seen // _MIB - before // _MIB)

        await asyncio.to_thread(reader.check, told)
        videos = await asyncio.to_thread(_demand_readable, reader)
        async with hand.transaction() as uow:
            used = await self._workshop.used_bytes(uow, hand.person_id) - archive_bytes
            if used + videos > self._settings.media.quota_bytes:
                raise ArchiveTooLargeError
            realm = reader.manifest.realm
            origin = {
                "realm": realm.name[:200],
                "url": realm.origin[:200],
                "handle": reader.manifest.handle[:64],
                "known": known,
            }
            await RightsWriter(uow).check_import(row.person_id, row.id, origin, progress.total)

    # --- 2. the person ------------------------------------------------------------------------------------

    async def _profile(self, hand: Hand, row: ImportRow, reader: ArchiveReader, tally: _Tally) -> None:
        said = await asyncio.to_thread(reader.whole, archive.PROFILE, ProfileIn)
        # What the pipeline calls the sound of a clip whose author gave it no name.
        tally.sound_title = f"♪ {said.display_name}"[:100]
        change = _change_of(said)
        if change is None:
            tally.missing["profile", "unsuitable"] += 1
        async with hand.transaction() as uow:
            if change is not None and await RightsWriter(uow).add_item(
                row.person_id, row.id, "profile", said.handle, None
            ):
                await self._accounts.bring_profile(uow, hand.person_id, change)
                if said.private:
                    await self._clips.narrow(uow, hand.person_id)
            brought = await RightsReader(uow).list_items(row.person_id, row.id, "avatar")
        if said.avatar == archive.AVATAR and reader.has(archive.AVATAR) and not brought:
            await self._avatar(hand, row, reader, tally)

    async def _avatar(self, hand: Hand, row: ImportRow, reader: ArchiveReader, tally: _Tally) -> None:
        picture = await asyncio.to_thread(reader.small, archive.AVATAR, _AVATAR_BYTES)
        name = f"{self._ids.new().hex}.webp"
        try:
            await self._workshop.bring_avatar(picture, name)
        except PictureUnsuitableError:
            tally.missing["avatar", "unsuitable"] += 1
            return
        async with hand.transaction() as uow:
            await self._accounts.bring_avatar(uow, hand.person_id, name)
            await RightsWriter(uow).add_item(row.person_id, row.id, "avatar", archive.AVATAR, None)

    # --- 3. clips -----------------------------------------------------------------------------------------

    async def _all_clips(
        self, hand: Hand, row: ImportRow, reader: ArchiveReader, progress: Progress, tally: _Tally
    ) -> None:
        async with hand.transaction() as uow:
            brought = await RightsReader(uow).list_items(row.person_id, row.id, "clips")
        lines = reader.lines(archive.CLIPS, ClipIn)
        while True:
            line = await asyncio.to_thread(next, lines, None)
            if line is None:
                return
            await self._clip(hand, row, reader, line, tally, here=str(line.id) in brought, progress=progress)
            progress.step()

    async def _clip(
        self,
        hand: Hand,
        row: ImportRow,
        reader: ArchiveReader,
        line: ClipIn,
        tally: _Tally,
        *,
        here: bool,
        progress: Progress,
    ) -> None:
        """Bring a clip, unless it is here; count either way what of it can't be brought."""
        if line.video is None:
            tally.missing["clips", "no_file"] += 1
            return
        if reader.size_of(line.video) > self._settings.media.upload_bytes:
            tally.missing["clips", "too_large"] += 1
            return
        try:
            edit = readable_edit(line.edit)
        except InvalidEditError:
            tally.missing["edits", "unsuitable"] += 1
            edit = readable_edit({})
        now = self._clock.now()
        overdue = line.published_at is None and line.publish_at is not None and line.publish_at <= now
        if overdue:
            tally.missing["schedules", "hour_has_passed"] += 1
        if line.mentions:
            tally.missing["mentions", "people_of_there"] += len(line.mentions)
        if line.borrowed_sound:
            tally.missing["sound_links", "sounds_of_there"] += 1
        if here:
            return
        created_at = _not_after(line.created_at, now)
        clip_id, upload_id = id_of_time(created_at), self._ids.new()
        upload, parts = await self._upload(hand, clip_id, upload_id, reader, line.video, progress)
        fresh = await hand.keys.job_file_key(hand.ticket, "clip", clip_id)
        ticket = await hand.keys.schedule_ticket("media_process", hand.person_id, clip_id)
        clip = Brought(
            id=clip_id,
            author_id=hand.person_id,
            caption=line.caption[:CAPTION_CHARS],
            visibility=line.visibility,
            allow_comments=line.allow_comments,
            allow_download=line.allow_download,
            allow_sound_reuse=line.allow_sound_reuse,
            label_ai=line.label_ai,
            label_paid=line.label_paid,
            language=line.language,
            draft=(line.draft or overdue) and line.published_at is None,
            publish_at=None if line.published_at or overdue else line.publish_at,
            created_at=created_at,
            published_at=_not_after(line.published_at, now) if line.published_at else None,
            sound_title=(line.sound_title or tally.sound_title) if line.own_sound else None,
            edit=edit,
            keep_original=line.keep_original,
            upload_id=upload_id,
            wrapped_key=fresh.wrapped,
        )
        async with hand.transaction() as uow:
            if await RightsWriter(uow).add_item(row.person_id, row.id, "clips", str(line.id), clip_id):
                await self._workshop.add_upload(uow, upload, parts)
                await self._clips.bring(uow, clip, ticket)

    async def _upload(
        self,
        hand: Hand,
        clip_id: UUID,
        upload_id: UUID,
        reader: ArchiveReader,
        name: str,
        progress: Progress,
    ) -> tuple[UploadRow, list[PartRow]]:
        """Store a video of the archive as the pieces of a new upload, sealed under a key of its own."""
        fresh = await hand.keys.job_file_key(hand.ticket, "upload", upload_id)
        parts: list[PartRow] = []
        pieces = _gathered(reader.pieces(name))
        while piece := await asyncio.to_thread(next, pieces, None):
            part = PartRow(len(parts), f"uploads/{upload_id}/{len(parts)}-imported", len(piece))
            await self._store.put_sealed(part.name, piece, fresh.key)
            parts.append(part)
            progress.demand_wanted()
        now = self._clock.now()
        size = sum(part.size_bytes for part in parts)
        row = UploadRow(upload_id, hand.person_id, size, 0, 0, fresh.wrapped, clip_id, now)
        return row, parts

    # --- 4. ties ------------------------------------------------------------------------------------------

    async def _follows(self, hand: Hand, row: ImportRow, reader: ArchiveReader, tally: _Tally) -> None:
        lines = await asyncio.to_thread(lambda: list(reader.lines(archive.FOLLOWING, FollowIn)))
        for start in range(0, len(lines), _BATCH):
            batch = lines[start : start + _BATCH]
            async with hand.transaction() as uow:
                found = await self._accounts.people_by_handles(uow, [line.handle for line in batch])
                here = {person.handle.casefold(): person for person in found}
                for line in batch:
                    person = here.get(line.handle.casefold())
                    if person is None:
                        tally.missing["following", "not_here"] += 1
                    elif person.id == hand.person_id:
                        continue
                    elif person.realm is not None or not _same(person, line):
                        # In another realm somebody is known by agreeing to it, not by bringing an archive.
                        tally.missing["following", "perhaps_somebody_else"] += 1
                        tally.suggestions = [*tally.suggestions, person.handle][:_SUGGESTIONS]
                    elif await self._follow(uow, hand, person):
                        await RightsWriter(uow).add_item(
                            row.person_id, row.id, "following", person.handle, None
                        )
                    else:
                        # One of the two blocks the other: not even a suggestion.
                        tally.missing["following", "not_here"] += 1

    async def _follow(self, uow: UnitOfWork, hand: Hand, person: PersonRecord) -> bool:
        try:
            async with uow.savepoint():
                await self._ties.restore(uow, hand.person_id, person.id)
        except NotFoundError:
            return False
        return True


def _same(person: PersonRecord, line: FollowIn) -> bool:
    """A handle alone says little: here it may be anybody's. A private account decides itself who follows it."""
    return person.display_name == line.display_name and not person.private


def _change_of(said: ProfileIn) -> MeChange | None:
    wanted: dict[str, Any] = {"display_name": said.display_name, "bio": said.bio, "language": said.language}
    if said.private:
        wanted["private"] = True
    try:
        return msgspec.convert({name: value for name, value in wanted.items() if value}, MeChange)
    except msgspec.ValidationError:
        return None


def _not_after(when: dt.datetime, now: dt.datetime) -> dt.datetime:
    """Nothing was made before there were computers' clocks, nor in the future."""
    return max(dt.datetime(1990, 1, 1, tzinfo=dt.UTC), min(when, now))


def _demand_readable(reader: ArchiveReader) -> int:
    """Decode every line that will be believed; return the bytes of all videos. Raises `ArchiveError`."""
    reader.whole(archive.PROFILE, ProfileIn)
    videos = 0
    seen: set[UUID] = set()
    for line in reader.lines(archive.CLIPS, ClipIn):
        if line.id in seen:
            raise ArchiveError
        seen.add(line.id)
        if line.video is not None:
            if not line.video.startswith(f"clips/{line.id}/"):
                raise ArchiveError
            videos += reader.size_of(line.video)
    for number, _ in enumerate(reader.lines(archive.FOLLOWING, FollowIn)):
        if number >= _MAX_FOLLOWS:
            raise ArchiveTooLargeError
    return videos


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        if len(buffer) >= _PART_BYTES:
            yield bytes(buffer[:_PART_BYTES])
            del buffer[:_PART_BYTES]
    if buffer:
        yield bytes(buffer)
