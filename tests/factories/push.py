"""A push service in a process of its own, and browsers that subscribe at it and open what it was sent."""

import base64
import contextlib
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from tests.conftest import Person

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Asked:
    """One request that the push service was sent."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushSite:
    """The push service, as the test sees it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, path: str = "") -> list[Asked]:
        """Return what it was sent, of all devices or of one."""
        told = [json.loads(line) for line in (self.folder / "asked.jsonl").read_text().splitlines()]
        return [
            Asked(each["path"], each["headers"], base64.b64decode(each["body"]))
            for each in told
            if not path or each["path"] == path
        ]


@contextlib.contextmanager
def push_site() -> Iterator[PushSite]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-push-"))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.factories.push_child", str(folder)], cwd=REPOSITORY
    )
    try:
        deadline = time.monotonic() + 20
        while not (folder / "port").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield PushSite(folder, int((folder / "port").read_text()), process)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Browser:
    """A browser with a push subscription."""

    site: PushSite
    way: str = "ok"
    label: str = "My telephone"
    time_zone: str = "Europe/Paris"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    name: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def path(self) -> str:
        return f"/{self.way}/{self.name}"

    def subscription(self, **changes: Any) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": self.site.url + self.path,
            "sealing_keys": {"p256dh": text_of(point), "auth": text_of(self.auth)},
            "label": self.label,
            "time_zone": self.time_zone,
            **changes,
        }

    def told(self) -> list[dict[str, Any]]:
        """Open what came, as the browser does (RFC 8291)."""
        return [
            json.loads(
                http_ece.decrypt(each.body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
            )
            for each in self.site.asked(self.path)
        ]


def claims_of(authorization: str, public_key: str) -> dict[str, Any]:
    """Verify who sends (RFC 8292), and return what they claim."""
    assert Vapid02.verify(authorization)
    token, _, key = authorization.removeprefix("vapid t=").partition(",k=")
    assert key == public_key
    claims = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return read


async def told_of(browser: Browser) -> list[dict[str, Any]]:
    return browser.told()


async def waiting(seen: Any, person_id: str) -> list[Any]:
    return list(await seen.fetch("SELECT kind, due_at, tries FROM pushes WHERE person_id = $1", person_id))


async def subscribed(arrive: Any, browser: Browser, **about: Any) -> Person:
    """Make a person who is told on a browser."""
    person = await arrive(**about)
    said = await person.put("/me/push", browser.subscription())
    assert said.status_code == 200, said.text
    return person


async def choose(person: Person, **changes: Any) -> dict[str, Any]:
    asked = {"kinds": {}, "quiet": {"from": None, "to": None, "time_zone": "UTC"}, "digest": "off", **changes}
    said = await person.put("/me/notice-settings", asked)
    assert said.status_code == 200, said.text
    found: dict[str, Any] = said.json()
    return found
