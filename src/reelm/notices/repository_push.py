"""SQL of devices that are told, of what waits for them, and of what a person chose."""

import datetime as dt
from typing import Any
from uuid import UUID

from reelm.kit.database import UnitOfWork
from reelm.notices.schemas_push import PushRecord, SettingsRecord, SubscriptionRecord

_DEVICE = (
    "id, endpoint_sealed, endpoint_index, keys_sealed, label_sealed, time_zone, failures, made_at, seen_at"
)
_SAME = "subscription_id = $1 AND kind = $2 AND about = $3"


class PushReader:
    """Reads the subject's devices and choices, and what waits for them."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_settings(self, person_id: UUID) -> SettingsRecord | None:
        row = await self._uow.fetch_row(
            "SELECT kinds, quiet_from, quiet_to, time_zone, digest, show_names FROM notice_settings "
            "WHERE person_id = $1",
            person_id,
        )
        return SettingsRecord(**dict(row)) if row else None

    async def is_young(self) -> bool:
        """Say whether the subject is under 16."""
        return bool(await self._uow.fetch_value("SELECT reelm.subject_is_young()"))

    async def list_devices(self, person_id: UUID) -> list[SubscriptionRecord]:
        rows = await self._uow.fetch(
            f"SELECT {_DEVICE} FROM push_subscriptions WHERE person_id = $1 ORDER BY id", person_id
        )
        return [SubscriptionRecord(**dict(row)) for row in rows]

    async def next_due(self, person_id: UUID) -> dt.datetime | None:
        """Return when something of the person's is to be looked at next."""
        due: dt.datetime | None = await self._uow.fetch_value(
            "SELECT min(greatest(due_at, taken_until)) FROM pushes WHERE person_id = $1", person_id
        )
        return due

    async def list_due_people(self, now: dt.datetime) -> list[UUID]:
        """Return for whom something waits that should have gone."""
        return [row["id"] for row in await self._uow.fetch("SELECT reelm.pushes_due($1) AS id", now)]

    async def list_due_digests(self, now: dt.datetime) -> list[UUID]:
        return [row["id"] for row in await self._uow.fetch("SELECT reelm.digests_due($1) AS id", now)]

    async def list_gathered(self, person_id: UUID, since: dt.datetime) -> dict[str, int]:
        """Count by kind what the person was told since, and hasn't read."""
        rows = await self._uow.fetch(
            "SELECT kind, count(*) AS number FROM notices WHERE person_id = $1 AND read_at IS NULL "
            "AND created_at > $2 AND kind <> 'digest' GROUP BY kind",
            person_id,
            since,
        )
        return {row["kind"]: row["number"] for row in rows}

    async def list_unread(self, person_id: UUID, notice_ids: list[UUID]) -> dict[UUID, dict[str, int] | None]:
        """Return which of the notices are there for the person and unread, with what a digest counts."""
        rows = await self._uow.fetch(
            "SELECT id, counts FROM notices WHERE person_id = $1 AND id = ANY ($2) AND read_at IS NULL",
            person_id,
            notice_ids,
        )
        return {row["id"]: row["counts"] for row in rows}

    async def has_news_of(self, conversation_id: UUID) -> bool:
        """Say whether there is still something to tell the subject of a conversation."""
        return bool(await self._uow.fetch_value("SELECT reelm.has_news_of($1)", conversation_id))


class PushWriter(PushReader):
    """Changes them."""

    async def push_of_conversation(self, conversation_id: UUID, kind: str) -> None:
        """Let those be told whom the subject's message, or request to write, reaches."""
        await self._uow.execute("SELECT reelm.push_of_conversation($1, $2)", conversation_id, kind)

    async def take_over(self, index: bytes) -> None:
        """The device with this endpoint is the subject's now, and nobody else's."""
        await self._uow.execute("SELECT reelm.take_over_device($1)", index)

    async def put_device(
        self,
        person_id: UUID,
        device_id: UUID,
        session_id: UUID,
        endpoint: bytes,
        index: bytes,
        keys: bytes,
        label: bytes,
        time_zone: str,
        now: dt.datetime,
    ) -> None:
        """Add a device, or renew the one with this endpoint."""
        await self._uow.execute(
            "INSERT INTO push_subscriptions AS s (person_id, id, session_id, endpoint_sealed, endpoint_index, "
            "keys_sealed, label_sealed, time_zone, made_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) "
            "ON CONFLICT (endpoint_index) DO UPDATE SET session_id = excluded.session_id, "
            "endpoint_sealed = excluded.endpoint_sealed, keys_sealed = excluded.keys_sealed, "
            "label_sealed = excluded.label_sealed, time_zone = excluded.time_zone, failures = 0, "
            "seen_at = excluded.seen_at WHERE s.person_id = excluded.person_id",
            *(person_id, device_id, session_id, endpoint, index, keys, label, time_zone, now),
        )

    async def remove_device(self, person_id: UUID, device_id: UUID) -> bool:
        gone = await self._uow.execute(
            "DELETE FROM push_subscriptions WHERE person_id = $1 AND id = $2", person_id, device_id
        )
        return bool(gone)

    async def note_failures(self, person_id: UUID, device_id: UUID, failures: int) -> None:
        await self._uow.execute(
            "UPDATE push_subscriptions SET failures = $3 WHERE person_id = $1 AND id = $2",
            *(person_id, device_id, failures),
        )

    async def end_sessions(self, session_ids: list[UUID]) -> None:
        """Take off the devices of sessions that ended."""
        await self._uow.execute("SELECT reelm.end_pushes_of($1)", session_ids)

    async def put_settings(
        self, person_id: UUID, chosen: SettingsRecord, digest_due_at: dt.datetime | None
    ) -> None:
        values: list[Any] = [chosen.kinds, chosen.quiet_from, chosen.quiet_to, chosen.time_zone]
        await self._uow.execute(
            "INSERT INTO notice_settings (person_id, kinds, quiet_from, quiet_to, time_zone, digest, digest_due_at, "
            "show_names) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (person_id) DO UPDATE SET "
            "kinds = excluded.kinds, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, "
            "time_zone = excluded.time_zone, digest = excluded.digest, digest_due_at = excluded.digest_due_at, "
            "show_names = excluded.show_names",
            *(person_id, *values, chosen.digest, digest_due_at, chosen.show_names),
        )

    # --- the worker's -------------------------------------------------------------------------------------

    async def take_due(self, person_id: UUID, now: dt.datetime, until: dt.datetime) -> PushRecord | None:
        """Take the oldest of what is due, so that nobody else does until then."""
        row = await self._uow.fetch_row(
            "WITH due AS (SELECT ctid FROM pushes WHERE person_id = $1 AND due_at <= $2 AND taken_until <= $2 "
            "ORDER BY made_at LIMIT 1 FOR UPDATE SKIP LOCKED) "
            "UPDATE pushes SET taken_until = $3 FROM due WHERE pushes.ctid = due.ctid "
            "RETURNING pushes.subscription_id, pushes.kind, pushes.about, pushes.topic, pushes.notice_id, "
            "pushes.actor_id, pushes.number, pushes.made_at, pushes.tries",
            *(person_id, now, until),
        )
        return PushRecord(**dict(row)) if row else None

    async def told(self, push: PushRecord) -> None:
        """It was sent as it was: it goes, unless something came since; then that is due."""
        same = (push.subscription_id, push.kind, push.about)
        if not await self._uow.execute(
            f"DELETE FROM pushes WHERE {_SAME} AND number = $4", *same, push.number
        ):
            await self._uow.execute(f"UPDATE pushes SET taken_until = due_at WHERE {_SAME}", *same)

    async def put_off(self, push: PushRecord, due_at: dt.datetime, tries: int) -> None:
        await self._uow.execute(
            f"UPDATE pushes SET due_at = $4, taken_until = $4, tries = $5 WHERE {_SAME}",
            *(push.subscription_id, push.kind, push.about, due_at, tries),
        )

    async def forget(self, before: dt.datetime) -> None:
        """Forget what could not be told for too long."""
        await self._uow.execute("SELECT reelm.forget_pushes($1)", before)

    async def move_digest(self, person_id: UUID, was_due: dt.datetime, due_at: dt.datetime) -> bool:
        """Set when the next digest is due; false when somebody else has."""
        moved = await self._uow.execute(
            "UPDATE notice_settings SET digest_due_at = $3 WHERE person_id = $1 AND digest_due_at <= $2",
            *(person_id, was_due, due_at),
        )
        return bool(moved)

    async def tell_digest(self, person_id: UUID, notice_id: UUID, counts: dict[str, int]) -> None:
        """Add the day's digest to what the person was told: by nobody."""
        await self._uow.execute(
            "INSERT INTO notices (person_id, id, kind, counts) VALUES ($1, $2, 'digest', $3)",
            *(person_id, notice_id, counts),
        )
