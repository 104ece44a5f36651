"""Clip keys against the real row-level security: whoever sees the clip gets its key, nobody else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from reelm.custody.errors import TicketRefusedError
from reelm.custody.keeper import Keeper
from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import SystemIds


@dataclass
class Village:
    """An author with a clip, and people who stand in every relation to them."""

    author: UUID
    tokens: dict[str, str]
    people: dict[str, UUID]
    clip_id: UUID
    key: bytes
    admin: Any

    async def show_to(self, audience: str, *, status: str = "ready") -> None:
        await self.admin.execute(
            "UPDATE clips SET audience = $2, visibility = $2, status = $3 WHERE id = $1",
            self.clip_id,
            audience,
            status,
        )


@pytest_asyncio.fixture
async def village(keys: KeysClient, admin: Any) -> AsyncIterator[Village]:
    ids = SystemIds(SystemClock())
    people, tokens = {}, {}
    for name in ("author", "follower", "friend", "asker", "blocked", "stranger"):
        people[name] = ids.new()
        await keys.enrol(people[name], password="correct horse")
        handle = f"{name}{people[name].hex[-8:]}"
        await admin.execute(
            "INSERT INTO people (id, handle, handle_key, display_name) VALUES ($1, $2, $2, $2)",
            people[name],
            handle,
        )
        tokens[name] = (await keys.sign_in(people[name], "correct horse", "x")).token
    author, clip_id = people["author"], ids.new()
    for follower, followee, state in (
        ("follower", "author", "accepted"),
        ("friend", "author", "accepted"),
        ("author", "friend", "accepted"),
        ("asker", "author", "requested"),
        ("blocked", "author", "accepted"),
    ):
        await admin.execute(
            "INSERT INTO follows (follower_id, followee_id, state) VALUES ($1, $2, $3)",
            people[follower],
            people[followee],
            state,
        )
    await admin.execute(
        "INSERT INTO blocks (person_id, blocked_id) VALUES ($1, $2)", author, people["blocked"]
    )
    await admin.execute(
        "INSERT INTO clips (id, author_id, status, visibility, audience, language, published_at)"
        " VALUES ($1, $2, 'ready', 'followers', 'followers', 'en', now())",
        clip_id,
        author,
    )
    fresh = await keys.new_clip_key(tokens["author"], clip_id)
    await admin.execute(
        "INSERT INTO clip_keys (clip_id, author_id, wrapped_key) VALUES ($1, $2, $3)",
        clip_id,
        author,
        fresh.wrapped,
    )
    yield Village(author, tokens, people, clip_id, fresh.key, admin)
    await admin.execute("DELETE FROM people WHERE id = ANY ($1::uuid[])", list(people.values()))


SEEN_BY = {
    "close_friends": {"author"},
    "only_me": {"author"},
    "friends": {"author", "friend"},
    "followers": {"author", "friend", "follower"},
    "everyone": {"author", "friend", "follower", "asker", "stranger"},
}


@pytest.mark.parametrize("audience", list(SEEN_BY))
async def test_a_key_follows_the_audience(village: Village, keys: KeysClient, audience: str) -> None:
    await village.show_to(audience)
    got = set()
    for name, token in village.tokens.items():
        try:
            assert await keys.clip_key(token, village.clip_id) == village.key
            got.add(name)
        except NotFoundError:
            pass
    assert got == SEEN_BY[audience]


async def test_a_draft_is_its_authors(village: Village, keys: KeysClient) -> None:
    await village.show_to("everyone", status="processing")
    assert await keys.clip_key(village.tokens["author"], village.clip_id) == village.key
    for name in ("friend", "stranger"):
        with pytest.raises(NotFoundError):
            await keys.clip_key(village.tokens[name], village.clip_id)


async def test_ending_a_tie_ends_the_key(village: Village, keys: KeysClient) -> None:
    token = village.tokens["follower"]
    assert await keys.clip_key(token, village.clip_id) == village.key
    await village.admin.execute("DELETE FROM follows WHERE follower_id = $1", village.people["follower"])
    with pytest.raises(NotFoundError):
        await keys.clip_key(token, village.clip_id)


async def test_a_wrapped_key_in_another_clips_row_opens_nothing(village: Village, keys: KeysClient) -> None:
    """Somebody who can write rows puts the stolen wrapped key beside a clip of their own."""
    mallory, own = village.people["stranger"], SystemIds(SystemClock()).new()
    await village.admin.execute(
        "INSERT INTO clips (id, author_id, status, visibility, audience, language)"
        " VALUES ($1, $2, 'ready', 'only_me', 'only_me', 'en')",
        own,
        mallory,
    )
    for claimed in (mallory, village.author):
        await village.admin.execute(
            "INSERT INTO clip_keys SELECT $1, $2, wrapped_key FROM clip_keys WHERE clip_id = $3"
            " ON CONFLICT (clip_id) DO UPDATE SET author_id = excluded.author_id",
            own,
            claimed,
            village.clip_id,
        )
        with pytest.raises(NotFoundError):
            await keys.clip_key(village.tokens["stranger"], own)


async def test_a_job_opens_its_authors_clip(village: Village, keys: KeysClient, keeper: Keeper) -> None:
    worker = KeysClient(keeper.address, SystemClock(), caller="worker")  # type: ignore[attr-defined]
    try:
        ticket = await keys.mint_job_ticket(village.tokens["author"], "media_process", village.clip_id)
        opened = await worker.job_keys(ticket, "media_process", village.clip_id)
        assert (opened.clip_key, opened.data_key) == (village.key, None)
        by_schedule = await worker.schedule_ticket("media_process", village.author, village.clip_id)
        assert (await worker.job_keys(by_schedule, "media_process", village.clip_id)).clip_key == village.key
        await village.show_to("everyone")
        foreign = await keys.mint_job_ticket(village.tokens["stranger"], "media_process", village.clip_id)
        assert (await worker.job_keys(foreign, "media_process", village.clip_id)).clip_key is None
        with pytest.raises(TicketRefusedError):
            await worker.job_keys(foreign, "clip_erase", village.clip_id)
    finally:
        await worker.close()


async def test_a_sign_up_that_was_kept_is_not_withdrawn(keys: KeysClient, admin: Any) -> None:
    kept, lost = SystemIds(SystemClock()).new(), SystemIds(SystemClock()).new()
    for person_id in (kept, lost):
        enrolment = await keys.enrol(person_id, password="correct horse")
        if person_id == kept:
            await admin.execute(
                "INSERT INTO people (id, handle, handle_key, display_name) VALUES ($1, $2, $2, $2)",
                person_id,
                person_id.hex,
            )
        await keys.withdraw(enrolment)
    await keys.sign_in(kept, "correct horse", "x")
    from reelm.custody.errors import SignInRefusedError

    with pytest.raises(SignInRefusedError):
        await keys.sign_in(lost, "correct horse", "x")
