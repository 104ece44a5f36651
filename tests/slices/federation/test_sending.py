"""What people here do towards another realm: asked first, told once, and undone when they take it back."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Person, eventually
from tests.factories.clips import put_clip
from tests.factories.publishing import finished, make_clip
from tests.slices.federation.conftest import Here

from reelm.border.classify import fields_in_force


async def _clip_of_us(here: Here, caption: str = "from us") -> tuple[dict[str, Any], dict[str, Any], str]:
    """A clip of somebody of `us` as it is here once its bytes are; what brings them has its own test."""
    lea = await here.us.known()
    clip = await put_clip(here.admin, str(await here.us.thing(lea)), caption)
    document = {"id": f"{here.us.ids}/clips/{uuid.uuid4()}"}
    await here.admin.execute(
        "INSERT INTO foreign_things (uri, kind, thing_id, peer, media) VALUES ($1, 'clip', $2, 'us', '{}')",
        document["id"],
        uuid.UUID(clip),
    )
    return lea, document, clip


def _documents(rows: list[Any]) -> list[Any]:
    import json

    return [json.loads(row["document"]) if row["document"] else None for row in rows]


async def test_nobody_becomes_known_elsewhere_without_being_asked(here: Here) -> None:
    lea, _, clip = await _clip_of_us(here)
    bob = await here.sign_up()
    handle = here.us.person_row(lea)
    for refused in (
        await bob.put(f"/people/{handle}/follow"),
        await bob.put(f"/clips/{clip}/like"),
        await bob.put(f"/clips/{clip}/repost"),
        await bob.post(f"/clips/{clip}/comments", {"text": "hello"}),
    ):
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (409, "federation.consent_needed")
        assert problem["fields"] == {"realm": "us", "name": "Test US"}
    rows = await here.admin.fetch("SELECT 1 FROM crossings WHERE person_id = $1", uuid.UUID(bob.id))
    shown = (await bob.get(f"/clips/{clip}")).json()
    assert not rows
    assert (shown["viewer"]["liked"], shown["viewer"]["follow"], shown["counts"]["comments"]) == (
        False,
        "none",
        0,
    )
    await here.agree(bob)
    assert (await bob.put(f"/people/{handle}/follow")).json()["follow"] == "following"


async def test_every_act_is_asked_of_the_border_with_nothing_but_what_it_needs(here: Here) -> None:
    lea, document, clip = await _clip_of_us(here)
    bob = await here.sign_up(email=f"{uuid.uuid4().hex}@example.org")
    await here.agree(bob)
    assert (await bob.put(f"/people/{here.us.person_row(lea)}/follow")).status_code == 200
    assert (await bob.put(f"/clips/{clip}/like")).status_code == 200
    assert (await bob.put(f"/clips/{clip}/repost")).status_code == 200
    said = (await bob.post(f"/clips/{clip}/comments", {"text": "hello there"})).json()
    rows = await here.admin.fetch(
        "SELECT act, object_type, purpose, peer FROM crossings WHERE person_id = $1 ORDER BY number",
        uuid.UUID(bob.id),
    )
    assert [tuple(row.values()) for row in rows] == [
        ("Update", "Person", "profile", "us"),
        ("Follow", "Person", "interact", "us"),
        ("Like", "Video", "interact", "us"),
        ("Announce", "Video", "interact", "us"),
        ("Create", "Note", "interact", "us"),
    ]
    page = (await bob.get("/me/crossings")).json()["items"]
    assert [each["act"] for each in page] == ["Create", "Announce", "Like", "Follow", "Update"]
    assert page[0]["thing"] == {"kind": "comment", "id": said["id"], "text": "hello there"}
    assert {each["realm_name"] for each in page} == {"Test US"}
    assert document["id"]
    consents = (await bob.get("/me/consents")).json()["items"]
    (mine,) = consents
    assert (mine["realm"], mine["follows"], mine["likes"], mine["comments"]) == ("us", 1, 1, 1)


async def test_a_withdrawal_undoes_everything_that_was_done_there(here: Here) -> None:
    lea, _, clip = await _clip_of_us(here)
    bob = await here.sign_up()
    await here.agree(bob)
    handle = here.us.person_row(lea)
    assert (await bob.put(f"/people/{handle}/follow")).status_code == 200
    assert (await bob.put(f"/clips/{clip}/like")).status_code == 200
    assert (await bob.put(f"/clips/{clip}/repost")).status_code == 200
    for text in ("one", "two"):
        assert (await bob.post(f"/clips/{clip}/comments", {"text": text})).status_code == 201
    # All of it is with the border already: what is there has to be undone there.
    await here.admin.execute(
        "UPDATE crossings SET state = 'delivered' WHERE person_id = $1", uuid.UUID(bob.id)
    )
    withdrawn = await bob.delete("/me/consents/us")
    assert (withdrawn.status_code, withdrawn.json()) == (202, {"undone": 5})
    rows = await here.admin.fetch(
        "SELECT act, object_type FROM crossings WHERE person_id = $1 AND act IN ('Undo', 'Delete') ORDER BY number",
        uuid.UUID(bob.id),
    )
    assert sorted(tuple(row.values()) for row in rows) == [
        ("Delete", "Tombstone"),
        ("Delete", "Tombstone"),
        ("Delete", "Tombstone"),
        ("Undo", "Announce"),
        ("Undo", "Follow"),
        ("Undo", "Like"),
    ]
    shown = (await bob.get(f"/clips/{clip}")).json()
    assert (shown["viewer"]["liked"], shown["viewer"]["follow"], shown["counts"]["comments"]) == (
        False,
        "none",
        0,
    )
    assert not (await bob.get("/me/consents")).json()["items"]
    assert (await bob.put(f"/clips/{clip}/like")).status_code == 409
    assert (await bob.delete("/me/consents/us")).status_code == 404


async def test_what_waits_is_taken_back_and_never_goes(here: Here) -> None:
    lea, _, clip = await _clip_of_us(here)
    bob = await here.sign_up()
    await here.agree(bob)
    # As if the border were stopped: what is asked stays asked.
    await here.admin.execute("UPDATE peers SET state = 'paused' WHERE realm = 'us'")
    try:
        assert (await bob.put(f"/clips/{clip}/like")).status_code == 200
        assert (await bob.delete(f"/clips/{clip}/like")).status_code == 200
        (like,) = await here.asked(bob, "Like")
        assert (like["state"], like["document"]) == ("taken_back", None)
        assert not await here.asked(bob, "Undo")
    finally:
        await here.admin.execute("UPDATE peers SET state = 'open' WHERE realm = 'us'")
    assert lea


async def test_one_act_is_taken_back(here: Here) -> None:
    _, _, clip = await _clip_of_us(here)
    bob, mallory = await here.sign_up(), await here.sign_up()
    await here.agree(bob)
    assert (await bob.put(f"/clips/{clip}/like")).status_code == 200
    (like,) = [each for each in (await bob.get("/me/crossings")).json()["items"] if each["act"] == "Like"]
    assert (await mallory.post(f"/me/crossings/{like['id']}/withdraw")).status_code == 404
    assert not (await mallory.get("/me/crossings")).json()["items"]
    answer = await bob.post(f"/me/crossings/{like['id']}/withdraw")
    assert (answer.status_code, answer.json()) == (202, {"undone": 1})
    assert (await bob.get(f"/clips/{clip}")).json()["viewer"]["liked"] is False
    assert (await bob.post(f"/me/crossings/{like['id']}/withdraw")).json() == {"undone": 0}


async def test_a_realm_that_nobody_knows_gets_no_consent(here: Here) -> None:
    bob = await here.sign_up()
    answer = await bob.put("/me/consents/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "federation.unknown_realm")
    for path in ("/me/consents", "/me/crossings", "/people/lookup?address=@x@us"):
        assert (await here.client.get(f"/api/v1{path}")).status_code == 401


async def _followed_from_us(here: Here, person: Person) -> dict[str, Any]:
    lea = await here.us.known()
    follow = here.us.act("Follow", lea, here.uri("people", person.id))
    assert await here.us.say("Follow", "Follow", follow) == "taken"
    return lea


async def test_a_public_clip_goes_where_somebody_follows_and_only_there(here: Here, footage: Path) -> None:
    bob, carol = await here.sign_up(), await here.sign_up()
    await _followed_from_us(here, bob)
    made = await make_clip(bob, footage, caption="for all #sky", visibility="everyone")
    hidden = await make_clip(bob, footage, caption="for some", visibility="followers")
    unknown = await make_clip(carol, footage, caption="nobody there", visibility="everyone")
    for person, clip in ((bob, made), (bob, hidden), (carol, unknown)):
        await finished(person, clip["id"])

    async def created() -> list[Any]:
        return await here.asked(bob, "Create", object_type="Video")

    (crossing,) = await eventually(created)
    assert str(crossing["thing_id"]) == made["id"]
    assert not await here.asked(carol, "Create")
    # Changed words follow; fewer people mean that it goes there.
    assert (await bob.patch(f"/clips/{made['id']}", json={"caption": "other words"})).status_code == 200
    assert len(await here.asked(bob, "Update", object_type="Video")) == 1
    assert (await bob.patch(f"/clips/{made['id']}", json={"visibility": "followers"})).status_code == 200
    assert (
        len(await here.asked(bob, "Delete")) + len(await here.asked(bob, "Create", state="taken_back")) >= 1
    )
    # Somebody who begins to follow is shown what there is.
    assert (await bob.patch(f"/clips/{hidden['id']}", json={"visibility": "everyone"})).status_code == 200

    async def opened() -> bool:
        return len(await created()) == 2

    assert await eventually(opened)


async def test_a_comment_under_a_clip_that_is_known_elsewhere_goes_there(here: Here) -> None:
    bob, carol, dan = await here.sign_up(), await here.sign_up(), await here.sign_up()
    clip = await put_clip(here.admin, bob.id)
    await here.admin.execute(
        "INSERT INTO crossings (id, peer, act, object_type, purpose, person_id, thing_id, state) "
        "VALUES (gen_random_uuid(), 'us', 'Create', 'Video', 'publish', $1, $2, 'delivered')",
        uuid.UUID(bob.id),
        uuid.UUID(clip),
    )
    said = (await carol.post(f"/clips/{clip}/comments", {"text": "hello"})).json()
    assert [row["thing_id"] for row in await here.asked(carol, "Create", object_type="Note")] == [
        uuid.UUID(said["id"])
    ]
    assert (await dan.patch("/me", json={"private": True})).status_code == 200
    assert (await dan.post(f"/clips/{clip}/comments", {"text": "quiet"})).status_code == 201
    assert not await here.asked(dan, "Create")
    # The clip's author takes it away: its realm tells the others, in the name of who did it.
    assert (await bob.delete(f"/comments/{said['id']}")).status_code == 204
    assert len(await here.asked(bob, "Delete")) == 1


async def test_a_changed_profile_follows_and_a_private_account_goes(here: Here, footage: Path) -> None:
    bob = await here.sign_up()
    await _followed_from_us(here, bob)
    made = await make_clip(bob, footage, visibility="everyone")
    await finished(bob, made["id"])

    async def created() -> list[Any]:
        return await here.asked(bob, "Create", object_type="Video")

    await eventually(created)
    before = len(await here.asked(bob, "Update", object_type="Person"))
    assert (await bob.patch("/me", json={"display_name": "Robert"})).status_code == 200
    assert len(await here.asked(bob, "Update", object_type="Person")) == before + 1
    assert (await bob.patch("/me", json={"private": True})).status_code == 200
    assert (
        len(await here.asked(bob, "Delete")) + len(await here.asked(bob, "Create", state="taken_back")) >= 1
    )


async def test_an_erasure_reaches_every_realm_that_heard_of_the_person(here: Here) -> None:
    _, _, clip = await _clip_of_us(here)
    bob = await here.sign_up()
    await here.agree(bob)
    assert (await bob.put(f"/clips/{clip}/like")).status_code == 200
    await here.admin.execute(
        "UPDATE crossings SET state = 'delivered' WHERE person_id = $1", uuid.UUID(bob.id)
    )
    erased = await bob.post("/me/erasure", {"password": bob.password, "handle": bob.handle})
    assert erased.status_code == 202, erased.text
    uri = here.uri("people", bob.id)

    async def told() -> list[Any]:
        rows = await here.admin.fetch("SELECT * FROM crossings WHERE act = 'Delete' AND person_id IS NULL")
        return [
            row for row in rows if uri in (row["document"] or "") or uri.encode() in (row["released"] or b"")
        ]

    (line,) = await eventually(told, seconds=90)
    assert (line["peer"], line["thing_id"]) == ("us", None)

    async def gone() -> bool:
        return not await here.admin.fetchval("SELECT count(*) FROM people WHERE id = $1", uuid.UUID(bob.id))

    assert await eventually(gone)
    left = await here.admin.fetch("SELECT to_jsonb(c)::text AS line FROM crossings c")
    assert sum(bob.id in row["line"] for row in left) <= 1


@pytest.mark.parametrize("name", ["Person", "Video", "Note", "Follow", "Like", "Undo", "Accept", "Tombstone"])
def test_every_kind_that_is_sent_has_its_rows(name: str) -> None:
    assert name in fields_in_force().types


async def test_counts_go_back_from_twenty_people_on(here: Here) -> None:
    _, document, clip = await _clip_of_us(here)
    people = [uuid.uuid4() for _ in range(27)]
    await here.admin.executemany(
        "INSERT INTO people (id, handle, handle_key, display_name) VALUES ($1, $2, $2, 'Somebody')",
        [(person_id, f"w{person_id.hex[:12]}") for person_id in people],
    )

    async def watched_by(some: list[uuid.UUID]) -> list[int]:
        await here.admin.executemany(
            "INSERT INTO watch_events (person_id, at, id, clip_id, kind) "
            "VALUES ($1, now(), gen_random_uuid(), $2, 'impression')",
            [(person_id, uuid.UUID(clip)) for person_id in some],
        )
        rows = await here.admin.fetch("SELECT uri, people FROM reelm.watched_from_abroad()")
        return [row["people"] for row in rows if row["uri"] == document["id"]]

    # Nineteen are too few, however often they watch.
    assert await watched_by([*people[:19], *people[:10]]) == []
    assert await watched_by(people[19:]) == [20]
    await here.admin.execute("SELECT reelm.note_views_told($1, 20)", uuid.UUID(clip))
    assert await watched_by(people[:3]) == []
    await here.admin.execute("DELETE FROM people WHERE id = ANY ($1)", people)


async def test_counts_that_come_back_are_believed_from_twenty_on(here: Here) -> None:
    bob, lea = await here.sign_up(), await here.us.known()
    clip = await put_clip(here.admin, bob.id)

    def views(people: int) -> dict[str, Any]:
        return {
            "type": "Collection",
            "id": here.uri("clips", f"{clip}/views"),
            "attributedTo": f"{here.us.ids}/realm",
            "totalItems": people,
        }

    said = [await here.us.say("Update", "Collection", views(people)) for people in (19, 40, 30, 60)]
    assert said == ["count", "taken", "taken", "taken"]
    assert (await bob.get(f"/clips/{clip}")).json()["counts"]["views"] == 60
    assert lea


async def test_an_answer_to_a_follow_is_told(here: Here) -> None:
    lea = await here.us.known(manuallyApprovesFollowers=True)
    handle, bob = here.us.person_row(lea), await here.sign_up()
    await here.agree(bob)
    assert (await bob.put(f"/people/{handle}/follow")).json()["follow"] == "requested"
    asked = {"type": "Follow", "actor": here.uri("people", bob.id), "object": lea["id"]}
    assert await here.us.say("Accept", "Follow", here.us.act("Accept", lea, asked)) == "taken"
    assert (await bob.get(f"/people/{handle}")).json()["viewer"]["follow"] == "following"
    kinds = [each["kind"] for each in (await bob.get("/notices")).json()["items"]]
    assert kinds == ["follow_accepted"]
    assert await here.us.say("Reject", "Follow", here.us.act("Reject", lea, asked)) == "taken"
    assert (await bob.get(f"/people/{handle}")).json()["viewer"]["follow"] == "none"
