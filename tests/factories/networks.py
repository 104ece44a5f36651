"""A network for the tests: realms that `reelm up` starts, each with its own folder, charter, border and people.

`Network.us` keeps the people who live in the US, `Network.world` everybody else; both name one network and know
each other as peers.
"""

import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from tests.conftest import Person, RunningRealm, free_port, maker_of_people, start_realm
from tests.factories.media import plain
from tests.factories.publishing import published

from reelm.entrypoints import network as joining
from reelm.entrypoints.folder import StartError

NETWORK = "reelm.test"
_PATIENCE_SECONDS = 30.0
_DEFAULT = Path(__file__).parents[2] / "src" / "reelm" / "realm" / "default.json"


@dataclass
class Member:
    """One realm of a test's network: where it lies and what it answers on."""

    id: str
    data: Path
    web_port: int
    border_port: int
    running: RunningRealm | None = None

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def border(self) -> str:
        return f"http://127.0.0.1:{self.border_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What `reelm up` is told beside its folder and port."""
        return {
            "REELM_LIMIT_FACTOR": "1000",
            "REELM_SITE": f"{self.id}-1",
            "REELM_BACKUP_SITE": f"{self.id}-1",
            "REELM_BORDER_PORT": str(self.border_port),
            "REELM_BORDER_URL": self.border,
            "REELM_BORDER_ALLOW": "127.0.0.0/8",
        }

    def write_document(self, **changes: Any) -> None:
        """Write its `realm.json`, before its first start."""
        self.data.mkdir(parents=True, exist_ok=True)
        document = json.loads(_DEFAULT.read_bytes())
        document.update(
            realm=self.id,
            network=NETWORK,
            ids=f"{self.border}/{self.id}",
            web=self.web,
            border=self.border,
            **changes,
        )
        (self.data / "realm.json").write_text(json.dumps(document))

    def document(self) -> dict[str, Any]:
        """What the realm says of itself now."""
        found: dict[str, Any] = json.loads((self.data / "realm.json").read_bytes())
        return found

    def start(self) -> RunningRealm:
        self.running = start_realm(self.data, self.web_port, **self.environment)
        return self.running

    def stop(self) -> None:
        if self.running is not None:
            self.running.stop()


@dataclass
class Network:
    """Two realms of one network that have been started and joined."""

    us: RunningRealm
    world: RunningRealm
    members: dict[str, Member]
    folder: Path
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def client(self, realm: RunningRealm) -> httpx.AsyncClient:
        """An HTTP client of that realm that is nobody."""
        if realm.url not in self.clients:
            self.clients[realm.url] = httpx.AsyncClient(base_url=realm.url, timeout=30)
        return self.clients[realm.url]

    async def sign_up(self, realm: RunningRealm, country: str | None = None, **changes: Any) -> Person:
        """Make somebody who lives where the realm's people live (or says they live in `country`)."""
        lives_in = country or ("US" if realm is self.us else "FR")
        person: Person = await maker_of_people(self.client(realm))(country=lives_in, **changes)
        return person

    async def publish(self, person: Person, footage: Path | None = None, **fields: Any) -> dict[str, Any]:
        """Publish a clip that everyone may see; wait until it plays. One second of a test picture by default."""
        file = footage or await asyncio.to_thread(self._small)
        return await published(person, file, **{"visibility": "everyone", **fields})

    def _small(self) -> Path:
        path = self.folder / "small.mp4"
        return path if path.exists() else plain(path, seconds=1)

    def address(self, person: Person, realm: RunningRealm) -> str:
        """How people of other realms write `person`, who lives in `realm`: `@lea@us`."""
        return f"@{person.handle}@{'us' if realm is self.us else 'world'}"

    async def close(self) -> None:
        """Close the HTTP clients; from the loop that used them."""
        for client in self.clients.values():
            await client.aclose()

    async def as_admin(self, realm: RunningRealm) -> Any:
        """A connection that sees everything of one realm; close it. For looking, not for making."""
        return await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))


def introduce(member: Member, other: Member) -> None:
    """Let `member` know `other` as a peer, as its operator does: `reelm network join`.

    A realm shows its charter when its ledger has published it, a moment after it answers.
    """
    assert member.running is not None
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            joining.join(member.running.settings, other.web)
        except StartError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextlib.contextmanager
def running_network() -> Iterator[Network]:
    """Realms `us` and `world`, started and joined, in a folder that goes with them."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-network-"))
    folder.chmod(0o755)
    members = {name: Member(name, folder / name, free_port(), free_port()) for name in ("us", "world")}
    try:
        members["us"].write_document(
            name="Test US", jurisdictions=["US"], storage=[{"site": "us-1", "country": "US"}]
        )
        members["world"].write_document(
            name="Test World", jurisdictions=[], storage=[{"site": "world-1", "country": "SG"}]
        )
        us, world = members["us"].start(), members["world"].start()
        introduce(members["us"], members["world"])
        introduce(members["world"], members["us"])
        yield Network(us, world, members, folder)
    finally:
        for member in members.values():
            member.stop()
        shutil.rmtree(folder, ignore_errors=True)
