"""Builds and runs the oracle, a program in Go: `python -m tests.oracle.program` writes `vectors/go.json` anew."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.oracle.ours import Case

HERE = Path(__file__).parent
VECTORS = HERE / "vectors" / "go.json"
# Where Debian's golang-golang-x-mod-dev puts the libraries; `make oracle` installs it.
LIBRARIES = Path("/usr/share/gocode")


def is_available() -> bool:
    return shutil.which("go") is not None and (LIBRARIES / "src/golang.org/x/mod/sumdb/tlog").is_dir()


def build(folder: Path) -> Path:
    """Compile the oracle into `folder`, without network: from its two files and Debian's libraries."""
    program = folder / "oracle"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GO111MODULE": "off",
        "GOPATH": str(LIBRARIES),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "GOTOOLCHAIN": "local",
    }
    command = ["go", "build", "-o", str(program), "oracle.go", "produce.go"]
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return program


def refusals(program: Path, cases: Sequence[Case]) -> list[str]:
    """Return for each case why the oracle refuses it, or nothing if it accepts it."""
    done = subprocess.run(
        [program, "check"], input=json.dumps(cases).encode(), capture_output=True, check=True
    )
    answers: list[str] = json.loads(done.stdout)
    assert len(answers) == len(cases)
    return answers


def produced(program: Path) -> bytes:
    return subprocess.run([program, "produce"], capture_output=True, check=True).stdout


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        VECTORS.write_bytes(produced(build(Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
