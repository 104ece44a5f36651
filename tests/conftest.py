"""A real realm for the tests: PostgreSQL, keys, worker and web as `reelm up` starts them, one per session.

Tests share the realm and stay apart by making their own people.
"""

import asyncio
import contextlib
import datetime as dt
import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import hypothesis
import pytest

from reelm.entrypoints.handout import settings_of_running
from reelm.settings import Settings

_START_SECONDS = 90
# What is tried in `make test` is the same every time; `make test-all` looks further (REELM_TEST_CHANCE=1).
hypothesis.settings.register_profile("same", derandomize=not os.environ.get("REELM_TEST_CHANCE"))
hypothesis.settings.load_profile("same")
_NUMBERS = itertools.count(1)
PASSWORD = "correct horse battery staple"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RunningRealm:
    """A realm that `reelm up` runs in a process of its own."""

    data: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return settings_of_running(self.data, self.port)

    def wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"reelm up ended with {self.process.returncode}: {self.logs()}")
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self.url + "/health", timeout=2).status_code == 200:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"reelm up was not ready in {_START_SECONDS} s: {self.logs()}")

    def logs(self) -> str:
        return "\n".join(
            p.read_text(errors="replace")[-2000:] for p in sorted((self.data / "logs").glob("*"))
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start_realm(data: Path, port: int, **environment: str) -> RunningRealm:
    command = [sys.executable, "-m", "reelm", "up", "--data", str(data), "--port", str(port), "--quiet"]
    with (data.parent / f"{data.name}.out").open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, "REELM_WEB_PROCESSES": "1", **environment}
        )
    running = RunningRealm(data, port, process)
    try:
        running.wait()
    except BaseException:
        running.stop()
        raise
    return running


@contextlib.contextmanager
def own_realm() -> Iterator[RunningRealm]:
    """A realm with default settings and room for many sign-ups, in a folder that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def realm() -> Iterator[RunningRealm]:
    """The session's realm."""
    with own_realm() as running:
        yield running


@dataclass
class Person:
    """Somebody who signed up in a test, and their way of asking."""

    client: httpx.AsyncClient
    id: str
    handle: str
    token: str
    password: str = PASSWORD
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.client.request(method, "/api/v1" + path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.request("PUT", path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.request("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("DELETE", path, **options)


def client_of(realm: RunningRealm) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=realm.url, timeout=30)


@pytest.fixture(scope="session")
async def client(realm: RunningRealm) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that is nobody, with no cookies kept."""
    async with client_of(realm) as made:
        yield made


def sign_up_body(handle: str | None = None, **changes: Any) -> dict[str, Any]:
    body = {
        "handle": handle or f"p{next(_NUMBERS)}{secrets.token_hex(3)}",
        "password": PASSWORD,
        "birth_date": "1999-04-12",
        "country": "FR",
        "language": "en",
    }
    return {**body, **changes}


@pytest.fixture(scope="session")
def sign_up(client: httpx.AsyncClient) -> Any:
    """Make a person: `await sign_up()`, or with a handle or other fields of the sign-up."""
    return maker_of_people(client)


def maker_of_people(client: httpx.AsyncClient) -> Any:
    async def make(handle: str | None = None, **changes: Any) -> Person:
        body = sign_up_body(handle, **changes)
        made = await client.post("/api/v1/accounts", json=body)
        assert made.status_code == 201, made.text
        signed_in = await client.post(
            "/api/v1/sessions", json={"handle": body["handle"], "password": body["password"]}
        )
        client.cookies.clear()
        assert signed_in.status_code == 201, signed_in.text
        return Person(client, made.json()["id"], body["handle"], signed_in.json()["token"])

    return make


@pytest.fixture(scope="session")
async def admin(realm: RunningRealm) -> AsyncIterator[Any]:
    """A connection that sees everything; for looking, not for making."""
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    yield connection
    await connection.close()


@pytest.fixture
async def web_role(realm: RunningRealm) -> AsyncIterator[Any]:
    """A shell in the web process's role, as somebody who broke into that process would have."""
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))
    yield connection
    await connection.close()


async def eventually(check: Any, *, seconds: float = 30, every: float = 0.05) -> Any:
    """Wait until `await check()` returns something true, and return it."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await check()
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"did not become true within {seconds} s; last: {found!r}")
        await asyncio.sleep(every)


def years_ago(years: int) -> str:
    today = dt.datetime.now(dt.UTC).date()
    return today.replace(year=today.year - years, day=min(today.day, 28)).isoformat()
