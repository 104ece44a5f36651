"""What a person tells their feed is in their next page, and in nobody else's."""

import secrets
import uuid
from typing import Any

from tests.conftest import eventually
from tests.factories.clips import put_clip, put_sound
from tests.slices.feed.test_controls import wish
from tests.slices.feed.test_feeds import event, ids


async def page(person: Any, limit: int = 50) -> list[str]:
    found: list[str] = ids(await person.get(f"/feeds/for-you?limit={limit}"))
    return found


async def meets(person: Any, *clips: str) -> None:
    """Wait until a page of the person has these clips: they are in the catalog, and fit."""

    async def all_there() -> bool:
        return set(clips) <= set(await page(person))

    assert await eventually(all_there)


async def follower_of(sign_up: Any, *authors: Any) -> Any:
    """Somebody whose pages have the clips of these people, whatever else the realm holds."""
    person = await sign_up()
    for author in authors:
        await person.put(f"/people/{author.handle}/follow")
    return person


async def test_what_is_never_wanted_is_in_no_page_until_it_is_wanted_again(sign_up: Any, admin: Any) -> None:
    baker, diver = await sign_up(), await sign_up()
    viewer, other = await follower_of(sign_up, baker, diver), await follower_of(sign_up, baker, diver)
    tag = f"bread{secrets.token_hex(3)}"
    bread = await put_clip(admin, baker.id, f"Rye #{tag}")
    sea = await put_clip(admin, diver.id, "Waves")
    sound = await put_sound(admin, diver.id, sea, "Surf")
    heard = await put_clip(admin, diver.id, "More waves", sound_id=sound)
    await meets(viewer, bread, sea, heard)
    for kind, value, gone, stays in (
        ("tag", tag, {bread}, {sea, heard}),
        ("creator", diver.handle, {sea, heard}, {bread}),
        ("sound", sound, {heard}, {bread, sea}),
    ):
        assert (await wish(viewer, kind, value, -2)).status_code == 204
        shown = set(await page(viewer))
        assert not gone & shown, kind
        assert stays <= shown, kind
        assert {bread, sea, heard} <= set(await page(other))
        assert (await wish(viewer, kind, value, 0)).status_code == 204
        assert {bread, sea, heard} <= set(await page(viewer)), kind


async def test_a_wish_moves_a_clip_in_the_next_page(sign_up: Any, admin: Any) -> None:
    author = await sign_up()
    viewer = await follower_of(sign_up, author)
    one, other = f"north{secrets.token_hex(3)}", f"south{secrets.token_hex(3)}"
    clips = {
        one: await put_clip(admin, author.id, f"#{one}"),
        other: await put_clip(admin, author.id, f"#{other}"),
    }
    await meets(viewer, *clips.values())
    for more, less in ((one, other), (other, one)):
        await wish(viewer, "tag", more, 2)
        await wish(viewer, "tag", less, -1)
        shown = await page(viewer)
        # What is wanted less may be on no page at all where others' clips are plenty.
        assert clips[more] in shown
        assert clips[less] not in shown[: shown.index(clips[more])]


async def test_clips_that_say_a_filtered_word_stay_out(sign_up: Any, admin: Any) -> None:
    author = await sign_up()
    viewer = await follower_of(sign_up, author)
    says = {
        "latin": await put_clip(admin, author.id, "All about CHEMOTHÉRAPIE, today"),
        "part": await put_clip(admin, author.id, "Polychemotherapies are another word"),
        "chinese": await put_clip(admin, author.id, "今天买了猫粮和玩具"),
        "tag": await put_clip(admin, author.id, "Skyline #newyork"),
    }
    await meets(viewer, *says.values())
    await viewer.put("/me/feed/words", {"words": ["chemotherapie", "猫粮", "New York"]})
    shown = set(await page(viewer))
    assert {name for name, clip in says.items() if clip in shown} == {"part"}
    await viewer.put("/me/feed/words", {"words": []})
    assert set(says.values()) <= set(await page(viewer))


async def test_a_reset_is_in_the_next_page_and_brings_nothing_back(sign_up: Any, admin: Any) -> None:
    author = await sign_up()
    viewer = await follower_of(sign_up, author)
    seen = await put_clip(admin, author.id, "#tea")
    fresh = [await put_clip(admin, author.id, f"number {n}") for n in range(3)]
    await meets(viewer, seen, *fresh)
    await viewer.post("/events", {"events": [event(seen, "finish"), event(seen, "like")]})
    before = (await viewer.get("/me/feed")).json()
    assert before["tastes"]
    await viewer.post("/me/feed/reset")
    shown = await page(viewer)
    assert set(fresh) <= set(shown)
    # What was seen stays seen: if it comes at all, then as a clip that comes round again, behind all others.
    assert seen not in shown[: len(fresh)]
    assert (await viewer.get("/me/feed")).json()["tastes"] == []


async def test_what_is_watched_in_a_pause_is_seen_and_moves_no_taste(sign_up: Any, admin: Any) -> None:
    author = await sign_up()
    viewer = await follower_of(sign_up, author)
    clips = [await put_clip(admin, author.id, f"#paused number {n}") for n in range(4)]
    await meets(viewer, *clips)
    await viewer.patch("/me/feed", {"learning": False})
    await viewer.post("/events", {"events": [event(clips[0], "finish"), event(clips[0], "like")]})
    shown = await page(viewer)
    assert clips[0] not in shown[:3]
    assert set(clips[1:]) <= set(shown)
    assert (await viewer.get("/me/feed")).json()["tastes"] == []
    # And when the pause is over, it is not learned after all.
    await viewer.patch("/me/feed", {"learning": True})
    assert (await viewer.get("/me/feed")).json()["tastes"] == []


async def test_without_profiling_for_you_points_to_the_public_list(sign_up: Any) -> None:
    viewer = await sign_up()
    await viewer.patch("/me/feed", {"profiling": False})
    answer = await viewer.get("/feeds/for-you")
    assert (answer.status_code, answer.json()["code"]) == (409, "feed.without_profiling")
    assert (await viewer.get("/feeds/following")).status_code == 200
    assert (await viewer.get("/feeds/local")).status_code == 200
    await viewer.patch("/me/feed", {"profiling": True})
    assert (await viewer.get("/feeds/for-you")).status_code == 200


async def test_two_histories_one_list(client: Any, sign_up: Any, admin: Any) -> None:
    """Whatever one did, the list's bytes are everyone's; a stranger gets the same under the same address."""
    author, one, other = await sign_up(), await sign_up(), await sign_up()
    clip = await put_clip(admin, author.id, "#list")
    await one.post("/events", {"events": [event(clip, "not_interested")]})
    await wish(other, "creator", author.handle, 2)

    async def made() -> Any:
        current = (await one.get("/feeds/lists/current")).json()
        return current if current["epoch"] > 0 else None

    name = await eventually(made, seconds=60)
    path = "/feeds/lists/{language}/{jurisdiction}/{age_band}/{epoch}".format(**name)
    answers = [await one.get(path), await other.get(path), await client.get(f"/api/v1{path}")]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert "public" in answers[0].headers["cache-control"]
    listed = [uuid.UUID(each) for each in answers[0].json()["ids"]]
    cards = (await one.post("/feeds/cards", {"clip_ids": [str(each) for each in listed[:20]]})).json()[
        "items"
    ]
    given = [uuid.UUID(card["id"]) for card in cards]
    assert given == [each for each in listed[:20] if each in set(given)]
