"""The data folder: its lock, its permissions, where its sockets go."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reelm.entrypoints import folder as folder_module
from reelm.entrypoints.folder import DataFolder, StartError, reachable_by, read_or_make_secret

STRANGER = 65534


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.prepare()
    return made


def test_private_folders_are_closed_to_others(folder: DataFolder) -> None:
    for name in ("keys", "secrets", "logs", "blobs"):
        assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o700


def test_a_second_lock_names_the_first(folder: DataFolder) -> None:
    folder.lock("http://127.0.0.1:1234")
    with pytest.raises(StartError) as refused:
        DataFolder(folder.path).lock("http://127.0.0.1:99")
    assert str(os.getpid()) in refused.value.message
    assert "http://127.0.0.1:1234" in refused.value.message
    folder.unlock()
    again = DataFolder(folder.path)
    again.lock("http://127.0.0.1:99")
    again.unlock()


def test_the_lock_of_a_dead_process_is_no_obstacle(folder: DataFolder) -> None:
    taker = (
        "import sys; from pathlib import Path; from reelm.entrypoints.folder import DataFolder;"
        "DataFolder(Path(sys.argv[1])).lock('http://gone'); import os; os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", taker, str(folder.path)], check=False)
    assert "http://gone" in (folder.run / "lock").read_text()
    assert folder.owner() is None
    folder.lock("http://here")
    owner = folder.owner()
    assert owner is not None
    assert owner["address"] == "http://here"
    folder.unlock()
    assert folder.owner() is None


def test_a_stopping_run_is_waited_for_and_then_named(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Children that outlive a killed supervisor hold its lock: the next start waits, then says so."""
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import fcntl,sys,time; f=open(sys.argv[1],'a'); fcntl.flock(f,2); print('held',flush=True); sys.stdin.read()",
         str(folder.run / "lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    monkeypatch.setattr(folder_module, "_STRAGGLER_SECONDS", 0.1)
    with pytest.raises(StartError, match="earlier run"):
        folder.lock("http://here")
    holder.communicate()
    folder.lock("http://here")
    folder.unlock()


def test_short_paths_keep_their_sockets_and_long_ones_get_a_short_folder(tmp_path: Path) -> None:
    short = DataFolder(tmp_path / "d")
    short.run.mkdir(parents=True)
    if len(str(short.run)) < 80:
        assert short.choose_sockets(reachable_by_all=True) == short.run
    long = DataFolder(tmp_path / ("x" * 100) / ("y" * 100))
    long.run.mkdir(parents=True)
    chosen = long.choose_sockets(reachable_by_all=True)
    assert len(str(chosen / "pg" / folder_module.SOCKET_NAME)) < 100
    assert long.choose_sockets(reachable_by_all=True) == chosen
    long.forget_sockets()
    assert not chosen.exists()


def test_a_socket_folder_that_others_may_write_is_not_trusted(folder: DataFolder, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    planted.chmod(0o777)
    (folder.run / "sockets").write_text(str(planted))
    chosen = folder.choose_sockets(reachable_by_all=False)
    assert chosen != planted
    folder.forget_sockets()


def test_reachable_means_every_folder_on_the_way(tmp_path: Path) -> None:
    assert reachable_by(STRANGER, Path("/usr/bin/env"))
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o700)
    assert not reachable_by(STRANGER, closed / "inside")


def test_a_file_in_the_way_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(StartError, match="not a folder"):
        DataFolder(tmp_path / "data").prepare()


def test_a_full_disk_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "_FREE_BYTES_TO_START", 2**62)
    with pytest.raises(StartError, match="MiB are free"):
        DataFolder(tmp_path / "data").prepare()


def test_secrets_are_made_once_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert read_or_make_secret(path, lambda: "first") == "first"
    assert read_or_make_secret(path, lambda: "second") == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
