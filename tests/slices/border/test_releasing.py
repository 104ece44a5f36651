"""The way out: what goes, what doesn't, under which entry, and what is told of it."""

import asyncio
import datetime as dt
import json
from uuid import uuid4

import pytest
from tests.conftest import eventually
from tests.factories.border import IDS, OwnBorder, follow, know, made_counting, note, write_charter
from tests.factories.ledger import entry

from reelm.border.key import read_or_make
from reelm.border.repository_releasing import ReleasingReader
from reelm.entrypoints.keeping import AfterTheCharter
from reelm.kit.clock import FixedClock
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerLateError
from reelm_audit.entries import verify_signature
from reelm_audit.tlog.note import Verifier


async def _done(border: OwnBorder, *states: str) -> bool:
    known = await border.states()
    return bool(known) and set(known) <= set(states)


async def test_what_may_cross_is_in_the_ledger_before_it_is_released(border: OwnBorder) -> None:
    thing = uuid4()
    asked = [await border.ask(note(border.person, thing)) for _ in range(3)]
    asked.append(await border.ask(follow(border.person), "Follow", "Person"))
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "delivered"))
    assert border.peer.too_early == []
    assert [each["id"] for each in border.peer.objects] == [f"{IDS}/acts/{each}" for each in asked]
    sent = border.peer.objects[0]
    assert (sent["type"], sent["actor"]) == ("Create", f"{IDS}/people/{border.person}")
    assert sent["object"]["content"] == "so good"
    crossed = await border.entries("border.crossed")
    assert {each["batch"] for each in crossed} == set(border.peer.roots)
    lines = [line for each in crossed for line in each["lines"]]
    assert {(line["act"], *line["classes"], line["policy"]) for line in lines} == {
        ("Create", "public", "public-within-the-network"),
        ("Follow", "social", "acts-that-people-agreed-to"),
    }
    assert sum(line["count"] for line in lines) == 4
    rows = await border.admin.fetch("SELECT * FROM crossings ORDER BY number")
    assert not [row for row in rows if row["document"] or row["released"] or row["nonce"]]
    assert rows[0]["fields"] == [
        "Note.attributedTo", "Note.content", "Note.context", "Note.id", "Note.inReplyTo", "Note.published", "Note.type"
    ]  # fmt: skip
    assert str(border.person) not in json.dumps(crossed)


PLANTED = {
    "email": ("identity", "ada@example.net"),
    "phone": ("identity", "+33600000000"),
    "address": ("identity", "1 rue des Lilas"),
    "friends": ("social", ["ada", "lin"]),
    "contacts": ("private", [{"type": "Person", "name": "Lin"}]),
}


@pytest.mark.parametrize("name", PLANTED)
async def test_a_planted_field_goes_nowhere_and_is_told_by_its_name(border: OwnBorder, name: str) -> None:
    data_class, value = PLANTED[name]
    await border.ask(note(border.person, **{name: value}))
    await border.ask(note(border.person, tag=[{"type": "Mention", "href": "https://x", name: value}]))
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "refused"))
        counting = made_counting(border.settings, border.database)
        clock = FixedClock(border.clock.now() + dt.timedelta(minutes=2))
        counting = made_counting(border.settings, border.database, clock=clock)
        assert await counting.tell_refusals() == 1
    assert border.peer.heard == []
    assert await border.entries("border.crossed") == []
    (told,) = await border.entries("border.refused")
    assert told["fields"] == [name]
    assert told["classes"] == [data_class]
    assert (told["reason"], told["channel"], told["direction"], told["count"]) == (
        "never_crosses", "crossing", "out", 2,
    )  # fmt: skip
    kept = await border.admin.fetch("SELECT document, released, reason FROM crossings")
    assert {(row["document"], row["released"], row["reason"]) for row in kept} == {
        (None, None, "never_crosses")
    }
    for table in ("border_refusals", "border_counts", "ledger_entries", "crossings"):
        rows = await border.admin.fetch(f"SELECT {table}::text AS row FROM {table}")
        assert not [row for row in rows if isinstance(value, str) and value in row["row"]]


async def test_an_unknown_field_or_kind_or_realm_is_refused(border: OwnBorder) -> None:
    await know(border.admin, "gone", border.peer.url, state="refused")
    await border.ask(note(border.person, shoeSize="43"))
    await border.ask({**note(border.person), "type": "Mystery"}, object_type="Mystery")
    await border.ask(note(border.person), purpose="advertise")
    await border.ask(note(border.person), peer="nobody")
    await border.ask(note(border.person), peer="gone")
    await border.ask(note(border.person), act="Delete", object_type="Tombstone")
    missing = note(border.person)
    del missing["content"]
    await border.ask(missing)
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "refused"))
    rows = await border.admin.fetch("SELECT reason FROM crossings ORDER BY number")
    assert [row["reason"] for row in rows] == [
        "unknown_field",
        "unknown_field",
        "other_purpose",
        "unknown_peer",
        "peer_refused",
        "unknown_field",
        "incomplete",
    ]
    assert border.peer.heard == []


async def test_who_was_taken_over_can_t_speak_through_what_is_refused_or_done(border: OwnBorder) -> None:
    """Names of realms, kinds and fields are words that could carry something: only known ones are told."""
    secret = "ada.lovelace.33600000000"
    await border.ask(note(border.person), peer=secret)
    await border.ask(note(border.person, **{secret: "x"}))
    await border.ask({**note(border.person), "type": secret}, object_type=secret)
    await border.ask(follow(border.person), "Follow", secret)
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "refused"))
    clock = FixedClock(border.clock.now())
    counting = made_counting(border.settings, border.database, clock=clock)
    clock.advance(dt.timedelta(hours=2))
    assert await counting.tell_refusals() >= 3
    assert await counting.tell_hours() >= 1
    bodies = await border.admin.fetch("SELECT convert_from(body, 'UTF8') AS body FROM ledger_entries")
    assert not [row["body"] for row in bodies if "ada" in row["body"]]
    counts = await border.admin.fetch("SELECT peer FROM border_counts")
    assert {row["peer"] for row in counts} == {"", "world"}


@pytest.mark.parametrize("policy", ["", "permit (principal, action, resource);", "permit ("])
async def test_a_border_without_a_usable_policy_lets_nothing_through(border: OwnBorder, policy: str) -> None:
    """None, one without a name, one that can't be read."""
    write_charter(border.settings.data, borders=policy)
    await border.ask(note(border.person))
    await border.ask(follow(border.person), "Follow", "Person")
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "refused"))
    assert border.peer.heard == []
    rows = await border.admin.fetch("SELECT DISTINCT reason FROM crossings")
    assert [row["reason"] for row in rows] == ["no_policy"]


async def test_what_crosses_to_a_realm_of_another_network_is_nothing(border: OwnBorder) -> None:
    await know(border.admin, "afar", border.peer.url, network="other.test")
    await border.ask(note(border.person), peer="afar")
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "refused"))
    assert border.peer.heard == []


async def test_a_ledger_that_is_late_holds_everything_back(border: OwnBorder) -> None:
    """No sequencer: recorded, never sent. With one, it goes."""
    await border.ask(note(border.person))
    async with border.released() as releasing:
        await eventually(lambda: _done(border, "recorded"))
        async with border.database.transaction() as uow:
            assert (await ReleasingReader(uow).find_batch("world")) is not None
        assert border.peer.heard == []
        async with border.kept():
            releasing.want()
            await eventually(lambda: _done(border, "delivered"))
    assert border.peer.too_early == []


async def test_nothing_is_said_before_the_charter_is_in_the_ledger(border: OwnBorder) -> None:
    ledger = AfterTheCharter(border.database, border.ledger.blobs, border.clock, SystemIds(border.clock))
    await border.ask(note(border.person))
    with pytest.raises(LedgerLateError):
        await border.releasing(ledger=ledger).record("world")
    assert await border.states() == {"asked": 1}
    assert await border.entries("border.crossed") == []


async def test_a_border_with_another_key_than_the_charter_names_releases_nothing(border: OwnBorder) -> None:
    other = read_or_make(border.settings.data / "another", "us").vkey
    write_charter(border.settings.data, border_vkey=other)
    await border.ask(note(border.person))
    assert await border.releasing().turn("world") > 0
    assert await border.states() == {"asked": 1}
    write_charter(border.settings.data, border_vkey=read_or_make(border.settings.data, "us").vkey)
    assert await border.releasing().turn("world") == 0
    assert await border.states() == {"recorded": 1}


async def test_a_peer_that_fails_is_tried_again_later_and_later(border: OwnBorder) -> None:
    border.peer.answers = [503, 401]
    await border.ask(note(border.person))
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "delivered"))
    row = await border.admin.fetchrow("SELECT attempts, state, done_at FROM crossing_batches")
    assert (row["attempts"], row["state"]) == (2, "delivered")
    assert len(border.peer.roots) == 1


async def test_a_delivery_that_is_no_use_is_dead_until_somebody_tries_it_again(border: OwnBorder) -> None:
    border.peer.answers = [422]
    await border.ask(note(border.person))
    await border.ask(note(border.person))
    async with border.kept(), border.released() as releasing:
        await eventually(lambda: _done(border, "dead", "delivered"))
        row = await border.admin.fetchrow("SELECT problem, state FROM crossing_batches WHERE state = 'dead'")
        assert row["problem"] == "status_422"
        await border.ask(note(border.person))
        await eventually(lambda: _some_delivered(border))
        await border.admin.execute(
            "UPDATE crossing_batches SET state = 'released', next_at = now() WHERE state = 'dead'"
        )
        releasing.want()
        await eventually(lambda: _done(border, "delivered"))


async def _some_delivered(border: OwnBorder) -> bool:
    return (await border.states()).get("delivered", 0) > 0


async def test_what_the_peer_would_not_take_is_marked_so(border: OwnBorder) -> None:
    border.peer.refused = [1]
    for _ in range(3):
        await border.ask(note(border.person))
    async with border.kept():
        await border.releasing().record("world")
        async with border.released():
            await eventually(lambda: _done(border, "delivered", "refused"))
    rows = await border.admin.fetch("SELECT state, reason FROM crossings ORDER BY number")
    assert [(row["state"], row["reason"]) for row in rows] == [
        ("delivered", None), ("refused", "refused_there"), ("delivered", None)
    ]  # fmt: skip


async def test_a_paused_peer_waits_and_holds_up_nobody(border: OwnBorder) -> None:
    await know(border.admin, "later", border.peer.url, state="paused")
    await border.ask(note(border.person), peer="later")
    await border.ask(note(border.person))
    async with border.kept(), border.released():
        await eventually(lambda: _some_delivered(border))
    assert await border.states() == {"asked": 1, "delivered": 1}


async def test_many_go_in_few_deliveries_and_in_their_order(border: OwnBorder) -> None:
    asked = [await border.ask(note(border.person)) for _ in range(300)]
    async with border.kept(), border.released():
        await eventually(lambda: _done(border, "delivered"))
    assert [each["id"] for each in border.peer.objects] == [f"{IDS}/acts/{each}" for each in asked]
    assert len(border.peer.roots) <= 3


async def test_two_borders_race_and_one_releases(border: OwnBorder) -> None:
    """The lock lets one release; and where both believe to have it, rows let each object go once."""
    for _ in range(20):
        await border.ask(note(border.person))
    async with border.kept(), border.released(), border.released():
        both = [border.releasing().record("world") for _ in range(4)]
        await asyncio.gather(*both)
        await eventually(lambda: _done(border, "delivered"))
    ids = [each["id"] for each in border.peer.objects]
    assert len(ids) == len(set(ids)) == 20
    crossed = await border.entries("border.crossed")
    assert sorted(each["batch"] for each in crossed) == sorted(border.peer.roots)


async def test_every_hour_is_told_with_the_border_s_signature(border: OwnBorder) -> None:
    clock = FixedClock(dt.datetime(2026, 11, 22, 8, 40, tzinfo=dt.UTC))
    counting = made_counting(border.settings, border.database, clock=clock)
    releasing = border.releasing(counting=counting, clock=clock)
    for _ in range(3):
        await border.ask(note(border.person))
    await border.ask(follow(border.person), "Follow", "Person")
    await releasing.record("world")
    counting.connection("control", "witness.test", 700, 900)
    counting.connection("crossing", "peer.test", 700, 900)
    await counting.write()
    assert await counting.tell_hours() == 0
    clock.advance(dt.timedelta(minutes=20))
    assert await counting.tell_hours() == 0, "a transaction of the hour may not have ended yet"
    clock.advance(dt.timedelta(minutes=2))
    assert await counting.tell_hours() == 1
    clock.advance(dt.timedelta(hours=2))
    assert await counting.tell_hours() == 2
    assert await counting.tell_hours() == 0
    told = await border.entries("border.counted")
    assert [each["hour"] for each in told] == ["2026-11-22T08:00Z", "2026-11-22T09:00Z", "2026-11-22T10:00Z"]
    counts = {
        (each["kind"], each["direction"], each["peer"], each["data_class"]): each["objects"]
        for each in told[0]["counts"]
    }
    assert counts == {
        ("control", "in", "witness.test", "operational"): 1,
        ("control", "out", "witness.test", "operational"): 1,
        ("crossing", "out", "world", "public"): 3,
        ("crossing", "out", "world", "social"): 1,
    }
    crossed = await border.entries("border.crossed")
    size = sum(line["bytes"] for each in crossed for line in each["lines"])
    assert size == sum(each["bytes"] for each in told[0]["counts"] if each["kind"] == "crossing")
    for each in told:
        verify_signature(each, Verifier.from_vkey(each["border"]).public_key)
    assert told[1]["counts"] == []


async def test_only_the_border_s_role_may_speak_for_the_border(border: OwnBorder) -> None:
    """A web or worker process that was taken over can't put a crossing into the ledger, nor read what is sent."""
    import asyncpg

    from reelm.ledger.entries import BorderCounted

    said = BorderCounted(
        at="2026-11-22T08:00Z",
        charter="c" * 64,
        hour="2026-11-22T07:00Z",
        counts=[],
        border="x",
        signature="A" * 86 + "==",
    )
    for database in (border.worker, border.ledger.as_web):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as uow:
                await border.ledger.service(database=database).append(uow, said)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as uow:
                await uow.fetch("SELECT document FROM crossings")
    async with border.ledger.as_web.transaction() as uow:
        await border.ledger.service().append(uow, entry(1))
