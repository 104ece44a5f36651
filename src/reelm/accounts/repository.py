"""SQL of the accounts room. Row-level security decides which rows exist for the subject."""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from reelm.accounts.errors import ContactTakenError, HandleTakenError
from reelm.accounts.schemas import PersonCounts, PersonRecord
from reelm.kit.database import Record, UniqueViolation, UnitOfWork

_PERSON = (
    "id, handle, display_name, bio, avatar, private, followers, following, clips, likes, created_at, realm"
)
_CHANGEABLE = {
    "people": {"display_name", "bio", "avatar", "private"},
    "person_details": {
        "language",
        "country_sealed",
        "jurisdiction",
        "email_sealed",
        "email_index",
        "phone_sealed",
        "phone_index",
    },
}


def _record(row: Record) -> PersonRecord:
    avatar = row["avatar"]
    return PersonRecord(
        id=row["id"],
        handle=row["handle"],
        display_name=row["display_name"],
        bio=row["bio"],
        avatar_url=f"/media/avatars/{avatar}" if avatar else None,
        private=row["private"],
        counts=PersonCounts(row["followers"], row["following"], row["clips"], row["likes"]),
        created_at=row["created_at"],
        realm=row["realm"],
    )


class AccountsReader:
    """Reads people."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_by_handle(self, handle_key: str) -> PersonRecord | None:
        row = await self._uow.fetch_row(f"SELECT {_PERSON} FROM people WHERE handle_key = $1", handle_key)
        return _record(row) if row else None

    async def list_by_ids(self, ids: Collection[UUID]) -> list[PersonRecord]:
        rows = await self._uow.fetch(f"SELECT {_PERSON} FROM people WHERE id = ANY ($1)", list(ids))
        return [_record(row) for row in rows]

    async def list_by_handles(self, handle_keys: Collection[str]) -> list[PersonRecord]:
        rows = await self._uow.fetch(
            f"SELECT {_PERSON} FROM people WHERE handle_key = ANY ($1)", list(handle_keys)
        )
        return [_record(row) for row in rows]

    async def get_own(self, person_id: UUID) -> Record | None:
        """Return the subject's own row with its sealed details."""
        return await self._uow.fetch_row(
            f"SELECT {_PERSON}, d.* FROM people JOIN person_details d ON d.person_id = people.id "
            "WHERE people.id = $1",
            person_id,
        )

    async def get_role(self, person_id: UUID) -> str:
        role: str = await self._uow.fetch_value(
            "SELECT role FROM person_details WHERE person_id = $1", person_id
        )
        return role

    async def get_language(self, person_id: UUID) -> str:
        language: str = await self._uow.fetch_value(
            "SELECT language FROM person_details WHERE person_id = $1", person_id
        )
        return language

    async def list_blocked(
        self, person_id: UUID, before: dt.datetime | None, limit: int
    ) -> list[tuple[UUID, dt.datetime]]:
        rows = await self._uow.fetch(
            "SELECT blocked_id, created_at FROM blocks WHERE person_id = $1 "
            "AND ($2::timestamptz IS NULL OR created_at < $2) ORDER BY created_at DESC LIMIT $3",
            person_id,
            before,
            limit,
        )
        return [(row["blocked_id"], row["created_at"]) for row in rows]

    async def is_blocking(self, person_id: UUID, other: UUID) -> bool:
        found: bool = await self._uow.fetch_value(
            "SELECT EXISTS (SELECT 1 FROM blocks WHERE person_id = $1 AND blocked_id = $2)", person_id, other
        )
        return found

    async def list_avatars(self, names: Collection[str]) -> list[str]:
        """Return those of the pictures `names` that somebody shows."""
        rows = await self._uow.fetch("SELECT avatar FROM people WHERE avatar = ANY ($1)", list(names))
        return [row["avatar"] for row in rows]

    async def find_answer(self, person_id: UUID, key: str) -> tuple[bytes, UUID] | None:
        """Return what the key made. Requests with the same key pass here one after the other, to their commit."""
        await self._uow.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"answer {person_id} {key}"
        )
        row = await self._uow.fetch_row(
            "SELECT request_digest, reference FROM answers WHERE person_id = $1 AND key = $2", person_id, key
        )
        return (row["request_digest"], row["reference"]) if row else None


class AccountsWriter(AccountsReader):
    """Writes people."""

    async def add(self, person: dict[str, Any], details: dict[str, Any]) -> None:
        """Insert a person. Raises `HandleTakenError` or `ContactTakenError`."""
        try:
            await self._insert("people", person)
        except UniqueViolation as error:
            raise HandleTakenError(fields={"handle": "taken"}) from error
        try:
            await self._insert("person_details", details)
        except UniqueViolation as error:
            raise ContactTakenError(fields=_contact_field(error)) from error

    async def _insert(self, table: str, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self._uow.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())

    async def change(self, table: str, person_id: UUID, values: dict[str, Any]) -> None:
        """Set columns of the subject's own row. Raises `ContactTakenError`."""
        if not values:
            return
        unknown = values.keys() - _CHANGEABLE[table]
        if unknown:
            raise ValueError(f"not changeable: {unknown}")
        key = "id" if table == "people" else "person_id"
        sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 2))
        try:
            await self._uow.execute(
                f"UPDATE {table} SET {sets} WHERE {key} = $1", person_id, *values.values()
            )
        except UniqueViolation as error:
            raise ContactTakenError(fields=_contact_field(error)) from error

    async def take_invitation(self, token_hash: bytes, now: dt.datetime) -> bool:
        taken: bool = await self._uow.fetch_value("SELECT reelm.take_invitation($1, $2)", token_hash, now)
        return taken

    async def block(self, person_id: UUID, other: UUID) -> None:
        await self._uow.execute(
            "INSERT INTO blocks (person_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            person_id,
            other,
        )

    async def unblock(self, person_id: UUID, other: UUID) -> None:
        await self._uow.execute(
            "DELETE FROM blocks WHERE person_id = $1 AND blocked_id = $2", person_id, other
        )

    async def remember_answer(self, person_id: UUID, key: str, digest: bytes, reference: UUID) -> None:
        await self._uow.execute(
            "INSERT INTO answers (person_id, key, request_digest, reference) VALUES ($1, $2, $3, $4)",
            person_id,
            key,
            digest,
            reference,
        )

    async def put_words(self, person_id: UUID, key: str, bigrams: list[str], language: str) -> None:
        await self._uow.execute(
            "SELECT reelm.put_words('person', $1, $2, $3, $4)", str(person_id), key, bigrams, language
        )


def _contact_field(error: Exception) -> dict[str, str]:
    name = getattr(error, "constraint_name", "") or ""
    return {"phone" if "phone" in name else "email": "taken"}
