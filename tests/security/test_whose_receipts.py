"""Nobody reads another's receipts, none says another's secret, and no promise can be made up."""

import base64
import secrets
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.conftest import Person, RunningRealm, client_of, eventually, maker_of_people, own_realm
from tests.factories.clips import put_clip
from tests.factories.served import Counter, receipts_counter

from reelm.feed.receipts.keeper import open_record
from reelm.feed.receipts.segments import CLOSED, OPEN
from reelm_audit.feed import layout, promises

MINE = "SELECT count(*) FROM receipts"


@pytest.fixture(scope="module")
def realm() -> Iterator[RunningRealm]:
    """A realm of its own: of many new clips some are drawn for each page, and two pages would differ by chance."""
    with own_realm() as running:
        yield running


@pytest.fixture(scope="module")
async def client(realm: RunningRealm) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(realm) as made:
        yield made


@pytest.fixture(scope="module")
def sign_up(client: httpx.AsyncClient) -> Any:
    return maker_of_people(client)


@pytest.fixture(scope="module")
async def admin(realm: RunningRealm) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    yield connection
    await connection.close()


@pytest.fixture
async def counter(realm: RunningRealm) -> AsyncIterator[Counter]:
    async with receipts_counter(realm) as made:
        yield made


@pytest.fixture
async def indexer_role(realm: RunningRealm) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**realm.settings.database.connection("reelm_indexer"))
    yield connection
    await connection.close()


def files_of(folder: Path) -> list[Path]:
    return [path for suffix in (OPEN, CLOSED) for path in folder.glob(f"segments/*/*{suffix}")]


async def test_a_shell_of_the_web_process_reads_what_its_ticket_says_and_changes_nothing(
    sign_up: Any, counter: Counter, web_role: Any
) -> None:
    anna, mallory = await sign_up(), await sign_up()
    await counter.serve(anna)
    await counter.desk._indexer.bring()
    assert await web_role.fetchval(MINE) == 0
    for person, found in ((mallory, 0), (anna, 1)):
        ticket = (await counter.visitor(person)).ticket
        async with web_role.transaction():
            await web_role.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
            assert await web_role.fetchval(MINE) == found
    for statement in (
        "UPDATE receipts SET leaf = decode(repeat('00', 32), 'hex')",
        "DELETE FROM receipts",
        "INSERT INTO receipts SELECT * FROM receipts",
        "SELECT * FROM receipt_leaves",
        "DELETE FROM receipt_leaves",
        "INSERT INTO receipt_batches SELECT * FROM receipt_batches",
        "UPDATE promise_keys SET certificate = ''",
        "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'feed.receipts', 'x')",
        "INSERT INTO ledger_entries (ref, kind, body) VALUES (gen_random_uuid(), 'promise.key', 'x')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await web_role.execute(statement)


async def test_who_makes_batches_never_sees_a_person(
    sign_up: Any, counter: Counter, indexer_role: Any
) -> None:
    anna = await sign_up()
    page = await counter.serve(anna)
    await counter.desk._indexer.bring()
    leaf = bytes.fromhex(page.promise["leaf"])
    assert await indexer_role.fetchval("SELECT count(*) FROM receipt_leaves WHERE leaf = $1", leaf) == 1
    for statement in (MINE, "SELECT * FROM watch_events", "SELECT reelm.leaf_places('{}')"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await indexer_role.execute(statement)


async def test_the_files_say_nothing_without_the_persons_key(sign_up: Any, counter: Counter) -> None:
    anna, mallory = await sign_up(), await sign_up()
    page = await counter.serve(anna)
    await counter.desk._indexer.bring()
    everything = b"".join(path.read_bytes() for path in files_of(counter.folder))
    assert uuid.UUID(page.promise["id"]).bytes in everything
    assert uuid.UUID(anna.id).bytes not in everything
    assert not [clip for clip in page.clips if clip.bytes in everything]
    assert page.data[:64] not in everything
    visitor = await counter.visitor(mallory)
    theirs = await counter.keys.receipt_key(visitor.session_id, visitor.token)
    owner = await counter.visitor(anna)
    own = await counter.keys.receipt_key(owner.session_id, owner.token)
    (path,) = [p for p in files_of(counter.folder) if counter.desk.keeper._process in p.name]
    record = path.read_bytes()
    receipt_id, leaf = uuid.UUID(page.promise["id"]), bytes.fromhex(page.promise["leaf"])
    assert open_record(own, receipt_id, leaf, record).receipt == page.data
    for key, name, fingerprint in (
        (theirs, receipt_id, leaf),
        (own, uuid.uuid4(), leaf),
        (own, receipt_id, bytes(32)),
    ):
        with pytest.raises(ValueError, match="does not open"):
            open_record(key, name, fingerprint, record)
    for path in files_of(counter.folder):
        assert path.stat().st_mode & 0o077 == 0


async def test_a_promise_can_not_be_made_up_nor_moved(sign_up: Any, counter: Counter) -> None:
    anna, mallory = await sign_up(), await sign_up()
    page, other = await counter.serve(anna, seed=1), await counter.serve(mallory, seed=1)
    assert page.data[:2] == other.data[:2]
    assert page.promise["leaf"] != other.promise["leaf"], "the same page is another leaf for somebody else"
    key = counter.desk._promiser.public_key
    said = promises.promise_from(*(page.promise[name] for name in ("leaf", "at", "include_by", "signature")))
    said.verify(key)
    forger = Ed25519PrivateKey.generate()
    moved = (
        promises.Promise(bytes.fromhex(other.promise["leaf"]), said.at, said.include_by, said.signature),
        promises.Promise(said.leaf, said.at, said.include_by + 60, said.signature),
        promises.Promise(said.leaf, said.at + 60, said.include_by, said.signature),
        promises.Promise(said.leaf, said.at, said.include_by, forger.sign(said.to_sign())),
    )
    for each in moved:
        with pytest.raises(promises.PromiseError):
            each.verify(key)


async def test_telling_a_row_again_gives_no_second_one(sign_up: Any, counter: Counter, admin: Any) -> None:
    anna = await sign_up()
    await counter.serve(anna)
    rows = list(counter.desk.keeper.waiting)
    await counter.desk._indexer.bring()
    await counter.desk._indexer._add(rows)
    assert await admin.fetchval(f"{MINE} WHERE person_id = $1", uuid.UUID(anna.id)) == 1
    leaves = "SELECT count(*) FROM receipt_leaves WHERE leaf = $1"
    assert await admin.fetchval(leaves, rows[0].leaf) == 1


async def receipt_of(person: Person) -> layout.Receipt:
    """The receipt of the first page of a new visit."""

    async def found() -> Any:
        page = (await person.get("/feeds/for-you?limit=10")).json()["receipt"]
        assert page is not None
        one = await person.get(f"/feeds/receipts/{page['id']}")
        return one.json() if one.status_code == 200 else None

    said = await eventually(found)
    return layout.decode(base64.b64decode(said["body"]))


def without_chance(receipt: layout.Receipt) -> bytes:
    """The receipt's bytes but for the moment, what is drawn, and the page that follows from both."""
    return layout.encode(
        layout.changed(receipt, time=0, seq=0, visit=bytes(16), served=layout.ZERO, chosen=(), commitments=())
    )


async def test_worlds_that_differ_in_a_secret_give_the_same_receipt(
    sign_up: Any, admin: Any, client: Any
) -> None:
    """A creator blocks the viewer; or has made the clip private; or there never was such a clip."""
    author, creator, viewer = await sign_up(), await sign_up(), await sign_up()
    marker = await put_clip(admin, author.id, "for everybody")
    tag = f"about{secrets.token_hex(3)}"
    clip = await put_clip(admin, creator.id, f"the one that it is about #{tag}")
    # Wanted so much that it is on the page, whatever else the realm has.
    wish = {"kind": "tag", "value": tag, "wish": 2}
    assert (await viewer.put("/me/feed/wishes", wish)).status_code == 204

    async def is_public(wanted: bool) -> None:
        async def so() -> bool:
            answer = await client.get("/api/v1/feeds/local?limit=50")
            items = {item["id"] for item in answer.json()["items"]}
            return marker in items and (clip in items) == wanted

        await eventually(so)

    async def shown() -> bool:
        receipt = await receipt_of(viewer)
        return uuid.UUID(clip).bytes in receipt.clips

    await is_public(True)
    await eventually(shown)
    for _ in range(4):  # a minute may pass in between: the clips' age is no secret
        assert (await creator.put(f"/people/{viewer.handle}/block")).status_code == 204
        blocked = await receipt_of(viewer)
        await admin.execute(
            "UPDATE clips SET visibility = $2, audience = $2 WHERE id = $1", uuid.UUID(clip), "only_me"
        )
        await is_public(False)
        both = await receipt_of(viewer)
        assert (await creator.delete(f"/people/{viewer.handle}/block")).status_code == 204
        hidden = await receipt_of(viewer)
        worlds = (blocked, both, hidden)
        if len({without_chance(each) for each in worlds}) == 1:
            break
        await admin.execute(
            "UPDATE clips SET visibility = $2, audience = $2 WHERE id = $1", uuid.UUID(clip), "everyone"
        )
        await is_public(True)
    assert len({without_chance(each) for each in worlds}) == 1
    for each in worlds:
        assert uuid.UUID(clip).bytes not in layout.encode(each)
        assert len(each.commitments) == len(blocked.commitments) > 0
    drawn = [commitment for each in worlds for commitment in each.commitments]
    assert len(set(drawn)) == len(drawn), "nothing of one page can be found again on another"
