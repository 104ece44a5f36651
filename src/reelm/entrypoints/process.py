"""What the supervisor asks of the operating system: children that can't outlive it, as other users if need be.

Every child is the leader of its own process group, so that a terminal's Ctrl-C reaches only the supervisor
(which stops things in order) and so that whatever a child started can be ended with it.
"""

import contextlib
import ctypes
import gc
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from setproctitle import setproctitle

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_M_ARENA_MAX = -8
_CLONE_NEWNS = 0x00020000
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18

CANNOT_EXECUTE = 126
ORPHANED = 125


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that they can be reaped."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "adopt orphans")


def limit_allocator_arenas() -> None:
    """One malloc arena instead of eight per core: threads here are few and memory is the scarcer thing."""
    _libc.mallopt(_M_ARENA_MAX, 1)


def die_with_parent(parent: int, death_signal: signal.Signals) -> None:
    """Have the kernel send `death_signal` when `parent` dies.

    Call after any change of user: a change of credentials clears the setting (prctl(2), PR_SET_PDEATHSIG).
    """
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0), "set the parent-death signal")
    if os.getppid() != parent:
        os._exit(ORPHANED)


def bind_mount_privately(source: Path, target: Path) -> None:
    """Show `source` at `target` to this process and its descendants only (needs root)."""
    _checked(_libc.unshare(_CLONE_NEWNS), "make a mount namespace")
    _checked(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "make mounts private")
    _checked(_libc.mount(bytes(source), bytes(target), None, _MS_BIND, None), f"bind {source}")


_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _fork() -> int:
    """Fork with the stop signals held back until the child calls _reset_signals.

    One that is sent to the child before it has its own handlers would be taken by those it inherits.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (*_STOPS, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def share_memory_from_here() -> None:
    """Move every live object out of the garbage collector's sight.

    Collections in forked children then don't write to (and so copy) the pages they share with this process.
    """
    gc.collect()
    gc.freeze()


def fork_function(run: Callable[[], int], *, title: str) -> int:
    """Fork a child that runs `run` and exits with its result; return the child's pid.

    The child is killed when this process dies, and never returns to the caller's frames.
    """
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = _fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        _reset_signals()
        die_with_parent(parent, signal.SIGKILL)
        setproctitle(title)
        code = run()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it is ends here: this is the child's last frame
        traceback.print_exc()
    finally:
        _flush_quietly()
        os._exit(code)


def run_and_read(run: Callable[[], str], *, title: str, seconds: float = 30.0) -> str:
    """Call `run` in a forked child and return its text; "" if it failed or took too long."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC)

    def body() -> int:
        os.close(read_end)
        with os.fdopen(write_end, "w") as sink:
            sink.write(run())
        return 0

    pid = fork_function(body, title=title)
    os.close(write_end)
    try:
        with os.fdopen(read_end, "rb") as source:
            if not select.select([source], [], [], seconds)[0]:
                end_group(pid)
                return ""
            return source.read().decode()
    finally:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def fork_program(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    output: int,
    user: int | None = None,
    bind: tuple[Path, Path] | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> int:
    """Fork and execute `command` with its output to the file descriptor `output`; return the pid.

    `user` is the uid (and gid) to run as, `bind` a (source, target) to mount for it alone; both need root.
    """
    parent = os.getpid()
    pid = _fork()
    if pid:
        return pid
    try:
        os.setsid()
        _reset_signals()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if bind is not None:
            bind_mount_privately(*bind)
        if user is not None:
            become(user)
        die_with_parent(parent, death_signal)
        os.chdir("/")
        os.execve(command[0], list(command), dict(environment))  # noqa: S606 - a list, on purpose no shell
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exc()
    finally:
        _flush_quietly()
        os._exit(CANNOT_EXECUTE)


def become(user: int) -> None:
    """Give up root for the uid and gid `user`, for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def wait_for(pid: int) -> int:
    """Wait until the child `pid` ends; its exit code, or minus the number of the signal that killed it."""
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def end_group(leader: int, sign: signal.Signals = signal.SIGKILL) -> None:
    """Signal the process group that the child `leader` led, whether or not the child itself still lives."""
    try:
        os.killpg(leader, sign)
    except (ProcessLookupError, PermissionError):
        return


def end_adopted(seconds: float = 5.0) -> None:
    """Kill and reap every child that's left: the orphans that came to this process by adopt_orphans."""
    deadline = time.monotonic() + seconds
    me = os.getpid()
    while time.monotonic() < deadline:
        for pid in map(int, Path(f"/proc/{me}/task/{me}/children").read_text().split()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return


def started_at(pid: int) -> str | None:
    """The start time of `pid` in clock ticks since boot (proc(5), stat field 22); None if it doesn't live.

    With the pid it names a process for as long as the machine runs.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def processes_in(folder: Path, name: str) -> list[int]:
    """Pids of the live processes called `name` that work in `folder`, as far as this user may see."""
    wanted = folder.stat()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            place = (entry / "cwd").stat()
            called = (entry / "comm").read_text().strip()
        except OSError:
            continue
        if called == name and (place.st_dev, place.st_ino) == (wanted.st_dev, wanted.st_ino):
            found.append(int(entry.name))
    return found


def _flush_quietly() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
