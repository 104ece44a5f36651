"""Following: every route as nobody, as another person, with nonsense, and as it should be."""

import asyncio

from conftest import Person


async def state_of(person: Person, other: Person) -> dict:
    found = await person.get(f"/people/{other.handle}")
    assert found.status_code == 200, found.text
    return found.json()["viewer"]


async def handles(person: Person, path: str) -> list[str]:
    found = await person.get(path)
    assert found.status_code == 200, found.text
    return [card["handle"] for card in found.json()["items"]]


async def test_a_person_page_for_nobody_has_no_viewer(client, sign_up):
    ada = await sign_up()
    found = await client.get(f"/api/v1/people/{ada.handle}")
    assert found.status_code == 200
    body = found.json()
    assert body["viewer"] is None
    assert body["counts"] == {"followers": 0, "following": 0, "clips": 0, "likes": 0}
    assert "email" not in body


async def test_a_page_is_found_with_the_sign_and_in_any_case(client, sign_up):
    ada = await sign_up()
    assert (await client.get(f"/api/v1/people/@{ada.handle.upper()}")).json()["handle"] == ada.handle


async def test_nobody_there(client, sign_up):
    ada = await sign_up()
    assert (await client.get("/api/v1/people/nobody_at_all_here")).status_code == 404
    assert (await ada.put("/people/nobody_at_all_here/follow")).status_code == 404
    assert (await ada.delete("/people/nobody_at_all_here/follow")).status_code == 404


async def test_following_an_open_account_counts_at_once_and_once(sign_up):
    ada, ben = await sign_up(), await sign_up()
    for _ in range(2):
        followed = await ada.put(f"/people/{ben.handle}/follow")
        assert (followed.status_code, followed.json()) == (200, {"follow": "following"})
    page = (await ada.get(f"/people/{ben.handle}")).json()
    assert page["counts"]["followers"] == 1
    assert page["viewer"] == {
        "follow": "following",
        "follows_me": False,
        "friend": False,
        "blocked": False,
        "own": False,
        "close_friend": False,
    }
    assert await state_of(ben, ada) == {
        "follow": "none",
        "follows_me": True,
        "friend": False,
        "blocked": False,
        "own": False,
        "close_friend": False,
    }
    assert await handles(ada, "/me/following") == [ben.handle]
    assert await handles(ben, "/me/followers") == [ada.handle]


async def test_friends_follow_one_another(sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ada.put(f"/people/{ben.handle}/follow")
    await ben.put(f"/people/{ada.handle}/follow")
    assert (await state_of(ada, ben))["friend"]
    await ben.delete(f"/people/{ada.handle}/follow")
    assert not (await state_of(ada, ben))["friend"]
    assert (await state_of(ada, ben))["follow"] == "following"


async def test_unfollowing_twice_is_fine(sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ada.put(f"/people/{ben.handle}/follow")
    for _ in range(2):
        gone = await ada.delete(f"/people/{ben.handle}/follow")
        assert (gone.status_code, gone.json()) == (200, {"follow": "none"})
    assert (await ada.get(f"/people/{ben.handle}")).json()["counts"]["followers"] == 0


async def test_a_private_account_is_asked(sign_up):
    ada, ben, eve = await sign_up(), await sign_up(), await sign_up()
    await ben.patch("/me", {"private": True})
    assert (await ada.put(f"/people/{ben.handle}/follow")).json() == {"follow": "requested"}
    assert (await state_of(ada, ben))["follow"] == "requested"
    assert not (await state_of(ben, ada))["follows_me"]
    assert await handles(ben, "/me/follow-requests") == [ada.handle]
    assert await handles(ben, "/me/followers") == []
    assert (await eve.put(f"/me/follow-requests/{ada.handle}")).status_code == 404
    for _ in range(2):
        assert (await ben.put(f"/me/follow-requests/{ada.handle}")).status_code == 204
    assert (await state_of(ada, ben))["follow"] == "following"
    assert await handles(ben, "/me/follow-requests") == []
    assert (await ben.delete(f"/me/follow-requests/{ada.handle}")).status_code == 404


async def test_a_declined_request_can_be_made_again(sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ben.patch("/me", {"private": True})
    await ada.put(f"/people/{ben.handle}/follow")
    assert (await ben.delete(f"/me/follow-requests/{ada.handle}")).status_code == 204
    assert (await state_of(ada, ben))["follow"] == "none"
    assert (await ada.put(f"/people/{ben.handle}/follow")).json() == {"follow": "requested"}
    assert (await ada.delete(f"/people/{ben.handle}/follow")).json() == {"follow": "none"}
    assert await handles(ben, "/me/follow-requests") == []


async def test_an_account_that_opens_accepts_who_asked(sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ben.patch("/me", {"private": True})
    await ada.put(f"/people/{ben.handle}/follow")
    assert (await ben.patch("/me", {"private": False})).status_code == 200
    assert (await state_of(ada, ben))["follow"] == "following"
    assert (await ada.get(f"/people/{ben.handle}")).json()["counts"]["followers"] == 1


async def test_a_follower_can_be_removed(sign_up):
    ada, ben, eve = await sign_up(), await sign_up(), await sign_up()
    await ada.put(f"/people/{ben.handle}/follow")
    assert (await eve.delete(f"/me/followers/{ada.handle}")).status_code == 404
    assert (await ben.delete(f"/me/followers/{ada.handle}")).status_code == 204
    assert (await ben.delete(f"/me/followers/{ada.handle}")).status_code == 404
    assert (await state_of(ada, ben))["follow"] == "none"


async def test_nobody_follows_themselves(sign_up):
    ada = await sign_up()
    refused = await ada.put(f"/people/{ada.handle}/follow")
    assert (refused.status_code, refused.json()["code"]) == (422, "social.oneself")
    assert (await state_of(ada, ada))["own"]


async def test_a_block_ends_ties_both_ways_and_hides(sign_up, client):
    ada, ben = await sign_up(), await sign_up()
    await ada.put(f"/people/{ben.handle}/follow")
    await ben.put(f"/people/{ada.handle}/follow")
    assert (await ben.put(f"/people/{ada.handle}/block")).status_code == 204
    assert (await ada.get(f"/people/{ben.handle}")).status_code == 404
    assert (await ada.put(f"/people/{ben.handle}/follow")).status_code == 404
    assert (await client.get(f"/api/v1/people/{ben.handle}")).status_code == 200
    assert await state_of(ben, ada) == {
        "follow": "none",
        "follows_me": False,
        "friend": False,
        "blocked": True,
        "own": False,
        "close_friend": False,
    }
    refused = await ben.put(f"/people/{ada.handle}/follow")
    assert (refused.status_code, refused.json()["code"]) == (409, "social.blocked_by_you")
    await ben.delete(f"/people/{ada.handle}/block")
    assert (await state_of(ada, ben))["follow"] == "none"
    assert (await ben.put(f"/people/{ada.handle}/follow")).json() == {"follow": "following"}


async def test_ties_are_for_the_signed_in(client, sign_up):
    ada = await sign_up()
    for method, path in [
        ("PUT", f"/people/{ada.handle}/follow"),
        ("DELETE", f"/people/{ada.handle}/follow"),
        ("GET", "/me/followers"),
        ("GET", "/me/following"),
        ("GET", "/me/follow-requests"),
        ("PUT", f"/me/follow-requests/{ada.handle}"),
        ("DELETE", f"/me/follow-requests/{ada.handle}"),
        ("DELETE", f"/me/followers/{ada.handle}"),
    ]:
        refused = await client.request(method, "/api/v1" + path)
        assert (refused.status_code, refused.json()["code"]) == (401, "accounts.sign_in_required"), path


async def test_lists_go_on_where_they_ended(sign_up):
    ada = await sign_up()
    fans = [await sign_up() for _ in range(5)]
    for fan in fans:
        await fan.put(f"/people/{ada.handle}/follow")
    seen, cursor = [], None
    while True:
        page = (
            await ada.get("/me/followers", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [card["handle"] for card in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [fan.handle for fan in reversed(fans)]


async def test_nonsense_is_refused(sign_up):
    ada = await sign_up()
    for path in ("/me/followers", "/me/following", "/me/follow-requests"):
        for query in ({"limit": 0}, {"limit": 51}, {"cursor": "nonsense"}, {"cursor": "kcCj"}):
            assert (await ada.get(path, params=query)).status_code == 422, (path, query)


async def test_following_at_the_same_time_counts_once(sign_up):
    ada, ben = await sign_up(), await sign_up()
    answers = await asyncio.gather(*(ada.put(f"/people/{ben.handle}/follow") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await ada.get(f"/people/{ben.handle}")).json()["counts"]["followers"] == 1


async def test_a_broken_into_web_process_reads_no_foreign_ties(web_role, sign_up):
    ada, ben = await sign_up(), await sign_up()
    await ada.put(f"/people/{ben.handle}/follow")
    assert await web_role.fetch("SELECT * FROM follows") == []
    await web_role.execute("SELECT set_config('reelm.person', $1, false)", ada.id)
    assert await web_role.fetch("SELECT * FROM follows") == []
