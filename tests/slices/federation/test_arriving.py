"""What people of another realm do here: they are followed, liked, answered and found like anybody, and marked."""

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import Any

from tests.conftest import Person, eventually
from tests.factories.clips import put_clip
from tests.slices.federation.conftest import Here

from reelm.backups.repository import BackupsReader
from reelm.kit.database import Database


async def _notices(person: Person, kind: str) -> list[Any]:
    items = (await person.get("/notices")).json()["items"]
    return [each for each in items if each["kind"] == kind]


async def test_a_person_of_another_realm_is_a_person_here(here: Here) -> None:
    lea = await here.us.known(name="Léa <b>of</b> us")
    handle = here.us.person_row(lea)
    bob = await here.sign_up()
    page = (await bob.get(f"/people/{handle}")).json()
    assert (page["realm"], page["display_name"], page["handle"]) == ("us", "Léa <b>of</b> us", handle)
    assert (await bob.get(f"/people/{bob.handle}")).json()["realm"] is None
    found = (await bob.get("/search", params={"q": handle.partition("@")[0], "type": "people"})).json()
    # The realm is shared, and the peer's people are numbered: some are called nearly alike.
    assert (found["people"]["items"][0]["handle"], found["people"]["items"][0]["realm"]) == (handle, "us")
    # What changed is changed; what is older changes nothing.
    assert (
        await here.us.say("Update", "Person", {**lea, "name": "New", "updated": "2099-01-01T00:00:00Z"})
        == "taken"
    )
    assert (await bob.get(f"/people/{handle}")).json()["display_name"] == "New"
    old = {**lea, "name": "Old", "updated": "2020-01-01T00:00:00Z"}
    assert await here.us.say("Update", "Person", old) == "taken"
    assert (await bob.get(f"/people/{handle}")).json()["display_name"] == "New"


async def test_nobody_joins_under_a_foreign_name(here: Here) -> None:
    body = {"handle": "lea@us", "password": "correct horse battery staple", "birth_date": "1999-04-12"}
    refused = await here.client.post("/api/v1/accounts", json={**body, "country": "FR", "language": "en"})
    assert (refused.status_code, refused.json()["code"]) == (422, "accounts.handle_unsuitable")


async def test_a_follow_is_accepted_and_answered_with_what_there_is_to_see(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    follow = here.us.act("Follow", lea, here.uri("people", bob.id))
    assert await here.us.say("Follow", "Follow", follow) == "taken"
    followers = (await bob.get("/me/followers")).json()["items"]
    assert [(each["handle"], each["realm"]) for each in followers] == [(here.us.person_row(lea), "us")]
    assert len(await _notices(bob, "follow")) == 1
    (accepted,) = await here.asked(bob, "Accept")
    assert accepted["object_type"] == "Follow"
    assert (
        await here.us.say("Undo", "Follow", here.us.undo("Follow", lea, here.uri("people", bob.id)))
        == "taken"
    )
    assert not (await bob.get("/me/followers")).json()["items"]
    assert not await _notices(bob, "follow")


async def test_a_private_account_is_asked_first(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    assert (await bob.patch("/me", json={"private": True})).status_code == 200
    follow = here.us.act("Follow", lea, here.uri("people", bob.id))
    assert await here.us.say("Follow", "Follow", follow) == "taken"
    handle = here.us.person_row(lea)
    assert [each["handle"] for each in (await bob.get("/me/follow-requests")).json()["items"]] == [handle]
    assert not await here.asked(bob, "Accept")
    assert (await bob.put(f"/me/follow-requests/{handle}")).status_code == 204
    assert len(await here.asked(bob, "Accept")) == 1
    assert (await bob.delete(f"/me/followers/{handle}")).status_code == 204
    assert len(await here.asked(bob, "Reject")) == 1


async def test_a_comment_a_reply_and_a_like_arrive_and_are_told(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    clip = await put_clip(here.admin, bob.id, "mine")
    uri = here.uri("clips", clip)
    note = here.us.note(lea, uri, f"hello @{bob.handle}@world and @tim")
    assert await here.us.say("Create", "Note", note) == "taken"
    (shown,) = (await bob.get(f"/clips/{clip}/comments")).json()["items"]
    assert shown["author"]["realm"] == "us"
    assert shown["text"] == f"hello @{bob.handle} and @tim@us"
    assert [len(await _notices(bob, kind)) for kind in ("mention", "comment")] == [1, 0]
    # An answer to Bob's own words, by the address they have everywhere.
    said = (await bob.post(f"/clips/{clip}/comments", {"text": "welcome"})).json()
    answer = here.us.note(lea, uri, "thanks", parent=here.uri("comments", said["id"]))
    assert await here.us.say("Create", "Note", answer) == "taken"
    replies = (await bob.get(f"/comments/{said['id']}/replies")).json()["items"]
    assert [each["text"] for each in replies] == ["thanks"]
    assert len(await _notices(bob, "reply")) == 1
    for kind in ("Like", "Announce"):
        assert await here.us.say(kind, kind, here.us.act(kind, lea, uri)) == "taken"
    assert (
        await here.us.say("Like", "Like", here.us.act("Like", lea, here.uri("comments", said["id"])))
        == "taken"
    )
    counts = (await bob.get(f"/clips/{clip}")).json()["counts"]
    assert (counts["likes"], counts["reposts"], counts["comments"]) == (1, 1, 3)
    # All of it can be taken back.
    assert await here.us.say("Undo", "Like", here.us.undo("Like", lea, uri)) == "taken"
    assert await here.us.say("Delete", "Tombstone", here.us.gone(lea, note["id"])) == "taken"
    counts = (await bob.get(f"/clips/{clip}")).json()["counts"]
    assert (counts["likes"], counts["comments"]) == (0, 2)
    assert not await _notices(bob, "like")


async def test_whoever_is_blocked_is_not_heard(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    clip = await put_clip(here.admin, bob.id)
    uri = here.uri("clips", clip)
    assert (
        await here.us.say("Follow", "Follow", here.us.act("Follow", lea, here.uri("people", bob.id)))
        == "taken"
    )
    assert (await bob.put(f"/people/{here.us.person_row(lea)}/block")).status_code == 204
    assert len(await here.asked(bob, "Reject")) == 1
    assert not await here.asked(bob, "Block")
    said = [
        await here.us.say("Create", "Note", here.us.note(lea, uri, "still here")),
        await here.us.say("Like", "Like", here.us.act("Like", lea, uri)),
        await here.us.say("Announce", "Announce", here.us.act("Announce", lea, uri)),
        await here.us.say("Follow", "Follow", here.us.act("Follow", lea, here.uri("people", bob.id))),
    ]
    assert said == ["clip", "thing", "thing", "blocked"]
    assert not (await bob.get(f"/clips/{clip}/comments")).json()["items"]
    assert not (await bob.get("/me/followers")).json()["items"]


async def test_what_is_not_for_everyone_can_not_be_reached(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    hidden = await put_clip(here.admin, bob.id, audience="followers")
    closed = await put_clip(here.admin, bob.id, allow_comments=False)
    assert await here.us.say("Like", "Like", here.us.act("Like", lea, here.uri("clips", hidden))) == "thing"
    assert await here.us.say("Create", "Note", here.us.note(lea, here.uri("clips", hidden), "hm")) == "clip"
    assert await here.us.say("Create", "Note", here.us.note(lea, here.uri("clips", closed), "hm")) == "closed"


async def test_what_comes_before_its_author_waits(here: Here) -> None:
    bob = await here.sign_up()
    lea = here.us.person()
    follow = here.us.act("Follow", lea, here.uri("people", bob.id))
    said = await here.us.say_all([("Follow", "Follow", follow), ("Update", "Person", lea)])
    assert said == ["taken", "taken"]


async def test_what_was_withdrawn_before_it_came_does_not_come(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    note = here.us.note(lea, here.uri("clips", await put_clip(here.admin, bob.id)), "late")
    assert await here.us.say("Delete", "Tombstone", here.us.gone(lea, note["id"])) == "taken"
    assert await here.us.say("Create", "Note", note) == "gone"


async def test_what_is_no_thing_of_ours_is_refused(here: Here) -> None:
    lea = await here.us.known()
    bad = here.us.person(preferredUsername="../etc")
    assert await here.us.say("Update", "Person", bad) == "unreadable:preferredUsername"
    assert await here.us.say("Move", "Person", here.us.act("Move", lea, lea["id"])) == "act"
    assert await here.us.say("Create", "Note", {**here.us.note(lea, "http://nowhere.test/x", "x")}) == "clip"


async def _arrived(here: Here, footage: Path, caption: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A clip of somebody of `us`, played from here."""
    lea = await here.us.known()
    video = here.us.video(lea, footage, caption)
    digest = video["attachment"][0]["digest"].removeprefix("sha-256:")
    fetched = here.us.data / "border" / "fetched"
    await asyncio.to_thread(fetched.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(shutil.copy, footage, fetched / digest)
    assert await here.us.say("Create", "Video", video) == "taken"
    clip = str(await here.us.thing(video))
    return lea, video, clip


async def test_a_clip_is_held_until_its_bytes_are_here(here: Here, footage: Path) -> None:
    lea = await here.us.known()
    video = here.us.video(lea, footage, "far away #elsewhere")
    assert await here.us.say("Create", "Video", video) == "taken"
    clip = await here.us.thing(video)
    bob = await here.sign_up()
    assert (await bob.get(f"/clips/{clip}")).status_code == 404
    row = await here.admin.fetchrow(
        "SELECT status, audience, sealed, allow_sound_reuse FROM clips WHERE id = $1", clip
    )
    assert tuple(row.values()) == ("processing", "everyone", False, False)
    assert await here.us.say("Delete", "Tombstone", here.us.gone(lea, video["id"])) == "taken"
    assert not await here.admin.fetchval("SELECT count(*) FROM clips WHERE id = $1", clip)
    # It was taken back: an older word does not bring it again.
    assert await here.us.say("Create", "Video", {**video, "updated": video["published"]}) == "clip"


async def test_a_foreign_person_goes_with_all_that_is_theirs(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    clip = await put_clip(here.admin, bob.id)
    uri = here.uri("clips", clip)
    note = here.us.note(lea, uri, "a thread")
    assert await here.us.say("Create", "Note", note) == "taken"
    comment = await here.us.thing(note)
    assert (
        await bob.post(f"/clips/{clip}/comments", {"text": "an answer", "parent_id": str(comment)})
    ).status_code == 201
    assert await here.us.say("Like", "Like", here.us.act("Like", lea, uri)) == "taken"
    assert await here.us.say("Delete", "Tombstone", here.us.gone(lea, lea["id"])) == "taken"
    assert (await bob.get(f"/people/{here.us.person_row(lea)}")).status_code == 404
    (left,) = (await bob.get(f"/clips/{clip}/comments")).json()["items"]
    assert left["text"] == "an answer"
    assert (await bob.get(f"/clips/{clip}")).json()["counts"]["likes"] == 0


async def test_nobody_of_another_realm_has_more_than_a_public_row(here: Here) -> None:
    """A walk over every table: what is somebody's own here is somebody's who lives here."""
    lea = await here.us.known()
    tables = await here.admin.fetch(
        "SELECT DISTINCT c.conrelid::regclass::text AS name, a.attname AS column FROM pg_constraint c "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        "WHERE c.contype = 'f' AND c.confrelid = 'people'::regclass AND c.conparentid = 0"
    )
    with_foreign = set()
    for table in tables:
        held = await here.admin.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM {table['name']} t JOIN people p ON p.id = t.{table['column']} "
            "WHERE p.realm IS NOT NULL)"
        )
        if held:
            with_foreign.add((table["name"], table["column"]))
    assert with_foreign <= {
        ("clips", "author_id"),
        ("comments", "author_id"),
        ("follows", "follower_id"),
        ("follows", "followee_id"),
        ("likes", "person_id"),
        ("comment_likes", "person_id"),
        ("reposts", "person_id"),
        ("blocks", "blocked_id"),
        ("notices", "actor_id"),
    }
    assert uuid.UUID(str(await here.us.thing(lea)))


async def test_a_foreign_person_hears_nothing_here(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    clip = await put_clip(here.admin, bob.id)
    note = here.us.note(lea, here.uri("clips", clip), "hello")
    assert await here.us.say("Create", "Note", note) == "taken"
    comment = await here.us.thing(note)
    await here.agree(bob)
    answer = await bob.post(
        f"/clips/{clip}/comments", {"text": f"@{here.us.person_row(lea)} hi", "parent_id": str(comment)}
    )
    assert answer.status_code == 201
    assert (await bob.put(f"/comments/{comment}/like")).status_code == 200
    told = await here.admin.fetchval(
        "SELECT count(*) FROM notices WHERE person_id = $1", await here.us.thing(lea)
    )
    assert told == 0

    async def liked() -> bool:
        return bool(await here.asked(bob, "Like"))

    assert await eventually(liked)


async def test_a_backup_seals_what_guests_did_under_the_key_of_whom_they_did_it_to(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    clip = await put_clip(here.admin, bob.id)
    uri = here.uri("clips", clip)
    assert (
        await here.us.say("Follow", "Follow", here.us.act("Follow", lea, here.uri("people", bob.id)))
        == "taken"
    )
    for kind in ("Like", "Announce"):
        assert await here.us.say(kind, kind, here.us.act(kind, lea, uri)) == "taken"
    guest, host = str(await here.us.thing(lea)), uuid.UUID(bob.id)
    database = await Database.open(here.running.settings.database, "reelm_admin")
    try:
        async with database.transaction() as uow:
            reader = BackupsReader(uow)
            await reader.begin()
            people = await reader.person_ids(None, 10_000)
            assert host in people
            assert uuid.UUID(guest) not in people
            for table in ("follows", "likes", "reposts"):
                assert [
                    owner for owner, line in await reader.sealed_rows(table, [host]) if guest in line
                ] == [host]
                own = [line async for lines in reader.own_rows(table) for line in lines]
                assert not [line for line in own if guest in line]
    finally:
        await database.close()
