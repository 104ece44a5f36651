"""Marks: what the keys process must remember of its own acts, so that a crash can't make it contradict itself."""

import sqlite3
from typing import Literal

import msgspec

from reelm.custody.envelope import context
from reelm.custody.storefile import StoreFile

_LOG_HEAD = context("log_head", "sealed")
_CHARTER_PIN = context("charter_pin", "sealed")
Mark = Literal["first", "further", "again"]


class LogHead(msgspec.Struct, frozen=True):
    """The largest checkpoint that the log's key has signed; size -1 before the first."""

    origin: str
    size: int = -1
    root: bytes = b""


class CharterPin(msgspec.Struct, frozen=True):
    """The charter that was obeyed last, and who has to sign the next one.

    `document` is its canonical text, in which vetoes are; empty in what an earlier release pinned.
    """

    digest: str
    keyholders: list[str]
    threshold: int
    document: bytes = b""


class Marks(StoreFile):
    """The rows of the keys process's own acts."""

    def find_log_head(self) -> LogHead | None:
        """Raises SealBrokenError for a head that was not written with this store's keys."""
        row = self.reader.execute("SELECT sealed FROM log_head").fetchone()
        return None if row is None else self._open_head(row[0])

    def _open_head(self, sealed: bytes) -> LogHead:
        return msgspec.msgpack.decode(self.ring.unseal(sealed, _LOG_HEAD), type=LogHead)

    def advance_log_head(self, wanted: LogHead) -> bool:
        """Record what is about to be signed, durably; False, and nothing done, where it contradicts the past.

        A head without a size (-1) only names the origin.
        """
        with self.writing() as db:
            row = db.execute("SELECT sealed FROM log_head").fetchone()
            known = None if row is None else self._open_head(row[0])
            if known is not None:
                if known.origin != wanted.origin:
                    return False
                if wanted.size == -1 or (known.size, known.root) == (wanted.size, wanted.root):
                    return True
                if wanted.size <= known.size:
                    return False
            self._put_head(db, wanted)
        return True

    def _put_head(self, db: sqlite3.Connection, head: LogHead) -> None:
        sealed = self.ring.seal(msgspec.msgpack.encode(head), _LOG_HEAD)
        db.execute(
            "INSERT INTO log_head VALUES (1, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed", (sealed,)
        )

    # --- the charter --------------------------------------------------------------------------------------

    def find_charter_pin(self) -> CharterPin | None:
        """Raises SealBrokenError for a pin that was not written with this store's keys."""
        row = self.reader.execute("SELECT sealed FROM charter_pin").fetchone()
        if row is None:
            return None
        return msgspec.msgpack.decode(self.ring.unseal(row[0], _CHARTER_PIN), type=CharterPin)

    def pin_charter(self, pin: CharterPin) -> None:
        sealed = self.ring.seal(msgspec.msgpack.encode(pin), _CHARTER_PIN)
        with self.writing() as db:
            db.execute(
                "INSERT INTO charter_pin VALUES (1, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
                (sealed,),
            )

    # --- uses of grants -----------------------------------------------------------------------------------

    def was_grant_used(self, entry_index: int) -> bool:
        """Whether anything was opened under this entry."""
        query = "SELECT 1 FROM grant_uses WHERE entry_index = ? LIMIT 1"
        return self.reader.execute(query, (entry_index,)).fetchone() is not None

    def mark_grant_use(self, entry_index: int, what: str, now: int) -> Mark:
        """Note what was opened under an entry, and say whether it was the first, a further thing, or again."""
        with self.writing() as db:
            before = db.execute(
                "SELECT count(*), coalesce(sum(what = ?2), 0) FROM grant_uses WHERE entry_index = ?1",
                (entry_index, what),
            ).fetchone()
            if before[1]:
                return "again"
            db.execute("INSERT INTO grant_uses VALUES (?, ?, ?)", (entry_index, what, now))
            return "further" if before[0] else "first"

    def sweep_grant_uses(self, before: int) -> int:
        """Forget uses that no grant can name any more."""
        with self.writing() as db:
            return db.execute("DELETE FROM grant_uses WHERE used_at < ?", (before,)).rowcount

    # --- counts of released keys ----------------------------------------------------------------------------

    def add_counts(self, counts: dict[tuple[int, str], int]) -> None:
        """Add to the counts of hours (since 1970) and purposes; 0 notes that there was the hour."""
        with self.writing() as db:
            db.executemany(
                "INSERT INTO release_counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
                " SET released = released + excluded.released",
                [(hour, purpose, released) for (hour, purpose), released in counts.items()],
            )

    def list_counts(self, *, before: int) -> list[tuple[int, dict[str, int]]]:
        """The hours before this one that were not told yet, oldest first."""
        rows = self.reader.execute(
            "SELECT hour, purpose, released FROM release_counts WHERE hour < ? ORDER BY hour, purpose",
            (before,),
        ).fetchall()
        hours: dict[int, dict[str, int]] = {}
        for hour, purpose, released in rows:
            hours.setdefault(hour, {})[purpose] = released
        return list(hours.items())

    def forget_counts(self, hour: int) -> None:
        """Forget an hour that the ledger has."""
        with self.writing() as db:
            db.execute("DELETE FROM release_counts WHERE hour = ?", (hour,))
