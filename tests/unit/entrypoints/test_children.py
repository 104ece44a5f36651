"""A child's states and waits, with the clock in the test's hand."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from reelm.entrypoints.children import LONGEST_WAIT_SECONDS, STEADY_SECONDS, Child, Program, State


class Stage:
    """Starts real sleeping processes on demand, so that no signal ever goes astray."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.ready = False

    def start(self) -> int:
        self.started.append(subprocess.Popen(["sleep", "600"], start_new_session=True))
        return self.started[-1].pid

    def child(self, **options: object) -> Child:
        return Child(Program("thing", 1, self.start, lambda pid: self.ready, **options))  # type: ignore[arg-type]

    def end(self, child: Child, code: int, now: float) -> None:
        self.started[-1].kill()
        self.started[-1].wait()
        child.ended(code, now)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    for process in made.started:
        process.kill()
        process.wait()


def test_it_starts_when_allowed_and_is_ready_on_its_own_word(stage: Stage) -> None:
    child = stage.child()
    child.step(0.0, allowed=False)
    assert child.state is State.WAITING
    child.step(0.0, allowed=True)
    assert child.state is State.STARTING
    stage.ready = True
    child.step(0.1, allowed=True)
    assert child.state is State.READY
    assert child.settled


def test_waits_double_up_to_a_limit_and_start_over_after_a_steady_time(stage: Stage) -> None:
    child = stage.child()
    stage.ready = True
    now = 0.0
    waits = []
    for _ in range(12):
        while child.state is not State.READY:
            child.step(now, allowed=True)
        stage.end(child, 1, now)
        deadline = child.next_deadline(now)
        assert deadline is not None
        waits.append(round(deadline - now, 3))
        child.step(deadline - 0.001, allowed=True)
        assert child.state is State.WAITING
        now = deadline
    assert waits[:5] == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert waits[-1] == LONGEST_WAIT_SECONDS
    child.step(now, allowed=True)
    now += STEADY_SECONDS + 1
    stage.end(child, -9, now)
    deadline = child.next_deadline(now)
    assert deadline is not None
    assert deadline - now == pytest.approx(0.1)


def test_a_start_that_takes_too_long_is_killed(stage: Stage) -> None:
    child = stage.child(start_seconds=5.0)
    child.step(0.0, allowed=True)
    child.step(4.9, allowed=True)
    assert stage.started[0].poll() is None
    child.step(5.1, allowed=True)
    assert stage.started[0].wait() == -signal.SIGKILL


def test_what_runs_once_is_done_with_zero_and_tried_again_otherwise(stage: Stage) -> None:
    child = stage.child(once=True)
    child.step(0.0, allowed=True)
    stage.end(child, 1, 0.5)
    assert child.state is State.WAITING
    child.step(10.0, allowed=True)
    stage.end(child, 0, 11.0)
    assert child.state is State.DONE
    assert child.settled


def test_stopping_asks_then_insists(stage: Stage) -> None:
    child = stage.child(stop_seconds=3.0, stop_signal=signal.SIGCONT)
    stage.ready = True
    child.step(0.0, allowed=True)
    child.stop(1.0)
    assert child.state is State.STOPPING
    child.step(3.9, allowed=False)
    assert stage.started[0].poll() is None
    child.step(4.1, allowed=False)
    assert stage.started[0].wait() == -signal.SIGKILL
    child.ended(-9, 4.2)
    assert child.state is State.ENDED
    assert child.gone


def test_a_second_stop_insists_at_once(stage: Stage) -> None:
    child = stage.child(stop_signal=signal.SIGCONT)
    stage.ready = True
    child.step(0.0, allowed=True)
    child.stop(1.0)
    child.stop(1.1)
    assert stage.started[0].wait() == -signal.SIGKILL


def test_after_a_stop_it_starts_again_when_told(stage: Stage) -> None:
    child = stage.child()
    stage.ready = True
    child.step(0.0, allowed=True)
    child.step(0.1, allowed=True)
    child.stop(1.0)
    stage.end(child, 0, 1.1)
    assert child.state is State.ENDED
    child.again()
    child.step(1.2, allowed=True)
    assert (child.state, child.starts) == (State.READY, 2)


@pytest.mark.parametrize(("retried", "starts"), [(True, 2), (False, 1)])
def test_what_is_done_once_is_done_anew_unless_it_was_for_the_first_time_only(
    stage: Stage, retried: bool, starts: int
) -> None:
    child = stage.child(once=True, retried=retried)
    child.step(0.0, allowed=True)
    stage.end(child, 0, 0.1)
    assert child.state is State.DONE
    child.stop(1.0)
    child.again()
    child.step(1.1, allowed=True)
    assert child.starts == starts
