"""SQL of a person's devices, their key packages, history and settings, and of other people's devices."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from reelm.kit.database import Record, UnitOfWork

_DEVICE = "id, signature_key, certificate, label_sealed, made_at, seen_on"


class DevicesReader:
    """Reads what the subject's devices keep here, and the devices of people they may write to."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_identity(self, person_id: UUID, *, lock: bool = False) -> Record | None:
        """Return the person's identity key; `lock` makes everything else about their devices wait."""
        if lock:
            return await self._uow.fetch_row(
                "SELECT identity_key, made_at FROM message_identities WHERE person_id = $1 FOR UPDATE",
                person_id,
            )
        return await self._uow.fetch_row(
            "SELECT identity_key, made_at FROM message_identities WHERE person_id = $1", person_id
        )

    async def list_devices(self, person_id: UUID) -> list[Record]:
        return await self._uow.fetch(
            f"SELECT {_DEVICE} FROM devices WHERE person_id = $1 ORDER BY made_at, id", person_id
        )

    async def find_device(self, person_id: UUID, device_id: UUID) -> Record | None:
        return await self._uow.fetch_row(
            f"SELECT {_DEVICE} FROM devices WHERE person_id = $1 AND id = $2", person_id, device_id
        )

    async def count_packages(self, device_id: UUID) -> int:
        count: int = await self._uow.fetch_value(
            "SELECT count(*) FROM key_packages WHERE device_id = $1 AND NOT last_resort", device_id
        )
        return count

    async def list_of(self, other: UUID) -> list[Record]:
        """Return somebody's devices, none for whom the subject does not meet."""
        return await self._uow.fetch(
            "SELECT identity_key, id, signature_key, certificate FROM reelm.devices_of($1)", other
        )

    async def list_history(
        self, person_id: UUID, conversation_id: UUID, before: int | None, limit: int
    ) -> list[Record]:
        return await self._uow.fetch(
            "SELECT seq, body_sealed, at FROM message_histories WHERE person_id = $1 AND conversation_id = $2 "
            "AND ($3::bigint IS NULL OR seq < $3) ORDER BY seq DESC LIMIT $4",
            person_id,
            conversation_id,
            before,
            limit,
        )

    async def count_histories(self, person_id: UUID) -> list[Record]:
        return await self._uow.fetch(
            "SELECT conversation_id, count(*) AS count, max(seq) AS last_seq FROM message_histories "
            "WHERE person_id = $1 GROUP BY conversation_id ORDER BY conversation_id",
            person_id,
        )

    async def find_settings(self, person_id: UUID) -> Record | None:
        return await self._uow.fetch_row(
            "SELECT read_receipts, typing, who_may_write FROM message_settings WHERE person_id = $1",
            person_id,
        )

    async def is_young(self) -> bool:
        """Say whether the subject is under sixteen."""
        return bool(await self._uow.fetch_value("SELECT reelm.subject_is_young()"))


class DevicesWriter(DevicesReader):
    """Changes what the subject's devices keep here."""

    async def add_identity(self, person_id: UUID, identity_key: bytes, at: dt.datetime) -> bool:
        """Keep an identity key; False when there is one already."""
        added = await self._uow.execute(
            "INSERT INTO message_identities (person_id, identity_key, made_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (person_id) DO NOTHING",
            person_id,
            identity_key,
            at,
        )
        return added == 1

    async def change_identity(self, person_id: UUID, identity_key: bytes, at: dt.datetime) -> None:
        await self._uow.execute(
            "UPDATE message_identities SET identity_key = $2, made_at = $3 WHERE person_id = $1",
            person_id,
            identity_key,
            at,
        )

    async def add_device(
        self,
        person_id: UUID,
        device_id: UUID,
        signature_key: bytes,
        certificate: bytes,
        label: bytes,
        at: dt.datetime,
    ) -> bool:
        """Add a device; False when its id is taken, by whomever."""
        added = await self._uow.execute(
            "INSERT INTO devices (id, person_id, signature_key, certificate, label_sealed, made_at, seen_on) "
            "VALUES ($1, $2, $3, $4, $5, $6, ($6::timestamptz AT TIME ZONE 'UTC')::date) ON CONFLICT DO NOTHING",
            device_id,
            person_id,
            signature_key,
            certificate,
            label,
            at,
        )
        return added == 1

    async def note_seen(self, person_id: UUID, device_id: UUID, day: dt.date) -> None:
        """Note that a device was here today; once a day is enough."""
        await self._uow.execute(
            "UPDATE devices SET seen_on = $3 WHERE person_id = $1 AND id = $2 AND seen_on < $3",
            person_id,
            device_id,
            day,
        )

    async def end_device(self, person_id: UUID, device_id: UUID) -> bool:
        gone = await self._uow.execute(
            "DELETE FROM devices WHERE person_id = $1 AND id = $2", person_id, device_id
        )
        return gone == 1

    async def end_devices(self, person_id: UUID) -> None:
        await self._uow.execute("DELETE FROM devices WHERE person_id = $1", person_id)

    async def add_packages(
        self, person_id: UUID, device_id: UUID, digests: Sequence[bytes], packages: Sequence[bytes], most: int
    ) -> None:
        """Keep one-time packages, `most` in all: the oldest go first."""
        await self._uow.execute(
            "INSERT INTO key_packages (device_id, digest, person_id, package) "
            "SELECT $2, d, $1, p FROM unnest($3::bytea[], $4::bytea[]) AS n (d, p) ON CONFLICT DO NOTHING",
            person_id,
            device_id,
            list(digests),
            list(packages),
        )
        await self._uow.execute(
            "DELETE FROM key_packages WHERE device_id = $1 AND digest IN (SELECT k.digest FROM key_packages k "
            "WHERE k.device_id = $1 AND NOT k.last_resort ORDER BY k.made_at DESC, k.digest DESC OFFSET $2)",
            device_id,
            most,
        )

    async def set_last_resort(self, person_id: UUID, device_id: UUID, digest: bytes, package: bytes) -> None:
        await self._uow.execute(
            "DELETE FROM key_packages WHERE device_id = $1 AND (last_resort OR digest = $2)",
            device_id,
            digest,
        )
        await self._uow.execute(
            "INSERT INTO key_packages (device_id, digest, person_id, package, last_resort) "
            "VALUES ($1, $2, $3, $4, true)",
            device_id,
            digest,
            person_id,
            package,
        )

    async def claim(self, people: Sequence[UUID]) -> list[Record]:
        return await self._uow.fetch(
            "SELECT person_id, device_id, package FROM reelm.claim_key_packages($1::uuid[])", list(people)
        )

    async def add_history(
        self,
        person_id: UUID,
        conversation_id: UUID,
        seqs: Sequence[int],
        bodies: Sequence[bytes],
        at: dt.datetime,
    ) -> None:
        """Keep what was opened; what is there already stays as it is."""
        await self._uow.execute(
            "INSERT INTO message_histories (person_id, conversation_id, seq, body_sealed, at) "
            "SELECT $1, $2, s, b, $5 FROM unnest($3::bigint[], $4::bytea[]) AS n (s, b) ON CONFLICT DO NOTHING",
            person_id,
            conversation_id,
            list(seqs),
            list(bodies),
            at,
        )

    async def remove_history(self, person_id: UUID, conversation_id: UUID) -> None:
        await self._uow.execute(
            "DELETE FROM message_histories WHERE person_id = $1 AND conversation_id = $2",
            person_id,
            conversation_id,
        )

    async def set_settings(self, person_id: UUID, read_receipts: bool, typing: bool, who: str) -> None:
        await self._uow.execute(
            "INSERT INTO message_settings (person_id, read_receipts, typing, who_may_write) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (person_id) DO UPDATE SET read_receipts = excluded.read_receipts, "
            "typing = excluded.typing, who_may_write = excluded.who_may_write",
            person_id,
            read_receipts,
            typing,
            who,
        )
