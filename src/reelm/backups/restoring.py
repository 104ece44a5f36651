"""Putting a backup back: first everything is checked, then keys, files and rows, into a realm that serves nobody yet.

Steps: 1 the manifest and every file's digest; 2 the key store, opened with what was kept apart from the backup;
3 files; 4 rows, after which whoever has no key is taken out, with all that hangs on them; 5 what the ledger tells of
the time since the backup is done once more.
"""

import datetime as dt
import gzip
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from reelm.backups import manifest as contents
from reelm.backups.errors import BackupError
from reelm.backups.manifest import Manifest, PersonStream, StoredFile
from reelm.backups.repository import BackupsWriter
from reelm.backups.writing import Tell, backups_in
from reelm.custody.service import BackupOpener, SealBrokenError, open_stream
from reelm.kit.database import Database, UnitOfWork

_LINES_AT_ONCE = 1000


class Restored(msgspec.Struct, frozen=True):
    """What came back. `without_keys`: people whom the backup names and whose keys are gone, and so are they."""

    made_at: dt.datetime
    rows: int
    people: int
    without_keys: int
    files: int
    orphans: int


def choose(source: Path) -> Path:
    """Return the backup folder that `source` is, or the newest below it. Raises BackupError."""
    if (source / contents.NAME).exists():
        return source
    found = backups_in(source)
    if not found:
        raise BackupError(f"There is no backup in {source}.", "Name the folder that `reelm backup` wrote to.")
    return found[-1]


def read(folder: Path) -> Manifest:
    """Read a backup's manifest. Raises BackupError."""
    try:
        manifest = msgspec.json.decode((folder / contents.NAME).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise BackupError(
            f"The backup's table of contents can't be read: {error}.", "Take another backup."
        ) from error
    if manifest.format != contents.FORMAT:
        raise BackupError(
            f"The backup has format {manifest.format}; this release reads {contents.FORMAT}.",
            "Use the release that wrote it.",
        )
    return manifest


def check(folder: Path, manifest: Manifest, tell: Tell) -> None:
    """Compare every file with its digest. Raises BackupError naming the first that differs."""
    tell("Checking the backup")
    parts = [
        manifest.public,
        manifest.own.file,
        *(person.file for person in manifest.people),
        *manifest.files,
    ]
    for file in parts:
        _check_file(folder / file.name, file)
    for file in manifest.blobs:
        _check_file(folder.parent / "blobs" / file.name, file)


def _check_file(path: Path, file: StoredFile) -> None:
    if path.resolve() != Path(os.path.normpath(path.absolute())) and path.is_symlink():
        raise BackupError(f"{file.name} is a link, which no backup holds.", "Take another backup.")
    try:
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise BackupError(f"{file.name} is missing from the backup.", "Take another backup.") from error
    if digest != file.sha256:
        raise BackupError(f"{file.name} is not as it was written.", "Take another backup.")


def put_files(folder: Path, manifest: Manifest, data: Path, tell: Tell) -> None:
    """Put the realm's document and its stored files into the data folder."""
    tell("Putting files back")
    beside = {file.name: folder / file.name for file in manifest.files if file.name != "keys.snapshot"}
    pooled = {f"blobs/{file.name}": folder.parent / "blobs" / file.name for file in manifest.blobs}
    for name, path in (beside | pooled).items():
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise BackupError(f"{name} would lie outside the data folder.", "This is no backup of ours.")
        to = data / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)


async def put_rows(
    folder: Path, manifest: Manifest, opener: BackupOpener, database: Database, event_days: int, tell: Tell
) -> Restored:
    """Put all rows back in one transaction. `database` is the administrator's. Raises BackupError."""
    async with database.transaction() as uow:
        writer = BackupsWriter(uow)
        if not await writer.is_empty():
            raise BackupError("People live in this realm already.", "Restore into an empty folder.")
        await writer.begin()
        await writer.clear(list(manifest.columns))
        last = manifest.made_at.date()
        first = last - dt.timedelta(days=event_days)
        await writer.partition_days(first.isoformat(), (last + dt.timedelta(days=3)).isoformat())
        load = _Load(writer, manifest)
        tell("Putting public rows back")
        with gzip.open(folder / manifest.public.name, "rb") as file:
            await load.lines(line.rstrip(b"\n") for line in file)
        without_keys = 0
        for count, stream in enumerate((manifest.own, *manifest.people)):
            opened = _open(folder, stream, opener)
            if opened is None:
                without_keys += 1
                continue
            await load.lines(gzip.decompress(opened).splitlines())
            if count % 100 == 0:
                tell(f"Putting rows of {count} of {len(manifest.people)} people back")
        kept = opener.people()
        gone = await writer.forget_people(kept)
        orphans = await writer.drop_orphans()
        await writer.recount()
        await writer.align_sequences()
        return Restored(
            manifest.made_at,
            load.rows,
            len(manifest.people) - without_keys,
            max(without_keys, gone),
            len(manifest.blobs),
            orphans,
        )


def _open(folder: Path, stream: PersonStream, opener: BackupOpener) -> bytes | None:
    person_id = UUID(stream.person_id) if stream.person_id else None
    try:
        key = opener.open_key(person_id, stream.wrapped_key)
        return None if key is None else open_stream(key, (folder / stream.file.name).read_bytes(), person_id)
    except SealBrokenError as error:
        raise BackupError(
            f"{stream.file.name} does not open with this key store.",
            "Use the keys kept with this backup's realm.",
        ) from error


class _Load:
    """Groups lines by table and inserts them."""

    def __init__(self, writer: BackupsWriter, manifest: Manifest) -> None:
        self._writer = writer
        self._columns = manifest.columns
        self.rows = 0

    async def lines(self, lines: Iterator[bytes] | Sequence[bytes]) -> None:
        """Insert lines in their order, a table's run at a time."""
        tagged = (_split(line) for line in lines)
        for table, run in itertools.groupby(tagged, key=lambda pair: pair[0]):
            if table not in self._columns:
                raise BackupError(
                    f"The backup holds rows of an unknown table, {table}.", "This is no backup of ours."
                )
            rows = (row for _, row in run)
            while chunk := list(itertools.islice(rows, _LINES_AT_ONCE)):
                await self._writer.put(table, self._columns[table], chunk)
                self.rows += len(chunk)


def _split(line: bytes) -> tuple[str, str]:
    """Take a line apart without reading its row, which goes to the database as it came from there."""
    head, _, rest = line.partition(b',"row":')
    table = json.loads(head + b"}")["table"]
    return str(table), rest[:-1].decode()


async def erase_again(uow: UnitOfWork, opener: BackupOpener, erased: set[str]) -> int:
    """Erase whoever the ledger says was erased since the backup; return how many.

    `erased` are the references of the ledger's `rights.erased` entries.
    """
    gone = 0
    for person_id in opener.people():
        document = json.dumps({"person": person_id.hex}, separators=(",", ":")).encode()
        if opener.erasure_reference(person_id, document) in erased:
            opener.erase(person_id)
            gone += 1
    if gone:
        writer = BackupsWriter(uow)
        await writer.forget_people(opener.people())
        await writer.drop_orphans()
        await writer.recount()
    return gone
