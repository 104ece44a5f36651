"""The door: who comes in, and which sessions live.

Every sign-in starts a new session with a token of 256 random bits made here; a token that a client brings is only
ever looked up, so a session can't be fixed beforehand. The store keeps the token's SHA-256, never the token.
"""

import asyncio
import datetime as dt
import hashlib
import hmac
import os
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from uuid import UUID

import msgspec

from reelm.custody import schemas
from reelm.custody.attempts import Attempts
from reelm.custody.envelope import context, new_key, seal, unseal
from reelm.custody.errors import (
    AlreadyEnrolledError,
    CredentialMissingError,
    PasskeyRefusedError,
    SealBrokenError,
    SignInRefusedError,
)
from reelm.custody.keystore import Keystore, PersonRow, SessionRow
from reelm.custody.messages import Handlers
from reelm.custody.passkeys import Passkeys, StoredPasskey, credential_hash
from reelm.custody.passwords import Passwords
from reelm.custody.tickets import SUBJECT_TTL, mint_subject
from reelm.kit.clock import Clock
from reelm.kit.errors import InvalidRequestError, NotFoundError, SignInRequiredError
from reelm.kit.ids import Ids

SESSION_TTL = dt.timedelta(days=30)
SEEN_STEP = dt.timedelta(hours=1)
SCRUB_AT_ONCE_BYTES = 64 * 1024 * 1024
SESSION_PURPOSE = "session"
ENROL_PURPOSE = "enrol"
_DEVICE = re.compile(r"d1\.([0-9a-f]{32})\.([0-9a-f]{64})")

P = ParamSpec("P")
T = TypeVar("T")


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def when(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _session_context(row: SessionRow) -> bytes:
    return context("sessions", "sealed", row.session_id.bytes, row.person_id.bytes, row.token_hash)


class Door:
    """Enrols people, signs them in, resolves and ends their sessions.

    `announce` is called with the ids of sessions that ended, after the store has forgotten them.
    """

    def __init__(
        self,
        store: Keystore,
        passwords: Passwords,
        passkeys: Passkeys,
        clock: Clock,
        ids: Ids,
        attempts: Attempts,
        *,
        announce: Callable[[list[UUID]], None],
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._passkeys = passkeys
        self._clock = clock
        self._ids = ids
        self.announce = announce
        self._attempts = attempts
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="keystore")
        self._scrub_due = False
        now = int(clock.now().timestamp())
        self.subject_secret = store.secret("subject", now, new_key)
        self._device_secret = store.secret("device", now, new_key)

    def handlers(self) -> Handlers:
        return {
            schemas.Enrol: self.enrol,
            schemas.SignIn: self.sign_in,
            schemas.SignInPasskey: self.sign_in_passkey,
            schemas.Resolve: self.resolve,
            schemas.SessionsOf: self.sessions_of,
            schemas.Revoke: self.revoke,
            schemas.RevokeAll: self.revoke_all,
        }

    def close(self) -> None:
        self._writer.shutdown(wait=True)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    async def write(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a writing method of the store on the writer thread; it is done even if the asker goes away."""
        future = asyncio.get_running_loop().run_in_executor(self._writer, lambda: act(*args, **kwargs))
        return await asyncio.shield(future)

    # --- enrolment ----------------------------------------------------------------------------------------

    async def enrol(self, asked: schemas.Enrol) -> schemas.Enrolment:
        """Make keys and first credentials in one transaction.

        Asking again with the same id and password before the first sign-in returns the same person, so that a
        sign-up whose answer was lost can be repeated. Raises AlreadyEnrolledError, CredentialMissingError,
        PasswordUnsuitableError or PasskeyRefusedError.
        """
        person_id, passkey = asked.person_id, None
        if asked.password is None and asked.passkey is None:
            raise CredentialMissingError(fields={"password": "missing"})
        if asked.password is not None:
            self._passwords.check_suitable(asked.password)
        if asked.passkey is not None:
            invited, stored = self._passkeys.verify_registration(asked.passkey, None, "")
            if person_id not in {None, invited}:
                raise PasskeyRefusedError
            person_id = invited
            passkey = (self._ids.new(), credential_hash(stored.credential_id), msgspec.msgpack.encode(stored))
        if person_id is None:
            raise InvalidRequestError(fields={"person_id": "missing"})
        hashed = None if asked.password is None else await self._passwords.hash(asked.password)
        data_key = new_key()
        added = await self.write(
            self._store.add_person,
            person_id,
            data_key=data_key,
            ledger_key=new_key(),
            password=hashed,
            passkey=passkey,
            now=self._now(),
        )
        if not added:
            data_key = await self._enrolled_before(person_id, asked.password)
        expires_at = self._clock.now() + SUBJECT_TTL
        return schemas.Enrolment(
            person_id, data_key, mint_subject(self.subject_secret, person_id, ENROL_PURPOSE, expires_at)
        )

    async def _enrolled_before(self, person_id: UUID, password: str | None) -> bytes:
        person = self._store.find_person(person_id)
        if person is None or person.confirmed or person.password is None or password is None:
            raise AlreadyEnrolledError
        if not await self._passwords.matches(person.password, password):
            raise AlreadyEnrolledError
        return person.data_key

    async def destroy(self, person_id: UUID) -> None:
        """Destroy everything the store holds of a person, down to the bytes of the file.

        A store beyond 64 MiB is rewritten by the hourly `sweep` instead of at once.
        """
        self.announce(await self.write(self._store.erase_person, person_id))
        if self._store.size_bytes() <= SCRUB_AT_ONCE_BYTES:
            await self.write(self._store.scrub)
        else:
            self._scrub_due = True

    async def sweep(self) -> None:
        """Drop what ran out, and rewrite the file if somebody was erased from a large one."""
        await self.write(self._store.sweep_sessions, self._now())
        if self._scrub_due:
            self._scrub_due = False
            await self.write(self._store.scrub)

    # --- signing in ---------------------------------------------------------------------------------------

    async def sign_in(self, asked: schemas.SignIn) -> schemas.SignedIn:
        """Raises SignInRefusedError for anything wrong, TooManyRequestsError when guessing."""
        device = self._vouched(asked.device, asked.person_id)
        name = asked.name or (asked.person_id.hex if asked.person_id else "")
        counted = self._attempts.begin(name, address=asked.address, device=device)
        person = self._store.find_person(asked.person_id) if asked.person_id else None
        hashed = person.password if person else None
        if not await self._passwords.matches(hashed, asked.password):
            raise SignInRefusedError
        self._attempts.right(counted)
        person = self._store.find_person(asked.person_id) if asked.person_id else None
        if person is None or person.password is None or person.password != hashed:
            raise SignInRefusedError
        if self._passwords.outdated(person.password):
            renewed = await self._passwords.hash(asked.password)
            await self.write(self._store.set_password, person.person_id, renewed)
        return await self._begin_session(person, asked.client, asked.device if device else "")

    async def sign_in_passkey(self, asked: schemas.SignInPasskey) -> schemas.SignedIn:
        """Raises PasskeyRefusedError for anything wrong."""
        challenge, credential_id = self._passkeys.take_sign_in(asked.passkey)
        row = self._store.find_passkey(credential_hash(credential_id))
        person = self._store.find_person(row.person_id) if row else None
        if row is None or person is None:
            raise PasskeyRefusedError
        stored = msgspec.msgpack.decode(self._store.open_passkey(row), type=StoredPasskey)
        renewed = self._passkeys.verify_sign_in(asked.passkey, challenge, person.person_id, stored)
        if renewed != stored:
            await self.write(self._store.update_passkey, row, msgspec.msgpack.encode(renewed))
        return await self._begin_session(person, asked.client, "")

    async def _begin_session(self, person: PersonRow, client: str, device: str) -> schemas.SignedIn:
        token, session_id, now = self._ids.token(), self._ids.new(), self._now()
        expires_at = now + int(SESSION_TTL.total_seconds())
        row = SessionRow(session_id, _token_hash(token), person.person_id, b"", now, now, expires_at)
        label = seal(person.data_key, client[:200].encode("utf-8", "replace"), _session_context(row))
        row = SessionRow(session_id, row.token_hash, person.person_id, label, now, now, expires_at)
        try:
            await self.write(self._store.add_session, row)
        except sqlite3.IntegrityError:
            raise SignInRefusedError from None
        return schemas.SignedIn(token, device or self._vouch(person.person_id), self._session(row))

    def _vouch(self, person_id: UUID) -> str:
        nonce = os.urandom(16).hex()
        return f"d1.{nonce}.{self._vouch_mac(person_id, nonce)}"

    def _vouch_mac(self, person_id: UUID, nonce: str) -> str:
        return hmac.new(self._device_secret, f"{person_id.hex}.{nonce}".encode(), hashlib.sha256).hexdigest()

    def _vouched(self, device: str, person_id: UUID | None) -> str | None:
        """The device's name if it signed in as this person before."""
        match = _DEVICE.fullmatch(device)
        if match is None or person_id is None:
            return None
        return match[1] if hmac.compare_digest(self._vouch_mac(person_id, match[1]), match[2]) else None

    # --- sessions -----------------------------------------------------------------------------------------

    def _session(self, row: SessionRow) -> schemas.Session:
        expires_at = self._clock.now() + SUBJECT_TTL
        return schemas.Session(
            row.person_id,
            row.session_id,
            mint_subject(self.subject_secret, row.person_id, SESSION_PURPOSE, expires_at),
            expires_at.replace(microsecond=0),
            when(row.expires_at),
        )

    def live(self, token: str) -> tuple[SessionRow, PersonRow, str]:
        """Return a live session, its person and its client label. Raises SignInRequiredError.

        The label opens with the person's own key and the token's hash only, so a session row that was moved to
        another person, or written by hand, is no session.
        """
        row = self._store.find_session(_token_hash(token), self._now())
        if row is None:
            raise SignInRequiredError
        person = self._store.find_person(row.person_id)
        if person is None:
            raise SignInRequiredError
        try:
            label = unseal(person.data_key, row.sealed, _session_context(row))
        except SealBrokenError:
            raise SignInRequiredError from None
        return row, person, label.decode("utf-8", "replace")

    async def resolve(self, asked: schemas.Resolve) -> schemas.Session:
        row, _, _ = self.live(asked.token)
        now = self._now()
        if now - row.last_seen_at >= SEEN_STEP.total_seconds():
            expires_at = now + int(SESSION_TTL.total_seconds())
            await self.write(self._store.touch_session, row.session_id, now, expires_at)
        return self._session(row)

    async def sessions_of(self, asked: schemas.SessionsOf) -> schemas.SessionLines:
        current, person, _ = self.live(asked.token)
        lines = []
        for row in self._store.list_sessions(person.person_id, self._now()):
            try:
                label = unseal(person.data_key, row.sealed, _session_context(row)).decode("utf-8", "replace")
            except SealBrokenError:
                continue
            lines.append(
                schemas.SessionLine(
                    row.session_id,
                    when(row.created_at),
                    when(row.last_seen_at),
                    when(row.expires_at),
                    label,
                    row.session_id == current.session_id,
                )
            )
        return schemas.SessionLines(lines)

    async def revoke(self, asked: schemas.Revoke) -> schemas.RevokedSessions:
        """End one session of the token's person. Raises NotFoundError for anyone else's."""
        current, person, _ = self.live(asked.token)
        session_id = asked.session_id or current.session_id
        if not await self.write(self._store.end_session, person.person_id, session_id):
            raise NotFoundError
        self.announce([session_id])
        return schemas.RevokedSessions([session_id])

    async def revoke_all(self, asked: schemas.RevokeAll) -> schemas.RevokedSessions:
        current, person, _ = self.live(asked.token)
        keep = current.session_id if asked.keep_current else None
        gone = await self.write(self._store.end_sessions, person.person_id, keep)
        self.announce(gone)
        return schemas.RevokedSessions(gone)
