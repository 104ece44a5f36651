"""An outsider installs the auditor's tool alone: it needs one library and nothing of the server."""

import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
AUDIT = REPOSITORY / "audit"

# Imports every module of the tool in a fresh interpreter and prints what has been loaded beside the standard library.
_IMPORT_ALL = """
import importlib, pkgutil, sys, reelm_audit
for module in pkgutil.walk_packages(reelm_audit.__path__, "reelm_audit."):
    importlib.import_module(module.name)
loaded = {name.partition(".")[0] for name in sys.modules}
print(*sorted(name for name in loaded - sys.stdlib_module_names if not name.startswith("_")))
"""


def test_it_loads_nothing_but_itself_and_one_library():
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", _IMPORT_ALL],
        env={"PYTHONPATH": str(AUDIT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(said.stdout.split())
    assert "reelm_audit" in loaded
    # What an editable installation itself loads at start is not the tool's.
    assert {name for name in loaded if "editable" not in name} <= {
        "reelm_audit",
        "cryptography",
        "cffi",
        "distutils",
    }


def test_it_says_what_it_needs():
    project = tomllib.loads((AUDIT / "pyproject.toml").read_text())["project"]
    assert [each.partition(">")[0] for each in project["dependencies"]] == ["cryptography"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (AUDIT / "LICENSE").read_text()
    assert project["scripts"] == {"reelm-audit": "reelm_audit.cli:main"}


def test_its_library_of_formats_asks_nobody():
    """No file, no socket, no clock: what `tlog` says depends on what it is given."""
    for path in (AUDIT / "src" / "reelm_audit" / "tlog").glob("*.py"):
        text = path.read_text()
        for word in (
            "import os",
            "import time",
            "import socket",
            "import random",
            "from pathlib",
            "open(",
            "urllib",
            "secrets",
        ):
            lines = [
                line
                for line in text.splitlines()
                if word in line and "def open" not in line and ".open(" not in line
            ]
            assert not lines, f"{path.name}: {lines}"
