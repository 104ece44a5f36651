"""Marks: what the keys process must remember of its own acts, so that a crash can't make it contradict itself."""

import sqlite3

import msgspec

from reelm.custody.envelope import context
from reelm.custody.storefile import StoreFile

_LOG_HEAD = context("log_head", "sealed")


class LogHead(msgspec.Struct, frozen=True):
    """The largest checkpoint that the log's key has signed; size -1 before the first."""

    origin: str
    size: int = -1
    root: bytes = b""


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
