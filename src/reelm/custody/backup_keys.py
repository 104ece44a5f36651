"""Keys for backups: every person's rows are sealed under a fresh key that only that person's data key opens.

Making such a key releases nothing: what is sealed under it, the asker had in hand. Opening one is for a restore,
which has the key store's own file and runs where no realm serves yet.
"""

from pathlib import Path
from typing import Self
from uuid import UUID

from reelm.custody.backup_schemas import MAX_STREAMS, BackupKeyLines, MakeBackupKeys
from reelm.custody.door import Door
from reelm.custody.envelope import context, new_key, seal, unseal
from reelm.custody.keystore import Keystore
from reelm.custody.messages import FreshKey, Handlers
from reelm.custody.references import FIXED_NONCE, opening_of, reference_of
from reelm.kit.clock import Clock

_SECRET = "backup"  # noqa: S105 - the secret's name


def _key_context(person_id: UUID | None) -> bytes:
    return context("backups", "key", person_id.bytes if person_id else b"")


def _stream_context(person_id: UUID | None) -> bytes:
    return context("backups", "stream", person_id.bytes if person_id else b"")


def seal_stream(key: bytes, plain: bytes, person_id: UUID | None) -> bytes:
    """Seal a stream of rows under its own key."""
    return seal(key, plain, _stream_context(person_id))


def open_stream(key: bytes, sealed: bytes, person_id: UUID | None) -> bytes:
    """Open what `seal_stream` sealed. Raises SealBrokenError."""
    return unseal(key, sealed, _stream_context(person_id))


class BackupKeys:
    """Makes backups' keys in the keys process."""

    def __init__(self, store: Keystore, door: Door, clock: Clock) -> None:
        self._store = store
        self._door = door
        self._clock = clock

    def handlers(self) -> Handlers:
        return {MakeBackupKeys: self.make}

    async def make(self, asked: MakeBackupKeys) -> BackupKeyLines:
        """The realm's own secret for rows of nobody is made on first use."""
        now = int(self._clock.now().timestamp())
        lines: list[FreshKey | None] = []
        for person_id in asked.people[:MAX_STREAMS]:
            if person_id is None:
                outer = await self._door.write(self._store.secret, _SECRET, now, new_key)
            else:
                person = self._store.find_person(person_id)
                if person is None:
                    lines.append(None)
                    continue
                outer = person.data_key
            key = new_key()
            lines.append(FreshKey(key, seal(outer, key, _key_context(person_id))))
        return BackupKeyLines(lines)


class BackupOpener:
    """Opens backups' keys from a key store's own folder, while no keys process runs on it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._store = Keystore(folder)
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        self._store.close()

    def people(self) -> list[UUID]:
        """Return everybody who has keys."""
        return self._store.list_people()

    def open_key(self, person_id: UUID | None, wrapped: bytes) -> bytes | None:
        """Return a stream's key; None for somebody without keys. Raises SealBrokenError."""
        if person_id is None:
            outer = self._store.secret(_SECRET, int(self._clock.now().timestamp()), new_key)
        else:
            person = self._store.find_person(person_id)
            if person is None:
                return None
            outer = person.data_key
        return unseal(outer, wrapped, _key_context(person_id))

    def erasure_reference(self, person_id: UUID, document: bytes) -> str | None:
        """Return how the ledger would name this person's erasure, so that it can be found there."""
        kind = "rights.erased"
        ledger_key = self._store.find_ledger_key(person_id)
        if ledger_key is None:
            return None
        return reference_of(opening_of(ledger_key, FIXED_NONCE[kind]), kind, document)

    def erase(self, person_id: UUID) -> None:
        """Destroy a person's keys, down to the bytes of the file."""
        self._store.erase_person(person_id)
        self._store.scrub()
