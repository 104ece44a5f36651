"""Making an archive: one pass over everything about a person, straight into a sealed file.

Steps, any of which may be interrupted; the job then begins again, and what was half-written goes:
1. a fresh key for the file, wrapped under the person's own;
2. text: the page that explains, every table's rows, what another realm needs, ActivityStreams, receipts;
3. bytes: videos, covers, sounds, the profile picture, each copied in pieces;
4. the manifest with counts and digests, signed by `reelm keys`;
5. the file takes its place, then one transaction makes it fetchable and adds the ledger's entry.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from reelm.accounts.service import AccountsService
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.ledger.service import LedgerService, entries
from reelm.media.service import MediaStore
from reelm.realm.service import RealmService
from reelm.rights import activities, archive
from reelm.rights.archive import ArchiveWriter, FollowLine, Profile, RealmLine
from reelm.rights.copying import ClipCopier, ClipPlan, SoundMap
from reelm.rights.hand import CancelledError, Hand
from reelm.rights.own import key_of, shown
from reelm.rights.progress import Progress
from reelm.rights.readme import readme
from reelm.rights.receipts import Receipts, document_of
from reelm.rights.repository import OwnTableRow, RightsReader, RightsWriter
from reelm.rights.talks import write_talks

LIFE = dt.timedelta(days=7)
PAGE = 500
_FIXED_STEPS = 7


def archive_name(export_id: UUID) -> str:
    """Return the blob's name."""
    return f"exports/{export_id}/archive"


class Exporter:
    """Makes archives."""

    def __init__(
        self,
        store: MediaStore,
        accounts: AccountsService,
        ledger: LedgerService,
        realm: RealmService,
        origin: str,
        clock: Clock,
        stopping: Callable[[], bool],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._ledger = ledger
        self._realm = realm
        self._origin = origin
        self._clock = clock
        self._stopping = stopping

    async def make(self, hand: Hand, export_id: UUID) -> None:
        """Make the archive, unless it is made already or not wanted any more. Raises `CancelledError`."""
        name = archive_name(export_id)
        fresh = await hand.keys.job_file_key(hand.ticket, "export", export_id)
        async with hand.transaction() as uow:
            if not await RightsWriter(uow).begin_export(hand.person_id, export_id, fresh.wrapped):
                return
        await self._store.blobs.delete(name.rpartition("/")[0])

        async def tell(done: int, total: int) -> bool:
            async with hand.transaction() as uow:
                return await RightsWriter(uow).tell_export(hand.person_id, export_id, done, total)

        draft, sealing = await asyncio.to_thread(self._store.sealing, name, fresh.key)
        try:
            async with Progress(tell, self._stopping) as progress:
                made = _Making(self, hand, ArchiveWriter(sealing), progress)
                digest = await made.everything()
            size = await asyncio.to_thread(sealing.finish)
            await self._store.put_sealed_file(name, draft)
        except BaseException:
            await asyncio.to_thread(_drop, sealing, draft)
            raise
        if not await self._finish(hand, export_id, size, digest):
            await self._store.blobs.delete(name.rpartition("/")[0])
            raise CancelledError

    async def _finish(self, hand: Hand, export_id: UUID, size: int, digest: str) -> bool:
        document = document_of(hand.person_id, manifest=digest)
        kind = entries.RightsExported.__struct_config__.tag
        [(reference, nonce)] = await hand.keys.references(str(kind), [(hand.person_id, document)])
        now = self._clock.now()
        async with hand.transaction() as uow:
            entry = entries.RightsExported(
                at=entries.minute(now), charter=self._realm.charter_digest, person=reference, manifest=digest
            )
            return await RightsWriter(uow).finish_export(
                hand.person_id,
                export_id,
                size=size,
                digest=digest,
                entry_ref=await self._ledger.append(uow, entry),
                nonce=nonce,
                expires_at=now + LIFE,
            )

    # What `_Making` needs of its surroundings.

    @property
    def origin(self) -> str:
        return self._origin

    @property
    def store(self) -> MediaStore:
        return self._store

    def now(self) -> str:
        return activities.rfc3339(self._clock.now())

    async def realm_line(self, hand: Hand) -> RealmLine:
        document = self._realm.document
        return RealmLine(
            document.name, self._origin, self._realm.charter_digest, await hand.keys.export_vkey()
        )

    def receipts(self, hand: Hand) -> Receipts:
        return Receipts(self._ledger, self._origin, hand)

    async def follow_lines(self, uow: UnitOfWork, ids: list[UUID]) -> list[FollowLine]:
        people = await self._accounts.people(uow, ids)
        return [FollowLine(people[each].handle, people[each].display_name) for each in ids if each in people]


def _drop(sealing: Any, draft: Path) -> None:
    sealing.close()
    draft.unlink(missing_ok=True)


class _Making:
    """One archive in the making."""

    def __init__(self, by: Exporter, hand: Hand, writer: ArchiveWriter, progress: Progress) -> None:
        self._by = by
        self._hand = hand
        self._writer = writer
        self._progress = progress
        self._tables: dict[str, OwnTableRow] = {}
        self._person: dict[str, Any] = {}
        self._made_at = by.now()

    async def everything(self) -> str:
        """Write all of it; return the manifest's digest."""
        async with self._hand.transaction() as uow:
            self._tables = {table.name: table for table in await RightsReader(uow).own_tables()}
        self._person = await anext(self._rows("people"))
        clips, sounds = self._tables["clips"].rows, self._tables["sounds"].rows
        self._progress.total = len(self._tables) + 2 * clips + sounds + _FIXED_STEPS
        await self._explain()
        for table in sorted(self._tables.values()):
            await self._table(table)
            self._progress.step()
        copier = await self._copier()
        avatar = await self._profile(copier)
        await self._following()
        await write_talks(self._hand, self._writer)
        self._progress.step()
        await self._clip_lines(copier)
        await self._clip_files(copier)
        await self._sound_files(copier)
        await self._activities(copier, avatar)
        await self._receipts()
        return await self._manifest()

    # --- rows -------------------------------------------------------------------------------------------

    async def _rows(self, table: str, after: list[str] | None = None) -> AsyncIterator[dict[str, Any]]:
        """Yield the person's rows of a table, page by page, each page in a transaction of its own."""
        about = self._tables[table]
        while True:
            async with self._hand.transaction() as uow:
                rows = await RightsReader(uow).own_rows(table, after, PAGE)
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            after = key_of(about, rows[-1])
            self._progress.demand_wanted()

    async def _table(self, table: OwnTableRow) -> None:
        with self._writer.file(f"data/{table.name}.jsonl", table.about["class"]) as file:
            file.rows = 0
            lines: list[bytes] = []
            async for row in self._rows(table.name):
                data_key = (await self._hand.released()).data_key
                lines.append(msgspec.json.encode(shown(table, row, data_key, self._hand.person_id)))
                file.rows += 1
                if len(lines) >= PAGE:
                    await _write_lines(file, lines)
            await _write_lines(file, lines)

    # --- what is said about the person ------------------------------------------------------------------

    async def _explain(self) -> None:
        details = [row async for row in self._rows("person_details")]
        self._language = details[0]["language"] if details else "en"
        line = await self._by.realm_line(self._hand)
        text = readme(
            self._language,
            realm=line.name,
            origin=self._by.origin,
            handle=self._person["handle"],
            made_at=self._made_at,
        )
        self._writer.add(archive.README, "operational", text)

    async def _copier(self) -> ClipCopier:
        sounds = {row["id"]: row async for row in self._rows("sounds")}
        uploads = {row["clip_id"]: row async for row in self._rows("uploads") if row["clip_id"]}
        parts = lambda upload_id: self._rows("upload_parts", [upload_id, "-1"])  # noqa: E731
        return ClipCopier(
            self._by.store, self._hand, SoundMap(sounds), uploads, parts, self._progress.demand_wanted
        )

    async def _profile(self, copier: ClipCopier) -> str | None:
        name, avatar = self._person["avatar"], None
        if name:
            path = self._by.store.blobs.local_path(f"avatars/{name}")
            if path is not None:
                avatar = archive.AVATAR
                self._writer.add(avatar, "public", await asyncio.to_thread(path.read_bytes), stored=True)
        profile = Profile(
            handle=self._person["handle"],
            display_name=self._person["display_name"],
            bio=self._person["bio"],
            private=self._person["private"],
            language=self._language,
            avatar=avatar,
            counts=self._counts(),
        )
        self._writer.add(archive.PROFILE, "public", msgspec.json.encode(profile))
        self._progress.step()
        return avatar

    def _counts(self) -> dict[str, int]:
        return {name: table.rows for name, table in sorted(self._tables.items()) if table.rows}

    async def _following(self) -> None:
        with self._writer.file(archive.FOLLOWING, "social") as file:
            file.rows = 0
            ids: list[UUID] = []

            async def flush() -> None:
                async with self._hand.transaction() as uow:
                    found = await self._by.follow_lines(uow, ids)
                file.rows = (file.rows or 0) + len(found)
                await _write_lines(file, [msgspec.json.encode(line) for line in found])
                ids.clear()

            async for row in self._rows("follows"):
                if row["follower_id"] == str(self._hand.person_id) and row["state"] == "accepted":
                    ids.append(UUID(row["followee_id"]))
                if len(ids) >= PAGE:
                    await flush()
            if ids:
                await flush()
        self._progress.step()

    # --- clips ------------------------------------------------------------------------------------------

    async def _plans(self, copier: ClipCopier) -> AsyncIterator[ClipPlan]:
        async for row in self._rows("clips"):
            yield await copier.plan(row)

    async def _clip_lines(self, copier: ClipCopier) -> None:
        with self._writer.file(archive.CLIPS, "public") as file:
            file.rows = 0
            async for plan in self._plans(copier):
                await _write_lines(file, [msgspec.json.encode(plan.line)])
                file.rows += 1
                self._progress.step()

    async def _clip_files(self, copier: ClipCopier) -> None:
        async for plan in self._plans(copier):
            for name, open_pieces in await copier.files(plan):
                await self._bytes(name, plan.data_class, open_pieces)
            self._progress.step()

    async def _sound_files(self, copier: ClipCopier) -> None:
        async for row in self._rows("sounds"):
            found = await copier.sound(row)
            if found is not None:
                await self._bytes(f"sounds/{row['id']}.m4a", "public", found)
            self._progress.step()

    async def _bytes(self, name: str, data_class: str, open_pieces: Callable[[], Iterator[bytes]]) -> None:
        with self._writer.file(name, data_class, stored=True) as file:

            def copy() -> None:
                for piece in open_pieces():
                    file.write(piece)
                    self._progress.demand_wanted()

            await asyncio.to_thread(copy)

    # --- in other people's words ------------------------------------------------------------------------

    async def _activities(self, copier: ClipCopier, avatar: str | None) -> None:
        origin, handle = self._by.origin, self._person["handle"]
        made = activities.actor(origin, self._person, avatar)
        self._writer.add(archive.ACTOR, "public", msgspec.json.encode(made))
        count = self._tables["clips"].rows + self._tables["comments"].rows
        with self._writer.file(archive.OUTBOX, "public") as file:
            file.write(activities.outbox_head(count).encode())
            first = True

            async def put(activity: dict[str, Any]) -> None:
                nonlocal first
                comma = b"" if first else b",\n"
                first = False
                await asyncio.to_thread(file.write, comma + msgspec.json.encode(activity))

            async for row in self._rows("clips"):
                plan = await copier.plan(row)
                await put(activities.video(origin, handle, row, plan.line.video, plan.line.poster))
            async for row in self._rows("comments"):
                await put(activities.note(origin, handle, row))
            file.write(activities.OUTBOX_TAIL.encode())
        self._progress.step()

    async def _receipts(self) -> None:
        receipts = self._by.receipts(self._hand)
        async for name, text in receipts.all(self._rows, self._tables):
            self._writer.add(f"receipts/{name}.tlog-proof", "social", text.encode())
        self._progress.step()

    async def _manifest(self) -> str:
        data = archive.manifest_of(
            self._writer.files,
            realm=await self._by.realm_line(self._hand),
            handle=self._person["handle"],
            made_at=self._made_at,
            counts=self._counts(),
        )
        digest = hashlib.sha256(data).hexdigest()
        note = await self._hand.keys.sign_export(digest, job_ticket=self._hand.ticket)
        self._writer.add_unlisted(archive.MANIFEST, data)
        self._writer.add_unlisted(archive.NOTE, note.encode())
        await asyncio.to_thread(self._writer.finish)
        self._progress.step()
        return digest


async def _write_lines(file: Any, lines: list[bytes]) -> None:
    if lines:
        await asyncio.to_thread(file.write, b"\n".join(lines) + b"\n")
        lines.clear()
