"""Stamps of viewers: another one after each commit, for every process, and for nobody before."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from reelm.feed.stamps import STAMPS, ViewerStamps

ONE, OTHER = UUID(int=7), UUID(int=8)


class Uow:
    """What is to be done after its commit."""

    def __init__(self) -> None:
        self.effects: list[Callable[[], Awaitable[None]]] = []

    def after_commit(self, effect: Callable[[], Awaitable[None]]) -> None:
        self.effects.append(effect)

    async def commit(self) -> None:
        for effect in self.effects:
            await effect()


async def test_a_stamp_changes_for_every_process_when_it_is_committed(tmp_path: Path) -> None:
    here, there = (ViewerStamps(tmp_path / "feed" / STAMPS) for _ in range(2))
    first, others = there.of(ONE), there.of(OTHER)
    uow: Any = Uow()
    here.acts_change(uow, ONE)
    assert there.of(ONE) == first
    await uow.commit()
    second = there.of(ONE)
    assert (second.acts != first.acts, second.ties) == (True, first.ties)
    uow = Uow()
    there.ties_change(uow, ONE)
    await uow.commit()
    assert (here.of(ONE).acts, here.of(ONE).ties != first.ties) == (second.acts, True)
    assert here.of(OTHER) == others


async def test_stamps_outlive_the_processes_and_never_come_back(tmp_path: Path) -> None:
    met = set()
    for _ in range(50):
        uow: Any = Uow()
        stamps = ViewerStamps(tmp_path / STAMPS)
        met.add(stamps.of(ONE).acts)
        stamps.acts_change(uow, ONE)
        await uow.commit()
        met.add(ViewerStamps(tmp_path / STAMPS).of(ONE).acts)
    assert len(met) == 51
