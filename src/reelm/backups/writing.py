"""Writing a backup of a running realm.

Layout of the target folder, which several backups share:

    blobs/…                     the realm's files as they are stored: clear for public clips, sealed for the rest
    <moment>/manifest.json      what there is, with digests
    <moment>/public.jsonl.gz    rows that everybody may see
    <moment>/people/…           each person's other rows, sealed under a key that opens with that person's own
    <moment>/own.sealed         rows of nobody, sealed under a key of the realm's
    <moment>/blobs/…            the ledger's checkpoints of that moment
    <moment>/keys.snapshot      the key store, sealed under the epoch's key, which is not here

A backup appears under its name only when it is whole. Nothing in it can be read without the key store, but for what
is public; and an erased person's key is in no key store from the next epoch on.
"""

import datetime as dt
import gzip
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from reelm.backups import manifest as contents
from reelm.backups.errors import BackupError
from reelm.backups.manifest import Manifest, PersonStream, StoredFile
from reelm.backups.repository import BackupsReader
from reelm.custody.service import KeysClient, seal_stream
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.models.holdings import OWNER, PUBLIC
from reelm.realm.service import RealmService
from reelm.settings import Settings

_PEOPLE_AT_ONCE = 100
_COPY_BYTES = 1024 * 1024
_BESIDE = ("realm.json", "charter.signatures.json")
# The only stored files that change under their name: each backup has its own copy.
_CHANGING = ("ledger/checkpoint", "ledger/checkpoint.release")
Tell = Callable[[str], None]


class BackupWriter:
    """Writes one backup. `database` is the administrator's; `keys` asks the keys process as the command line."""

    def __init__(
        self, settings: Settings, database: Database, keys: KeysClient, realm: RealmService, clock: Clock
    ) -> None:
        self._settings = settings
        self._database = database
        self._keys = keys
        self._realm = realm
        self._clock = clock

    async def write(self, target: Path, *, keep: int, tell: Tell) -> Manifest:
        """Write a backup below `target` and forget all but the newest `keep`. Raises BackupError."""
        now = self._clock.now()
        folder = target / now.strftime("%Y%m%dT%H%M%SZ")
        draft = folder.with_name(folder.name + ".unfinished")
        self._prepare(target, folder, draft)
        try:
            known = _digests_of(target)
            tell("Copying files")
            blobs = self._copy_blobs(target, known)
            tell("Reading rows")
            async with self._database.transaction() as uow:
                reader = BackupsReader(uow)
                await reader.begin()
                made = await self._write_rows(reader, draft, now, tell)
            # Checkpoints before what they vouch for: a newer one would be of entries that are not in the backup.
            stored_beside = {f"blobs/{name}": self._settings.blobs / name for name in _CHANGING}
            beside = {**{name: self._settings.data / name for name in _BESIDE}, **stored_beside}
            for name, path in beside.items():
                if path.exists():
                    _copy(path, draft / name)
            tell("Copying files that came meanwhile")
            blobs |= self._copy_blobs(target, known | blobs)
            (draft / "keys.snapshot").write_bytes(await self._keys.snapshot())
            files = [
                _describe(draft, path)
                for name in ("keys.snapshot", *beside)
                if (path := draft / name).exists()
            ]
            stored = [StoredFile(name, size, digest) for name, (size, digest) in sorted(blobs.items())]
            whole = msgspec.structs.replace(made, files=files, blobs=stored)
            (draft / contents.NAME).write_bytes(msgspec.json.encode(whole))
            _sync(draft)
            draft.rename(folder)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise BackupError(
                f"The backup could not be written: {error}.", "Nothing of it was kept."
            ) from error
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        _forget_old(target, keep)
        return whole

    def _prepare(self, target: Path, folder: Path, draft: Path) -> None:
        data = self._settings.data.resolve()
        if data == target.resolve() or data in target.resolve().parents:
            raise BackupError(
                "The backup would lie inside the realm's own folder.",
                "Choose a folder elsewhere, best on another disk.",
            )
        if folder.exists():
            raise BackupError("There is a backup of this very second already.", "Try again.")
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in target.glob("*.unfinished"):
            shutil.rmtree(old)
        (draft / "people").mkdir(parents=True, mode=0o700)

    # --- rows ---------------------------------------------------------------------------------------------

    async def _write_rows(self, reader: BackupsReader, draft: Path, now: dt.datetime, tell: Tell) -> Manifest:
        public_rows: dict[str, int] = {}
        sealed_rows = dict.fromkeys(OWNER, 0)
        with gzip.open(draft / "public.jsonl.gz", "wb", compresslevel=6) as file:
            for table in PUBLIC:
                public_rows[table] = 0
                async for lines in reader.public_rows(table):
                    public_rows[table] += len(lines)
                    file.writelines(_tagged(table, lines))
        own: list[bytes] = []
        for table in OWNER:
            async for lines in reader.own_rows(table):
                sealed_rows[table] += len(lines)
                own += _tagged(table, lines)
        own_stream = await self._seal_streams(draft, [(None, own)])
        people = await self._write_people(reader, draft, sealed_rows, tell)
        return Manifest(
            format=contents.FORMAT,
            realm=self._realm.document.name,
            charter=self._realm.charter_digest,
            made_at=now,
            release=self._settings.release,
            revision=await reader.revision(),
            columns=await reader.columns(list(OWNER)),
            public_rows=public_rows,
            sealed_rows=sealed_rows,
            public=_describe(draft, draft / "public.jsonl.gz"),
            people=people,
            own=own_stream[0],
            files=[],
            blobs=[],
        )

    async def _write_people(
        self, reader: BackupsReader, draft: Path, sealed_rows: dict[str, int], tell: Tell
    ) -> list[PersonStream]:
        streams: list[PersonStream] = []
        last: UUID | None = None
        while ids := await reader.person_ids(last, _PEOPLE_AT_ONCE):
            last = ids[-1]
            lines: dict[UUID, list[bytes]] = {person_id: [] for person_id in ids}
            for table, owner in OWNER.items():
                if owner is None:
                    continue
                for person_id, line in await reader.sealed_rows(table, ids):
                    sealed_rows[table] += 1
                    lines[person_id] += _tagged(table, [line])
            streams += await self._seal_streams(draft, list(lines.items()))
            tell(f"Sealing rows of {len(streams)} people")
        return streams

    async def _seal_streams(
        self, draft: Path, streams: Sequence[tuple[UUID | None, list[bytes]]]
    ) -> list[PersonStream]:
        """Write each stream under a fresh key that only its person's own key opens; who has no key is skipped."""
        keys = await self._keys.backup_keys([person_id for person_id, _ in streams])
        written = []
        for (person_id, lines), fresh in zip(streams, keys, strict=True):
            if fresh is None:
                continue
            name = "own.sealed" if person_id is None else f"people/{_file_name(person_id)}"
            sealed = seal_stream(fresh.key, gzip.compress(b"".join(lines), 6, mtime=0), person_id)
            (draft / name).write_bytes(sealed)
            who = "" if person_id is None else str(person_id)
            written.append(PersonStream(who, _describe(draft, draft / name), fresh.wrapped, len(lines)))
        return written

    # --- files --------------------------------------------------------------------------------------------

    def _copy_blobs(self, target: Path, known: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
        """Copy what the pool lacks. Stored files never change, so a name of the same size is the same file."""
        copied: dict[str, tuple[int, str]] = {}
        for name, source in _walk(self._settings.blobs):
            if name in _CHANGING:
                continue
            try:
                size = source.stat().st_size
                there = target / "blobs" / name
                if (
                    name in known
                    and known[name][0] == size
                    and there.exists()
                    and there.stat().st_size == size
                ):
                    copied[name] = known[name]
                else:
                    copied[name] = _copy(source, there)
            except FileNotFoundError:
                continue  # deleted since the folder was read
        return copied


def _tagged(table: str, lines: Sequence[str]) -> list[bytes]:
    return [f'{{"table":"{table}","row":{line}}}\n'.encode() for line in lines]


def _file_name(person_id: UUID) -> str:
    return hashlib.sha256(person_id.bytes).hexdigest()[:32]


def _describe(folder: Path, path: Path) -> StoredFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return StoredFile(path.relative_to(folder).as_posix(), path.stat().st_size, digest)


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, _, files in os.walk(root):
        for file in sorted(files):
            if not file.startswith("."):
                path = Path(folder) / file
                yield path.relative_to(root).as_posix(), path


def _copy(source: Path, to: Path) -> tuple[int, str]:
    """Copy a file, whole or not at all; return its bytes and digest."""
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = to.with_name(f".{to.name}.new")
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, draft.open("wb") as writing:
        while chunk := reading.read(_COPY_BYTES):
            digest.update(chunk)
            size += len(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    draft.replace(to)
    return size, digest.hexdigest()


def backups_in(target: Path) -> list[Path]:
    """Return the whole backups below `target`, oldest first."""
    return sorted(
        path.parent
        for path in target.glob(f"*/{contents.NAME}")
        if not path.parent.name.endswith(".unfinished")
    )


def _read(folder: Path) -> Manifest:
    return msgspec.json.decode((folder / contents.NAME).read_bytes(), type=Manifest)


def _digests_of(target: Path) -> dict[str, tuple[int, str]]:
    found = backups_in(target)
    return {blob.name: (blob.bytes, blob.sha256) for blob in _read(found[-1]).blobs} if found else {}


def _forget_old(target: Path, keep: int) -> None:
    """Remove older backups, then the files that no remaining one names."""
    found = backups_in(target)
    for old in found[:-keep]:
        shutil.rmtree(old)
    wanted = {blob.name for folder in found[-keep:] for blob in _read(folder).blobs}
    for name, path in list(_walk(target / "blobs")):
        if name not in wanted:
            path.unlink()


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
