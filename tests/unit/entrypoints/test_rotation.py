"""`reelm rotate-key`: only for a realm that is there, and down."""

import subprocess
import sys
from pathlib import Path

import pytest

from reelm.custody.keystore import Keystore
from reelm.entrypoints.folder import DataFolder, StartError
from reelm.entrypoints.rotation import rotate_key

REELM = [sys.executable, "-m", "reelm", "rotate-key", "--data"]


def test_a_stopped_realm_gets_a_new_key_and_a_running_one_does_not(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    with pytest.raises(StartError, match="no realm"):
        rotate_key(folder.path)
    Keystore(folder.path / "keys").close()
    done = subprocess.run([*REELM, str(folder.path), "--json"], capture_output=True, text=True, check=True)
    assert done.stdout == '{"slot":2}\n'
    assert [path.name for path in (folder.path / "keys").glob("kek*")] == ["kek-2"]
    folder.lock("http://127.0.0.1:1")
    refused = subprocess.run([*REELM, str(folder.path)], capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "http://127.0.0.1:1" in refused.stderr
    assert [path.name for path in (folder.path / "keys").glob("kek*")] == ["kek-2"]
    Keystore(folder.path / "keys").close()
