"""Hostile deliveries against a real border, from another process: each is refused as the table says, and nothing breaks."""

import asyncio
import base64
import json
from typing import Any

import psutil
import pytest
from tests.conftest import RunningRealm, eventually
from tests.factories.deliveries import TABLE, body_of, made, named
from tests.factories.foreign import Foreign, Said, foreign_realm, parcel

MOST_GROWTH_BYTES = 96 * 1024 * 1024


def ours(bordered: RunningRealm) -> str:
    return f"{bordered.url}/ap"


async def count_held(seeing: Any, peer: str) -> int:
    found: int = await seeing.fetchval("SELECT count(*) FROM arrivals WHERE peer = $1", peer)
    return found


async def test_objects_of_the_table_all_in_one_delivery(
    abroad: Foreign, bordered: RunningRealm, seeing: Any
) -> None:
    rows = TABLE["objects"]
    said = await abroad.deliver(*(made(row, abroad, ours(bordered)) for row in rows))
    assert said.status == 202
    refused = [position for position, row in enumerate(rows) if row["reason"]]
    assert said.json() == {"taken": len(rows) - len(refused), "refused": refused}
    assert await count_held(seeing, abroad.realm) == len(rows) - len(refused)
    told = await seeing.fetch(
        "SELECT reason, sum(count)::int AS count FROM border_refusals WHERE peer = $1 GROUP BY reason",
        abroad.realm,
    )
    by_reason: dict[str, int] = {}
    for row in rows:
        if row["reason"]:
            by_reason[row["reason"]] = by_reason.get(row["reason"], 0) + 1
    # A minute may have ended, and its refusals gone to the ledger, in between.
    for each in told:
        assert each["count"] <= by_reason[each["reason"]]


@pytest.mark.parametrize("row", TABLE["deliveries"], ids=named(TABLE["deliveries"]))
async def test_deliveries_of_the_table(row: dict[str, Any], abroad: Foreign, seeing: Any) -> None:
    objects = [abroad.video() for _ in range(row.get("objects", 1))]
    body, root = parcel(objects)
    body = body if body_of(row) is None else body_of(row) or b""
    more: dict[str, Any] = dict(row.get("send", {}))
    if "sent" in row:
        more["sent"] = base64.b64encode(row["sent"].encode().ljust(len(body))[: len(body)]).decode()
    more["batch"] = row.get("batch", "{root} 1").replace("{root}", row.get("root", root))
    said = await abroad.post(body, root, **more)
    assert (said.status, said.code) == (row["status"], row["code"])
    assert await count_held(seeing, abroad.realm) == 0
    assert not await seeing.fetchval("SELECT count(*) FROM crossing_batches WHERE peer = $1", abroad.realm)
    # And it is as well as before.
    assert (await abroad.deliver(abroad.video())).status == 202


@pytest.mark.parametrize("row", TABLE["raw"], ids=named(TABLE["raw"]))
async def test_requests_of_the_table(row: dict[str, Any], abroad: Foreign) -> None:
    data = row["text"].encode()
    if "fill" in row:
        data += b"x" * row["fill"]
    if "lines" in row:
        data += b"".join(b"X-%d: y\r\n" % number for number in range(row["lines"])) + b"\r\n"
    more = {"cut": len(data)} if row.get("cut") else {}
    said = await abroad.ask(url=abroad.target + "/", raw=base64.b64encode(data).decode(), **more)
    assert said.status == row["status"]
    assert (await abroad.deliver(abroad.video())).status == 202


async def test_a_delivery_replayed_by_somebody_else_is_theirs_to_sign(abroad: Foreign, seeing: Any) -> None:
    """What was overheard can't be sent on: not by a stranger, not by another realm in its own name."""
    body, root = parcel([abroad.video()])
    with foreign_realm(abroad.realm + "x", abroad.target) as other:
        await other.introduce(seeing)
        said = await other.post(body, root)
        assert said.json() == {"taken": 0, "refused": [0]}
        assert await count_held(seeing, other.realm) == 0
        # The root is theirs now, in their own book; the realm it came from is not kept from sending it.
        assert (await abroad.post(body, root)).json() == {"taken": 1, "refused": []}


async def test_two_realms_with_one_key_name_are_nobody(abroad: Foreign, seeing: Any) -> None:
    await seeing.execute(
        "INSERT INTO peers (realm, name, network, ids, web, border, vkey, ledger_vkey, charter, document) "
        "SELECT realm || 'b', name, network, ids || 'b', web, border, vkey, '', '', '{}' FROM peers WHERE realm = $1",
        abroad.realm,
    )
    assert (await abroad.deliver(abroad.video())).status == 401


async def test_a_flood_is_answered_and_held_back(
    abroad: Foreign, bordered: RunningRealm, seeing: Any
) -> None:
    """Twelve hundred deliveries of nobody at once; one of a known realm is taken, and memory stays where it was."""
    border = border_process(bordered)
    await abroad.deliver(abroad.video())
    before = border.memory_info().rss
    body, _ = parcel([abroad.video()] * 64)

    async def knock() -> int:
        reader, writer = await asyncio.open_connection(*address(abroad.target))
        head = f"POST /inbox HTTP/1.1\r\nHost: a\r\nContent-Type: application/activity+json\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            writer.write(head.encode() + body)
            await writer.drain()
            first = await reader.readline()
        except OSError:
            return 0
        finally:
            writer.close()
        return int(first.split()[1]) if first else 0

    said: list[int] = []
    for _ in range(12):
        said += await asyncio.gather(*(knock() for _ in range(100)))
    assert set(said) <= {401, 429, 0}
    assert 401 in said
    assert (await abroad.deliver(abroad.video())).status == 202
    assert border.memory_info().rss - before < MOST_GROWTH_BYTES


async def test_a_sender_that_lets_it_drip_is_left(abroad: Foreign) -> None:
    """One byte a second of a head: after ten of them there is nobody to hear the rest."""
    request = b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
    said = await abroad.ask(url=abroad.target + "/", raw=base64.b64encode(request).decode(), drip=1.0)
    assert said.status == 0
    assert (await abroad.deliver(abroad.video())).status == 202


async def test_half_open_connections_do_not_shut_the_door(abroad: Foreign, bordered: RunningRealm) -> None:
    """Connections that say nothing, or half a head, from one address: no more than a few are kept."""
    opened = []
    try:
        for number in range(150):
            reader, writer = await asyncio.open_connection(*address(abroad.target))
            if number % 2:
                writer.write(b"POST /inbox HTTP/1.1\r\nHost: a\r\n")
            opened.append((reader, writer))

        async def ended() -> int:
            return sum(reader.at_eof() or reader.exception() is not None for reader, _ in opened)

        # All beyond the limit for one address are ended at once, without being read.
        await eventually(lambda: _at_least(ended, 80))
    finally:
        for _, writer in opened:
            writer.close()

    async def open_again() -> bool:
        return (await abroad.deliver(abroad.video())).status == 202

    await eventually(open_again)


async def _at_least(count: Any, least: int) -> bool:
    found: int = await count()
    return found >= least


async def test_a_flood_of_one_realm_is_its_own(abroad: Foreign, seeing: Any) -> None:
    """A known realm that sends without pause is told to wait; another at the same address isn't."""
    body, root = parcel([abroad.video()])

    async def told_to_wait() -> Said | None:
        said = await abroad.post(body, root, times=400)
        return said if said.status == 429 else None

    said = await eventually(told_to_wait, seconds=60)
    assert int(said.headers["retry-after"]) >= 1
    with foreign_realm(abroad.realm + "y", abroad.target) as other:
        await other.introduce(seeing)
        assert (await other.deliver(other.video())).status == 202
    # What came often was taken once.
    assert await count_held(seeing, abroad.realm) == 1


def border_process(bordered: RunningRealm) -> psutil.Process:
    found = [
        each
        for each in psutil.Process(bordered.process.pid).children(recursive=True)
        if "reelm: border" in " ".join(each.cmdline())
    ]
    assert len(found) == 1
    return found[0]


def address(target: str) -> tuple[str, int]:
    host, _, port = target.split("/")[2].partition(":")
    return host, int(port)


async def test_nothing_was_fetched_for_any_of_it(
    abroad: Foreign, bordered: RunningRealm, seeing: Any
) -> None:
    """Whatever addresses stood in all of this, no connection was opened to any."""
    fetched = await seeing.fetchval(
        "SELECT count(*) FROM border_counts WHERE kind = 'fetch' AND peer NOT IN (SELECT realm FROM peers)"
    )
    logs = (bordered.data / "logs").glob("border*")
    text = "".join(each.read_text(errors="replace") for each in logs)
    assert fetched == 0
    assert "border.connection " not in text
    assert "169.254.169.254" not in text
    assert "Traceback" not in text
    assert json.dumps("crashed") not in text
