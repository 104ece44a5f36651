"""What only the machine's owner may do from the command line: invite an operator, list the people.

Runs with the administrator's password, in a short-lived process.
"""

import asyncio
import datetime as dt
import hashlib
from typing import Any

import asyncpg

from reelm.kit.clock import Clock, SystemClock
from reelm.kit.ids import SystemIds
from reelm.settings import Settings

_INVITATION_DAYS = 7


def invite(settings: Settings, *, always: bool = False, clock: Clock | None = None) -> str:
    """Return a one-time link that makes its user an operator; "" if the realm has one and not `always`."""
    return asyncio.run(_invite(settings, clock or SystemClock(), always=always))


async def _invite(settings: Settings, clock: Clock, *, always: bool) -> str:
    connection = await asyncpg.connect(**settings.database.connection("reelm_admin"))
    try:
        found = await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM person_details WHERE role = 'operator')"
        )
        if found and not always:
            return ""
        now = clock.now()
        if not always:
            # A link that was never used is replaced: only the newest one is good.
            await connection.execute("DELETE FROM invitations WHERE role = 'operator' AND used_at IS NULL")
        token = SystemIds(clock).token()
        await connection.execute(
            "INSERT INTO invitations (token_hash, role, expires_at) VALUES ($1, 'operator', $2)",
            hashlib.sha256(token.encode()).digest(),
            now + dt.timedelta(days=_INVITATION_DAYS),
        )
    finally:
        await connection.close()
    return f"{settings.web.origin}/sign-up?invitation={token}"


def people(settings: Settings, limit: int = 1000) -> list[dict[str, Any]]:
    """Return public facts and the role of up to `limit` people, newest first."""
    return asyncio.run(_people(settings, limit))


async def _people(settings: Settings, limit: int) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(**settings.database.connection("reelm_admin"))
    try:
        rows = await connection.fetch(
            "SELECT p.handle, p.display_name, d.role, p.created_at FROM people p "
            "JOIN person_details d ON d.person_id = p.id ORDER BY p.created_at DESC LIMIT $1",
            limit,
        )
    finally:
        await connection.close()
    return [{**row, "created_at": row["created_at"].isoformat()} for row in rows]
