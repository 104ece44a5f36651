"""The zone as a process: where its redirects lead, who can change them, and what it can't do."""

import base64
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.conftest import free_port
from tests.factories.networks import Network, running_zone

from reelm.entrypoints.composition import ZonePlace
from reelm.entrypoints.zone import ZoneFolder
from reelm.realm.zone import SignedRoutes, digest_of
from reelm_audit.tlog.note import Ed25519Signer

_KEYS = {name: Ed25519Signer(name, name.encode().ljust(32, b"~")) for name in ("ada", "bo", "cy")}
# What a process tries after it confined itself as the zone's does: each must fail.
_TRIES = """
import os, pathlib, socket, subprocess, sys
from reelm.entrypoints import zone
inside = socket.create_server(("127.0.0.1", 0))
folder = zone.ZoneFolder(pathlib.Path(sys.argv[1]))
missing = zone._confine(folder)
tries = {
    "socket": lambda: socket.socket(),
    "key": lambda: (folder.path / "key").read_bytes(),
    "elsewhere": lambda: pathlib.Path("/etc/passwd").read_bytes(),
    "write": lambda: (folder.routes / "9.json").write_text("{}"),
    "change": lambda: (folder.routes / "1.json").write_text("{}"),
    "remove": lambda: (folder.routes / "1.json").unlink(),
    "program": lambda: subprocess.run(["/bin/true"]),
}
done = []
for name, attempt in tries.items():
    try:
        attempt()
    except OSError:
        continue
    done.append(name)
versions = len(folder.versions())
os.write(1, (",".join(done) + f" missing={len(missing)} read={versions}").encode())
"""


def zone(*arguments: str | Path, expect: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "reelm", "zone", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


@dataclass
class Served:
    """A zone that two of three keyholders may change, being served."""

    place: ZonePlace
    keys: dict[str, Path]

    def leads(self, path: str, accept: str = "text/html") -> str | None:
        answer = httpx.get(self.place.address + path, headers={"accept": accept}, follow_redirects=False)
        return answer.headers.get("location") if answer.status_code == 307 else None

    def propose(self, *arguments: str) -> str:
        return zone("propose", "--data", self.place.data, *arguments).split()[0]

    def sign(self, digest: str, *names: str) -> None:
        for name in names:
            zone("sign", digest, "--data", self.place.data, "--key", self.keys[name])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    keys, tmp_path = {}, tmp_path_factory.mktemp("zone")
    tmp_path.chmod(0o755)
    for name in _KEYS:
        keys[name] = tmp_path / f"{name}.key"
        keys[name].write_bytes(base64.b64encode(name.encode().ljust(32, b"~")))
    data = tmp_path / "zone"
    holders = [part for name, key in _KEYS.items() for part in ("--keyholder", f"{name}={key.vkey}")]
    realms = [
        part
        for name in ("us", "world")
        for part in ("--realm", f"{name}=http://{name}.test,http://border.{name}.test")
    ]
    made = zone("init", "reelm.test", "--data", data, "--threshold", "2", *holders, *realms)
    place = ZonePlace("reelm.test", data, free_port())
    begun = Served(place, keys)
    digest = made.split()[0]
    begun.sign(digest, "ada")
    assert "1 of the 2" in zone("adopt", digest, "--data", data, expect=2)
    begun.sign(digest, "bo")
    zone("adopt", digest, "--data", data)
    with running_zone(place):
        yield begun


def test_a_route_changes_when_enough_have_signed_and_not_before(served: Served) -> None:
    path = "/us/people/x"
    assert served.leads(path) == "http://us.test/people/x"
    assert served.leads(path, "application/activity+json") == "http://border.us.test/people/x"
    assert served.leads("/nowhere/people/x") is None

    digest = served.propose("--move", "us/people/x=world")
    served.sign(digest, "cy")
    assert "1 of the 2" in zone("adopt", digest, "--data", served.place.data, expect=2)
    # Whoever has the folder, and not the keys, puts it in force by hand: the zone leaves it alone.
    folder = ZoneFolder(served.place.data)
    (folder.routes / "2.json").write_bytes((folder.proposals / f"{digest}.json").read_bytes())
    assert served.leads(path) == "http://us.test/people/x"
    (folder.routes / "2.json").unlink()

    served.sign(digest, "ada")
    zone("adopt", digest, "--data", served.place.data)

    assert served.leads(path) == "http://world.test/people/x"
    assert served.leads("/us/people/y") == "http://us.test/people/y"
    published = msgspec.json.decode(
        httpx.get(served.place.address + "/routes.json").content, type=SignedRoutes
    )
    assert digest_of(published.routes) == digest
    assert len(published.signatures) == 2


def test_a_stranger_signs_nothing(served: Served, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.key"
    stranger.write_bytes(base64.b64encode(b"s" * 32))
    digest = served.propose("--move", "us/people/x=world")
    said = zone("sign", digest, "--data", served.place.data, "--key", stranger, expect=2)
    assert "no keyholder" in said


def test_it_lists_the_origins_whose_passkeys_are_bound_to_it(served: Served) -> None:
    answer = httpx.get(served.place.address + "/.well-known/webauthn")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"origins": ["http://us.test", "http://world.test"]}


def test_the_process_that_serves_can_do_nothing_else(served: Served) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TRIES, str(served.place.data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert re.fullmatch(" missing=0 read=[12]", done.stdout), done.stdout + done.stderr


def test_what_is_no_request_is_answered_or_hung_up_on(served: Served) -> None:
    for path in ("/us/../../etc/passwd", "/%00", "/us/" + "a" * 5000, "/?" + "b" * 5000):
        with contextlib.suppress(httpx.HTTPError):
            assert httpx.get(served.place.address + path).status_code in {404, 414}
    assert httpx.post(served.place.address + "/us/people/x").status_code == 501
    assert httpx.get(served.place.address + "/health").json()["network"] == "reelm.test"


async def test_a_persons_lasting_address_leads_to_their_page(network: Network) -> None:
    lea = await network.sign_up(network.us)
    clip = await network.publish(lea)
    place = network.place(network.us)
    for what, thing, page in (
        ("people", lea.id, f"/@{lea.handle}"),
        ("clips", clip["id"], f"/c/{clip['id']}"),
    ):
        address = f"{place.zone}/us/{what}/{thing}"
        assert json.loads((place.data / "realm.json").read_bytes())["ids"] == f"{place.zone}/us"
        async with httpx.AsyncClient() as client:
            person = await client.get(address, headers={"accept": "text/html"})
            realm = await client.get(address, headers={"accept": "application/activity+json"})
        assert person.headers["location"] == f"{place.web}/{what}/{thing}"
        assert realm.headers["location"] == f"{place.border}/{what}/{thing}"
        led = await network.client(network.us).get(f"/{what}/{thing}")
        assert (led.status_code, led.headers["location"]) == (307, page)
