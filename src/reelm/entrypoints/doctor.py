"""`reelm doctor`: what would keep a realm from running well here, and what no setting can promise."""

import dataclasses
import json
import os
import platform
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from reelm.entrypoints.external import OLDEST, check_external
from reelm.entrypoints.folder import NOBODY, DataFolder, StartError, reachable_by
from reelm.entrypoints.postgres import find_binaries
from reelm.settings import DATABASE_VARIABLE, DatabaseSettings, database_url

Verdict = Literal["good", "note", "bad"]

_LOW_BYTES = 5 * 2**30
_CLOCK_FILES = ("/run/systemd/timesync/synchronized", "/var/lib/chrony/drift", "/run/chrony/chronyd.pid")
_ERASURE = (
    "Erasing a person destroys their keys here. Copies of the disk made outside Reelm (physical backups,"
    " snapshots of the volume, copies of DATA/keys) are outside that promise: whoever keeps one can still read"
    " what it holds. Keep keys/ out of them, or let them expire."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` is empty when there's nothing to do."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(data: Path, port: int | None) -> list[Finding]:
    """Look at everything; nothing is changed and nothing raises."""
    folder = DataFolder(data)
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", _python),
        ("data folder", lambda: _data(folder)),
        ("secrets", lambda: _secrets(folder)),
        ("database", lambda: _database(folder)),
        ("sandbox", _sandbox),
        ("clock", _clock),
        ("learning", _learning),
        ("port", lambda: _port(folder, port or 8080)),
    ]
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings.extend(check())
        except StartError as error:
            findings.append(Finding(name, "bad", error.message, error.hint))
        except (OSError, RuntimeError, ValueError) as error:
            findings.append(Finding(name, "bad", f"{type(error).__name__}: {error}"))
    findings.append(Finding("erasure", "note", _ERASURE))
    return findings


def show(findings: list[Finding], *, as_json: bool) -> None:
    """Print the findings as a table, or as JSON."""
    if as_json:
        print(
            json.dumps(
                {"findings": [dataclasses.asdict(finding) for finding in findings]}, ensure_ascii=False
            )
        )
        return
    from rich.console import Console
    from rich.table import Table

    marks = {"good": "[green]✓[/green]", "note": "[yellow]•[/yellow]", "bad": "[red]✗[/red]"}
    table = Table(box=None, show_header=False, padding=(0, 1))
    for finding in findings:
        text = f"{finding.found}\n[dim]{finding.advice}[/dim]" if finding.advice else finding.found
        table.add_row(marks[finding.verdict], finding.name, text)
    Console().print(table)


def _python() -> Iterator[Finding]:
    yield Finding(
        "python", "good", f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores"
    )
    user = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    yield Finding(
        "user", "good", f"{user}; PostgreSQL runs as {'nobody' if os.geteuid() == 0 else 'the same'}"
    )


def _data(folder: DataFolder) -> Iterator[Finding]:
    place = folder.path
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("data folder", "bad", f"{place} can't be written to", "Choose another one with --data.")
    elif os.geteuid() == 0 and not reachable_by(NOBODY, folder.postgres if folder.path.exists() else place):
        yield Finding(
            "data folder",
            "note",
            f"the user nobody can't pass through the folders above {folder.path}",
            "PostgreSQL then sees its files through a mount of its own, which needs a full root.",
        )
    else:
        yield Finding("data folder", "good", str(folder.path))
    free = shutil.disk_usage(place).free
    verdict: Verdict = "good" if free >= _LOW_BYTES else "note"
    advice = "" if verdict == "good" else "A realm that takes uploads wants more than 5 GiB free."
    yield Finding("disk space", verdict, f"{free / 2**30:.1f} GiB free", advice)


def _secrets(folder: DataFolder) -> Iterator[Finding]:
    if not folder.secrets.exists():
        yield Finding("secrets", "good", "none yet; the first start makes them")
        return
    guarded = [folder.secrets, folder.path / "keys"]
    open_to_others = [
        str(path)
        for top in guarded
        for path in (top, *top.rglob("*"))
        if stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]
    if open_to_others:
        yield Finding(
            "secrets",
            "bad",
            f"others may open {', '.join(open_to_others)}",
            "chmod -R go-rwx secrets/ and keys/.",
        )
    else:
        yield Finding("secrets", "good", "secrets/ and keys/ are closed to others")


def _database(folder: DataFolder) -> Iterator[Finding]:
    url = database_url()
    if url:
        version = check_external(DatabaseSettings.from_url(url, {}))
        yield Finding(
            "database", "good", f"PostgreSQL {version} by {DATABASE_VARIABLE} ({OLDEST} or newer needed)"
        )
        return
    binary = find_binaries() / "postgres"
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=False)
    if said.returncode != 0:
        yield Finding("database", "bad", said.stderr.strip() or "postgres doesn't start", "Reinstall Reelm.")
        return
    running = "running" if folder.owner() else "not running"
    yield Finding("database", "good", f"{said.stdout.strip()}, Reelm's own, {running}")


def _sandbox() -> Iterator[Finding]:
    from reelm.media.sandbox import sandbox_strength

    report = sandbox_strength()
    if report.strength == "full":
        yield Finding("sandbox", "good", "uploads are opened with few files, no network and limits")
    else:
        missing = "; ".join(report.reasons)
        yield Finding(
            "sandbox",
            "bad",
            f"this kernel can't confine the programs that open uploads: {missing}",
            "Use a kernel with Landlock, or accept the risk with REELM_MEDIA_SANDBOX=weak.",
        )


def _clock() -> Iterator[Finding]:
    timedatectl = shutil.which("timedatectl")
    if any(Path(file).exists() for file in _CLOCK_FILES):
        yield Finding("clock", "good", "kept by a time service")
        return
    if timedatectl:
        command = [timedatectl, "show", "-p", "NTPSynchronized", "--value"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if said.stdout.strip() == "yes":
            yield Finding("clock", "good", "synchronised")
            return
    yield Finding(
        "clock",
        "note",
        "no time service was found on this machine",
        "Signed records carry the time: run one (chrony or systemd-timesyncd), or see that the host does.",
    )


def _learning() -> Iterator[Finding]:
    from reelm.feed.learning.library import can_train

    if can_train():
        yield Finding("learning", "good", "the ranker can be trained")
    else:
        yield Finding(
            "learning",
            "note",
            "the system library libgomp1 is missing: the ranker can't be trained, all else works",
            "Install it (on Debian: apt-get install libgomp1).",
        )


def _port(folder: DataFolder, port: int) -> Iterator[Finding]:
    owner = folder.owner()
    if owner is not None:
        yield Finding("port", "good", f"this realm runs at {owner['address']}")
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            yield Finding("port", "bad", f"port {port}: {error.strerror}", "Choose another one with --port.")
            return
    yield Finding("port", "good", f"port {port} is free")
