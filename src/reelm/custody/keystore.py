"""The key store: one SQLite file that only the keys process opens.

Everything secret in it is sealed under the KEK or under the person's own data key, and bound to its row, so
neither a stolen file nor a row moved to another person is of use. Writes are durable when they return
(`synchronous=FULL`); each change of a person is one transaction, so a kill -9 leaves no half person.
Erasing deletes the rows (`secure_delete`), empties the write-ahead log and rewrites the file.

Methods are synchronous; `write` methods run on one writer thread, chosen by the caller.
"""

import sqlite3
from dataclasses import dataclass
from uuid import UUID

from reelm.custody.envelope import context
from reelm.custody.marks import Marks

MAX_SESSIONS = 200


@dataclass(frozen=True, repr=False)
class PersonRow:
    """A person's keys and password hash, opened."""

    person_id: UUID
    data_key: bytes
    password: str | None
    confirmed: bool


@dataclass(frozen=True, repr=False)
class PasskeyRow:
    """A passkey; `sealed` opens with `Keystore.open_passkey`."""

    passkey_id: UUID
    person_id: UUID
    sealed: bytes
    created_at: int


@dataclass(frozen=True, repr=False)
class SessionRow:
    """A session; `sealed` opens with the person's data key only."""

    session_id: UUID
    token_hash: bytes
    person_id: UUID
    sealed: bytes
    created_at: int
    last_seen_at: int
    expires_at: int


class Keystore(Marks):
    """The rows: people, their passkeys, their sessions."""

    # --- people -------------------------------------------------------------------------------------------

    def add_person(
        self,
        person_id: UUID,
        *,
        data_key: bytes,
        ledger_key: bytes,
        password: str | None,
        passkey: tuple[UUID, bytes, bytes] | None,
        now: int,
    ) -> bool:
        """Write a person and their first credentials, all or nothing. False if the id or passkey is taken."""
        row = person_id.bytes
        sealed_password = self._seal_password(person_id, password)
        try:
            with self.writing() as db:
                db.execute(
                    "INSERT INTO people VALUES (?, ?, ?, ?, ?, NULL)",
                    (
                        row,
                        self.ring.seal(data_key, context("people", "data_key", row)),
                        self.ring.seal(ledger_key, context("people", "ledger_key", row)),
                        sealed_password,
                        now,
                    ),
                )
                if passkey is not None:
                    self._insert_passkey(db, person_id, *passkey, now)
        except sqlite3.IntegrityError:
            return False
        return True

    def _seal_password(self, person_id: UUID, password: str | None) -> bytes | None:
        if password is None:
            return None
        return self.ring.seal(password.encode(), context("people", "password", person_id.bytes))

    def find_person(self, person_id: UUID) -> PersonRow | None:
        """Open a person's row. Raises SealBrokenError when its values belong to another row."""
        row = person_id.bytes
        found = self.reader.execute(
            "SELECT data_key, password, confirmed_at FROM people WHERE person_id = ?", (row,)
        ).fetchone()
        if found is None:
            return None
        data_key = self.ring.unseal(found[0], context("people", "data_key", row))
        password = None
        if found[1] is not None:
            password = self.ring.unseal(found[1], context("people", "password", row)).decode()
        return PersonRow(person_id, data_key, password, found[2] is not None)

    def find_ledger_key(self, person_id: UUID) -> bytes | None:
        """A person's ledger key, for references and openings made in this process; it never leaves."""
        row = person_id.bytes
        found = self.reader.execute("SELECT ledger_key FROM people WHERE person_id = ?", (row,)).fetchone()
        return None if found is None else self.ring.unseal(found[0], context("people", "ledger_key", row))

    def set_password(self, person_id: UUID, password: str) -> None:
        sealed = self._seal_password(person_id, password)
        with self.writing() as db:
            db.execute("UPDATE people SET password = ? WHERE person_id = ?", (sealed, person_id.bytes))

    def confirm_person(self, person_id: UUID, now: int) -> None:
        """Note that the person exists in the realm's database too."""
        with self.writing() as db:
            db.execute(
                "UPDATE people SET confirmed_at = ? WHERE person_id = ? AND confirmed_at IS NULL",
                (now, person_id.bytes),
            )

    def list_unconfirmed(self, enrolled_before: int, limit: int = 500) -> list[UUID]:
        """People whose sign-up may have failed after their keys were made."""
        rows = self.reader.execute(
            "SELECT person_id FROM people WHERE confirmed_at IS NULL AND enrolled_at < ?"
            " ORDER BY enrolled_at LIMIT ?",
            (enrolled_before, limit),
        )
        return [UUID(bytes=row[0]) for row in rows]

    def list_people(self) -> list[UUID]:
        """Return everybody who has keys."""
        return [UUID(bytes=row[0]) for row in self.reader.execute("SELECT person_id FROM people")]

    def count_people(self) -> int:
        return int(self.reader.execute("SELECT count(*) FROM people").fetchone()[0])

    def erase_person(self, person_id: UUID) -> list[UUID]:
        """Destroy keys, credentials and sessions; return the ids of the ended sessions. `scrub` comes after."""
        with self.writing() as db:
            gone = db.execute(
                "SELECT session_id FROM sessions WHERE person_id = ?", (person_id.bytes,)
            ).fetchall()
            db.execute("DELETE FROM people WHERE person_id = ?", (person_id.bytes,))
        return [UUID(bytes=row[0]) for row in gone]

    # --- passkeys -----------------------------------------------------------------------------------------

    def _insert_passkey(
        self,
        db: sqlite3.Connection,
        person_id: UUID,
        passkey_id: UUID,
        credential_hash: bytes,
        plain: bytes,
        now: int,
    ) -> None:
        sealed = self.ring.seal(plain, context("passkeys", "sealed", passkey_id.bytes, person_id.bytes))
        db.execute(
            "INSERT INTO passkeys VALUES (?, ?, ?, ?, ?)",
            (passkey_id.bytes, credential_hash, person_id.bytes, sealed, now),
        )

    def add_passkey(
        self, person_id: UUID, passkey_id: UUID, credential_hash: bytes, plain: bytes, now: int
    ) -> bool:
        """Store one more passkey; False if this credential is known already."""
        try:
            with self.writing() as db:
                self._insert_passkey(db, person_id, passkey_id, credential_hash, plain, now)
        except sqlite3.IntegrityError:
            return False
        return True

    def find_passkey(self, credential_hash: bytes) -> PasskeyRow | None:
        rows = self.reader.execute(
            "SELECT passkey_id, person_id, sealed, created_at FROM passkeys WHERE credential_hash = ?",
            (credential_hash,),
        ).fetchall()
        return _passkey_row(rows[0]) if rows else None

    def list_passkeys(self, person_id: UUID) -> list[PasskeyRow]:
        rows = self.reader.execute(
            "SELECT passkey_id, person_id, sealed, created_at FROM passkeys WHERE person_id = ? ORDER BY 1",
            (person_id.bytes,),
        ).fetchall()
        return [_passkey_row(row) for row in rows]

    def open_passkey(self, row: PasskeyRow) -> bytes:
        about = context("passkeys", "sealed", row.passkey_id.bytes, row.person_id.bytes)
        return self.ring.unseal(row.sealed, about)

    def update_passkey(self, row: PasskeyRow, plain: bytes) -> None:
        about = context("passkeys", "sealed", row.passkey_id.bytes, row.person_id.bytes)
        with self.writing() as db:
            db.execute(
                "UPDATE passkeys SET sealed = ? WHERE passkey_id = ?",
                (self.ring.seal(plain, about), row.passkey_id.bytes),
            )

    def remove_passkey(self, person_id: UUID, passkey_id: UUID) -> bool | None:
        """Forget a passkey; None, and nothing done, where it is the person's only credential."""
        with self.writing() as db:
            others = db.execute(
                "SELECT count(*) + (SELECT password IS NOT NULL FROM people WHERE person_id = ?1)"
                " FROM passkeys WHERE person_id = ?1 AND passkey_id <> ?2",
                (person_id.bytes, passkey_id.bytes),
            ).fetchone()[0]
            if not others:
                return None
            cursor = db.execute(
                "DELETE FROM passkeys WHERE passkey_id = ? AND person_id = ?",
                (passkey_id.bytes, person_id.bytes),
            )
            return cursor.rowcount == 1

    # --- sessions -----------------------------------------------------------------------------------------

    def add_session(self, row: SessionRow) -> None:
        """Begin a session; the first one confirms the person, and beyond MAX_SESSIONS the stalest ends."""
        with self.writing() as db:
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    row.session_id.bytes,
                    row.token_hash,
                    row.person_id.bytes,
                    row.sealed,
                    row.created_at,
                    row.last_seen_at,
                    row.expires_at,
                ),
            )
            db.execute(
                "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE person_id = ?"
                " ORDER BY last_seen_at DESC, session_id DESC LIMIT -1 OFFSET ?)",
                (row.person_id.bytes, MAX_SESSIONS),
            )
            db.execute(
                "UPDATE people SET confirmed_at = ? WHERE person_id = ? AND confirmed_at IS NULL",
                (row.created_at, row.person_id.bytes),
            )

    def find_session(self, token_hash: bytes, now: int) -> SessionRow | None:
        """The live session of a token."""
        rows = self.reader.execute(
            "SELECT * FROM sessions WHERE token_hash = ? AND expires_at > ?", (token_hash, now)
        ).fetchall()
        return _session_row(rows[0]) if rows else None

    def list_sessions(self, person_id: UUID, now: int) -> list[SessionRow]:
        rows = self.reader.execute(
            "SELECT * FROM sessions WHERE person_id = ? AND expires_at > ? ORDER BY session_id DESC",
            (person_id.bytes, now),
        ).fetchall()
        return [_session_row(row) for row in rows]

    def touch_session(self, session_id: UUID, last_seen_at: int, expires_at: int) -> None:
        with self.writing() as db:
            db.execute(
                "UPDATE sessions SET last_seen_at = ?, expires_at = ? WHERE session_id = ?",
                (last_seen_at, expires_at, session_id.bytes),
            )

    def end_session(self, person_id: UUID, session_id: UUID) -> bool:
        with self.writing() as db:
            cursor = db.execute(
                "DELETE FROM sessions WHERE session_id = ? AND person_id = ?",
                (session_id.bytes, person_id.bytes),
            )
            return cursor.rowcount == 1

    def end_sessions(self, person_id: UUID, keep: UUID | None) -> list[UUID]:
        """End every session of a person but `keep`; return which ended."""
        kept = keep.bytes if keep else b""
        with self.writing() as db:
            gone = db.execute(
                "DELETE FROM sessions WHERE person_id = ? AND session_id <> ? RETURNING session_id",
                (person_id.bytes, kept),
            ).fetchall()
        return [UUID(bytes=row[0]) for row in gone]

    def sweep_sessions(self, now: int) -> int:
        """Delete sessions that ran out."""
        with self.writing() as db:
            return db.execute("DELETE FROM sessions WHERE expires_at <= ?", (now,)).rowcount


def _passkey_row(row: tuple[bytes, bytes, bytes, int]) -> PasskeyRow:
    return PasskeyRow(UUID(bytes=row[0]), UUID(bytes=row[1]), row[2], row[3])


def _session_row(row: tuple[bytes, bytes, bytes, bytes, int, int, int]) -> SessionRow:
    return SessionRow(UUID(bytes=row[0]), row[1], UUID(bytes=row[2]), row[3], row[4], row[5], row[6])
