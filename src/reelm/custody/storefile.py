"""The file of the key store: its connections, its schema, its keys, and how it forgets.

One connection reads on the event loop's thread, one writes under a lock (the caller chooses the thread). Every
transaction is durable when it returns (`synchronous=FULL`).
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from reelm.custody.envelope import FIRST_SLOT, KekRing, context, create_slot, read_ring, slot_path
from reelm.custody.errors import KeyFileError, KeyStoreError, SealBrokenError

_APPLICATION_ID = 0x5245454B  # "REEK"
_CHECK = b"this key store belongs to this key"

_MIGRATIONS = (
    """
    CREATE TABLE kek_checks (slot INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
    CREATE TABLE secrets (
        name TEXT NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL,
        PRIMARY KEY (name, generation)) STRICT;
    CREATE TABLE people (
        person_id BLOB PRIMARY KEY, data_key BLOB NOT NULL, ledger_key BLOB NOT NULL, password BLOB,
        enrolled_at INTEGER NOT NULL, confirmed_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE INDEX people_unconfirmed ON people (enrolled_at) WHERE confirmed_at IS NULL;
    CREATE TABLE passkeys (
        passkey_id BLOB PRIMARY KEY, credential_hash BLOB NOT NULL UNIQUE,
        person_id BLOB NOT NULL REFERENCES people ON DELETE CASCADE,
        sealed BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX passkeys_of ON passkeys (person_id);
    CREATE TABLE sessions (
        session_id BLOB PRIMARY KEY, token_hash BLOB NOT NULL UNIQUE,
        person_id BLOB NOT NULL REFERENCES people ON DELETE CASCADE,
        sealed BLOB NOT NULL, created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of ON sessions (person_id);
    CREATE INDEX sessions_expiry ON sessions (expires_at);
    """,
    """
    CREATE TABLE log_head (only INTEGER PRIMARY KEY CHECK (only = 1), sealed BLOB NOT NULL) STRICT;
    CREATE TABLE release_counts (
        hour INTEGER NOT NULL, purpose TEXT NOT NULL, released INTEGER NOT NULL,
        PRIMARY KEY (hour, purpose)) STRICT, WITHOUT ROWID;
    CREATE TABLE grant_uses (
        entry_index INTEGER NOT NULL, what TEXT NOT NULL, used_at INTEGER NOT NULL,
        PRIMARY KEY (entry_index, what)) STRICT, WITHOUT ROWID;
    CREATE INDEX grant_uses_age ON grant_uses (used_at);
    """,
    """
    CREATE TABLE charter_pin (only INTEGER PRIMARY KEY CHECK (only = 1), sealed BLOB NOT NULL) STRICT;
    """,
)


class StoreFile:
    """Opens the store and proves that the key files are its own. Raises KeyFileError or KeyStoreError."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store.sqlite"
        self.ring = _prepare_folder(folder, self._path)
        self._lock = threading.Lock()
        self._writer = self._connect()
        try:
            self._migrate()
        except BaseException:
            self._writer.close()
            raise
        self.reader = self._connect()
        self.reader.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        self.reader.close()
        with self._lock:
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "temp_store = MEMORY",
            "cache_size = -4096",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _migrate(self) -> None:
        """Bring the schema up to this release and prove that the key files are the store's own."""
        version = int(self._writer.execute("PRAGMA user_version").fetchone()[0])
        if version > len(_MIGRATIONS):
            raise KeyStoreError(f"the key store has version {version}, this release knows {len(_MIGRATIONS)}")
        self._writer.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        for number, script in enumerate(_MIGRATIONS[version:], version + 1):
            self._writer.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
        with self.writing() as db:
            checks = dict(db.execute("SELECT slot, sealed FROM kek_checks").fetchall())
            for slot in self.ring.slots:
                about = context("kek_checks", "sealed", str(slot))
                if slot not in checks:
                    sealed = self.ring.seal(_CHECK, about, slot=slot)
                    db.execute("INSERT INTO kek_checks VALUES (?, ?)", (slot, sealed))
            for slot, sealed in checks.items():
                try:
                    self.ring.unseal(sealed, context("kek_checks", "sealed", str(slot)))
                except SealBrokenError:
                    raise KeyStoreError(f"the key file of slot {slot} is not this store's key") from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; holds the writer lock."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    # --- the process's own secrets ------------------------------------------------------------------------

    def secret(self, name: str, now: int, make: Callable[[], bytes]) -> bytes:
        """Return the newest generation of a secret, made on first use."""
        found = self.reader.execute(
            "SELECT generation, sealed FROM secrets WHERE name = ? ORDER BY generation DESC LIMIT 1", (name,)
        ).fetchone()
        if found is None:
            return self.renew_secret(name, now, make, keep=1)
        return self.ring.unseal(found[1], context("secrets", "sealed", name, str(found[0])))

    def secret_made_at(self, name: str) -> int | None:
        row = self.reader.execute("SELECT max(created_at) FROM secrets WHERE name = ?", (name,)).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def renew_secret(self, name: str, now: int, make: Callable[[], bytes], *, keep: int) -> bytes:
        """Start a new generation of a secret and forget all but the newest `keep`."""
        with self.writing() as db:
            last = (
                db.execute("SELECT max(generation) FROM secrets WHERE name = ?", (name,)).fetchone()[0] or 0
            )
            value = make()
            sealed = self.ring.seal(value, context("secrets", "sealed", name, str(last + 1)))
            db.execute("INSERT INTO secrets VALUES (?, ?, ?, ?)", (name, last + 1, sealed, now))
            db.execute("DELETE FROM secrets WHERE name = ? AND generation <= ?", (name, last + 1 - keep))
        return value

    def size_bytes(self) -> int:
        return self._path.stat().st_size

    def copy(self) -> bytes:
        """Return the file as it would be without sessions and without a byte of what was deleted.

        Made in memory: nothing of it touches the disk.
        """
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
            with self._lock:
                self._writer.backup(made)
            made.execute("DELETE FROM sessions")
            made.execute("VACUUM")
            return made.serialize()

    def scrub(self) -> None:
        """Leave no byte of what was deleted in the file or its log: rewrite the file, empty the log."""
        with self._lock:
            self._writer.execute("VACUUM")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare_folder(folder: Path, store: Path) -> KekRing:
    """Make the folder private and, for a new realm only, make its first key. Raises KeyFileError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    if not any(slot_path(folder, slot).exists() for slot in range(FIRST_SLOT, 256)):
        if store.exists():
            raise KeyFileError("the key store is here but its key file is missing; put the key file back")
        create_slot(folder)
    return read_ring(folder)
