"""The realm as programs of the supervisor: PostgreSQL, migrations, keys, sequencer, border, worker, indexer, web."""

import dataclasses
import functools
import importlib
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from reelm.entrypoints import log, process, serving
from reelm.entrypoints.children import Program
from reelm.entrypoints.handout import handed_to
from reelm.entrypoints.postgres import Cluster
from reelm.settings import Settings, WebSettings

_log = structlog.get_logger()

DATABASE_LEVEL, MIGRATE_LEVEL, KEYS_LEVEL, SERVICE_LEVEL, AFTER_LEVEL = range(5)
_RECOVERY_SECONDS = 900.0
# What more than one of the children runs. Alembic, SQLAlchemy, PyAV, Pillow and LightGBM stay out: only
# short-lived processes need them.
_SHARED_MODULES = (
    "uvloop",
    "asyncpg",
    "reelm.entrypoints.keys",
    "reelm.entrypoints.sequencer",
    "reelm.entrypoints.border",
    "reelm.entrypoints.worker",
    "reelm.entrypoints.indexer",
    "reelm.entrypoints.web",
)


def database_program(cluster: Cluster) -> Program:
    return Program(
        "postgres",
        DATABASE_LEVEL,
        cluster.start,
        cluster.is_ready,
        start_seconds=_RECOVERY_SECONDS,
        stop_seconds=30.0,
        stop_signal=signal.SIGINT,
        hard_signal=signal.SIGQUIT,
        explain=cluster.last_words,
    )


def early_programs(settings: Settings, *, quiet: bool) -> list[Program]:
    """Migrations and keys: what everything that serves stands on."""
    logs = settings.data / "logs"
    return [
        Program(
            "migrate",
            MIGRATE_LEVEL,
            _starter("migrate", settings, logs, quiet=quiet),
            once=True,
            start_seconds=_RECOVERY_SECONDS,
            explain=lambda: log.last_words(logs, "migrate"),
        ),
        Program(
            "keys",
            KEYS_LEVEL,
            _starter("keys", handed_to("keys", settings), logs, quiet=quiet),
            lambda pid: accepts(settings.keys_address),
            stop_seconds=5.0,
            explain=lambda: log.last_words(logs, "keys"),
        ),
    ]


def realm_programs(settings: Settings, listeners: Sequence[socket.socket], *, quiet: bool) -> list[Program]:
    """Everything but the database; a web process for each of the listening sockets."""
    logs = settings.data / "logs"
    web = handed_to("web", settings)
    programs = [
        *early_programs(settings, quiet=quiet),
        Program(
            "sequencer",
            SERVICE_LEVEL,
            _starter("sequencer", handed_to("sequencer", settings), logs, quiet=quiet),
            stop_seconds=5.0,
            explain=lambda: log.last_words(logs, "sequencer"),
        ),
        Program(
            "border",
            SERVICE_LEVEL,
            _starter("border", handed_to("border", settings), logs, quiet=quiet),
            lambda pid: accepts(settings.border_address),
            stop_seconds=8.0,
            explain=lambda: log.last_words(logs, "border"),
        ),
        Program(
            "worker",
            SERVICE_LEVEL,
            _starter("worker", handed_to("worker", settings), logs, quiet=quiet),
            stop_seconds=20.0,
            explain=lambda: log.last_words(logs, "worker"),
        ),
        Program(
            "indexer",
            SERVICE_LEVEL,
            _starter("indexer", handed_to("indexer", settings), logs, quiet=quiet),
            stop_seconds=10.0,
            explain=lambda: log.last_words(logs, "indexer"),
        ),
    ]
    for number, listener in enumerate(listeners, 1):
        name = f"web-{number}"
        own = dataclasses.replace(web, web=_listening(settings, listener))
        start = _starter("web", own, logs, name=name, quiet=quiet)
        is_ready = functools.partial(_web_answers, settings)
        explain = functools.partial(log.last_words, logs, name)
        programs.append(Program(name, SERVICE_LEVEL, start, is_ready, stop_seconds=12.0, explain=explain))
    return programs


def after_program(name: str, run: Callable[[], int], logs: Path, *, quiet: bool) -> Program:
    """Something to do once, in its own process, when everything is ready; the realm lives on if it fails."""

    def start() -> int:
        return process.fork_function(lambda: _logged(name, logs, run, quiet=quiet), title=f"reelm: {name}")

    return Program(name, AFTER_LEVEL, start, once=True, retried=False, start_seconds=float("inf"))


@functools.cache
def preload() -> None:
    """Load what the children share, then hide it from the garbage collector. Once."""
    for module in _SHARED_MODULES:
        importlib.import_module(module)
    process.share_memory_from_here()


def accepts(address: str) -> bool:
    """Whether somebody listens on the Unix socket `address`."""
    with socket.socket(socket.AF_UNIX) as attempt:
        attempt.settimeout(0.5)
        try:
            attempt.connect(address)
        except OSError:
            return False
    return True


def _listening(settings: Settings, listener: socket.socket) -> WebSettings:
    return dataclasses.replace(settings.web, listener=listener.fileno())


def _web_answers(settings: Settings, pid: int) -> bool:
    return serving.answers(settings.web.host, settings.web.port)


def _logged(name: str, logs: Path, run: Callable[[], int], *, quiet: bool) -> int:
    log.configure(name, logs, quiet=quiet)
    try:
        return run()
    except Exception:  # noqa: BLE001 - the last frame of the process: said in its log, restarted by the supervisor
        _log.exception("crashed")
        return 1


def _starter(
    module: str, settings: Settings, logs: Path, *, name: str | None = None, quiet: bool
) -> Callable[[], int]:
    called = name or module

    def body() -> int:
        run: Callable[[Settings], int] = importlib.import_module(f"reelm.entrypoints.{module}").run
        return _logged(called, logs, lambda: run(settings), quiet=quiet)

    def start() -> int:
        preload()
        return process.fork_function(body, title=f"reelm: {called}")

    return start
