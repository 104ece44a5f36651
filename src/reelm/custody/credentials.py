"""Credentials: passwords and passkeys of people who are enrolled, and the ceremonies that add them."""

import datetime as dt

import msgspec

from reelm.custody import schemas
from reelm.custody.attempts import Attempts
from reelm.custody.door import Door, when
from reelm.custody.errors import (
    LastCredentialError,
    PasskeyRefusedError,
    ProofRequiredError,
    SignInRefusedError,
)
from reelm.custody.keystore import Keystore, PersonRow, SessionRow
from reelm.custody.messages import Handlers, PasskeyAnswer
from reelm.custody.passkeys import Passkeys, StoredPasskey, credential_hash
from reelm.custody.passwords import Passwords
from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import Ids

FRESH_SESSION = dt.timedelta(minutes=15)


class Credentials:
    """Changes how a signed-in person signs in. `Door` knows who that is."""

    def __init__(
        self,
        store: Keystore,
        door: Door,
        passwords: Passwords,
        passkeys: Passkeys,
        attempts: Attempts,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._door = door
        self._passwords = passwords
        self._passkeys = passkeys
        self._attempts = attempts
        self._clock = clock
        self._ids = ids

    def handlers(self) -> Handlers:
        return {
            schemas.ChangePassword: self.change_password,
            schemas.SignUpOptions: self.sign_up_options,
            schemas.SignInOptions: self.sign_in_options,
            schemas.AddPasskeyOptions: self.add_passkey_options,
            schemas.AddPasskey: self.add_passkey,
            schemas.PasskeysOf: self.passkeys_of,
            schemas.RemovePasskey: self.remove_passkey,
        }

    async def change_password(self, asked: schemas.ChangePassword) -> schemas.RevokedSessions:
        """Set a new password and end the other sessions; guessing the present one is limited like sign-in."""
        current, person, _ = self._door.live(asked.token)
        self._passwords.check_suitable(asked.new)
        await self.prove(current, person, asked.current or "", asked.passkey, field="current")
        hashed = await self._passwords.hash(asked.new)
        self._door.live(asked.token)
        await self._door.write(self._store.set_password, person.person_id, hashed)
        gone = await self._door.write(self._store.end_sessions, person.person_id, current.session_id)
        self._door.announce(gone)
        return schemas.RevokedSessions(gone)

    async def prove(
        self,
        session: SessionRow,
        person: PersonRow,
        password: str | None,
        passkey: PasskeyAnswer | None,
        *,
        field: str = "password",
    ) -> None:
        """Let on only who shows, beside the session, a password or a fresh passkey answer of that person.

        Guessing is limited like sign-in. Raises ProofRequiredError without either, SignInRefusedError naming
        `field`, or PasskeyRefusedError.
        """
        if passkey is not None:
            challenge, credential_id = self._passkeys.take_sign_in(passkey)
            row = self._store.find_passkey(credential_hash(credential_id))
            if row is None or row.person_id != person.person_id:
                raise PasskeyRefusedError
            stored = msgspec.msgpack.decode(self._store.open_passkey(row), type=StoredPasskey)
            renewed = self._passkeys.verify_sign_in(passkey, challenge, person.person_id, stored)
            await self._door.write(self._store.update_passkey, row, msgspec.msgpack.encode(renewed))
            return
        if password is None:
            raise ProofRequiredError
        counted = self._attempts.begin(person.person_id.hex, address="", device=session.session_id.hex)
        if not await self._passwords.matches(person.password, password):
            raise SignInRefusedError(fields={field: "wrong"})
        self._attempts.right(counted)

    async def sign_up_options(self, asked: schemas.SignUpOptions) -> schemas.Challenge:
        return self._passkeys.registration_options(asked.person_id, None, asked.name, asked.display_name, [])

    async def sign_in_options(self, asked: schemas.SignInOptions) -> schemas.Challenge:
        return self._passkeys.sign_in_options()

    async def add_passkey_options(self, asked: schemas.AddPasskeyOptions) -> schemas.Challenge:
        """Raises ProofRequiredError in a session that did not just begin, unless a proof comes with it."""
        row, person, _ = self._door.live(asked.token)
        age = int(self._clock.now().timestamp()) - row.created_at
        if age >= FRESH_SESSION.total_seconds() or asked.password is not None or asked.passkey is not None:
            await self.prove(row, person, asked.password, asked.passkey)
        known = [
            msgspec.msgpack.decode(self._store.open_passkey(passkey), type=StoredPasskey).credential_id
            for passkey in self._store.list_passkeys(person.person_id)
        ]
        return self._passkeys.registration_options(
            person.person_id, row.session_id, asked.name, asked.display_name, known
        )

    async def add_passkey(self, asked: schemas.AddPasskey) -> schemas.PasskeyLine:
        """Raises PasskeyRefusedError, also for a challenge made in another session."""
        row, person, _ = self._door.live(asked.token)
        person_id, stored = self._passkeys.verify_registration(asked.passkey, row.session_id, asked.label)
        if person_id != person.person_id:
            raise PasskeyRefusedError
        passkey_id, now = self._ids.new(), int(self._clock.now().timestamp())
        plain, hashed = msgspec.msgpack.encode(stored), credential_hash(stored.credential_id)
        if not await self._door.write(self._store.add_passkey, person_id, passkey_id, hashed, plain, now):
            raise PasskeyRefusedError
        return schemas.PasskeyLine(passkey_id, stored.label, when(now), stored.synced)

    async def passkeys_of(self, asked: schemas.PasskeysOf) -> schemas.PasskeyLines:
        _, person, _ = self._door.live(asked.token)
        lines = []
        for row in self._store.list_passkeys(person.person_id):
            stored = msgspec.msgpack.decode(self._store.open_passkey(row), type=StoredPasskey)
            lines.append(
                schemas.PasskeyLine(row.passkey_id, stored.label, when(row.created_at), stored.synced)
            )
        return schemas.PasskeyLines(lines)

    async def remove_passkey(self, asked: schemas.RemovePasskey) -> schemas.Done:
        """Raises NotFoundError, or LastCredentialError for the only way in."""
        _, person, _ = self._door.live(asked.token)
        removed = await self._door.write(self._store.remove_passkey, person.person_id, asked.passkey_id)
        if removed is None:
            raise LastCredentialError
        if not removed:
            raise NotFoundError
        return schemas.Done()
