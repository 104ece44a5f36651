"""What the keys process asks of the realm's database, as the role `reelm_keys`.

It can install the subject secret, see which clips a subject sees, read wrapped clip keys, and tell which people
exist. It can't read one column of anyone's identity.
"""

from typing import Protocol
from uuid import UUID

from reelm.kit.database import Database


class RealmRows(Protocol):
    """The few questions; each is one transaction."""

    async def install_subject_secret(self, secret: bytes) -> None:
        """Make the database accept tickets made with `secret` (and still those of the one before)."""
        ...

    async def find_clip_key(self, ticket: str, clip_id: UUID) -> tuple[UUID, bytes] | None:
        """Author and wrapped key of a clip, if the ticket's subject can see the clip."""
        ...

    async def list_clip_keys(self, ticket: str, clip_ids: list[UUID]) -> list[tuple[UUID, UUID, bytes]]:
        """Clip, author and wrapped key of those of these clips that the ticket's subject can see."""
        ...

    async def list_existing(self, person_ids: list[UUID]) -> set[UUID]:
        """Which of these people have a row."""
        ...

    async def announce_revoked(self, session_ids: list[UUID]) -> None:
        """Tell every process that listens on `session_revoked`."""
        ...


class PostgresRows:
    """The real database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def install_subject_secret(self, secret: bytes) -> None:
        async with self._database.transaction() as uow:
            await uow.execute("SELECT vault.install_subject_secret($1)", secret)

    async def find_clip_key(self, ticket: str, clip_id: UUID) -> tuple[UUID, bytes] | None:
        async with self._database.transaction(ticket) as uow:
            row = await uow.fetch_row(
                "SELECT k.author_id, k.wrapped_key FROM clips c, reelm.wrapped_clip_key(c.id) k WHERE c.id = $1",
                clip_id,
            )
        return None if row is None else (row["author_id"], row["wrapped_key"])

    async def list_clip_keys(self, ticket: str, clip_ids: list[UUID]) -> list[tuple[UUID, UUID, bytes]]:
        async with self._database.transaction(ticket) as uow:
            rows = await uow.fetch(
                "SELECT c.id, k.author_id, k.wrapped_key FROM clips c, reelm.wrapped_clip_key(c.id) k"
                " WHERE c.id = ANY ($1::uuid[])",
                clip_ids,
            )
        return [(row["id"], row["author_id"], row["wrapped_key"]) for row in rows]

    async def list_existing(self, person_ids: list[UUID]) -> set[UUID]:
        async with self._database.transaction() as uow:
            rows = await uow.fetch("SELECT id FROM reelm.existing_ids($1::uuid[]) AS id", person_ids)
        return {row["id"] for row in rows}

    async def announce_revoked(self, session_ids: list[UUID]) -> None:
        async with self._database.transaction() as uow:
            await uow.fetch(
                "SELECT pg_notify('session_revoked', id::text) FROM unnest($1::uuid[]) AS id", session_ids
            )
