"""Two witnesses for the demo: the auditor's own `witness serve`, each in a process and with a key of its own.

They run on the realm's machine, so that the first look shows a witnessed ledger; they prove nothing about it to
anybody, since outside witnesses have to be outside. The transparency page says so. Each trusts the log's key that
it is shown first, and keeps to it.
"""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from reelm.entrypoints import log, process
from reelm.entrypoints.children import Program
from reelm.entrypoints.parts import SERVICE_LEVEL
from reelm.entrypoints.publishing import Client
from reelm.realm.charter import write_document
from reelm.realm.schemas import RealmDocument, WitnessPolicies
from reelm.settings import Settings
from reelm_audit import clock
from reelm_audit.files import write_whole
from reelm_audit.tlog.note import Verifier
from reelm_audit.tlog.policy import parse
from reelm_audit.witness_server import WitnessServer
from reelm_audit.witnessing import Witness, read_or_make_key

NAMES = ("demo-witness-a", "demo-witness-b")
_POLL_SECONDS = 0.5
_log = structlog.get_logger("reelm.witness")


def name_in_charter(data: Path) -> None:
    """Let a demo's charter ask for its two witnesses, unless it names witnesses already. Before it is signed."""
    path = data / "realm.json"
    realm = msgspec.json.decode(path.read_bytes(), type=RealmDocument)
    if realm.witness_policies != WitnessPolicies():
        return
    lines = []
    for name in NAMES:
        key = read_or_make_key(name, data / "witnesses" / name / "key")
        lines.append(f"witness {name} {key.vkey} http://127.0.0.1:{_free_port()}/")
    text = "\n".join([*lines, f"group both all {' '.join(NAMES)}", "quorum both", ""])
    write_document(
        data, msgspec.structs.replace(realm, witness_policies=WitnessPolicies(release=text, public=text))
    )


def programs(settings: Settings, *, quiet: bool) -> list[Program]:
    """Return a program for each of the demo's witnesses that the charter names."""
    realm = msgspec.json.decode((settings.data / "realm.json").read_bytes(), type=RealmDocument)
    named = {witness.name: witness.url for witness in parse(realm.witness_policies.release).witnesses}
    return [
        Program(name, SERVICE_LEVEL, _starter(settings, name, port, quiet=quiet), stop_seconds=5.0)
        for name in NAMES
        if (port := _port_of(named.get(name))) is not None
    ]


def _starter(settings: Settings, name: str, port: int, *, quiet: bool) -> Callable[[], int]:
    def run() -> int:
        log.configure(name, settings.data / "logs", quiet=quiet)
        return _serve(settings, name, port)

    return lambda: process.fork_function(run, title=f"reelm: {name}")


def _serve(settings: Settings, name: str, port: int) -> int:
    folder = settings.data / "witnesses" / name
    key = read_or_make_key(name, folder / "key")
    vkey = _first_shown(settings, folder / "log")
    server = WitnessServer(
        ("127.0.0.1", port), Witness(key, folder / "state", [Verifier.from_vkey(vkey)], clock.now)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    _log.info("witness.ready", port=port)
    server.serve_forever()
    server.server_close()
    server.witness.close()
    return 0


def _first_shown(settings: Settings, path: Path) -> str:
    """Return the log's key that this witness saw first; asks the realm until it has one."""
    while not path.exists():
        try:
            status, _, answer = Client(f"http://{settings.web.host}:{settings.web.port}").call(
                "GET", "/api/v1/ledger"
            )
            vkey = json.loads(answer).get("vkey") if status == 200 else None
        except (OSError, ValueError):
            vkey = None
        if vkey:
            Verifier.from_vkey(vkey)
            write_whole(path, vkey.encode())
            break
        time.sleep(_POLL_SECONDS)
    return path.read_text()


def _port_of(url: str | None) -> int | None:
    tail = (url or "").rstrip("/").rpartition(":")[2]
    return int(tail) if tail.isdecimal() else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
