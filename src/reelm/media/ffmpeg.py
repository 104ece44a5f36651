"""Start FFmpeg, confined: files by name only, no network, no playlists; tell the truth on progress.

Every input's demuxer is forced to what was sniffed (the container of a stranger's file), or to what we
wrote ourselves; the only protocol is `file`. Blocking: see `sandbox`.
"""

import functools
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reelm.media import sandbox
from reelm.media.errors import DiskFullError, EncodeError, TooHeavyError, UnreadableError
from reelm.media.probe import FORMATS, Probe

LADDER_NICENESS = 10
OUR_FORMATS = {".mp4": "mov", ".m4a": "mov", ".png": "png_pipe"}
_MEMORY = 6 << 30
_CPU_FLOOR_SECONDS, _CPU_PER_SECOND = 120, 120
_WALL_FACTOR = 4
_DAMAGE = (
    "Invalid data found",
    "Error while decoding",
    "moov atom not found",
    "could not find codec parameters",
)

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Tools:
    """Which FFmpeg, and whether a machine that can't confine it may run it all the same."""

    ffmpeg: str
    allow_weak_sandbox: bool = False

    @classmethod
    def find(cls, ffmpeg: str = "", sandbox_setting: Literal["full", "weak"] = "full") -> "Tools":
        """Take the operator's FFmpeg, or the one that `imageio-ffmpeg` brings."""
        return cls(ffmpeg or _bundled(), sandbox_setting == "weak")


@functools.cache
def _bundled() -> str:
    import imageio_ffmpeg

    return str(Path(imageio_ffmpeg.get_ffmpeg_exe()).resolve())


@dataclass(frozen=True)
class Job:
    """One FFmpeg run. `arguments` start with the inputs; `read` and `write` are all it may touch."""

    arguments: Sequence[str]
    read: tuple[Path, ...]
    write: tuple[Path, ...]
    duration_ms: int
    nice: int = 0
    log_level: str = "warning"


def source_input(source: Probe, path: Path, *, start: float = 0.0, length: float | None = None) -> list[str]:
    """Name a stranger's file as an input, from `start` for `length` seconds."""
    return [*_guarded(source.container), *_window(start, length), "-i", f"file:{path}"]


def own_input(path: Path, *, start: float = 0.0, length: float | None = None) -> list[str]:
    """Name a file that the engine wrote."""
    return [*_guarded(OUR_FORMATS[path.suffix]), *_window(start, length), "-i", f"file:{path}"]


def concat_input(listing: Path) -> list[str]:
    """Name a list of files that the engine wrote. The only place where a list is opened."""
    whitelist = ["-protocol_whitelist", "file", "-format_whitelist", "concat,mov"]
    return [*whitelist, "-f", "concat", "-safe", "0", "-i", f"file:{listing}"]


def _window(start: float, length: float | None) -> list[str]:
    window = ["-ss", f"{start:.6f}"] if start > 0 else []
    return [*window, "-t", f"{length:.6f}"] if length is not None else window


def _guarded(container: str) -> list[str]:
    return ["-protocol_whitelist", "file", "-format_whitelist", f"{FORMATS},png_pipe", "-f", container]


def run(
    tools: Tools,
    job: Job,
    *,
    on_progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> str:
    """Run `job` and return FFmpeg's log.

    `on_progress` gets the share (0 to 1) of the output's time that is encoded. Raises CancelledError,
    DiskFullError, TooHeavyError, UnreadableError (the source's fault) or EncodeError (ours, or passing).
    """
    seconds = job.duration_ms / 1000
    cpu = round(_CPU_FLOOR_SECONDS + _CPU_PER_SECOND * seconds)
    policy = sandbox.Policy(
        read=tuple(path.resolve() for path in job.read),
        write=tuple(path.resolve() for path in job.write),
        memory_bytes=_MEMORY,
        cpu_seconds=cpu,
        wall_seconds=float(_WALL_FACTOR * cpu),
        nice=job.nice,
        allow_weak=tools.allow_weak_sandbox,
    )
    argv = [
        tools.ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-loglevel", job.log_level, "-y",
        "-progress", "pipe:1", "-stats_period", "0.25", *job.arguments,
    ]  # fmt: skip
    meter = _Meter(job.duration_ms, on_progress)
    done = sandbox.run(argv, policy, on_output=meter.feed, cancelled=cancelled)
    if done.returncode == 0 and not done.timed_out:
        return done.errors
    technical = f"ffmpeg ended with {done.returncode}: {done.errors[-1500:]}"
    if "No space left on device" in done.errors:
        raise DiskFullError(technical=technical)
    if done.timed_out or done.returncode in {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGXFSZ}:
        raise TooHeavyError(technical=technical)
    if "Cannot allocate memory" in done.errors:
        raise TooHeavyError(technical=technical)
    if any(sign in done.errors for sign in _DAMAGE):
        raise UnreadableError(technical=technical)
    raise EncodeError(technical=technical)


def run_together(
    tools: Tools, jobs: Sequence[Job], *, cancelled: Callable[[], bool] = lambda: False
) -> list[str]:
    """Run short jobs side by side; return their logs in order. The first failure stops the others."""
    logs: list[str] = [""] * len(jobs)
    failures: list[BaseException] = []

    def one(number: int, job: Job) -> None:
        try:
            logs[number] = run(tools, job, cancelled=lambda: bool(failures) or cancelled())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread below
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number, job)) for number, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return logs


class _Meter:
    """Turn FFmpeg's `-progress` lines into a share that never goes back and is 1 only at the end."""

    def __init__(self, duration_ms: int, on_progress: Progress | None) -> None:
        self._total_us = max(1, duration_ms * 1000)
        self._on_progress = on_progress
        self._rest = b""
        self._last = 0.0

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            key, _, value = line.partition(b"=")
            if key == b"out_time_us" and value.strip().isdigit():
                self._tell(min(0.999, int(value) / self._total_us))
            elif key == b"progress" and value.strip() == b"end":
                self._tell(1.0)

    def _tell(self, share: float) -> None:
        if self._on_progress is not None and share > self._last:
            self._last = share
            self._on_progress(share)
