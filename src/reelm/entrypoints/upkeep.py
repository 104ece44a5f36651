"""The realm's schedules: clips whose hour has come, what has run out, what nobody owns any more.

One worker keeps them at a time; each act is idempotent, so that two would do no harm.
"""

import asyncio
import datetime as dt
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import structlog

from reelm.accounts.service import AccountsService
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.media.service import MediaStore
from reelm.search import tasks as words
from reelm.search.tasks import EVERY_SECONDS, WordKeeper
from reelm.settings import Settings

TICK_SECONDS = 1.0
_NOTICES_DAYS, _ANSWERS_HOURS = 90, 48
_ACTS_DAYS, _INVITES_DAYS = 30, 1
_PARTITIONS_AHEAD_DAYS = 3
_FOLDERS = ("public", "leaving", "sealed", "uploads", "exports")
# Nothing younger is looked at: its row may be about to be committed.
STRAY_SECONDS = 3600.0

# How many seconds lie between two times, and what is done.
Schedule = tuple[float, Callable[[], Awaitable[object]]]

_log = structlog.get_logger("reelm.upkeep")


class Upkeep:
    """Does what is due, every so often."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: MediaStore,
        accounts: AccountsService,
        publish_due: Callable[[], Awaitable[object]],
        clock: Clock,
        of_rooms: Sequence[Schedule] = (),
    ) -> None:
        self._accounts = accounts
        self._settings = settings
        self._database = database
        self._store = store
        self._clock = clock
        self._acts: list[Schedule] = [
            (2, publish_due),
            (60, self.expire_uploads),
            (EVERY_SECONDS, WordKeeper(database, clock).weigh),
            (600, self.clean),
            (words.EVERY_SECONDS, words.WordKeeper(database, clock).weigh),
            (3600, self.forget),
            *of_rooms,
        ]
        self._due = [0.0 for _ in self._acts]

    async def run(self, leads: Callable[[], bool]) -> None:
        """Go on until cancelled; what fails is logged and comes again at its next time."""
        while True:
            if leads():
                await self.turn()
            await asyncio.sleep(TICK_SECONDS)

    async def turn(self) -> None:
        """Do whatever is due now."""
        for number, (every, act) in enumerate(self._acts):
            if self._clock.monotonic() < self._due[number]:
                continue
            try:
                await act()
            except Exception:  # noqa: BLE001 - whatever it is, the other acts are still due
                _log.exception("upkeep failed", act=getattr(act, "__name__", ""))
            self._due[number] = self._clock.monotonic() + every

    async def expire_uploads(self) -> None:
        """Forget uploads that nobody went on with, and their bytes."""
        async with self._database.transaction() as uow:
            gone = await uow.fetch("SELECT reelm.expire_uploads($1) AS id", self._clock.now())
        for row in gone:
            await self._store.blobs.delete(f"uploads/{row['id']}")

    async def clean(self, *, older_than_seconds: float = STRAY_SECONDS) -> int:
        """Remove folders of clips and uploads that no longer exist, and what a crash left in scratch.

        Returns how many folders and files went.
        """
        before = self._clock.now().timestamp() - older_than_seconds
        gone = 0
        for root in (*(self._settings.blobs / name for name in _FOLDERS), self._settings.scratch):
            found = await asyncio.to_thread(_old_entries, root, before)
            ids = {entry: owner for entry in found if (owner := _owner(entry))}
            living = await self._living(list(ids.values()))
            for entry in found:
                owner = ids.get(entry)
                if (
                    owner is None
                    and root == self._settings.scratch
                    and entry.name in {"incoming", "moving", "locks"}
                ):
                    gone += await asyncio.to_thread(_empty, entry, before)
                elif owner not in living:
                    await asyncio.to_thread(_remove, entry)
                    gone += 1
        return gone + await self._clean_avatars(before)

    async def _living(self, ids: list[UUID]) -> set[UUID]:
        if not ids:
            return set()
        async with self._database.transaction() as uow:
            rows = await uow.fetch("SELECT reelm.existing_ids($1) AS id", ids)
        return {row["id"] for row in rows}

    async def _clean_avatars(self, before: float) -> int:
        found = await asyncio.to_thread(_old_entries, self._settings.blobs / "avatars", before)
        if not found:
            return 0
        async with self._database.transaction() as uow:
            shown = await self._accounts.avatars_in_use(uow, [entry.name for entry in found])
        strays = [entry for entry in found if entry.name not in shown]
        for entry in strays:
            await asyncio.to_thread(_remove, entry)
        return len(strays)

    async def forget(self) -> None:
        """Keep the event partitions of the coming days, drop the old ones, forget what has served its time."""
        now = self._clock.now()
        first = now.date() - dt.timedelta(days=self._settings.event_days)
        last = now.date() + dt.timedelta(days=_PARTITIONS_AHEAD_DAYS)
        async with self._database.transaction() as uow:
            await uow.execute("SELECT reelm.keep_event_days($1, $2)", first, last)
            await uow.execute(
                "SELECT reelm.forget_old($1, $2)",
                now - dt.timedelta(days=_NOTICES_DAYS),
                now - dt.timedelta(hours=_ANSWERS_HOURS),
            )
            await uow.execute(
                "SELECT reelm.forget_friendly($1, $2)",
                now - dt.timedelta(days=_ACTS_DAYS),
                now - dt.timedelta(days=_INVITES_DAYS),
            )


def _old_entries(root: Path, before: float) -> list[Path]:
    if not root.is_dir():
        return []
    return [entry for entry in root.iterdir() if entry.lstat().st_mtime < before]


def _owner(entry: Path) -> UUID | None:
    try:
        return UUID(entry.name)
    except ValueError:
        return None


def _empty(folder: Path, before: float) -> int:
    old = _old_entries(folder, before)
    for entry in old:
        _remove(entry)
    return len(old)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
