"""Who is in the stories of the tests of security, and shells as somebody who broke in would have them."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from tests.conftest import Person, RunningRealm
from tests.factories.clips import IDS, put_clip
from tests.factories.publishing import begin
from tests.security.heist import heist

from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm.models import everything  # noqa: F401 - importing declares the tables
from reelm.models.declare import DataClass, metadata

__all__ = ["heist"]
GUARDED = {DataClass.IDENTITY, DataClass.PRIVATE, DataClass.SOCIAL, DataClass.TELEMETRY}
ROLES = ("reelm_web", "reelm_worker", "reelm_catalog", "reelm_indexer")
# Tables that hold more of a person than what everyone may know, and the view over one of them.
PERSONAL = sorted(
    {t.name for t in metadata.sorted_tables if any(c.info["class"] in GUARDED for c in t.columns)}
    | {"answers", "invitations", "clip_keys", "upload_parts", "reelm.followers"}
    | {"staff", "grant_decisions", "reelm.openings", "reelm.opening_uses"}
)


@dataclass
class Scene:
    """Alice, who has everything; Bob and Carol, whom she knows; Mallory, who knows nobody."""

    alice: Person
    bob: Person
    carol: Person
    mallory: Person
    hidden: str
    shown: str
    comment: str
    tickets: dict[str, str]

    @property
    def victims(self) -> list[str]:
        return [self.alice.id, self.bob.id, self.carol.id, self.hidden]


@pytest.fixture(scope="session")
async def scene(realm: RunningRealm, admin: Any, sign_up: Any) -> Scene:
    tail = uuid.uuid4().hex[:8]
    alice = await sign_up(email=f"alice{tail}@example.org", phone=f"+3361{int(tail, 16) % 10**7:07d}")
    bob, carol, mallory = await sign_up(), await sign_up(), await sign_up()
    for follower, followee in ((alice, bob), (bob, alice), (carol, alice), (mallory, alice)):
        assert (await follower.put(f"/people/{followee.handle}/follow")).status_code == 200
    assert (await mallory.delete(f"/people/{alice.handle}/follow")).status_code == 200
    assert (await alice.put(f"/people/{carol.handle}/block")).status_code == 204
    hidden, shown = (
        await put_clip(admin, alice.id, "mine", audience="only_me"),
        await put_clip(admin, bob.id, "ours"),
    )
    for person in (alice, bob):
        assert (await person.put(f"/clips/{shown}/like")).status_code == 200
    said = await bob.post(f"/clips/{shown}/comments", {"text": "hello"})
    comment = said.json()["id"]
    assert (await alice.put(f"/comments/{comment}/like")).status_code == 200
    assert (await alice.post(f"/clips/{shown}/comments", {"text": f"@{bob.handle} yes"})).status_code == 201
    await begin(alice, 10, filename="my holiday.mp4")
    event = {"id": str(IDS.new()), "clip_id": shown, "kind": "impression", "at": "2026-11-21T12:00:00Z"}
    assert (await alice.post("/events", {"events": [event]})).status_code == 202
    keys = KeysClient(realm.settings.keys_address, SystemClock(), secret=realm.settings.caller_secrets["web"])
    tickets = {p.id: (await keys.resolve(p.token)).ticket for p in (alice, mallory)}
    await keys.close()
    return Scene(alice, bob, carol, mallory, hidden, shown, comment, tickets)


@pytest.fixture(params=ROLES)
async def shell(realm: RunningRealm, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**realm.settings.database.connection(request.param))
    yield connection
    await connection.close()


async def tell(shell: Any, *statements: str, ask: str) -> list[str]:
    """What a shell gets to read after saying `statements`; nothing when it is refused."""
    transaction = shell.transaction()
    await transaction.start()
    try:
        for statement in statements:
            await shell.execute(statement)
        return [str(tuple(row.values())) for row in await shell.fetch(ask)]
    except asyncpg.PostgresError:
        return []
    finally:
        await transaction.rollback()


async def readable(shell: Any, table: str) -> list[str]:
    name = table.rpartition(".")[2]
    rows = await shell.fetch(
        "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 "
        "AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')",
        table if "." in table else f"public.{name}",
    )
    return [row["attname"] for row in rows]


async def all_of(admin: Any, scene: Scene) -> list[str]:
    """Every row that names a victim, as text."""
    found = []
    for table in metadata.sorted_tables:
        # How much a word weighs is reckoned anew by the realm itself, now and then.
        what = "(kind, reference, key, terms)" if table.name == "search_words" else "t"
        rows = await admin.fetch(f"SELECT {what}::text AS line FROM {table.name} t")
        found += [
            f"{table.name} {row['line']}" for row in rows if any(v in row["line"] for v in scene.victims)
        ]
    return sorted(found)
