"""A child process of the supervisor and the states it goes through.

from       on                              to
WAITING    lower levels ready, time come   STARTING
STARTING   its own signal of readiness     READY
STARTING   ended, or too slow (killed)     WAITING, later each time
READY      ended                           WAITING, later each time
STARTING   ended with 0, runs once         DONE (with anything, if it's not retried)
any        stop                            STOPPING, or ENDED if it has no process
STOPPING   ended                           ENDED
ENDED      again                           WAITING (DONE, too, if it's retried)
"""

import enum
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from reelm.entrypoints import process

_log = structlog.get_logger()

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0
STEADY_SECONDS = 30.0
_POLL_SECONDS = 0.015


class State(enum.Enum):
    """Where a child is in its life; the module's table says how it moves."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    STOPPING = "stopping"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Program:
    """What a child runs. `start` forks and returns a pid; `is_ready` is asked until it says yes.

    `explain` gives its last words when it doesn't start.

    Programs start level by level, upwards, and stop downwards.
    """

    name: str
    level: int
    start: Callable[[], int]
    is_ready: Callable[[int], bool] = lambda pid: True
    once: bool = False
    retried: bool = True
    start_seconds: float = 60.0
    stop_seconds: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    hard_signal: signal.Signals = signal.SIGKILL
    explain: Callable[[], str] = lambda: ""


class Child:
    """One program's process, restarted with exponentially growing waits while it keeps failing.

    Times are seconds of the monotonic clock, passed in by the supervisor's loop.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.state = State.WAITING
        self.pid: int | None = None
        self.failures = 0
        self.starts = 0
        self.last_code: int | None = None
        self._due = 0.0
        self._since = 0.0

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def settled(self) -> bool:
        """Whether programs of the next level may rely on it."""
        return self.state in {State.READY, State.DONE}

    @property
    def gone(self) -> bool:
        return self.state in {State.ENDED, State.DONE}

    def step(self, now: float, *, allowed: bool) -> None:
        """Start it when it's due and `allowed`, notice readiness, end a start that takes too long."""
        if self.state is State.WAITING and allowed and now >= self._due:
            self._start(now)
        if self.state is State.STARTING and self.pid is not None:
            if not self.program.once and self.program.is_ready(self.pid):
                self.state, self._since = State.READY, now
                _log.info("ready", child=self.name, pid=self.pid)
            elif now - self._since > self.program.start_seconds:
                _log.error("took too long to start", child=self.name, pid=self.pid)
                process.end_group(self.pid, signal.SIGKILL)
        elif self.state is State.STOPPING and self.pid is not None and now >= self._due:
            _log.warning("did not stop in time", child=self.name, pid=self.pid)
            self._signal(self.program.hard_signal)
            self._due = now + self.program.stop_seconds

    def next_deadline(self, now: float) -> float | None:
        """When `step` has to be called again, or None if only a signal can change anything."""
        if self.state is State.STARTING and not self.program.once:
            return now + _POLL_SECONDS
        if self.state is State.STARTING and self.program.start_seconds < float("inf"):
            return self._since + self.program.start_seconds + _POLL_SECONDS
        if self.state in {State.WAITING, State.STOPPING}:
            return max(now + _POLL_SECONDS, self._due)
        return None

    def ended(self, code: int, now: float) -> None:
        """Take note that its process ended with `code` (negative: the signal that killed it)."""
        pid, self.pid, self.last_code = self.pid, None, code
        if pid is not None:
            process.end_group(pid)
        if self.state is State.STOPPING:
            self.state = State.ENDED
        elif self.program.once and (code == 0 or not self.program.retried):
            self.state = State.DONE
        else:
            self._wait_before_next(now)
            _log.error(
                "ended", child=self.name, pid=pid, code=code, again_in_seconds=round(self._due - now, 2)
            )

    def stop(self, now: float) -> None:
        """Ask it to end; a second call insists."""
        if self.pid is None:
            self.state = State.DONE if self.state is State.DONE else State.ENDED
        elif self.state is State.STOPPING:
            self._signal(self.program.hard_signal)
        else:
            self.state, self._due = State.STOPPING, now + self.program.stop_seconds
            self._signal(self.program.stop_signal)

    def again(self) -> None:
        """Let it be started once more after a stop; what was to be done once and not retried stays done."""
        if self.state is State.ENDED or (self.state is State.DONE and self.program.retried):
            self.state, self.failures, self._due = State.WAITING, 0, 0.0

    def _start(self, now: float) -> None:
        self.starts += 1
        self.state, self._since = State.STARTING, now
        self.pid = self.program.start()

    def _wait_before_next(self, now: float) -> None:
        if self.state is State.READY and now - self._since > STEADY_SECONDS:
            self.failures = 0
        self.failures += 1
        wait = FIRST_WAIT_SECONDS * 2.0 ** min(self.failures - 1, 16)
        self.state, self._due = State.WAITING, now + min(wait, LONGEST_WAIT_SECONDS)

    def _signal(self, sign: signal.Signals) -> None:
        if self.pid is None:
            return
        if sign is signal.SIGKILL:
            process.end_group(self.pid, sign)
            return
        try:
            os.kill(self.pid, sign)
        except ProcessLookupError:
            return
