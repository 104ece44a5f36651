# ruff: noqa: T201 — a scenario says what it does
"""A stranger checks a realm: with a tool of their own, on a machine of their own, and without asking anybody.

`make scenario NAME=verify` starts a realm in which a few things happen, installs `reelm-audit` alone into an empty
environment, follows the realm, checks the copy again offline, checks one proof in a file, and then changes one byte:
it must be caught. `--url` checks a realm that runs already. It ends with an error at the first thing that is not so.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
from tests.scenarios.publish import Somebody, must, own_realm, say

from reelm_audit.tlog.tiles import decode_bundle, encode_bundle

ROOT = Path(__file__).parents[2]
PATIENCE_S = 180.0


class Outsider:
    """Somebody with a Python, the folder `audit/`, and nothing of the realm's server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = folder / "environment"
        self._install()
        self._tool = [str(self.environment / "bin" / "python"), "-I", "-m", "reelm_audit.cli"]

    def _install(self) -> None:
        """Install the tool from its folder; its one library comes from where this realm has it, not from a network."""
        venv.create(self.environment, with_pip=False)
        packages = next((self.environment / "lib").glob("python*")) / "site-packages"
        for name in ("cryptography", "cffi", "pycparser"):
            for file in metadata.files(name) or ():
                top = Path(str(file.locate())).parent if file.parts[0] == ".." else None
                source, target = Path(str(file.locate())), packages / file.parts[0]
                if top is None and not target.exists():
                    target.symlink_to(packages_of(source, file.parts))
        shutil.copytree(ROOT / "audit" / "src" / "reelm_audit", packages / "reelm_audit")
        version = metadata.version("reelm-audit")
        about = packages / f"reelm_audit-{version}.dist-info" / "METADATA"
        about.parent.mkdir()
        about.write_text(f"Metadata-Version: 2.1\nName: reelm-audit\nVersion: {version}\n")

    def python(self, code: str) -> int:
        """Run a line of Python as the outsider would; return its exit code."""
        done = subprocess.run(
            [self._tool[0], "-I", "-c", code], capture_output=True, check=False, cwd=self.folder
        )
        return done.returncode

    def run(self, *arguments: object) -> tuple[int, str]:
        """Run the tool; return its exit code and what it said."""
        done = subprocess.run(
            [*self._tool, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=self.folder
        )
        return done.returncode, done.stdout + done.stderr


def packages_of(file: Path, parts: tuple[str, ...]) -> Path:
    """Return the top folder or file of an installed package that `file` belongs to."""
    return Path(*file.parts[: len(file.parts) - len(parts) + 1])


def something_happens(url: str) -> int:
    """A person takes a copy of everything about them; return the index of the ledger's entry about it."""
    person = Somebody(url, f"nora_{time.time_ns() % 10**6}")
    export = person.ask("POST", "/api/v1/me/exports", 202).json()
    deadline = time.monotonic() + PATIENCE_S
    while export["state"] in {"waiting", "running"} or export["entry_index"] is None:
        must(export["state"] not in {"failed", "expired"}, f"the export ended as {export['state']}")
        must(time.monotonic() < deadline, "the export took too long")
        time.sleep(0.3)
        export = person.ask("GET", f"/api/v1/me/exports/{export['id']}", 200).json()
    say(f"{person.handle} took a copy of everything; the ledger says so in entry {export['entry_index']}.")
    return int(export["entry_index"])


def check(url: str, index: int, folder: Path) -> None:
    outsider = Outsider(folder)
    must(outsider.python("import reelm") != 0, "the tool's environment holds the server")
    must(outsider.python("import reelm_audit.cli") == 0, "the tool can't be imported")
    say(
        "A stranger has an empty environment with reelm-audit and its one library, and nothing of the server."
    )

    mirror = folder / "mirror"
    code, told = outsider.run("watch", url, "--mirror", mirror)
    must(code == 0, f"watch ended with {code}:\n{told}")
    say(f"They followed the realm and kept a copy. The tool: “{told.strip().splitlines()[-1]}”")

    first, second = outsider.run("verify", mirror, "--json"), outsider.run("verify", mirror, "--json")
    must(first == second and first[0] == 0, f"verify said {first} and then {second}")
    verdict: dict[str, Any] = json.loads(first[1])
    say(f"Offline, the copy of {verdict['size']} entries verifies: twice the same {len(first[1])} bytes.")

    proof, page = folder / "entry.proof", folder / "report.html"
    proof.write_bytes(httpx.get(f"{url}/api/v1/ledger/proofs/{index}").raise_for_status().content)
    key = ("--vkey", verdict["vkey"])
    code, told = outsider.run("proof", proof, "--mirror", mirror, *key)
    must(code == 0, f"the proof of entry {index} was refused:\n{told}")
    say(f"The proof of entry {index}, a file of {len(proof.read_bytes())} bytes, holds without the realm.")

    code, told = outsider.run("report", mirror, "--out", page, "--at", "2026-01-01T00:00:00Z")
    again = folder / "again.html"
    outsider.run("report", mirror, "--out", again, "--at", "2026-01-01T00:00:00Z")
    must(code == 0, f"report ended with {code}:\n{told}")
    must(page.read_bytes() == again.read_bytes(), "two reports of one copy differ")
    say(f"The report for people is one page of {len(page.read_bytes()) // 1024} KiB, the same each time.")

    tamper(outsider, mirror, index, proof, key)


def tamper(outsider: Outsider, mirror: Path, index: int, proof: Path, key: tuple[str, str]) -> None:
    """Change one byte of one entry, in a copy of the copy; then one of the proof."""
    forged = outsider.folder / "forged"
    shutil.copytree(mirror, forged)
    bundle = next(path for path in (forged / "tile" / "entries").rglob("*") if path.is_file())
    entries = decode_bundle(bundle.read_bytes())
    entries[index] = flipped(entries[index])
    bundle.write_bytes(encode_bundle(entries))
    code, told = outsider.run("verify", forged)
    must(code == 1 and "log.root-differs" in told, f"a changed byte was not caught ({code}):\n{told}")
    say(
        f"One byte of entry {index} changed in the copy: caught, “The entries are not the ones that were signed”."
    )
    code, told = outsider.run("proof", proof, "--mirror", forged, *key)
    must(code == 1, f"a proof of a changed entry was believed ({code}):\n{told}")
    bent = outsider.folder / "bent.proof"
    lines = proof.read_text().split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("index ")) + 1
    lines[at] = ("B" if lines[at][0] != "B" else "C") + lines[at][1:]
    bent.write_text("\n".join(lines))
    code, told = outsider.run("proof", bent, "--mirror", mirror, *key)
    must(code == 1, f"a bent proof was believed ({code}):\n{told}")
    say("The proof refuses the changed entry, and a proof with one letter changed proves nothing.")


def flipped(entry: bytes) -> bytes:
    """Change one hexadecimal digit of the person's mark: it is still a well-formed entry."""
    mark = json.loads(entry)["person"].encode()
    return entry.replace(mark, (b"0" if mark[:1] != b"0" else b"1") + mark[1:])


def play(url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="reelm-scenario-") as folder:
        index = something_happens(url)
        check(url, index, Path(folder))
    print("✓ A stranger can check this realm alone, and a changed byte is caught.")


def main() -> int:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--url", help="a realm that runs already")
    chosen = reader.parse_args()
    if chosen.url:
        play(chosen.url.rstrip("/"))
        return 0
    with own_realm() as url:
        play(url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
