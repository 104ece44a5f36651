"""The realms of the day: one whose border is a process apart, with the link; and another one, abroad.

Both run as an ordinary user's would. Nothing is prepared in them but their first charter.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from tests.conftest import PASSWORD
from tests.egress.spaces import ALLOWED, BORDER_WORLD, GUEST, WORLD, Space, Spaces, as_nobody_much
from tests.factories.publishing import described

from reelm.entrypoints import composition, network
from reelm.entrypoints.composition import NetworkPlan, RealmPlace
from reelm.entrypoints.folder import StartError
from reelm.entrypoints.handout import settings_of_running
from reelm.settings import Settings

ZONE, NETWORK = "https://id.egress.example", "egress.example"
WEB_PORT, BORDER_PORT, FRONT_PORT, WEB_FRONT_PORT, WITNESS_PORT, GUEST_PORT = (
    8080,
    8081,
    8443,
    8444,
    8085,
    9443,
)
_PATIENCE_SECONDS = 120.0
_TUS = {"tus-resumable": "1.0.0"}


@dataclass(frozen=True)
class Place(RealmPlace):
    """A realm in a namespace of its own. `outside`: where others find its border, and its pages."""

    outside: str = ""
    pages: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def web(self) -> str:
        return self.pages

    @property
    def border(self) -> str:
        return self.outside

    @property
    def environment(self) -> dict[str, str]:
        own = {"REELM_BORDER_ALLOW": ALLOWED, "REELM_LIMIT_FACTOR": "1000", "REELM_LEARN_SECONDS": "86400"}
        return {**super().environment, **own, **self.variables}


def places(folder: Path, authority: Path, witness: str) -> tuple[Place, Place]:
    """Return the realm that is looked at, and the one abroad."""
    plan = composition.read_plan().networks[0]
    about = {each.realm: each for each in plan.realms}
    common = NetworkPlan(NETWORK, plan.edition, plan.operator, plan.owners, [], [])
    believing = {"SSL_CERT_FILE": str(authority)}
    us = Place(
        about["us"],
        common,
        folder / "us",
        WEB_PORT,
        BORDER_PORT,
        ZONE,
        f"witness {witness} http://{GUEST}:{WITNESS_PORT}/\nquorum {witness.partition(' ')[0]}\n",
        outside=f"http://{BORDER_WORLD}:{BORDER_PORT}",
        pages="http://us.egress.example",
        variables={**believing, "REELM_BORDER_HOST": "0.0.0.0"},
    )
    world = Place(
        about["world"],
        common,
        folder / "world",
        WEB_PORT,
        BORDER_PORT,
        ZONE,
        outside=f"https://{WORLD}:{FRONT_PORT}",
        pages=f"https://{WORLD}:{WEB_FRONT_PORT}",
        variables=believing,
    )
    return us, world


class Realm:
    """A realm that runs, its pages reached from within its namespace."""

    def __init__(self, place: Place, space: Space, user: int) -> None:
        self.place, self.space, self.user = place, space, user
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, space: Space, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start one of its commands somewhere."""
        command = [sys.executable, "-m", "reelm", *arguments, "--data", str(self.place.data), "--quiet"]
        with self.place.data.with_suffix(".out").open("ab") as out:
            process = space.start(
                as_nobody_much(command, self.user),
                stdout=out,
                stderr=out,
                env={**os.environ, **self.place.environment},
            )
        self.processes.append(process)
        return process

    def wait(self, true: Any, otherwise: str) -> Any:
        """Ask again until there is an answer."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError, StartError, OSError):
                if found := true():
                    return found
            for process in self.processes:
                if process.poll() not in {None, 0}:
                    raise SystemExit(
                        f"✗ {self.place.id} ended: {self.place.data.with_suffix('.out').read_text()}"
                    )
            time.sleep(0.1)
        raise SystemExit(f"✗ {self.place.id}: {otherwise}")

    def answers(self) -> bool:
        return self.ask("GET", "/health").status_code == 200

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask its web server from within its namespace, as a balancer before it would."""
        with self.space.inside(), httpx.Client(base_url=self.place.address, timeout=60) as client:
            return client.request(method, path, **options)

    @property
    def settings(self) -> Settings:
        return settings_of_running(self.place.data, self.place.web_port)

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(40)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.processes.clear()


class Somebody:
    """A person of a realm, and their phone, which is as near to the web server as its balancer."""

    def __init__(self, realm: Realm, handle: str, **about: str) -> None:
        self.realm, self.handle = realm, handle
        body = {"handle": handle, "password": PASSWORD, "birth_date": "1999-04-12", "language": "en", **about}
        made = realm.ask("POST", "/api/v1/accounts", json=body)
        if made.status_code != 201:
            raise SystemExit(f"✗ {handle} can't sign up: {made.text}")
        self.id = made.json()["id"]
        session = realm.ask("POST", "/api/v1/sessions", json={"handle": handle, "password": PASSWORD}).json()
        self._token = session["token"]

    def ask(self, method: str, path: str, status: int, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._token}", **options.pop("headers", {})}
        answer = self.realm.ask(method, path, headers=headers, **options)
        if answer.status_code != status:
            raise SystemExit(f"✗ {method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def sees(self, path: str, true: Any, otherwise: str) -> Any:
        """Look again until there is what is waited for."""

        def look() -> Any:
            answer = self.realm.ask("GET", path, headers={"authorization": f"Bearer {self._token}"})
            return true(answer.json()) if answer.status_code == 200 else None

        return self.realm.wait(look, otherwise)

    def publish(self, video: Path, caption: str, visibility: str = "everyone") -> str:
        """Publish a clip and wait until it plays; return its id."""
        data = video.read_bytes()
        described_as = described(filename=video.name, filetype="video/mp4")
        head = {**_TUS, "upload-length": str(len(data)), "upload-metadata": described_as}
        where = self.ask("POST", "/api/v1/uploads", 201, headers=head).headers["location"]
        piece = {**_TUS, "upload-offset": "0", "content-type": "application/offset+octet-stream"}
        self.ask("PATCH", httpx.URL(where).path, 204, headers=piece, content=data)
        body = {"upload_id": where.rsplit("/", 1)[-1], "caption": caption, "visibility": visibility}
        clip_id = str(self.ask("POST", "/api/v1/clips", 201, json=body).json()["id"])
        self.sees(
            f"/api/v1/clips/{clip_id}", lambda clip: clip["status"] == "ready", f"“{caption}” doesn't play"
        )
        return clip_id


@contextlib.contextmanager
def running(place: Place, space: Space, border: Space | None, user: int) -> Iterator[Realm]:
    """Start a realm; with `border`, that process alone runs there."""
    composition._write_charter(place)
    realm = Realm(place, space, user)
    try:
        realm.start(space, "up", "--port", str(place.web_port), *(["--without-border"] if border else []))
        realm.wait(realm.answers, "did not start")
        if border is not None:
            realm.start(border, "border")
        yield realm
    finally:
        realm.stop()


def meet(us: Realm, world: Realm) -> None:
    """Each gets to know the other: one over its border, the other by what is handed to it on paper."""

    def read(url: str) -> bytes:
        answer = us.ask("GET", url.removeprefix(us.place.web))
        if answer.status_code != 200:
            raise OSError(f"{url} answered {answer.status_code}")
        return answer.content

    us.wait(lambda: network.join(us.settings, world.place.web), "does not get to know the realm abroad")
    world.wait(lambda: network.join(world.settings, us.place.web, read), "does not get to know this realm")


def strangers(us: Realm, spaces: Spaces) -> list[str]:
    """Every process of the realm that is where it must not be, and the routes of the core, if it has any."""
    found = []
    up, border = us.processes
    for parent, space in ((up, spaces.core), (border, spaces.border)):
        family = [psutil.Process(parent.pid), *psutil.Process(parent.pid).children(recursive=True)]
        for process in family:
            with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
                if Path(f"/proc/{process.pid}/ns/net").stat().st_ino != space.inode:
                    found.append(f"{process.name()} is not in {space.name}")
    routes = spaces.core.ip("route", "show", "table", "main").strip()
    devices = [line.split(":")[1].strip() for line in spaces.core.ip("-o", "link").splitlines()]
    found += [f"the core has a route: {routes}"] if routes else []
    found += [f"the core has the link {device}" for device in devices if device != "lo"]
    return found
