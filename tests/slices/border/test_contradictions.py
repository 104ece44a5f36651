"""Deliveries that contradict each other, or what is here: they pass the gate, and are settled where rows are known."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.conftest import Person, RunningRealm, eventually, maker_of_people
from tests.factories.clips import put_clip
from tests.factories.foreign import Foreign


@pytest.fixture
async def lea(bordered: RunningRealm) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=bordered.url, timeout=30) as client:
        made: Person = await maker_of_people(client)()
        yield made


async def settled(seeing: Any, *acts: dict[str, Any]) -> list[str]:
    """Wait until the worker has taken in, or refused, all of the acts; return their states."""

    async def states() -> list[str] | None:
        rows = await seeing.fetch(
            "SELECT a.state FROM unnest($1::text[]) WITH ORDINALITY AS u (uri, place) "
            "JOIN arrivals a ON a.uri = u.uri WHERE a.state <> 'held' ORDER BY u.place",
            [act["id"] for act in acts],
        )
        return [row["state"] for row in rows] if len(rows) == len(acts) else None

    found: list[str] = await eventually(states, seconds=90)
    return found


async def test_nobody_withdraws_what_somebody_else_of_the_same_realm_said(
    abroad: Foreign, seeing: Any, lea: Person, bordered: RunningRealm
) -> None:
    clip = await put_clip(seeing, lea.id, "mine")
    ours = f"{bordered.url}/ap/clips/{clip}"
    ming, hua = abroad.name("people"), abroad.name("people")
    said = abroad.note(ours, ming)
    first = [abroad.person(ming), abroad.person(hua, preferredUsername="hua"), said]
    assert (await abroad.deliver(*first)).json() == {"taken": 3, "refused": []}
    assert await settled(seeing, *first) == ["taken"] * 3
    comment = await seeing.fetchval(
        "SELECT thing_id FROM foreign_things WHERE uri = $1", said["object"]["id"]
    )
    gone = {"type": "Tombstone", "id": said["object"]["id"], "formerType": "Note"}
    by_hua = abroad.act("Delete", hua, {**gone, "attributedTo": hua})
    assert (await abroad.deliver(by_hua)).json()["taken"] == 1
    # Settled, and without effect.
    await settled(seeing, by_hua)
    assert await is_there(seeing, comment)
    by_ming = abroad.act("Delete", ming, {**gone, "attributedTo": ming})
    assert (await abroad.deliver(by_ming)).json()["taken"] == 1
    assert await settled(seeing, by_ming) == ["taken"]
    assert not await is_there(seeing, comment)


async def is_there(seeing: Any, comment: UUID) -> bool:
    return bool(await seeing.fetchval("SELECT count(*) FROM comments WHERE id = $1", comment))


async def test_what_was_withdrawn_does_not_come_back(
    abroad: Foreign, seeing: Any, lea: Person, bordered: RunningRealm
) -> None:
    """Deleted, and then made or changed once more, by acts that are new."""
    clip = await put_clip(seeing, lea.id, "mine")
    ming = abroad.name("people")
    said = abroad.note(f"{bordered.url}/ap/clips/{clip}", ming)
    tombstone = {"type": "Tombstone", "id": said["object"]["id"], "attributedTo": ming, "formerType": "Note"}
    gone = abroad.act("Delete", ming, tombstone)
    again = abroad.act("Create", ming, said["object"])
    changed = abroad.act("Update", ming, {**said["object"], "content": "I insist"})
    acts = [abroad.person(ming), said, gone, again, changed]
    assert (await abroad.deliver(*acts)).json() == {"taken": 5, "refused": []}
    states = await settled(seeing, *acts)
    assert states[:3] == ["taken"] * 3
    assert not await seeing.fetchval("SELECT count(*) FROM comments WHERE clip_id = $1", UUID(str(clip)))


async def test_acts_without_what_comes_before_them_are_settled_and_break_nothing(
    abroad: Foreign, seeing: Any, lea: Person
) -> None:
    """Withdrawn before it was made; taken back before it was done; an answer that nobody asked for."""
    ming, own = abroad.name("people"), f"https://nobody.example/people/{lea.id}"
    tombstone = {"type": "Tombstone", "id": abroad.name("clips"), "attributedTo": ming, "formerType": "Video"}
    acts = [abroad.person(ming), abroad.act("Delete", ming, tombstone)]
    stranger = abroad.act("Follow", ming, own)
    said = await abroad.deliver(*acts, stranger)
    assert said.json() == {"taken": 2, "refused": [2]}
    states = await settled(seeing, *acts)
    assert states[0] == "taken"


async def test_an_answer_that_nobody_asked_for_makes_no_follow(
    abroad: Foreign, seeing: Any, lea: Person, bordered: RunningRealm
) -> None:
    ming = abroad.name("people")
    follow = {"type": "Follow", "actor": f"{bordered.url}/ap/people/{lea.id}", "object": ming}
    acts = [abroad.person(ming), abroad.act("Accept", ming, follow)]
    assert (await abroad.deliver(*acts)).json()["taken"] == 2
    await settled(seeing, *acts)
    assert not await seeing.fetchval("SELECT count(*) FROM follows WHERE follower_id = $1", UUID(lea.id))


async def test_a_realm_takes_back_only_what_its_own_people_did(
    abroad: Foreign, seeing: Any, lea: Person, bordered: RunningRealm
) -> None:
    """Another realm that knows the address of a like, or of a comment, can't undo it: it can't even say so."""
    clip = await put_clip(seeing, lea.id, "mine")
    assert (await lea.put(f"/clips/{clip}/like")).status_code == 200
    like = {
        "type": "Like",
        "actor": f"{bordered.url}/ap/people/{lea.id}",
        "object": f"{bordered.url}/ap/clips/{clip}",
    }
    said = await abroad.deliver(
        abroad.act("Undo", abroad.name("people"), like),
        {**abroad.act("Undo", abroad.name("people"), like), "actor": like["actor"]},
    )
    assert said.json() == {"taken": 0, "refused": [0, 1]}
    assert await seeing.fetchval("SELECT count(*) FROM likes WHERE clip_id = $1", UUID(str(clip))) == 1
