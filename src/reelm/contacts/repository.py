"""SQL of the contacts room. Entries and standing are their person's; the set comes from a function, without names."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from reelm.contacts.schemas import FindableKind
from reelm.kit.database import UnitOfWork

SET_PART = 20_000


class ContactsReader:
    """Reads the subject's own, and the set."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_own(self, person_id: UUID) -> list[tuple[FindableKind, dt.datetime]]:
        rows = await self._uow.fetch(
            "SELECT kind, made_at FROM contact_entries WHERE person_id = $1 ORDER BY kind DESC, place",
            person_id,
        )
        return [(row["kind"], row["made_at"]) for row in rows]

    async def find_dropped_at(self, person_id: UUID) -> dt.datetime | None:
        found: dt.datetime | None = await self._uow.fetch_value(
            "SELECT dropped_at FROM contact_standings WHERE person_id = $1", person_id
        )
        return found

    async def list_set_after(self, last: bytes | None) -> bytes:
        """Return the next entries of the set, in their order, as one piece; empty at the end."""
        part: bytes = await self._uow.fetch_value("SELECT reelm.contact_set($1, $2)", last, SET_PART)
        return part


class ContactsWriter(ContactsReader):
    """Changes the subject's own."""

    async def lock_person(self, person_id: UUID) -> None:
        """Let nobody else change this person's entries before the transaction's end."""
        await self._uow.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('contacts ' || $1::text, 0))", str(person_id)
        )

    async def add(self, person_id: UUID, entries: Sequence[tuple[FindableKind, int, bytes]]) -> None:
        await self._uow.execute_many(
            "INSERT INTO contact_entries (person_id, kind, place, entry) VALUES ($1, $2, $3, $4)",
            [(person_id, kind, place, entry) for kind, place, entry in entries],
        )

    async def remove_all(self, person_id: UUID) -> None:
        await self._uow.execute("DELETE FROM contact_entries WHERE person_id = $1", person_id)

    async def forget_drop(self, person_id: UUID) -> None:
        await self._uow.execute(
            "UPDATE contact_standings SET dropped_at = NULL WHERE person_id = $1 AND dropped_at IS NOT NULL",
            person_id,
        )
