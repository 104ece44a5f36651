"""Many people and what they watched, put into the database directly: what learning needs is mass."""

import datetime as dt
import secrets
import uuid
from collections.abc import Iterable
from typing import Any


async def put_people(admin: Any, count: int) -> list[uuid.UUID]:
    """People who exist, and never signed in."""
    people = [uuid.uuid4() for _ in range(count)]
    lines = [(person, f"m{secrets.token_hex(6)}") for person in people]
    await admin.executemany(
        "INSERT INTO people (id, handle, handle_key, display_name) VALUES ($1, $2, $2, 'One of many')", lines
    )
    return people


async def put_events(
    admin: Any, events: Iterable[tuple[uuid.UUID, str, str, dt.datetime]], *, learns: bool = True
) -> None:
    """Events (person, clip, kind, at), stored when they happened."""
    lines = [(person, at, uuid.uuid4(), uuid.UUID(clip), kind, learns) for person, clip, kind, at in events]
    await admin.executemany(
        "INSERT INTO watch_events (person_id, at, id, clip_id, kind, watched_ms, learns, stored_at) "
        "VALUES ($1, $2, $3, $4, $5, 3000, $6, $2)",
        lines,
    )


async def put_settings(admin: Any, person: uuid.UUID, **values: Any) -> None:
    """What somebody told their feed."""
    names = ", ".join(values)
    places = ", ".join(f"${number}" for number in range(2, len(values) + 2))
    changes = ", ".join(f"{name} = excluded.{name}" for name in values)
    await admin.execute(
        f"INSERT INTO feed_settings (person_id, {names}) VALUES ($1, {places}) "
        f"ON CONFLICT (person_id) DO UPDATE SET {changes}",
        person,
        *values.values(),
    )
