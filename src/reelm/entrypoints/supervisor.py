"""The supervisor: starts the realm's parts in order, restarts what crashes, stops everything in reverse.

On SIGUSR1 it stops all but the lowest level, calls `between`, and starts them anew: nothing that runs before and
after then obeys another charter than the rest. It is single-threaded and holds the code its children share: they are
forked from it after the modules they need are loaded, so that those pages exist once.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType

import structlog

from reelm.entrypoints import process
from reelm.entrypoints.children import Child, Program, State
from reelm.entrypoints.folder import StartError

_log = structlog.get_logger()

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
RENEW_SIGNAL = signal.SIGUSR1
_TRIES_AT_FIRST_START = 3


class Supervisor:
    """Runs `programs` until it is told to stop.

    `on_change` hears the name of the first child that isn't ready yet, whenever it changes during the
    start, and "" when all are. `between` runs when all but the lowest level was stopped, to be started anew.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        on_change: Callable[[str], None] = lambda name: None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self.children = [Child(program) for program in sorted(programs, key=lambda each: each.level)]
        self._on_change = on_change
        self._between = between
        self._renewal_asked = False
        self._waiting_for: str | None = None
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stop_requests = 0
        self._stops_seen = 0

    def watch_signals(self) -> None:
        """Take over the signals; from the main thread, before the first child is started."""
        process.adopt_orphans()
        for sign in (*_STOP_SIGNALS, RENEW_SIGNAL, signal.SIGCHLD):
            signal.signal(sign, self._on_signal)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number in _STOP_SIGNALS:
            self._stop_requests += 1
        elif number == RENEW_SIGNAL:
            self._renewal_asked = True

    @property
    def stopping(self) -> bool:
        return self._stop_requests > 0

    def start(self) -> bool:
        """Start everything; True when all is ready, False when told to stop before.

        Raises StartError if a child fails again and again.
        """
        while not self.stopping:
            self._turn()
            if all(child.settled for child in self.children):
                self._tell("")
                return True
            for child in self.children:
                if child.state is State.WAITING and child.failures >= _TRIES_AT_FIRST_START:
                    raise StartError(
                        f"The part “{child.name}” doesn't start: it ended {child.failures} times.",
                        child.program.explain() or "The folder logs/ in the data folder says why.",
                    )
            self._wait()
        return False

    def add(self, program: Program) -> None:
        """Take in a program of the highest level, while running."""
        self.children.append(Child(program))

    def run(self) -> None:
        """Keep everything running until told to stop."""
        while not self.stopping:
            if self._renewal_asked:
                self._renew()
            self._turn()
            self._wait()

    def _renew(self) -> None:
        """Stop everything above the lowest level, then let it start again, in order."""
        self._renewal_asked = False
        lowest = min(child.program.level for child in self.children)
        _log.info("renewing")
        self._stop_above(lowest)
        self._between()
        for child in self.children:
            if child.program.level > lowest:
                child.again()

    def stop(self) -> None:
        """Stop level by level, downwards; each further signal ends the present level at once."""
        self._stops_seen = max(self._stop_requests, 1)
        self._stop_above(-1)
        process.end_adopted()

    def _stop_above(self, lowest: int) -> None:
        for level in sorted({child.program.level for child in self.children}, reverse=True):
            if level <= lowest:
                break
            group = [child for child in self.children if child.program.level == level]
            for child in group:
                child.stop(time.monotonic())
            while self._still_there(group):
                if self._stop_requests > self._stops_seen:
                    self._stops_seen = self._stop_requests
                    for child in group:
                        child.stop(time.monotonic())
                for child in group:
                    child.step(time.monotonic(), allowed=False)
                self._wait(group)

    def _still_there(self, group: Sequence[Child]) -> bool:
        self._reap()
        return not all(child.gone for child in group)

    def _turn(self) -> None:
        self._reap()
        now = time.monotonic()
        allowed_level = self._allowed_level()
        for child in self.children:
            child.step(now, allowed=child.program.level <= allowed_level)
            if not child.settled and child.program.level <= allowed_level:
                self._tell(child.name)

    def _allowed_level(self) -> int:
        for child in self.children:
            if not child.settled:
                return child.program.level
        return self.children[-1].program.level

    def _tell(self, name: str) -> None:
        if name != self._waiting_for:
            self._waiting_for = name
            self._on_change(name)

    def _reap(self) -> None:
        """Collect every ended descendant; those of nobody's are orphans that were adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.children:
                if child.pid == pid:
                    child.ended(os.waitstatus_to_exitcode(status), time.monotonic())

    def _wait(self, group: Sequence[Child] = ()) -> None:
        now = time.monotonic()
        deadlines = [child.next_deadline(now) for child in group or self.children]
        due = [deadline for deadline in deadlines if deadline is not None]
        timeout = max(0.0, min(due) - now) if due else None
        readable, _, _ = select.select([self._wake_read], [], [], timeout)
        if readable:
            os.read(self._wake_read, 4096)
