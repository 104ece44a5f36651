"""A realm of a network, and another realm that is played: what it sends lies where the border puts what arrived."""

import asyncio
import contextlib
import datetime as dt
import hashlib
import itertools
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from tests.conftest import (
    Person,
    RunningRealm,
    client_of,
    eventually,
    free_port,
    maker_of_people,
    start_realm,
)
from tests.factories.clips import IDS
from tests.factories.media import plain

from reelm.federation.jobs import TAKE_IN

NETWORK = "reelm.example"
IDS_OF_WORLD = "http://127.0.0.1:9/world"
_NUMBERS = itertools.count(1)


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


@dataclass
class Played:
    """The realm `us`, of which there is nothing but what it says. `border` is the border's role here."""

    border: Any
    admin: Any
    data: Path
    realm: str = "us"
    ids: str = "http://127.0.0.1:9/us"
    arrivals: list[str] = field(default_factory=list)

    async def say(self, act: str, object_type: str, document: dict[str, Any]) -> str:
        """Send one activity, and wait until it is taken in or refused; return what became of it."""
        (said,) = await self.say_all([(act, object_type, document)])
        return said

    async def say_all(self, spoken: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
        batch, ids = IDS.new(), []
        async with self.border.transaction():
            await self.border.execute(
                "INSERT INTO crossing_batches (id, peer, direction, root, count, bytes, ref, state) "
                "VALUES ($1, $2, 'in', $3, $4, 1, $5, 'taken')",
                *(batch, self.realm, os.urandom(32), len(spoken), IDS.new()),
            )
            for position, (act, object_type, document) in enumerate(spoken):
                uri = f"{self.ids}/acts/{uuid.uuid4()}"
                activity = (
                    {**document, "id": uri}
                    if document["type"] == act
                    else {
                        "id": uri,
                        "type": act,
                        "actor": document.get("attributedTo") or document["id"],
                        "object": document,
                    }
                )
                ids.append(IDS.new())
                await self.border.execute(
                    "INSERT INTO arrivals (id, batch_id, position, peer, uri, act, object_type, document) "
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    *(ids[-1], batch, position, self.realm, uri, act, object_type),
                    msgspec.json.encode(activity).decode(),
                )
        await self.admin.execute("SELECT reelm.enqueue($1, '\\x7b7d', interval '0', 0, NULL)", TAKE_IN)
        return [await self.fate(arrival_id) for arrival_id in ids]

    async def fate(self, arrival_id: uuid.UUID) -> str:
        async def settled() -> str | None:
            row = await self.admin.fetchrow(
                "SELECT state, reason FROM arrivals WHERE id = $1 AND state <> 'held'", arrival_id
            )
            return None if row is None else row["reason"] or row["state"]

        said: str = await eventually(settled, seconds=60)
        return said

    # --- what it may say --------------------------------------------------------------------------------

    def person(self, handle: str | None = None, **changes: Any) -> dict[str, Any]:
        called = handle or f"lea{next(_NUMBERS)}"
        return {
            "type": "Person",
            "id": f"{self.ids}/people/{uuid.uuid4()}",
            "preferredUsername": called,
            "name": f"{called} of us",
            "summary": "elsewhere",
            "manuallyApprovesFollowers": False,
            "published": now(),
            "updated": now(),
            **changes,
        }

    async def known(self, **changes: Any) -> dict[str, Any]:
        """A person of `us` who is known here."""
        made = self.person(**changes)
        assert await self.say("Update", "Person", made) == "taken"
        return made

    def act(self, kind: str, actor: dict[str, Any], thing: Any) -> dict[str, Any]:
        return {"type": kind, "actor": actor["id"], "object": thing, "published": now()}

    def undo(self, kind: str, actor: dict[str, Any], thing: str) -> dict[str, Any]:
        return self.act("Undo", actor, {"type": kind, "actor": actor["id"], "object": thing})

    def note(self, actor: dict[str, Any], clip: str, text: str, parent: str | None = None) -> dict[str, Any]:
        return {
            "type": "Note",
            "id": f"{self.ids}/comments/{uuid.uuid4()}",
            "attributedTo": actor["id"],
            "context": clip,
            "inReplyTo": parent or clip,
            "content": text,
            "published": now(),
        }

    def gone(self, actor: dict[str, Any], uri: str) -> dict[str, Any]:
        return {"type": "Tombstone", "id": uri, "attributedTo": actor["id"], "deleted": now()}

    def video(self, actor: dict[str, Any], file: Path, caption: str, **changes: Any) -> dict[str, Any]:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return {
            "type": "Video",
            "id": f"{self.ids}/clips/{uuid.uuid4()}",
            "attributedTo": actor["id"],
            "content": caption,
            "contentMap": {"en": caption},
            "language": "en",
            "label": [],
            "tag": [],
            "published": now(),
            "updated": now(),
            "attachment": [
                {
                    "type": "Document",
                    "mediaType": "video/mp4",
                    "url": f"http://127.0.0.1:9/media/x/{digest}.mp4",
                    "digest": f"sha-256:{digest}",
                    "size": file.stat().st_size,
                }
            ],
            **changes,
        }

    def person_row(self, document: dict[str, Any]) -> str:
        return f"{document['preferredUsername']}@{self.realm}"

    async def thing(self, document: dict[str, Any]) -> uuid.UUID:
        """What a document is called here."""
        found: uuid.UUID = await self.admin.fetchval(
            "SELECT thing_id FROM foreign_things WHERE uri = $1", document["id"]
        )
        return found


@dataclass
class Here:
    """The realm that is real."""

    running: RunningRealm
    client: httpx.AsyncClient
    admin: Any
    us: Played

    async def sign_up(self, **changes: Any) -> Person:
        made: Person = await maker_of_people(self.client)(**changes)
        return made

    def uri(self, kind: str, thing_id: Any) -> str:
        return f"{IDS_OF_WORLD}/{kind}/{thing_id}"

    async def asked(self, person: Person, act: str, **wanted: Any) -> list[Any]:
        """The person's crossings of one kind."""
        rows = await self.admin.fetch(
            "SELECT * FROM crossings WHERE person_id = $1 AND act = $2 ORDER BY number",
            uuid.UUID(person.id),
            act,
        )
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    async def agree(self, person: Person) -> None:
        assert (await person.put(f"/me/consents/{self.us.realm}")).status_code == 204


def _charter(realm: str, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files("reelm.realm").joinpath("default.json").read_bytes())
    return {**document, "realm": realm, "network": NETWORK, **changes}


@contextlib.contextmanager
def _running() -> Iterator[RunningRealm]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-federation-"))
    folder.chmod(0o755)
    data = folder / "world"
    data.mkdir()
    policy = files("reelm.border").joinpath("default.cedar").read_text()
    (data / "realm.json").write_text(json.dumps(_charter("world", ids=IDS_OF_WORLD, borders=policy)))
    try:
        running = start_realm(data, free_port(), REELM_LIMIT_FACTOR="1000")
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def here() -> AsyncIterator[Here]:
    """A realm `world` that knows a realm `us`, of which nobody answers."""
    running = _running()
    started = await asyncio.to_thread(running.__enter__)
    settings = started.settings
    admin = await asyncpg.connect(**settings.database.connection("reelm_admin"))
    border = await asyncpg.connect(**settings.database.connection("reelm_border"))
    us = Played(border, admin, started.data)
    await border.execute(
        "INSERT INTO peers (realm, name, network, ids, web, border, vkey, ledger_vkey, charter, document) "
        "VALUES ($1, 'Test US', $2, $3, 'http://127.0.0.1:9', 'http://127.0.0.1:9', 'us.border+00000000+AA', '', '', $4)",
        *(us.realm, NETWORK, us.ids, json.dumps(_charter(us.realm, jurisdictions=["US"], ids=us.ids))),
    )
    async with client_of(started) as client:
        yield Here(started, client, admin, us)
    await border.close()
    await admin.close()
    await asyncio.to_thread(running.__exit__, None, None, None)


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of a test picture."""
    return plain(tmp_path_factory.mktemp("footage") / "small.mp4", seconds=1)
