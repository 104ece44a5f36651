"""The database tests again, on Debian's PostgreSQL 15, and for an administrator who is no superuser."""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import free_port
from tests.factories.statements import REPOSITORY

BINARIES = Path("/usr/lib/postgresql/15/bin")
pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not BINARIES.exists(), reason="PostgreSQL 15 is not installed (Debian: postgresql-15)"
    ),
]


@dataclass
class Server:
    """A server of the oldest version that a realm runs on, with nothing in it."""

    port: int
    password: str

    def url(self, database: str, may: str) -> str:
        """Make an empty database and the administrator who owns it; return the address a realm is given."""
        role = f"keeper_of_{database}"
        asyncio.run(self._make(database, role, may))
        return f"postgresql://{role}:{self.password}@127.0.0.1:{self.port}/{database}"

    async def _make(self, database: str, role: str, may: str) -> None:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="over", password=self.password, database="postgres"
        )
        try:
            await connection.execute(f"CREATE ROLE {role} LOGIN {may} PASSWORD '{self.password}'")
            await connection.execute(f"CREATE DATABASE {database} OWNER {role}")
        finally:
            await connection.close()

    async def answers(self) -> bool:
        try:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=self.port, user="over", password=self.password, database="postgres"
            )
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    top = Path(tempfile.mkdtemp(prefix="reelm-pg15-"))
    who = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid} if os.geteuid() == 0 else {}
    if who:
        shutil.chown(top, "nobody", who["group"])
    made = Server(free_port(), secrets.token_hex(16))
    word = top / "password"
    word.write_text(made.password)
    word.chmod(0o644)
    initdb = [
        BINARIES / "initdb",
        "-D",
        top / "data",
        "-U",
        "over",
        "-A",
        "scram-sha-256",
        f"--pwfile={word}",
    ]
    subprocess.run(
        [*initdb, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, **who
    )
    options = {
        "port": made.port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": top,
        "max_connections": 60,
        "fsync": "off",
    }
    command = [BINARIES / "postgres", "-D", top / "data"]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (top / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **who)
    try:
        deadline = time.monotonic() + 60
        while not asyncio.run(made.answers()):
            assert process.poll() is None, (top / "log").read_text()
            assert time.monotonic() < deadline, (top / "log").read_text()
            time.sleep(0.1)
        yield made
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(top, ignore_errors=True)


# Apart, because each makes the server's login roles its own. Some tests of the rooms do what only a superuser may
# (cut other connections, switch triggers off to put much in at once); the product never does.
@pytest.mark.parametrize(
    ("may", "chosen"),
    [
        ("CREATEROLE", ["tests/slices/custody"]),
        (
            "CREATEROLE CREATEDB",
            [
                "tests/slices/test_schema.py",
                "tests/slices/accounts",
                "tests/slices/comments",
                "tests/slices/grants",
            ],
        ),
        (
            "SUPERUSER",
            ["tests/slices", "--ignore=tests/slices/custody", "--ignore=tests/slices/test_schema.py"],
        ),
        (
            "SUPERUSER",
            [
                "tests/security/test_shell_reads.py",
                "tests/security/test_shell_writes.py",
                "tests/security/test_shell_overhears.py",
            ],
        ),
    ],
    ids=["custody", "schema", "rooms", "shells"],
)
def test_the_database_tests_pass_on_the_oldest_version(server: Server, may: str, chosen: list[str]) -> None:
    address = server.url(f"realm_{secrets.token_hex(3)}", may)
    command = [
        sys.executable,
        "-m",
        "pytest",
        *chosen,
        "-m",
        "not full",
        "--no-header",
        "-q",
        "--maxfail=10",
        "--tb=short",
        "-p",
        "no:cacheprovider",
    ]
    said = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "REELM_DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-6000:] + said.stderr[-2000:]
    assert " passed" in said.stdout or "." in said.stdout
