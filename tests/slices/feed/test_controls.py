"""What a person tells their feed, over HTTP: who may, what is kept, and how."""

import datetime as dt
import uuid
from typing import Any

import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip, put_sound
from tests.slices.feed.test_feeds import event

NEW = {"profiling": True, "learning": True, "paused_at": None, "reset_at": None}
ROUTES = (
    ("GET", "/me/feed", None),
    ("PATCH", "/me/feed", {"learning": False}),
    ("PUT", "/me/feed/wishes", {"kind": "tag", "value": "cats", "wish": 1}),
    ("POST", "/me/feed/forget", {"kind": "tag", "value": "cats"}),
    ("PUT", "/me/feed/words", {"words": ["rain"]}),
    ("POST", "/me/feed/reset", None),
)


async def my_feed(person: Any) -> dict[str, Any]:
    answer = await person.get("/me/feed")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def wish(person: Any, kind: str, value: str, wish: int) -> Any:
    return await person.put("/me/feed/wishes", {"kind": kind, "value": value, "wish": wish})


def wishes(feed: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(each["kind"], each["value"]): each["wish"] for each in feed["wishes"]}


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_the_signed_out_tell_no_feed(client: Any, method: str, path: str, body: Any) -> None:
    answer = await client.request(method, f"/api/v1{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts.sign_in_required")


async def test_whoever_told_their_feed_nothing_has_nothing(sign_up: Any) -> None:
    assert await my_feed(await sign_up()) == {**NEW, "events": 0, "tastes": [], "wishes": [], "words": []}


async def test_what_one_tells_ones_feed_is_nobody_else_s(sign_up: Any, admin: Any) -> None:
    one, other = await sign_up(), await sign_up()
    for method, path, body in ROUTES:
        assert (await one.request(method, path, json=body)).status_code in {200, 204}
    assert (await my_feed(other))["wishes"] == []
    assert (await my_feed(other))["words"] == []
    assert (await my_feed(other))["learning"] is True
    mine = await my_feed(one)
    assert (mine["learning"], mine["words"]) == (False, ["rain"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/me/feed", {"learning": "yes"}),
        ("PATCH", "/me/feed", {"reset_at": None}),
        ("PUT", "/me/feed/wishes", {"kind": "tag", "value": "cats", "wish": 3}),
        ("PUT", "/me/feed/wishes", {"kind": "tag", "value": "two words", "wish": 1}),
        ("PUT", "/me/feed/wishes", {"kind": "tag", "value": "#", "wish": 1}),
        ("PUT", "/me/feed/wishes", {"kind": "sound", "value": "no-sound", "wish": 1}),
        ("PUT", "/me/feed/wishes", {"kind": "realm", "value": "cats", "wish": 1}),
        ("POST", "/me/feed/forget", {"kind": "tag"}),
        ("PUT", "/me/feed/words", {"words": ["x" * 61]}),
        ("PUT", "/me/feed/words", {"words": [""]}),
        ("PUT", "/me/feed/words", {"words": [f"word{n}" for n in range(101)]}),
    ],
)
async def test_what_can_t_be_told_changes_nothing(sign_up: Any, method: str, path: str, body: Any) -> None:
    person = await sign_up()
    assert (await person.request(method, path, json=body)).status_code == 422
    assert await my_feed(person) == {**NEW, "events": 0, "tastes": [], "wishes": [], "words": []}


async def test_wishes_are_about_tags_sounds_and_creators(sign_up: Any, admin: Any) -> None:
    person, creator = await sign_up(), await sign_up(display_name="Ada")
    clip = await put_clip(admin, creator.id)
    sound = await put_sound(admin, creator.id, clip, "Waves")
    assert (await wish(person, "tag", "#Cats", 2)).status_code == 204
    assert (await wish(person, "sound", sound, -1)).status_code == 204
    assert (await wish(person, "creator", creator.handle, -2)).status_code == 204
    told = (await my_feed(person))["wishes"]
    assert [(each["kind"], each["value"], each["label"], each["wish"]) for each in told] == [
        ("creator", creator.handle, "Ada", -2),
        ("sound", sound, "Waves", -1),
        ("tag", "cats", "#cats", 2),
    ]
    # Said again it is one wish; 0 takes it back.
    assert (await wish(person, "tag", "CATS", -1)).status_code == 204
    assert wishes(await my_feed(person))["tag", "cats"] == -1
    assert (await wish(person, "tag", "cats", 0)).status_code == 204
    assert (await wish(person, "tag", "cats", 0)).status_code == 204
    assert set(wishes(await my_feed(person))) == {("creator", creator.handle), ("sound", sound)}


async def test_nobody_wishes_about_themselves_or_about_what_they_may_not_see(
    sign_up: Any, admin: Any
) -> None:
    person, other = await sign_up(), await sign_up()
    oneself = await wish(person, "creator", person.handle, 1)
    assert (oneself.status_code, oneself.json()["code"]) == (422, "feed.wish_unsuitable")
    assert (await wish(person, "creator", "nobody_of_that_name", 1)).status_code == 404
    assert (await wish(person, "sound", str(uuid.uuid4()), 1)).status_code == 404
    await other.put(f"/people/{person.handle}/block")
    assert (await wish(person, "creator", other.handle, 1)).status_code == 404
    hidden = await put_clip(admin, other.id, audience="only_me")
    sound = await put_sound(admin, other.id, hidden, "Secret")
    assert (await wish(person, "sound", sound, 1)).status_code == 404
    assert (await my_feed(person))["wishes"] == []


async def test_a_wish_about_somebody_who_leaves_leaves_with_them(sign_up: Any, admin: Any) -> None:
    person, creator = await sign_up(), await sign_up()
    await wish(person, "creator", creator.handle, 2)
    await admin.execute("DELETE FROM people WHERE id = $1", uuid.UUID(creator.id))
    assert (
        await admin.fetchval("SELECT count(*) FROM feed_wishes WHERE creator_id = $1", uuid.UUID(creator.id))
        == 0
    )
    assert (await my_feed(person))["wishes"] == []


async def test_there_is_an_end_to_wishing(sign_up: Any, admin: Any) -> None:
    person = await sign_up()
    await wish(person, "tag", "first", 1)
    await admin.execute(
        "INSERT INTO feed_wishes (person_id, key, kind, tag, wish) "
        "SELECT $1, n, 'tag', 'tag' || n, 1 FROM generate_series(1, 499) n",
        uuid.UUID(person.id),
    )
    answer = await wish(person, "tag", "onemore", 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "feed.too_many_wishes")
    assert (await wish(person, "tag", "first", -1)).status_code == 204
    assert (await wish(person, "tag", "first", 0)).status_code == 204
    assert (await wish(person, "tag", "onemore", 1)).status_code == 204


async def test_filtered_words_are_kept_sealed_and_shown_to_their_person_alone(
    sign_up: Any, admin: Any
) -> None:
    person = await sign_up()
    answer = await person.put("/me/feed/words", {"words": ["  Chemotherapy ", "chemotherapy", "猫粮", "!!"]})
    assert (answer.status_code, answer.json()) == (200, {"words": ["Chemotherapy", "猫粮"]})
    assert (await my_feed(person))["words"] == ["Chemotherapy", "猫粮"]
    row = await admin.fetchrow("SELECT * FROM feed_settings WHERE person_id = $1", uuid.UUID(person.id))
    assert row["words_sealed"] is not None
    for form in (b"Chemotherapy", b"chemotherapy", "猫粮".encode()):
        assert form not in row["words_sealed"]
    kept = await person.get("/me/data/feed_settings")
    assert kept.json()["items"][0]["words"] == '["Chemotherapy","猫粮"]'
    assert (await person.put("/me/feed/words", {"words": []})).json() == {"words": []}
    assert (await my_feed(person))["words"] == []


async def test_switches_stand_as_they_were_put(sign_up: Any) -> None:
    person = await sign_up()
    before = dt.datetime.now(dt.UTC)
    paused = (await person.patch("/me/feed", {"learning": False})).json()
    assert (paused["profiling"], paused["learning"]) == (True, False)
    assert before - dt.timedelta(seconds=5) < dt.datetime.fromisoformat(paused["paused_at"])
    # Pausing what is paused does not begin a new pause.
    assert (await person.patch("/me/feed", {"learning": False})).json() == paused
    assert (await person.patch("/me/feed", {})).json() == paused
    again = (await person.patch("/me/feed", {"learning": True, "profiling": False})).json()
    assert again == {**NEW, "profiling": False}
    assert (await person.patch("/me/feed", {"profiling": True})).json() == NEW


async def stored(admin: Any, person: Any) -> dict[str, bool]:
    rows = await admin.fetch("SELECT id, learns FROM watch_events WHERE person_id = $1", uuid.UUID(person.id))
    return {str(row["id"]): row["learns"] for row in rows}


async def test_what_is_watched_in_a_pause_is_marked_however_late_it_arrives(sign_up: Any, admin: Any) -> None:
    person, clip = await sign_up(), await put_clip(admin, (await sign_up()).id)
    earlier = event(clip, "finish", at=(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)).isoformat())
    await person.patch("/me/feed", {"learning": False})
    during, late = event(clip, "finish"), event(clip, "like")
    await person.post("/events", {"events": [earlier, during]})
    await person.patch("/me/feed", {"learning": True})
    after = event(clip, "finish")
    answer = await person.post("/events", {"events": [late, after, during]})
    assert answer.json() == {"stored": 2, "duplicates": 1}
    assert await stored(admin, person) == {
        earlier["id"]: True,
        during["id"]: False,
        late["id"]: False,
        after["id"]: True,
    }


async def test_without_profiling_nothing_that_is_watched_is_kept(sign_up: Any, admin: Any) -> None:
    person, clip = await sign_up(), await put_clip(admin, (await sign_up()).id)
    before, during = event(clip, "finish"), event(clip, "finish")
    await person.post("/events", {"events": [before]})
    await person.patch("/me/feed", {"profiling": False})
    assert (await person.post("/events", {"events": [during]})).status_code == 202
    assert await stored(admin, person) == {before["id"]: True}
    await person.patch("/me/feed", {"profiling": True})
    after = event(clip, "finish")
    await person.post("/events", {"events": [after]})
    assert await stored(admin, person) == {before["id"]: True, after["id"]: True}


async def tastes_of(person: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["kind"], each["value"]): each for each in (await my_feed(person))["tastes"]}


async def in_the_catalog(client: Any, *clips: str) -> None:
    async def known() -> bool:
        return all([(await client.get(f"/api/v1/clips/{clip}")).status_code == 200 for clip in clips])

    assert await eventually(known)


async def test_tastes_are_told_in_words_with_what_they_come_from(
    client: Any, sign_up: Any, admin: Any
) -> None:
    person, baker, diver = await sign_up(), await sign_up(display_name="Baker"), await sign_up()
    bread = [await put_clip(admin, baker.id, f"#bread number {n}") for n in range(3)]
    sea = await put_clip(admin, diver.id, "#sea")

    async def told() -> Any:
        events = [event(clip, "finish") for clip in bread] + [event(bread[0], "like"), event(sea, "skip")]
        await person.post("/events", {"events": events})
        found = await tastes_of(person)
        return found if {("tag", "bread"), ("tag", "sea")} <= set(found) else None

    found = await eventually(told)
    assert found["tag", "bread"]["points"] > 0 > found["tag", "sea"]["points"]
    assert found["creator", baker.handle]["label"] == "Baker"
    why = found["tag", "bread"]["why"]
    assert why["finished"] >= 3
    assert why["liked"] >= 1
    assert (why["skipped"], why["refused"]) == (0, 0)
    assert (await my_feed(person))["events"] >= 5


async def test_forgetting_one_thing_leaves_the_others(client: Any, sign_up: Any, admin: Any) -> None:
    person, author = await sign_up(), await sign_up()
    both = await put_clip(admin, author.id, "#tea #cake")

    async def told() -> bool:
        await person.post("/events", {"events": [event(both, "finish")]})
        return ("tag", "tea") in await tastes_of(person)

    assert await eventually(told)
    assert (await person.post("/me/feed/forget", {"kind": "tag", "value": "#tea"})).status_code == 204
    found = await tastes_of(person)
    assert ("tag", "tea") not in found
    assert found["tag", "cake"]["points"] > 0
    # Forgotten is not unwanted: it may be liked again, and says so by its own new watches only.
    await person.post("/events", {"events": [event(both, "like")]})
    again = await tastes_of(person)
    assert again["tag", "tea"]["points"] > 0
    assert again["tag", "tea"]["why"] == {"finished": 0, "liked": 1, "skipped": 0, "refused": 0}


async def test_a_reset_forgets_every_taste_and_keeps_wishes_words_and_what_was_seen(
    client: Any, sign_up: Any, admin: Any
) -> None:
    person, author = await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id, "#tea")
    await wish(person, "tag", "cake", 2)
    await person.put("/me/feed/words", {"words": ["rain"]})

    async def told() -> bool:
        await person.post("/events", {"events": [event(clip, "finish")]})
        return ("tag", "tea") in await tastes_of(person)

    assert await eventually(told)
    kept = await admin.fetchval(
        "SELECT count(*) FROM watch_events WHERE person_id = $1", uuid.UUID(person.id)
    )
    assert (await person.post("/me/feed/reset")).status_code == 204
    feed = await my_feed(person)
    assert (feed["tastes"], feed["events"]) == ([], 0)
    assert feed["reset_at"] is not None
    assert (wishes(feed), feed["words"]) == ({("tag", "cake"): 2}, ["rain"])
    now = await admin.fetchval("SELECT count(*) FROM watch_events WHERE person_id = $1", uuid.UUID(person.id))
    assert now == kept
