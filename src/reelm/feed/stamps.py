"""Stamps: how a page knows, without asking the database, that nothing changed about its viewer.

A file that all web processes map: two numbers a slot, and each viewer has the slot that their id says (who shares one
costs the other a statement now and then, no more). Whoever commits what changes a viewer's state puts a new random
number there, after the commit and before the answer goes out. A page that finds another number than the one under
which its process last asked the database asks again. No number ever comes back, so it does not matter which process
writes, nor whether two do at once.

A process that is killed between commit and stamp has not answered, so nobody was promised anything yet; what it
committed is found when pages ask all the same, some seconds later (`viewers.py`).
"""

import mmap
import os
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from reelm.kit.database import UnitOfWork

STAMPS = "viewers.stamps"
_SLOTS = 8_192
_ACTS, _TIES = 0, 1
_BYTES = 8


class Stamp(NamedTuple):
    """Other numbers than before: `acts` for new events and controls, `ties` for whom they follow or may not meet."""

    acts: int
    ties: int


class ViewerStamps:
    """The stamps of all viewers, in memory that the web processes of a realm share."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        length = _SLOTS * len(Stamp._fields) * _BYTES
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # All of it, now: a page that the disk has no room for later would end whoever writes to it.
            os.posix_fallocate(file, 0, length)
            self._numbers = memoryview(mmap.mmap(file, length)).cast("Q")
        finally:
            os.close(file)

    def of(self, person: UUID) -> Stamp:
        """Return a viewer's stamp. To be read before what it stands for."""
        at = _slot(person)
        return Stamp(self._numbers[at + _ACTS], self._numbers[at + _TIES])

    def acts_change(self, uow: UnitOfWork, person: UUID) -> None:
        """Say, once `uow` is committed, that there are new events or controls of a viewer."""
        self._change(uow, person, _ACTS)

    def ties_change(self, uow: UnitOfWork, person: UUID) -> None:
        """Say, once `uow` is committed, that whom a viewer follows or may not meet changed."""
        self._change(uow, person, _TIES)

    def _change(self, uow: UnitOfWork, person: UUID, which: int) -> None:
        async def stamp() -> None:
            self._numbers[_slot(person) + which] = int.from_bytes(os.urandom(_BYTES), "little")

        uow.after_commit(stamp)


def _slot(person: UUID) -> int:
    """Return where a viewer's numbers begin; the last bits of an id are random."""
    return person.int % _SLOTS * len(Stamp._fields)
