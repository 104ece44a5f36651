"""`reelm network demo`: a composition of networks, alive: zones, a witness, and a supervisor for each realm.

This process supervises the supervisors; each realm is its own `reelm up`, as it would be on a machine of its own.
Ctrl-C ends all of them in order.
"""

import dataclasses
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from rich.console import Console

from reelm.entrypoints import composition, log, process
from reelm.entrypoints.children import Program
from reelm.entrypoints.composition import Laid, RealmPlace, ZonePlace
from reelm.entrypoints.folder import StartError
from reelm.entrypoints.handout import settings_of_running
from reelm.entrypoints.parts import after_program
from reelm.entrypoints.publishing import Client
from reelm.entrypoints.supervisor import Supervisor

_FIRST_PORT = 8100
_START_SECONDS, _STOP_SECONDS = 900.0, 60.0
_PATIENCE_SECONDS, _POLL_SECONDS = 60.0, 0.25
_log = structlog.get_logger("reelm.network")


def run(data: Path, *, first_port: int | None, quiet: bool, empty: bool = False) -> int:
    """Run the composition in `data` until a signal stops it. `empty`: without people and clips. Raises StartError."""
    laid = composition.lay_out(
        data.absolute(), composition.read_plan(), first_port=_FIRST_PORT if first_port is None else first_port
    )
    logs = laid.data / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    log.configure("network", logs, quiet=quiet)
    console = Console(stderr=True, quiet=quiet, highlight=False)
    programs = [
        *(zone_program(zone, logs) for zone in laid.zones),
        *(realm_program(place, logs) for place in laid.realms),
        witness_program(laid, logs, quiet=quiet),
    ]
    supervisor = Supervisor(
        # In turn: each start takes all that a small machine has.
        [dataclasses.replace(program, level=level) for level, program in enumerate(programs)],
        lambda name: console.print(f"Starting {name} …") if name else None,
    )
    supervisor.watch_signals()
    try:
        ready = supervisor.start()
    except BaseException:
        supervisor.stop()
        raise
    if ready:
        _announce(laid)
        meeting = after_program("meeting", lambda: _liven(laid, console, empty=empty), logs, quiet=quiet)
        supervisor.add(dataclasses.replace(meeting, level=len(programs)))
        supervisor.run()
    supervisor.stop()
    return 0


def zone_program(zone: ZonePlace, logs: Path) -> Program:
    """Return the program that answers for a network's public addresses."""
    arguments = ["zone", "serve", "--data", str(zone.data), "--port", str(zone.port)]
    start = _started(arguments, {}, logs / f"zone-{zone.network}.log")
    return Program(
        f"the zone of {zone.network}", 0, start, lambda _: _answers(zone.address), start_seconds=30.0
    )


def realm_program(place: RealmPlace, logs: Path) -> Program:
    """Return a realm's own supervisor as a program of this one."""
    arguments = ["up", "--data", str(place.data), "--port", str(place.web_port), "--quiet"]
    start = _started(arguments, place.environment, logs / f"{place.id}.log")
    return Program(
        place.plan.name,
        0,
        start,
        lambda _: _answers(place.address),
        start_seconds=_START_SECONDS,
        stop_seconds=_STOP_SECONDS,
        explain=lambda: f"{logs / place.id}.log and {place.data / 'logs'} say why.",
    )


def witness_program(laid: Laid, logs: Path, *, quiet: bool) -> Program:
    """Return the witness, which trusts each log's key that it is shown first, and keeps to it."""

    def body() -> int:
        log.configure(composition.WITNESS, logs, quiet=quiet)
        return _witness(laid)

    return Program(
        "the witness",
        0,
        lambda: process.fork_function(body, title=f"reelm: {composition.WITNESS}"),
        stop_seconds=5.0,
    )


def meet(places: list[RealmPlace]) -> None:
    """Let all realms of one network know each other, as their operators do. Raises StartError."""
    for place in places:
        for other in places:
            if other.id != place.id and other.network.network == place.network.network:
                _join(place, other)


def _join(place: RealmPlace, other: RealmPlace) -> None:
    """A realm shows its charter a moment after it answers, when its ledger has published it."""
    from reelm.entrypoints import network

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            network.join(settings_of_running(place.data), other.address)
        except StartError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return


def _liven(laid: Laid, console: Console, *, empty: bool) -> int:
    meet(laid.realms)
    console.print("The realms of each network know each other.")
    if not empty:
        from reelm.entrypoints.demo.abroad import fill  # drawing and music load only for a demo

        fill(laid, console.print)
    return 0


def _announce(laid: Laid) -> None:
    for place in laid.realms:
        print(f"{place.network.edition['name']} · {place.plan.name}: {place.web}", flush=True)
    print("Ctrl-C ends all of them.", flush=True)


def _started(arguments: list[str], environment: dict[str, str], output: Path) -> Callable[[], int]:
    def start() -> int:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            return process.fork_program(
                [sys.executable, "-m", "reelm", *arguments],
                environment={**os.environ, **environment},
                output=descriptor,
                death_signal=signal.SIGTERM,
            )
        finally:
            os.close(descriptor)

    return start


def _answers(address: str) -> bool:
    try:
        return Client(address).call("GET", "/health")[0] == 200
    except OSError:
        return False


def _witness(laid: Laid) -> int:
    from reelm_audit import clock
    from reelm_audit.tlog.note import Verifier
    from reelm_audit.witness_server import WitnessServer
    from reelm_audit.witnessing import Witness, read_or_make_key

    folder = laid.data / "witness"
    key = read_or_make_key(composition.WITNESS, folder / "key")
    keys = [Verifier.from_vkey(_first_shown(place, folder / f"log-{place.id}")) for place in laid.realms]
    server = WitnessServer(("127.0.0.1", laid.witness_port), Witness(key, folder / "state", keys, clock.now))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    _log.info("witness.ready", port=laid.witness_port)
    server.serve_forever()
    server.server_close()
    server.witness.close()
    return 0


def _first_shown(place: RealmPlace, path: Path) -> str:
    """Return the log's key that this witness saw first; asks the realm until it has one."""
    from reelm_audit.files import write_whole
    from reelm_audit.tlog.note import Verifier

    while not path.exists():
        try:
            status, _, answer = Client(place.address).call("GET", "/api/v1/ledger")
            vkey = json.loads(answer).get("vkey") if status == 200 else None
        except (OSError, ValueError):
            vkey = None
        if vkey:
            Verifier.from_vkey(vkey)
            write_whole(path, vkey.encode())
            break
        time.sleep(_POLL_SECONDS)
    return path.read_text()
