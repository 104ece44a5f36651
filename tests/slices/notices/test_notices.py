"""Notices: who is told of what, and who is not."""

import pytest

from factories.clips import put_clip


async def told(person, **query):
    found = await person.get("/notices", params=query)
    assert found.status_code == 200, found.text
    return found.json()["items"]


async def kinds(person):
    return [notice["kind"] for notice in await told(person)]


async def unread(person):
    return (await person.get("/notices/unread")).json()["count"]


async def comment(person, clip, text, **more):
    said = await person.post(f"/clips/{clip}/comments", {"text": text, **more})
    assert said.status_code == 201, said.text
    return said.json()


@pytest.fixture
async def scene(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    return ada, ben, await put_clip(admin, ada.id)


async def test_a_like_is_told_once_and_taken_back(scene):
    ada, ben, clip = scene
    for _ in range(2):
        assert (await ben.put(f"/clips/{clip}/like")).status_code == 200
    [notice] = await told(ada)
    assert (notice["kind"], notice["actor"]["handle"], notice["clip_id"]) == ("like", ben.handle, clip)
    assert (notice["read"], notice["comment_id"], notice["text"]) == (False, None, None)
    await ben.delete(f"/clips/{clip}/like")
    assert await told(ada) == []
    await ben.put(f"/clips/{clip}/like")
    assert await kinds(ada) == ["like"]
    assert await told(ben) == []


async def test_nobody_is_told_of_what_they_did_themselves(scene):
    ada, _, clip = scene
    await ada.put(f"/clips/{clip}/like")
    await ada.put(f"/clips/{clip}/repost")
    said = await comment(ada, clip, f"@{ada.handle} hello me")
    await comment(ada, clip, "and again", parent_id=said["id"])
    await ada.put(f"/comments/{said['id']}/heart")
    assert await told(ada) == []


async def test_a_repost_is_told_and_taken_back(scene):
    ada, ben, clip = scene
    await ben.put(f"/clips/{clip}/repost")
    assert await kinds(ada) == ["repost"]
    await ben.delete(f"/clips/{clip}/repost")
    assert await told(ada) == []


async def test_following_is_told_and_taken_back(sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ben.put(f"/people/{ada.handle}/follow")
    assert await kinds(ada) == ["follow"]
    await ben.delete(f"/people/{ada.handle}/follow")
    assert await told(ada) == []


async def test_asking_to_follow_is_told_and_so_is_the_answer(sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ada.patch("/me", {"private": True})
    await ben.put(f"/people/{ada.handle}/follow")
    assert await kinds(ada) == ["follow_request"]
    await ada.put(f"/me/follow-requests/{ben.handle}")
    assert await told(ada) == []
    assert await kinds(ben) == ["follow_accepted"]


async def test_a_request_taken_back_or_declined_leaves_nothing(sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ada.patch("/me", {"private": True})
    await ben.put(f"/people/{ada.handle}/follow")
    await ben.delete(f"/people/{ada.handle}/follow")
    assert await told(ada) == []
    await ben.put(f"/people/{ada.handle}/follow")
    await ada.delete(f"/me/follow-requests/{ben.handle}")
    assert await told(ada) == []
    assert await told(ben) == []


async def test_an_account_that_opens_tells_who_asked(sign_up):
    ada, ben, eve = await sign_up(), await sign_up(), await sign_up()
    await ada.patch("/me", {"private": True})
    for person in (ben, eve):
        await person.put(f"/people/{ada.handle}/follow")
    await ada.patch("/me", {"private": False})
    assert await told(ada) == []
    assert await kinds(ben) == await kinds(eve) == ["follow_accepted"]


async def test_a_comment_tells_each_person_once_and_what_concerns_them_most(scene, sign_up):
    ada, ben, clip = scene
    eve = await sign_up()
    root = await comment(ben, clip, f"@{eve.handle} look")
    assert [(n["kind"], n["text"]) for n in await told(ada)] == [("comment", f"@{eve.handle} look")]
    assert [(n["kind"], n["comment_id"]) for n in await told(eve)] == [("mention", root["id"])]
    await comment(eve, clip, f"@{ada.handle} @{ben.handle} wow", parent_id=root["id"])
    assert await kinds(ada) == ["mention", "comment"]
    assert await kinds(ben) == ["reply"]


async def test_hearts_and_pins_are_told(scene):
    ada, ben, clip = scene
    said = await comment(ben, clip, "Pin me")
    for _ in range(2):
        await ada.put(f"/comments/{said['id']}/heart")
        await ada.put(f"/comments/{said['id']}/pin")
    assert sorted(await kinds(ben)) == ["heart", "pin"]
    await ada.delete(f"/comments/{said['id']}/heart")
    assert await kinds(ben) == ["pin"]


async def test_what_is_deleted_takes_its_notices_along(scene):
    ada, ben, clip = scene
    said = await comment(ben, clip, "Soon gone")
    await ben.delete(f"/comments/{said['id']}")
    assert await told(ada) == []
    assert await unread(ada) == 0


async def test_a_block_silences_both_ways_and_clears(scene, sign_up):
    ada, ben, clip = scene
    eve = await sign_up()
    await ben.put(f"/clips/{clip}/like")
    await ben.put(f"/people/{ada.handle}/follow")
    assert len(await told(ada)) == 2
    await ada.put(f"/people/{ben.handle}/block")
    assert await told(ada) == []
    elsewhere = await comment(eve, clip, "third")
    await eve.delete(f"/comments/{elsewhere['id']}")
    await eve.put(f"/people/{ben.handle}/block")
    assert (
        await eve.post(f"/clips/{clip}/comments", {"text": f"@{ben.handle} still there?"})
    ).status_code == 201
    assert await told(ben) == []


async def test_a_mention_of_what_one_cannot_see_is_not_shown(sign_up, admin):
    ada, ben, eve = await sign_up(), await sign_up(), await sign_up()
    await ben.put(f"/people/{ada.handle}/follow")
    clip = await put_clip(admin, ada.id, audience="followers")
    await comment(ben, clip, f"@{eve.handle} look")
    assert (await told(eve), await unread(eve)) == ([], 0)
    await eve.put(f"/people/{ada.handle}/follow")
    assert await kinds(eve) == ["mention"]


async def test_reading_up_to_a_notice(scene):
    ada, ben, clip = scene
    await ben.put(f"/clips/{clip}/like")
    await comment(ben, clip, "one")
    await comment(ben, clip, "two")
    assert await unread(ada) == 3
    listed = await told(ada)
    assert (await ada.put("/notices/read", {"up_to": listed[1]["id"]})).status_code == 204
    assert [n["read"] for n in await told(ada)] == [False, True, True]
    assert await unread(ada) == 1
    assert (await ben.put("/notices/read", {"up_to": listed[0]["id"]})).status_code == 204
    assert await unread(ada) == 1


async def test_pages(scene):
    ada, ben, clip = scene
    for n in range(5):
        await comment(ben, clip, str(n))
    seen, cursor = [], None
    while True:
        page = (
            await ada.get("/notices", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [notice["text"] for notice in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["4", "3", "2", "1", "0"]


async def test_notices_are_for_the_signed_in_and_nonsense_is_refused(client, scene):
    ada, *_ = scene
    for method, path in [
        ("GET", "/notices"),
        ("GET", "/notices/unread"),
        ("PUT", "/notices/read"),
        ("GET", "/stream"),
    ]:
        body = {"up_to": "00000000-0000-7000-8000-000000000000"} if method == "PUT" else None
        assert (await client.request(method, "/api/v1" + path, json=body)).status_code == 401
    for query in ({"limit": 0}, {"limit": 51}, {"cursor": "?"}):
        assert (await ada.get("/notices", params=query)).status_code == 422
    for body in ({}, {"up_to": 3}, {"up_to": "x"}, []):
        assert (await ada.put("/notices/read", body)).status_code == 422


async def test_a_broken_into_web_process_reads_and_forges_nothing(web_role, scene):
    ada, ben, clip = scene
    await ben.put(f"/clips/{clip}/like")
    assert await web_role.fetch("SELECT * FROM notices") == []
    with pytest.raises(Exception, match="row-level security"):
        await web_role.execute(
            "INSERT INTO notices (person_id, id, kind) VALUES ($1, gen_random_uuid(), 'pin')", ada.id
        )
    await web_role.execute("SELECT reelm.withdraw_notices($1, NULL, NULL, NULL)", ada.id)
    assert await kinds(ada) == ["like"]
