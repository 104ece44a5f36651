"""Confine the calling process, then (run as a script) become another program.

Landlock for files, a seccomp filter for the network and for ways out of a process, rlimits for
memory, time and size. Only the standard library, no package import: it runs as
`python -I -S confine.py POLICY ARGV…`, which costs about 15 ms, because doing this between fork and
exec of a threaded parent is not safe. Sources: landlock(7), seccomp(2), linux/audit.h.

Exit status 125 means that the confinement itself failed and the program was not started.
"""

import ctypes
import json
import os
import platform
import resource
import signal
import stat
import sys

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
FS_REMOVE_FILE, FS_MAKE_REG, FS_TRUNCATE, FS_IOCTL_DEV = 1 << 5, 1 << 8, 1 << 14, 1 << 15
FS_FILE_RIGHTS = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV
READ = FS_READ_FILE | FS_READ_DIR
WRITE = READ | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_TRUNCATE

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 1, 22, 38, 24
SECCOMP_MODE_FILTER = 2
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
FAILED = 125

# Calls by which a process reaches the network, another process, or a wider view of the system.
# name: (number on x86_64, number on aarch64)
FORBIDDEN_CALLS = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


class ConfineError(Exception):
    """This kernel or container lets the process confine itself only in part."""


class _FilterInstruction(ctypes.Structure):
    """struct sock_filter: one instruction of classic BPF."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _FilterProgram(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("len", ctypes.c_uint16), ("filter", ctypes.POINTER(_FilterInstruction)))


class _Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr, ABI 6."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        raise ConfineError(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def landlock_abi() -> int:
    """Return the Landlock version of this kernel; 0 where there is none."""
    return max(0, int(_libc().syscall(LANDLOCK_CREATE, None, 0, 1)))


def restrict_files(rights: list[tuple[str, int]]) -> None:
    """Allow only `rights` (path, access bits) from now on. Needs no_new_privs to be set."""
    libc, abi = _libc(), landlock_abi()
    if not abi:
        raise ConfineError("Landlock is not available in this kernel")
    handled = (1 << 13) - 1
    handled |= (1 << 13) if abi >= 2 else 0
    handled |= FS_TRUNCATE if abi >= 3 else 0
    handled |= FS_IOCTL_DEV if abi >= 5 else 0
    attributes = _Ruleset(handled, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _check(
        libc.syscall(LANDLOCK_CREATE, ctypes.byref(attributes), ctypes.c_size_t(size), 0), "landlock"
    )
    for path, wanted in rights:
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        access = wanted & handled
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            access &= FS_FILE_RIGHTS
        rule = _PathBeneath(access, parent)
        _check(libc.syscall(LANDLOCK_ADD, ruleset, 1, ctypes.byref(rule), 0), f"landlock rule for {path}")
        os.close(parent)
    _check(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


def forbid_calls() -> None:
    """Install a seccomp filter: the forbidden calls answer EPERM, foreign call tables kill."""
    machine = platform.machine()
    if machine not in AUDIT_ARCH:
        raise ConfineError(f"no system call table for {machine}")
    column = 0 if machine == "x86_64" else 1
    numbers = [pair[column] for pair in FORBIDDEN_CALLS.values()]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    kill, deny, allow = 0x80000000, 0x00050000 | 1, 0x7FFF0000
    program = [(load, 0, 0, 4), (equal, 1, 0, AUDIT_ARCH[machine]), (answer, 0, 0, kill), (load, 0, 0, 0)]
    program += [(at_least, 0, 1, 0x40000000), (answer, 0, 0, kill)]
    program += [(equal, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    program += [(answer, 0, 0, allow), (answer, 0, 0, deny)]
    instructions = (_FilterInstruction * len(program))(*[_FilterInstruction(*step) for step in program])
    _check(
        _libc().prctl(
            PR_SET_SECCOMP,
            SECCOMP_MODE_FILTER,
            ctypes.byref(_FilterProgram(len(program), instructions)),
            0,
            0,
        ),
        "seccomp",
    )


def leave_network() -> None:
    """Move into an empty network namespace (a new user namespace too, unless we may do without)."""
    libc = _libc()
    if libc.unshare(CLONE_NEWNET) and libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise ConfineError(f"new network namespace: {os.strerror(ctypes.get_errno())}")


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def confine(policy: dict) -> list[str]:  # type: ignore[type-arg]
    """Apply `policy` to this process for good; return what could not be applied.

    Keys: read, write, execute (lists of paths), memory, cpu_seconds, file_bytes, files, nice.
    Must be called while the process has one thread.
    """
    missing: list[str] = []
    libc = _libc()
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if policy.get("nice"):
        os.nice(policy["nice"])
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, policy["memory"])
    _limit(resource.RLIMIT_CPU, policy["cpu_seconds"])
    _limit(resource.RLIMIT_FSIZE, policy["file_bytes"])
    _limit(resource.RLIMIT_NOFILE, policy["files"])
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
            break
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    rights = [(path, READ) for path in policy["read"]]
    rights += [(path, WRITE) for path in policy["write"]]
    rights += [(path, READ | FS_EXECUTE) for path in policy["execute"]]
    rights += [(device, FS_READ_FILE | FS_WRITE_FILE) for device in ("/dev/null", "/dev/zero")]
    rights += [("/dev/urandom", FS_READ_FILE)]
    try:
        restrict_files(rights)
    except ConfineError as error:
        missing.append(f"files: {error}")
    try:
        forbid_calls()
    except ConfineError as error:
        try:
            leave_network()
        except ConfineError as second:
            missing.append(f"network: {error}; {second}")
    return missing


def main(arguments: list[str]) -> int:
    """Confine, then become `arguments[1:]`; returns only when that failed."""
    policy = json.loads(arguments[0])
    try:
        missing = confine(policy)
    except (ConfineError, OSError, ValueError) as error:
        sys.stderr.write(f"confine: {error}\n")
        return FAILED
    if missing and not policy.get("allow_weak"):
        sys.stderr.write("confine: " + "; ".join(missing) + "\n")
        return FAILED
    try:
        nowhere = {"LC_ALL": "C", "PATH": "/nonexistent", "HOME": "/nonexistent"}
        os.execve(arguments[1], arguments[1:], nowhere)  # noqa: S606 - becoming it is this file's purpose
    except OSError as error:
        sys.stderr.write(f"confine: {arguments[1]}: {error}\n")
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
