"""The sandbox holds: files, network, memory, time, size; and FFmpeg inside it reaches nothing else."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.factories.media import plain

from reelm.media import confine, sandbox
from reelm.media.errors import CancelledError, MediaError, SandboxWeakError
from reelm.media.ffmpeg import Job, Tools, run
from reelm.media.nursery import NURSERY
from reelm.media.probe import probe
from reelm.media.sandbox import Policy, sandbox_strength

PYTHON = str(Path(sys.executable).resolve())
STANDARD = (Path(os.__file__).parent, Path(sys.base_prefix) / "lib")


def python(script: str, policy: Policy, **named: object) -> sandbox.Finished:
    readable = Policy(**{**policy.__dict__, "read": (*policy.read, *STANDARD)})
    return sandbox.run([PYTHON, "-I", "-S", "-c", script], readable, **named)  # type: ignore[arg-type]


def test_this_machine_confines_fully_and_says_so() -> None:
    report = sandbox_strength()
    assert report.strength == "full", report.reasons
    assert report.reasons == ()


def test_only_the_named_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "other").write_text("other")
    policy = Policy(read=(tmp_path / "mine",))
    assert python(f"print(open({str(tmp_path / 'mine')!r}).read())", policy).output == b"mine\n"
    for path in (tmp_path / "other", Path("/etc/passwd"), Path("/proc/self/environ"), tmp_path):
        done = python(
            f"import os; print(os.listdir({str(path)!r}) if {path.is_dir()} else open({str(path)!r}).read())",
            policy,
        )
        assert done.returncode == 1
        assert "PermissionError" in done.errors


def test_writing_stays_in_its_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    policy = Policy(write=(inside,))
    assert python(f"open({str(inside / 'x')!r}, 'w').write('x')", policy).returncode == 0
    assert (inside / "x").read_text() == "x"
    assert python(f"open({str(outside / 'x')!r}, 'w')", policy).returncode == 1
    assert python(f"import os; os.symlink('/etc', {str(inside / 'l')!r})", policy).returncode == 1
    assert not list(outside.iterdir())


def test_no_network_not_even_loopback_nor_unix_sockets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for script in (
            f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)",
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
            "import socket; socket.socket(socket.AF_UNIX)",
            "import socket; socket.socketpair()",
        ):
            done = python(script, Policy())
            assert done.returncode == 1
            assert "PermissionError" in done.errors, script


@pytest.mark.parametrize(
    "script",
    [
        "import ctypes; l=ctypes.CDLL(None,use_errno=True); assert l.unshare(0x10000000)==-1; raise SystemExit(ctypes.get_errno())",
        "import ctypes; l=ctypes.CDLL(None,use_errno=True); assert l.ptrace(16,1,0,0)==-1; raise SystemExit(ctypes.get_errno())",
        "import os; os.kill(os.getppid(), 0)",
        "import os; os.execv('/bin/sh', ['sh', '-c', 'true'])",
    ],
)
def test_ways_out_of_the_process_are_shut(script: str) -> None:
    done = python(script, Policy())
    assert done.returncode == 1, done
    assert "AssertionError" not in done.errors


def test_memory_time_and_size_end(tmp_path: Path) -> None:
    assert "MemoryError" in python("x = bytearray(1 << 30)", Policy(memory_bytes=512 << 20)).errors
    assert python("while True: pass", Policy(cpu_seconds=1)).returncode in {-signal.SIGXCPU, -signal.SIGKILL}
    big = f"import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); open({str(tmp_path / 'big')!r}, 'wb').write(bytes(1 << 21))"
    assert python(big, Policy(write=(tmp_path,), file_bytes=1 << 20)).returncode == -signal.SIGXFSZ
    started = time.monotonic()
    done = python("import time; time.sleep(60)", Policy(wall_seconds=0.5))
    assert done.timed_out
    assert time.monotonic() - started < 10


def test_our_secrets_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELM_SECRET", "hush")
    done = python("import os; print(sorted(os.environ))", Policy())
    assert b"REELM_SECRET" not in done.output


def test_cancel_kills_the_group() -> None:
    stop = threading.Event()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        python(
            "print('on', flush=True)\nwhile True: pass",
            Policy(),
            on_output=lambda _: stop.set(),
            cancelled=stop.is_set,
        )
    assert time.monotonic() - started < 10


def test_without_confinement_nothing_runs_unless_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A kernel without Landlock, played by a copy of the script that does not find it."""
    weak = tmp_path / "confine.py"
    weak.write_text(
        Path(confine.__file__)
        .read_text()
        .replace("LANDLOCK_RESTRICT = 444, 445, 446", "LANDLOCK_RESTRICT = 4440, 4450, 4460")
    )
    assert "4440" in weak.read_text()
    monkeypatch.setattr(sandbox, "_CONFINE", str(weak))
    with pytest.raises(SandboxWeakError) as refusal:
        python("print('ran')", Policy())
    assert "Landlock" in refusal.value.technical
    assert python("print('ran')", Policy(allow_weak=True)).output == b"ran\n"
    sandbox_strength.cache_clear()
    try:
        report = sandbox_strength()
        assert report.strength == "weak"
        assert any("Landlock" in reason for reason in report.reasons)
    finally:
        sandbox_strength.cache_clear()


TRIAL = """
import socket
m = confine(dict(read=[], write=[], execute=[], memory=1 << 30, cpu_seconds=9, file_bytes=1 << 20, files=32))
print(m)
try:
    socket.socket()
except PermissionError:
    print("no network")
try:
    open("/etc/passwd")
except PermissionError:
    print("no files")
"""


def test_it_holds_for_an_ordinary_user_too() -> None:
    """Run as uid 65534 where the tests run as root, with a Python that this user may start."""
    someone: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    program = next(path for path in ("/usr/bin/python3", PYTHON) if os.access(path, os.X_OK))
    code = Path(confine.__file__).read_text().split("if __name__")[0] + TRIAL
    done = subprocess.run(
        [program, "-I", "-S", "-"],
        input=code,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **someone,
    )
    assert done.stdout.splitlines() == ["[]", "no network", "no files"], done.stderr


def test_a_waiting_probe_process_answers_one_job_and_is_replaced(made: Path) -> None:
    clip = plain(made / "nursery.mp4")
    nursery = NURSERY
    nursery.close()
    nursery.warm()
    waiting = nursery._spare
    assert waiting is not None
    assert waiting.poll() is None
    assert probe(clip).duration_ms == 1000
    assert waiting.poll() == 0, "it answered, and ended"
    assert nursery._spare is None
    nursery.warm()
    waiting = nursery._spare
    assert waiting is not None
    waiting.kill()
    waiting.wait()
    assert probe(clip).duration_ms == 1000, "a dead one is replaced"


def test_a_probe_process_that_grew_tired_is_replaced(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = plain(made / "nursery.mp4")
    NURSERY.close()
    real = NURSERY._start
    tired = [sandbox.start(["/bin/true"])]
    monkeypatch.setattr(NURSERY, "_start", lambda: tired.pop() if tired else real())
    assert probe(clip).duration_ms == 1000
    assert not tired


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "hls", "-i", "{evil}"],
        ["-f", "concat", "-safe", "0", "-i", "{evil}"],
        ["-i", "concat:{clip}|{clip}"],
        ["-i", "data:video/mp4;base64,AAAA"],
        ["-i", "http://127.0.0.1:9/x.mp4"],
        ["-i", "subfile,,start,0,end,99,,:{clip}"],
        ["-f", "lavfi", "-i", "movie=/etc/passwd"],
    ],
)
def test_ffmpeg_is_refused_what_is_not_a_plain_file(
    tools: Tools, tmp_path: Path, made: Path, arguments: list[str]
) -> None:
    clip = plain(made / "plain.mp4")
    evil = tmp_path / "evil.m3u8"
    evil.write_text(f"#EXTM3U\n#EXTINF:1,\nfile:{clip}\n#EXT-X-ENDLIST\n")
    filled = [part.format(evil=evil, clip=clip) for part in arguments]
    guard = ["-protocol_whitelist", "file", "-format_whitelist", "mov,matroska,webm,mpegts,mpeg,avi"]
    with pytest.raises(MediaError):
        run(
            tools,
            Job(
                [*guard, *filled, "-c", "copy", "-f", "mp4", str(tmp_path / "o.mp4")],
                (clip, evil),
                (tmp_path,),
                1000,
            ),
        )
