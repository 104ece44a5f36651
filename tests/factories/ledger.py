"""A ledger of a test's own: a database beside the realm's, a folder, and a log key that remembers what it signed."""

import contextlib
import dataclasses
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from reelm.entrypoints import migrate
from reelm.entrypoints.asking import directly
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.ledger.entries import Entry, GrantRequested, RightsErased
from reelm.ledger.errors import LedgerFatalError
from reelm.ledger.repository import LedgerReader
from reelm.ledger.sequencer import Sequencer
from reelm.ledger.service import LedgerService
from reelm.settings import Settings
from reelm_audit.tlog import checkpoint
from reelm_audit.tlog.merkle import leaf_hashes, root_of
from reelm_audit.tlog.note import Ed25519Signer, Verifier

ORIGIN = "ledger.test/ledger"
CHARTER = "c" * 64
NONE = "quorum none\n"


def entry(number: int) -> Entry:
    """A small entry that no other number makes."""
    return RightsErased(at=f"2026-11-{1 + number % 28:02}T08:00Z", charter=CHARTER, person=f"{number:064x}")


def large_entry(number: int) -> Entry:
    """An entry of some two kilobytes."""
    return GrantRequested(
        at="2026-11-22T08:00Z",
        charter=CHARTER,
        staff="5" * 16,
        document=f"{number:064x}",
        people=[f"{number * 100 + person:064x}" for person in range(20)],
        classes=["identity"],
        minutes=30,
        reason="support",
        country="FR",
        emergency=False,
        signature="A" * 86 + "==",
    )


class LocalLogKey:
    """A log key in a file, with every checkpoint it has signed: as strict as the keys process, without one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            path.write_text(json.dumps({"secret": secrets.token_bytes(32).hex(), "size": 0, "root": ""}))
        self.log = path.with_suffix(".signed")

    def _signer(self) -> Ed25519Signer:
        return Ed25519Signer(ORIGIN, bytes.fromhex(json.loads(self._path.read_text())["secret"]))

    @property
    def verifier(self) -> Verifier:
        return self._signer().verifier

    async def log_vkey(self, origin: str) -> str:
        assert origin == ORIGIN
        return self._signer().vkey

    async def sign_checkpoint(self, text: str) -> str:
        known = json.loads(self._path.read_text())
        asked = checkpoint.parse(text)
        if asked.size < known["size"] or (asked.size == known["size"] and asked.root.hex() != known["root"]):
            raise LedgerFatalError("contradicts what was signed before")
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({**known, "size": asked.size, "root": asked.root.hex()}))
        draft.replace(self._path)
        with self.log.open("a") as file:
            file.write(f"{asked.size} {asked.root.hex()}\n")
        return self._signer().signature_line(text)

    def signed(self) -> list[tuple[int, str]]:
        """Every checkpoint that was ever signed, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(int(line.split()[0]), line.split()[1]) for line in lines]


@dataclasses.dataclass
class OwnLedger:
    """One test's ledger."""

    settings: Settings
    folder: Path
    database: Database
    as_web: Database
    key: LocalLogKey
    blobs: LocalBlobStore
    clock: SystemClock = dataclasses.field(default_factory=SystemClock)

    def service(self, **changes: Any) -> LedgerService:
        return LedgerService(
            changes.get("database", self.as_web), self.blobs, self.clock, SystemIds(self.clock)
        )

    def sequencer(self, release: str = NONE, public: str | None = None, **changes: Any) -> Sequencer:
        return Sequencer(
            changes.pop("database", self.database),
            changes.pop("blobs", self.blobs),
            changes.pop("signer", self.key),
            changes.pop("clock", self.clock),
            origin=ORIGIN,
            release_policy=release,
            public_policy=release if public is None else public,
            ask=changes.pop("ask", directly(self.clock)),
            **changes,
        )

    async def append(self, numbers: Sequence[int]) -> list[Any]:
        async with self.as_web.transaction() as uow:
            return await self.service().append_many(uow, [entry(number) for number in numbers])

    async def bodies(self) -> list[bytes]:
        async with self.database.transaction() as uow:
            rows = await LedgerReader(uow).list_bodies(0, 2**40)
        assert [index for index, _ in rows] == list(range(len(rows)))
        return [body for _, body in rows]

    async def head(self) -> Any:
        async with self.database.transaction() as uow:
            return await LedgerReader(uow).find_head()

    async def root(self) -> bytes:
        return root_of(leaf_hashes(await self.bodies()))

    @property
    def published(self) -> Path:
        return self.folder / "blobs" / "ledger"


@contextlib.asynccontextmanager
async def migrated(settings: Settings, admin: Any, name: str) -> AsyncIterator[str]:
    """An empty database with every table, to copy others from."""
    import asyncio

    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    try:
        spare = dataclasses.replace(settings, database=dataclasses.replace(settings.database, name=name))
        await asyncio.to_thread(migrate.run, spare)
        yield name
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.asynccontextmanager
async def own_ledger(settings: Settings, admin: Any, template: str, folder: Path) -> AsyncIterator[OwnLedger]:
    """A ledger in a database copied from `template`, its files in `folder`."""
    name = f"ledger_{secrets.token_hex(4)}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    own = dataclasses.replace(settings, database=dataclasses.replace(settings.database, name=name))
    database = await Database.open(own.database, "reelm_ledger", size=6)
    as_web = await Database.open(own.database, "reelm_web", size=6)
    try:
        yield OwnLedger(
            own, folder, database, as_web, LocalLogKey(folder / "log.key"), LocalBlobStore(folder / "blobs")
        )
    finally:
        await database.close()
        await as_web.close()
        with contextlib.suppress(asyncpg.PostgresError):
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
