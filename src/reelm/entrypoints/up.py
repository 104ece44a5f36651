"""`reelm up`: from a folder and a port to a running realm, and back."""

import dataclasses
import os
import socket
from collections.abc import Callable
from pathlib import Path

import structlog

from reelm.entrypoints import charter, log, process, serving
from reelm.entrypoints.children import Program
from reelm.entrypoints.external import check_external
from reelm.entrypoints.folder import NOBODY, DataFolder, reachable_by
from reelm.entrypoints.handout import settings_of
from reelm.entrypoints.parts import after_program, database_program, realm_programs
from reelm.entrypoints.postgres import Cluster
from reelm.entrypoints.progress import Progress
from reelm.entrypoints.supervisor import Supervisor
from reelm.settings import Settings

_log = structlog.get_logger()

After = Callable[[Settings], int]


def up(
    data: Path,
    port: int | None,
    *,
    quiet: bool,
    after: After | None = None,
    witnesses: bool = False,
    border: bool = True,
) -> int:
    """Run the realm in `data` until a signal stops it. Raises StartError.

    `after` runs in a process of its own once everything is ready. `witnesses`: run the demo's own two beside it.
    Without `border` nothing leaves the realm until somebody runs that process elsewhere (`reelm border`).
    """
    process.limit_allocator_arenas()
    # One thread for NumPy's algebra: the web processes are the threads, and this process forks.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.umask(0o077)
    folder = DataFolder(data)
    folder.prepare()
    log.configure("supervisor", folder.logs, quiet=quiet)
    sockets = folder.choose_sockets(
        reachable_by_all=os.geteuid() != 0 or reachable_by(NOBODY, folder.postgres)
    )
    settings = settings_of(folder, sockets, port)
    folder.lock(_address(settings))
    charter.prepare(settings, witnesses=witnesses)
    web = settings.web
    with serving.listening(web.host, web.port, web.processes) as listeners:
        settings = _with_bound_port(settings, listeners[0])
        folder.name_owner(_address(settings))
        with Progress(quiet=quiet) as progress:
            supervisor = Supervisor(
                [
                    *_database_programs(settings, folder, sockets, progress),
                    *(
                        program
                        for program in realm_programs(settings, listeners, quiet=quiet)
                        if border or program.name != "border"
                    ),
                    *(_witness_programs(settings, quiet=quiet) if witnesses else []),
                ],
                progress.waiting_for,
                lambda: charter.renew(settings),
            )
            supervisor.watch_signals()
            try:
                ready = supervisor.start()
            except BaseException:
                supervisor.stop()
                raise
        if ready:
            _announce(settings)
            if after is not None:
                supervisor.add(after_program("after", lambda: after(settings), folder.logs, quiet=quiet))
            supervisor.run()
        _log.info("stopping")
        supervisor.stop()
    folder.forget_sockets()
    folder.unlock()
    _log.info("stopped")
    return 0


def _with_bound_port(settings: Settings, listener: socket.socket) -> Settings:
    """The settings with the port that was opened, which the system chose if 0 was asked for."""
    bound: int = listener.getsockname()[1]
    return dataclasses.replace(settings, web=dataclasses.replace(settings.web, port=bound))


def _database_programs(
    settings: Settings, folder: DataFolder, sockets: Path, progress: Progress
) -> list[Program]:
    if settings.database.external:
        version = check_external(settings.database)
        _log.info("using an external PostgreSQL", version=version)
        return []
    cluster = Cluster(folder, sockets)
    progress.say("Looking after the database" if folder.postgres.exists() else "Making the database")
    cluster.prepare()
    return [database_program(cluster)]


def _witness_programs(settings: Settings, *, quiet: bool) -> list[Program]:
    from reelm.entrypoints.demo import witnesses

    return witnesses.programs(settings, quiet=quiet)


def _address(settings: Settings) -> str:
    """The address on this machine, whatever people outside type."""
    return f"http://{settings.web.host}:{settings.web.port}"


def _announce(settings: Settings) -> None:
    print(f"Reelm is ready at {_address(settings)}", flush=True)
    link = process.run_and_read(lambda: _operator_link(settings), title="reelm: operator")
    if link:
        print(f"Become its operator here, once: {link}", flush=True)


def _operator_link(settings: Settings) -> str:
    from reelm.entrypoints import operator  # loads what only this short-lived child needs

    return operator.invite(settings)
