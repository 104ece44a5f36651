"""A border of a test's own: a database and a ledger beside the realm's, a charter with a policy, and a peer that listens."""

import asyncio
import contextlib
import dataclasses
import json
import secrets
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from tests.factories.ledger import OwnLedger

from reelm.border import signing
from reelm.border.addresses import networks
from reelm.border.constitution import Constitution
from reelm.border.counting import Counting
from reelm.border.delivering import Delivering
from reelm.border.key import read_or_make
from reelm.border.outward import Outward
from reelm.border.parcel import read_batch, read_parcel
from reelm.border.releasing import LOCK, Releasing
from reelm.border.service import BorderOutbox
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.exclusive import Exclusive
from reelm.kit.ids import SystemIds
from reelm.kit.listen import Listener
from reelm.ledger.repository import WANTED
from reelm.realm.service import write_default
from reelm.settings import Settings

NETWORK, US, WORLD = "network.test", "us", "world"
IDS = f"https://id.{NETWORK}/{US}"
POLICY = files("reelm.border").joinpath("default.cedar").read_text()


def write_charter(folder: Path, **changes: Any) -> None:
    """Write a realm document of realm `us`, with the default border policies."""
    path = folder / "realm.json"
    write_default(path)
    document = json.loads(path.read_bytes())
    document |= {"realm": US, "network": NETWORK, "ids": IDS, "borders": POLICY, **changes}
    path.write_text(json.dumps(document))


def note(person: UUID, thing: UUID | None = None, **more: Any) -> dict[str, Any]:
    """A comment as a document."""
    clip = f"https://id.{NETWORK}/{WORLD}/clips/{uuid4()}"
    return {
        "id": f"{IDS}/comments/{thing or uuid4()}",
        "type": "Note",
        "attributedTo": f"{IDS}/people/{person}",
        "content": "so good",
        "published": "2026-11-22T08:00:00.000Z",
        "context": clip,
        "inReplyTo": clip,
        **more,
    }


def follow(person: UUID, **more: Any) -> dict[str, Any]:
    return {
        "type": "Follow",
        "actor": f"{IDS}/people/{person}",
        "object": f"https://id.{NETWORK}/{WORLD}/people/{uuid4()}",
        **more,
    }


class LocalPeer:
    """Another realm's shared inbox, answering as one should: each root once, signatures verified, entry published."""

    def __init__(self, vkey: str, ledger: OwnLedger | None = None) -> None:
        self.vkey = vkey
        self.ledger = ledger
        self.roots: dict[str, list[dict[str, Any]]] = {}
        self.heard: list[str] = []
        self.too_early: list[str] = []
        self.answers: list[int] = []
        self.refused: list[int] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [each for batch in self.roots.values() for each in batch]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {}
            for line in head[1:]:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            body = await reader.readexactly(int(headers["content-length"]))
            status = self.answers.pop(0) if self.answers else await self._take(head[0], headers, body)
            said = json.dumps({"taken": 1, "refused": self.refused}).encode()
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n".encode()
                + said
            )
            await writer.drain()
        writer.close()

    async def _take(self, first: str, headers: dict[str, str], body: bytes) -> int:
        assert first == "POST /inbox HTTP/1.1"
        signing.verify("POST", f"{self.url}/inbox", headers, self.vkey, SystemClock(), body=True)
        signing.check_digest(headers, body)
        root, index = read_batch(headers["reelm-batch"])
        parcel = read_parcel(body, root)
        self.heard.append(root.hex())
        if self.ledger is not None:
            head = await self.ledger.head()
            entry = json.loads(await self.ledger.service().entry(index))
            if index >= head.release_size or entry["batch"] != root.hex():
                self.too_early.append(root.hex())
        self.roots.setdefault(root.hex(), [dict(item.activity) for item in parcel.items])
        return 202


@dataclasses.dataclass
class OwnBorder:
    """One test's border."""

    ledger: OwnLedger
    settings: Settings
    database: Database
    worker: Database
    admin: Any
    peer: LocalPeer
    person: UUID

    @property
    def clock(self) -> SystemClock:
        return self.ledger.clock

    def releasing(self, **changes: Any) -> Releasing:
        return made_releasing(self.settings, self.database, **changes)

    async def ask(
        self,
        document: dict[str, Any],
        act: str = "Create",
        object_type: str = "Note",
        purpose: str = "interact",
        peer: str = WORLD,
    ) -> UUID:
        async with self.worker.transaction() as uow:
            outbox = BorderOutbox(SystemIds(self.clock))
            return await outbox.ask(uow, peer, act, object_type, purpose, self.person, None, document)

    async def states(self) -> dict[str, int]:
        rows = await self.admin.fetch("SELECT state, count(*) AS n FROM crossings GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    async def entries(self, kind: str) -> list[dict[str, Any]]:
        rows = await self.admin.fetch("SELECT body FROM ledger_entries WHERE kind = $1 ORDER BY number", kind)
        return [json.loads(row["body"]) for row in rows]

    @contextlib.asynccontextmanager
    async def released(self, **changes: Any) -> AsyncIterator[Releasing]:
        """A border that releases, woken as the process wakes it."""
        releasing = self.releasing(**changes)
        listener = Listener(self.settings.database, "reelm_border")
        listener.on("crossings", lambda _: releasing.want())
        await listener.start()
        await listener.connected.wait()
        running = asyncio.ensure_future(releasing.run())
        try:
            yield releasing
        finally:
            running.cancel()
            (ended,) = await asyncio.gather(running, return_exceptions=True)
            await listener.stop()
            if isinstance(ended, Exception):
                raise ended

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """A ledger that is kept."""
        sequencer = self.ledger.sequencer()
        await sequencer.start()
        listener = Listener(self.settings.database, "reelm_ledger")
        listener.on(WANTED, lambda _: sequencer.want())
        await listener.start()
        keeping = asyncio.ensure_future(sequencer.run())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await listener.stop()


def made_counting(settings: Settings, database: Database, **changes: Any) -> Counting:
    from reelm.kit.blobs import LocalBlobStore
    from reelm.ledger.service import LedgerService

    clock = changes.get("clock") or SystemClock()
    ledger = LedgerService(database, LocalBlobStore(settings.data / "blobs"), clock, SystemIds(clock))
    return Counting(database, ledger, Constitution(settings), read_or_make(settings.data, US), clock)


def made_releasing(settings: Settings, database: Database, **changes: Any) -> Releasing:
    """The way out as the process has it, to peers on this machine."""
    clock = changes.pop("clock", None) or SystemClock()
    counting = changes.pop("counting", None) or made_counting(settings, database, clock=clock)
    outward = Outward(clock, private=networks(("127.0.0.0/8",)))
    key = read_or_make(settings.data, US)
    deliver = changes.pop("deliver", None) or Delivering(outward, signing.Signing(key, clock)).deliver
    return Releasing(
        database,
        changes.pop("ledger", None) or counting._ledger,
        Constitution(settings),
        counting,
        deliver,
        Exclusive(settings.database, "reelm_border", LOCK),
        clock,
        SystemIds(clock),
        vkey=key.vkey,
        nonce=lambda: secrets.token_bytes(16),
        chance=lambda: 0.0,
        **changes,
    )


@contextlib.asynccontextmanager
async def own_border(ledger: OwnLedger, **charter: Any) -> AsyncIterator[OwnBorder]:
    """A border beside an own ledger, that knows realm `world`."""
    folder = ledger.folder
    write_charter(folder, **charter)
    settings = dataclasses.replace(ledger.settings, data=folder)
    about = settings.database
    admin = await asyncpg.connect(**about.connection("reelm_admin"))
    database = await Database.open(about, "reelm_border", size=6)
    worker = await Database.open(about, "reelm_worker", size=2)
    peer = LocalPeer(read_or_make(folder, US).vkey, ledger)
    await peer.start()
    person = uuid4()
    name = f"p{person.hex[:10]}"
    await admin.execute(
        "INSERT INTO people (id, handle, handle_key, display_name) VALUES ($1, $2, $2, '')", person, name
    )
    await know(admin, WORLD, peer.url)
    try:
        yield OwnBorder(ledger, settings, database, worker, admin, peer, person)
    finally:
        await peer.stop()
        await worker.close()
        await database.close()
        await admin.close()


async def know(admin: Any, realm: str, url: str, *, network: str = NETWORK, state: str = "open") -> None:
    """Make another realm known."""
    await admin.execute(
        "INSERT INTO peers (realm, name, network, ids, web, border, vkey, ledger_vkey, charter, document, state) "
        "VALUES ($1, $1, $2, $3, $4, $4, '', '', $5, '{}', $6)",
        realm,
        network,
        f"https://id.{NETWORK}/{realm}",
        url,
        "d" * 64,
        state,
    )
