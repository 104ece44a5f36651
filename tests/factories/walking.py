"""A walk over everything that a realm holds, for marks of a person: every row, every file, every name of a file.

It knows nothing of how Reelm stores things: rows are asked of PostgreSQL as its administrator, files are read byte by
byte (PostgreSQL's own, its log of writes included), and what is packed is unpacked.
"""

import asyncio
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from tests.conftest import RunningRealm


@dataclass(frozen=True)
class Marks:
    """What a person can be told by. `words` is in everything that they typed and that others may read."""

    words: str
    contact: str
    phone: str
    id: str

    def forms(self) -> dict[str, bytes]:
        """Every way in which a mark could lie in a file."""
        texts = {"words": self.words, "e-mail": self.contact, "phone": self.phone}
        found = {
            f"{what} as {kind}": text.encode(kind)
            for what, text in texts.items()
            for kind in ("utf-8", "utf-16-le")
        }
        found |= {f"{what} in hexadecimal": text.encode().hex().encode() for what, text in texts.items()}
        person = UUID(self.id)
        return found | {
            "id": self.id.encode(),
            "id without hyphens": person.hex.encode(),
            "id as bytes": person.bytes,
        }


async def in_rows(realm: RunningRealm, marks: Marks) -> set[str]:
    """Return `table: mark` for every table of every schema that holds one; also how PostgreSQL itself remembers."""
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        tables = await connection.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname NOT LIKE 'pg_temp%'"
        )
        assert len(tables) > 100, "PostgreSQL's own tables are walked, too"
        found = set()
        for table in tables:
            found |= {f"{table['name']}: {what}" async for what in _marked(connection, table["name"], marks)}
        await connection.execute("CHECKPOINT")  # what follows is read from the disk
        return found
    finally:
        await connection.close()


async def _marked(connection: Any, table: str, marks: Marks) -> Any:
    rows = await connection.fetch(f"SELECT to_jsonb(t)::text AS line FROM {table} t")
    whole = "\n".join(row["line"] for row in rows).encode()
    for what, form in marks.forms().items():
        if form in whole:
            yield what


async def in_files(folder: Path, marks: Marks) -> set[str]:
    """Return `path: mark` for every file below `folder` that holds one, or is called by one."""
    return await asyncio.to_thread(lambda: {f"{path}: {what}" for path, what in _walk(folder, marks)})


def _walk(folder: Path, marks: Marks) -> Iterator[tuple[str, str]]:
    forms = marks.forms()
    looked = 0
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        yield from ((name, f"{what}, in its name") for what, form in forms.items() if form in name.encode())
        if path.is_file() and not path.is_symlink():
            looked += 1
            for content in _contents(path):
                yield from ((name, what) for what, form in forms.items() if form in content)
    assert looked > 20, f"{folder} was not walked"


def _contents(path: Path) -> Iterator[bytes]:
    """The file's bytes, and what they hold where they are packed."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:  # a temporary file of a realm that runs
        return
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    elif raw.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif raw[:2] in {b"\x78\x01", b"\x78\x9c", b"\x78\xda"}:
        try:
            yield zlib.decompress(raw)
        except zlib.error:
            return
