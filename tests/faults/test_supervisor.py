"""A realm survives kill -9 of anything, stops in order, and says plainly why it doesn't start.

Every test waits for what it expects (a new pid, /health, a closed port), never for time to pass.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import RunningRealm, free_port, sign_up_body, start_realm

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-faults-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def realm(place: Path) -> Iterator[RunningRealm]:
    """A realm of this module's own, which its tests may hurt."""
    running = start_realm(place / "data", free_port(), REELM_LIMIT_FACTOR="1000", REELM_WEB_PROCESSES="2")
    yield running
    running.stop()


def wait_for(check: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    found[int(entry.name)] = int(fields[1])
    return found


def descendants(ancestor: int) -> dict[int, str]:
    """Pid and title of every live process below `ancestor`."""
    table = parents()
    below: set[int] = set()
    while True:
        more = {pid for pid, parent in table.items() if parent in below | {ancestor}} - below
        if not more:
            break
        below |= more
    titles = {}
    for pid in below:
        with contextlib.suppress(OSError):
            titles[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return titles


def pid_of(realm: RunningRealm, part: str) -> int | None:
    wanted = "bin/postgres -D" if part == "postgres" else f"reelm: {part}"
    for pid, title in descendants(realm.process.pid).items():
        if wanted in title:
            return pid
    return None


def healthy(realm: RunningRealm) -> bool:
    try:
        return httpx.get(realm.url + "/health", timeout=3).status_code == 200
    except httpx.HTTPError:
        return False


def sign_up(realm: RunningRealm) -> dict[str, Any]:
    body = sign_up_body()
    httpx.post(realm.url + "/api/v1/accounts", json=body, timeout=30).raise_for_status()
    return body


def may_sign_in(realm: RunningRealm, person: dict[str, Any]) -> bool:
    body = {"handle": person["handle"], "password": person["password"]}
    return httpx.post(realm.url + "/api/v1/sessions", json=body, timeout=30).status_code == 201


def stop_and_read(realm: RunningRealm, *signals: signal.Signals) -> int:
    for sign in signals:
        realm.process.send_signal(sign)
    return realm.process.wait(60)


@pytest.mark.parametrize("part", ["web-1", "web-2", "worker", "keys", "postgres"])
def test_a_killed_part_comes_back_and_nothing_is_lost(realm: RunningRealm, part: str) -> None:
    person = sign_up(realm)
    old = pid_of(realm, part)
    assert old is not None
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: (new := pid_of(realm, part)) is not None and new != old, f"a new {part}")
    wait_for(lambda: healthy(realm), "health")
    assert realm.process.poll() is None
    assert may_sign_in(realm, person)
    assert may_sign_in(realm, sign_up(realm))


def test_what_was_acknowledged_survives_the_database_s_death(realm: RunningRealm) -> None:
    """Sign-ups go on while the postmaster is killed: each one is refused or there afterwards."""
    acknowledged = []
    for number in range(12):
        if number == 6:
            victim = pid_of(realm, "postgres")
            assert victim is not None
            os.kill(victim, signal.SIGKILL)
        body = sign_up_body()
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.post(realm.url + "/api/v1/accounts", json=body, timeout=30)
            assert answer.status_code in {201, 503}, answer.text
            if answer.status_code == 201:
                acknowledged.append(body)
    assert len(acknowledged) >= 6
    wait_for(lambda: healthy(realm), "health")
    for person in acknowledged:
        wait_for(lambda person=person: may_sign_in(realm, person), "sign-in of an acknowledged person")  # type: ignore[misc]


def test_a_killed_backend_is_the_database_s_own_business(realm: RunningRealm) -> None:
    postmaster = pid_of(realm, "postgres")
    assert postmaster is not None
    backends = [pid for pid, title in descendants(postmaster).items() if "reelm_web" in title]
    assert backends
    os.kill(backends[0], signal.SIGKILL)
    wait_for(lambda: backends[0] not in parents(), "the backend's end")
    wait_for(lambda: healthy(realm), "health")
    assert pid_of(realm, "postgres") == postmaster
    assert may_sign_in(realm, sign_up(realm))


def test_a_killed_supervisor_takes_everything_along_and_a_new_one_starts(realm: RunningRealm) -> None:
    person = sign_up(realm)
    family = descendants(realm.process.pid)
    assert len(family) > 6
    realm.process.kill()
    realm.process.wait()
    again = start_realm(realm.data, realm.port, REELM_LIMIT_FACTOR="1000", REELM_WEB_PROCESSES="2")
    realm.process = again.process
    assert not set(family) & set(parents())
    assert may_sign_in(realm, person)


def test_a_second_start_names_the_first(realm: RunningRealm) -> None:
    refused = run_up(realm.data, free_port())
    assert refused.returncode == 2
    assert f"process {realm.process.pid}" in refused.stderr
    assert realm.url in refused.stderr
    assert "Traceback" not in refused.stderr
    assert healthy(realm)


def test_a_taken_port_is_named_with_the_way_out(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run_up(place / "other", port)
    assert refused.returncode == 2
    assert str(port) in refused.stderr
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_folder_that_is_a_file_is_named(place: Path) -> None:
    (place / "file").write_text("x")
    refused = run_up(place / "file", free_port())
    assert refused.returncode == 2
    assert str(place / "file") in refused.stderr
    assert "--data" in refused.stderr


def test_a_server_that_does_not_answer_is_named(place: Path) -> None:
    url = f"postgresql://someone:secret@127.0.0.1:{free_port()}/reelm"
    refused = run_up(place / "external", free_port(), REELM_DATABASE_URL=url)
    assert refused.returncode == 2
    assert "No PostgreSQL answers" in refused.stderr
    assert "secret" not in refused.stderr


def test_it_stops_in_order_on_a_signal(realm: RunningRealm) -> None:
    family = descendants(realm.process.pid)
    assert stop_and_read(realm, signal.SIGTERM) == 0
    assert not set(family) & set(parents())
    assert "database system is shut down" in (realm.data / "logs" / "postgres.log").read_text()
    assert not (realm.data / "run" / "sockets").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(realm.url, timeout=2)
    realm.process = start_realm(realm.data, realm.port, REELM_LIMIT_FACTOR="1000").process


def test_two_signals_stop_it_at_once_and_the_data_is_whole(realm: RunningRealm) -> None:
    person = sign_up(realm)
    family = descendants(realm.process.pid)
    assert stop_and_read(realm, signal.SIGINT, signal.SIGINT) == 0
    assert not set(family) & set(parents())
    realm.process = start_realm(realm.data, realm.port, REELM_LIMIT_FACTOR="1000").process
    assert may_sign_in(realm, person)


def test_a_path_with_spaces_and_accents_very_long_and_closed_to_others(place: Path) -> None:
    """As root PostgreSQL's user can't enter such a folder: it sees its files through a mount of its own."""
    closed = place / "Mes données à moi"
    data = closed / ("long " * 30) / "data"
    data.parent.mkdir(parents=True)
    closed.chmod(0o700)
    running = start_realm(data, free_port())
    try:
        sockets = Path((data / "run" / "sockets").read_text())
        assert sockets.exists()
        assert may_sign_in(running, sign_up(running))
    finally:
        running.stop()
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_hides_the_database_from_nobody_and_nobody_from_the_keys(realm: RunningRealm) -> None:
    """As root PostgreSQL runs as nobody, who may read its own folder and no other."""
    postmaster = pid_of(realm, "postgres")
    assert postmaster is not None
    assert Path(f"/proc/{postmaster}").stat().st_uid == 65534
    for name in ("keys", "secrets", "blobs", "logs"):
        tried = as_nobody(["ls", str(realm.data / name)])
        assert tried.returncode != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_everything_as_itself(place: Path) -> None:
    home = place / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    port = free_port()
    # The tests' Python may lie where only root can read: the right to read, and no other, comes along.
    command = [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
        "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
        sys.executable, "-m", "reelm", "up", "--data", str(home / "data"), "--port", str(port), "--quiet",
    ]  # fmt: skip
    with (home / "out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "HOME": str(home)})
    running = RunningRealm(home / "data", port, process)
    try:
        running.wait()
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in descendants(process.pid)} <= {65534, 0}
        assert Path(f"/proc/{pid_of(running, 'postgres')}").stat().st_uid == 65534
        assert may_sign_in(running, sign_up(running))
        # Said by the first process, a moment after the web processes answer.
        deadline = time.monotonic() + 30
        while f"Reelm is ready at http://127.0.0.1:{port}" not in (home / "out").read_text().splitlines():
            assert time.monotonic() < deadline, (home / "out").read_text()
            time.sleep(0.05)
    finally:
        running.stop()


def run_up(data: Path, port: int, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reelm", "up", "--data", str(data), "--port", str(port), "--quiet"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def as_nobody(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command],
        capture_output=True,
        check=False,
    )
