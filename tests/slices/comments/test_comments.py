"""Comments: every route as nobody, as another person, with nonsense, and as it should be."""

import asyncio

import pytest

from factories.clips import put_clip


@pytest.fixture
async def scene(sign_up, admin):
    """A clip by Ada, and Ben who comments."""
    ada, ben = await sign_up(), await sign_up()
    clip = await put_clip(admin, ada.id)
    return ada, ben, clip


async def say(person, clip, text, **more):
    said = await person.post(f"/clips/{clip}/comments", {"text": text, **more})
    assert said.status_code == 201, said.text
    return said.json()


async def texts(person, clip, **query):
    found = await person.get(f"/clips/{clip}/comments", params=query)
    assert found.status_code == 200, found.text
    return [comment["text"] for comment in found.json()["items"]]


async def test_a_comment_is_said_read_and_counted(scene, client):
    ada, ben, clip = scene
    said = await say(ben, clip, "  What a view!  ")
    assert said["text"] == "What a view!"
    assert said["author"]["handle"] == ben.handle
    assert said["counts"] == {"likes": 0, "replies": 0}
    assert said["viewer"] == {"liked": False, "own": True, "may_delete": True, "may_pin": False}
    read = (await client.get(f"/api/v1/clips/{clip}/comments")).json()["items"]
    assert [(c["id"], c["viewer"]) for c in read] == [(said["id"], None)]
    for_host = (await ada.get(f"/clips/{clip}/comments")).json()["items"][0]["viewer"]
    assert for_host == {"liked": False, "own": False, "may_delete": True, "may_pin": True}
    assert (await ben.get(f"/clips/{clip}")).json()["counts"]["comments"] == 1


async def test_nobody_says_nothing(scene, client):
    _, ben, clip = scene
    said = await say(ben, clip, "Hello")
    for method, path in [
        ("POST", f"/clips/{clip}/comments"),
        ("DELETE", f"/comments/{said['id']}"),
        ("PUT", f"/comments/{said['id']}/like"),
        ("DELETE", f"/comments/{said['id']}/like"),
        ("PUT", f"/comments/{said['id']}/pin"),
        ("DELETE", f"/comments/{said['id']}/pin"),
        ("PUT", f"/comments/{said['id']}/heart"),
        ("DELETE", f"/comments/{said['id']}/heart"),
    ]:
        body = {"text": "x"} if method == "POST" else None
        refused = await client.request(method, "/api/v1" + path, json=body)
        assert refused.status_code == 401, (method, path)


@pytest.mark.parametrize("text", ["", "   \n ", "\u0000\u0007", "\u200b\u200d", "x" * 501, "\u202e\u2066"])
async def test_an_unsuitable_text_is_refused(scene, text):
    _, ben, clip = scene
    refused = await ben.post(f"/clips/{clip}/comments", {"text": text})
    assert (refused.status_code, refused.json()["code"]) == (422, "comments.unsuitable")


@pytest.mark.parametrize(
    "body", [{}, {"text": 3}, {"text": "a", "extra": 1}, {"text": "a", "parent_id": "x"}, []]
)
async def test_nonsense_is_refused(scene, body):
    _, ben, clip = scene
    assert (await ben.post(f"/clips/{clip}/comments", body)).status_code == 422


async def test_a_text_is_kept_composed_and_without_control_characters(scene):
    _, ben, clip = scene
    said = await say(ben, clip, "Cafe\u0301\u0000 \u202enoir\r\n\n\n\n👩‍👩‍👧 ok")
    assert said["text"] == "Café noir\n\n👩‍👩‍👧 ok"


async def test_replies_stay_in_two_levels(scene, sign_up):
    ada, ben, clip = scene
    eve = await sign_up()
    root = await say(ben, clip, "First")
    reply = await say(ada, clip, "Thank you", parent_id=root["id"])
    deeper = await say(eve, clip, f"@{ada.handle} welcome", parent_id=reply["id"])
    assert (reply["parent_id"], deeper["parent_id"]) == (root["id"], root["id"])
    assert await texts(eve, clip) == ["First"]
    replies = (await eve.get(f"/comments/{root['id']}/replies")).json()
    assert [c["text"] for c in replies["items"]] == ["Thank you", f"@{ada.handle} welcome"]
    listed = (await eve.get(f"/clips/{clip}/comments")).json()["items"][0]
    assert listed["counts"]["replies"] == 2


async def test_an_answer_belongs_under_the_same_clip(scene, admin):
    ada, ben, clip = scene
    elsewhere = await put_clip(admin, ada.id)
    root = await say(ben, clip, "Here")
    lost = await ben.post(f"/clips/{elsewhere}/comments", {"text": "There", "parent_id": root["id"]})
    assert lost.status_code == 404


async def test_new_and_top_have_stable_pages(scene, sign_up):
    ada, ben, clip = scene
    said = [await say(ben, clip, f"Number {n}") for n in range(5)]
    for fan in (ada, ben):
        await fan.put(f"/comments/{said[1]['id']}/like")
    await ada.put(f"/comments/{said[3]['id']}/like")
    assert await texts(ben, clip, sort="new") == [f"Number {n}" for n in (4, 3, 2, 1, 0)]
    assert await texts(ben, clip, sort="top") == [f"Number {n}" for n in (1, 3, 4, 2, 0)]
    for sort, order in (("new", [4, 3, 2, 1, 0]), ("top", [1, 3, 4, 2, 0])):
        seen, cursor = [], None
        while True:
            query = {"sort": sort, "limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await ben.get(f"/clips/{clip}/comments", params=query)).json()
            seen += [int(c["text"].split()[1]) for c in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == order


async def test_lists_refuse_nonsense(scene):
    _, ben, clip = scene
    for query in ({"sort": "worst"}, {"limit": 0}, {"cursor": "zzz"}):
        assert (await ben.get(f"/clips/{clip}/comments", params=query)).status_code == 422
    assert (await ben.get("/comments/00000000-0000-7000-8000-000000000000/replies")).status_code == 404


async def test_likes_count_once(scene):
    ada, ben, clip = scene
    said = await say(ben, clip, "Like me")
    for _ in range(2):
        liked = (await ada.put(f"/comments/{said['id']}/like")).json()
        assert liked == {"liked": True, "counts": {"likes": 1, "replies": 0}}
    assert (await ada.get(f"/clips/{clip}/comments")).json()["items"][0]["viewer"]["liked"]
    for _ in range(2):
        assert (await ada.delete(f"/comments/{said['id']}/like")).json()["counts"]["likes"] == 0
    assert (await ada.put("/comments/00000000-0000-7000-8000-000000000000/like")).status_code == 404


async def test_one_pin_a_clip_and_first_in_every_order(scene):
    ada, ben, clip = scene
    first, second, third = [await say(ben, clip, text) for text in ("one", "two", "three")]
    assert (await ben.put(f"/comments/{first['id']}/pin")).status_code == 403
    assert (await ada.put(f"/comments/{first['id']}/pin")).status_code == 204
    assert (await ada.put(f"/comments/{second['id']}/pin")).status_code == 204
    page = (await ben.get(f"/clips/{clip}/comments", params={"sort": "new"})).json()["items"]
    assert [(c["text"], c["pinned"]) for c in page] == [("two", True), ("three", False), ("one", False)]
    reply = await say(ada, clip, "reply", parent_id=third["id"])
    refused = await ada.put(f"/comments/{reply['id']}/pin")
    assert (refused.status_code, refused.json()["code"]) == (409, "comments.reply_not_pinnable")
    assert (await ben.delete(f"/comments/{second['id']}/pin")).status_code == 403
    assert (await ada.delete(f"/comments/{second['id']}/pin")).status_code == 204
    assert await texts(ben, clip, sort="new") == ["three", "two", "one"]


async def test_two_pins_at_once_leave_one(scene, admin):
    ada, ben, clip = scene
    said = [await say(ben, clip, str(n)) for n in range(4)]
    answers = await asyncio.gather(*(ada.put(f"/comments/{c['id']}/pin") for c in said))
    assert {answer.status_code for answer in answers} == {204}
    page = (await ben.get(f"/clips/{clip}/comments")).json()["items"]
    assert sum(c["pinned"] for c in page) == 1


async def test_a_heart_is_the_clip_authors(scene, sign_up):
    ada, ben, clip = scene
    eve = await sign_up()
    said = await say(ben, clip, "From the heart")
    assert (await eve.put(f"/comments/{said['id']}/heart")).status_code == 403
    for _ in range(2):
        assert (await ada.put(f"/comments/{said['id']}/heart")).status_code == 204
    assert (await eve.get(f"/clips/{clip}/comments")).json()["items"][0]["hearted"]
    assert (await ada.delete(f"/comments/{said['id']}/heart")).status_code == 204
    assert not (await eve.get(f"/clips/{clip}/comments")).json()["items"][0]["hearted"]


async def test_deleting_is_for_the_author_and_the_host(scene, sign_up, client):
    ada, ben, clip = scene
    eve = await sign_up()
    own, hosted, kept = [await say(ben, clip, text) for text in ("own", "hosted", "kept")]
    await say(eve, clip, "below", parent_id=hosted["id"])
    assert (await eve.delete(f"/comments/{own['id']}")).status_code == 403
    assert (await ben.delete(f"/comments/{own['id']}")).status_code == 204
    assert (await ben.delete(f"/comments/{own['id']}")).status_code == 404
    assert (await ada.delete(f"/comments/{hosted['id']}")).status_code == 204
    assert await texts(eve, clip) == [kept["text"]]
    assert (await ben.get(f"/clips/{clip}")).json()["counts"]["comments"] == 1


async def test_closed_comments_are_closed_to_all_but_the_author(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    clip = await put_clip(admin, ada.id, allow_comments=False)
    refused = await ben.post(f"/clips/{clip}/comments", {"text": "Hi"})
    assert (refused.status_code, refused.json()["code"]) == (403, "comments.closed")
    await say(ada, clip, "Only me")


async def test_what_one_cannot_see_one_cannot_comment(sign_up, admin, client):
    ada, ben, eve = await sign_up(), await sign_up(), await sign_up()
    await ben.put(f"/people/{ada.handle}/follow")
    clip = await put_clip(admin, ada.id, audience="followers")
    said = await say(ben, clip, "For followers")
    for path in (f"/clips/{clip}/comments", f"/comments/{said['id']}/replies"):
        assert (await client.get("/api/v1" + path)).status_code == 404
        assert (await eve.get(path)).status_code == 404
    assert (await eve.post(f"/clips/{clip}/comments", {"text": "Me too"})).status_code == 404
    for act in ("like", "pin", "heart"):
        assert (await eve.put(f"/comments/{said['id']}/{act}")).status_code == 404
    assert (await eve.delete(f"/comments/{said['id']}")).status_code == 404


async def test_a_block_stands_between_two_people_under_a_third_ones_clip(scene, sign_up):
    ada, ben, clip = scene
    eve = await sign_up()
    said = await say(ben, clip, "Before the block")
    await ben.put(f"/people/{eve.handle}/block")
    assert await texts(eve, clip) == []
    assert await texts(ada, clip) == ["Before the block"]
    assert (
        await eve.post(f"/clips/{clip}/comments", {"text": "x", "parent_id": said["id"]})
    ).status_code == 404
    await say(eve, clip, "Elsewhere")
    assert await texts(ben, clip) == ["Before the block"]
    await ada.put(f"/people/{ben.handle}/block")
    assert (await ben.get(f"/clips/{clip}/comments")).status_code == 404
    assert (await ben.post(f"/clips/{clip}/comments", {"text": "x"})).status_code == 404


async def test_a_retry_with_a_key_says_nothing_twice(scene):
    _, ben, clip = scene
    headers = {"Idempotency-Key": "one-and-the-same"}
    first = await ben.post(f"/clips/{clip}/comments", {"text": "Once"}, headers=headers)
    again = await ben.post(f"/clips/{clip}/comments", {"text": "Once"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    other = await ben.post(f"/clips/{clip}/comments", {"text": "Other"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "accounts.key_reused")
    assert await texts(ben, clip) == ["Once"]


async def test_retries_at_the_same_time_say_nothing_twice(scene):
    _, ben, clip = scene
    headers = {"Idempotency-Key": "all-at-once"}
    answers = await asyncio.gather(
        *(ben.post(f"/clips/{clip}/comments", {"text": "Once"}, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await texts(ben, clip) == ["Once"]
