"""A network for the tests: realms of the demo's composition, each with its own folder, charter, border and people.

`Network.us` keeps the people who live in the US, `Network.world` everybody else; both are of one network and know
each other as peers. Their people's ids lie in the network's zone, which runs beside them.
"""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from tests.conftest import Person, RunningRealm, eventually, maker_of_people, start_realm
from tests.factories.media import plain
from tests.factories.publishing import published

from reelm.entrypoints import composition
from reelm.entrypoints.composition import RealmPlace, ZonePlace
from reelm.entrypoints.network_demo import meet

NETWORK = "reelm.example"
_PATIENCE_SECONDS = 30.0


@dataclass
class Network:
    """Two realms of one network that have been started and joined."""

    us: RunningRealm
    world: RunningRealm
    places: dict[str, RealmPlace]
    folder: Path
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def client(self, realm: RunningRealm) -> httpx.AsyncClient:
        """An HTTP client of that realm that is nobody."""
        if realm.url not in self.clients:
            self.clients[realm.url] = httpx.AsyncClient(base_url=realm.url, timeout=30)
        return self.clients[realm.url]

    def name(self, realm: RunningRealm) -> str:
        """What the realm is called within the network."""
        return realm.data.name

    def place(self, realm: RunningRealm) -> RealmPlace:
        """Its addresses."""
        return self.places[self.name(realm)]

    def other(self, realm: RunningRealm) -> RunningRealm:
        return self.world if realm is self.us else self.us

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
        return f"@{person.handle}@{self.name(realm)}"

    async def agree(self, person: Person, realm: RunningRealm) -> None:
        """Let `person` agree to be known in `realm`."""
        answer = await person.put(f"/me/consents/{self.name(realm)}")
        assert answer.status_code == 204, answer.text

    async def crossed(self, person: Person, **wanted: str) -> dict[str, Any]:
        """Wait until something of a person's was delivered to another realm: the crossing with these attributes."""

        async def check() -> dict[str, Any] | None:
            for each in (await person.get("/me/crossings?limit=50")).json()["items"]:
                if each["state"] == "delivered" and all(
                    each[name] == value for name, value in wanted.items()
                ):
                    found: dict[str, Any] = each
                    return found
            return None

        found: dict[str, Any] = await eventually(check, seconds=60)
        return found

    async def close(self) -> None:
        """Close the HTTP clients; from the loop that used them."""
        for client in self.clients.values():
            await client.aclose()

    async def as_admin(self, realm: RunningRealm) -> Any:
        """A connection that sees everything of one realm; close it. For looking, not for making."""
        return await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))


def start_place(place: RealmPlace, **environment: str) -> RunningRealm:
    """Start a realm of a composition, with room for many sign-ups."""
    return start_realm(
        place.data, place.web_port, **{**place.environment, "REELM_LIMIT_FACTOR": "1000", **environment}
    )


@contextlib.contextmanager
def running_zone(zone: ZonePlace) -> Iterator[None]:
    """A zone that `reelm zone serve` serves."""
    command = [
        sys.executable,
        "-m",
        "reelm",
        "zone",
        "serve",
        "--data",
        str(zone.data),
        "--port",
        str(zone.port),
    ]
    with zone.data.with_suffix(".out").open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(zone.address + "/health").status_code == 200:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError("the zone does not answer")
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running_network(*, only: tuple[str, ...] = ("us", "world"), **environment: str) -> Iterator[Network]:
    """Realms `us` and `world`, started and joined, in a folder that goes with them."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-network-"))
    folder.chmod(0o755)
    laid = composition.lay_out(folder, composition.read_plan(), only=only, witness=False)
    running: dict[str, RunningRealm] = {}
    with contextlib.ExitStack() as ends:
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        for zone in laid.zones:
            ends.enter_context(running_zone(zone))
        for place in laid.realms:
            running[place.id] = start_place(place, **environment)
            ends.callback(running[place.id].stop)
        meet(laid.realms)
        yield Network(running["us"], running["world"], {each.id: each for each in laid.realms}, folder)


def with_changes(plan: composition.Composition, realm: str, **changes: Any) -> composition.Composition:
    """A composition in which one realm is otherwise."""
    networks = [
        msgspec.structs.replace(
            network,
            realms=[
                msgspec.structs.replace(each, **changes) if each.realm == realm else each
                for each in network.realms
            ],
        )
        for network in plan.networks
    ]
    return composition.Composition(networks)
