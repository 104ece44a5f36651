"""Invites: a code that makes two people friends, whoever is private; nothing is learned from a wrong one."""

import datetime as dt
import uuid
from typing import Any

import httpx
import pytest
from tests.conftest import Person


@pytest.fixture
async def host(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


@pytest.fixture
async def guest(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


async def _invite(host: Person, days: int = 7) -> dict[str, Any]:
    answer = await host.post("/me/invites", {"days": days})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _friends(one: Person, other: Person) -> bool:
    viewer = (await one.get(f"/people/{other.handle}")).json()["viewer"]
    return bool(viewer["friend"])


async def test_an_invite_is_shown_to_anybody_and_makes_friends(
    host: Person, guest: Person, client: httpx.AsyncClient
) -> None:
    made = await _invite(host, 3)
    assert len(made["code"]) == 10
    assert made["url"].endswith(f"/i/{made['code']}")
    ends = dt.datetime.fromisoformat(made["expires_at"]) - dt.datetime.fromisoformat(made["created_at"])
    assert ends == dt.timedelta(days=3)
    seen = await client.get(f"/api/v1/invites/{made['code']}")
    assert seen.json() == {
        "person": {"handle": host.handle, "display_name": host.handle, "avatar_url": None, "realm": None},
        "own": False,
        "friends": False,
    }
    assert (await client.post(f"/api/v1/invites/{made['code']}/accept")).status_code == 401
    accepted = await guest.post(f"/invites/{made['code']}/accept")
    assert (accepted.status_code, accepted.json()["handle"]) == (200, host.handle)
    assert await _friends(guest, host)
    assert await _friends(host, guest)
    assert (await guest.get(f"/invites/{made['code']}")).json()["friends"] is True
    told = (await host.get("/notices")).json()["items"]
    assert [(each["kind"], each["actor"]["handle"]) for each in told] == [("follow", guest.handle)]
    for person in (host, guest):
        counts = (await person.get("/me")).json()["counts"]
        assert (counts["followers"], counts["following"]) == (1, 1)
    # Again changes nothing, and a code may be written down in many ways.
    spelled = f"{made['code'][:5].lower()}-{made['code'][5:].lower()}"
    assert (await guest.post(f"/invites/{spelled}/accept")).status_code == 200
    assert [each["uses"] for each in (await host.get("/me/invites")).json()["items"]] == [1]


async def test_private_accounts_are_not_asked_again(host: Person, guest: Person) -> None:
    for person in (host, guest):
        assert (await person.patch("/me", {"private": True})).status_code == 200
    assert (await guest.put(f"/people/{host.handle}/follow")).json()["follow"] == "requested"
    assert (await host.put(f"/people/{guest.handle}/follow")).json()["follow"] == "requested"
    made = await _invite(host)
    assert (await guest.post(f"/invites/{made['code']}/accept")).status_code == 200
    assert await _friends(guest, host)
    assert await _friends(host, guest)
    for person in (host, guest):
        assert (await person.get("/me/follow-requests")).json()["items"] == []


async def test_who_follows_already_is_followed_back(host: Person, guest: Person) -> None:
    assert (await guest.put(f"/people/{host.handle}/follow")).status_code == 200
    made = await _invite(host)
    assert (await guest.post(f"/invites/{made['code']}/accept")).status_code == 200
    assert await _friends(host, guest)
    assert "follow_accepted" in [each["kind"] for each in (await host.get("/notices")).json()["items"]]


async def test_ones_own_invites(host: Person, guest: Person, client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/me/invites")).status_code == 401
    assert (await client.post("/api/v1/me/invites", json={"days": 1})).status_code == 401
    for days in (0, 31, "x"):
        assert (await host.post("/me/invites", {"days": days})).status_code == 422
    first, second = await _invite(host), await _invite(host)
    assert first["code"] != second["code"]
    assert (await host.get("/me/invites")).json()["items"] == [second, first]
    assert (await guest.get("/me/invites")).json()["items"] == []
    own = await host.get(f"/invites/{first['code']}")
    assert own.json()["own"] is True
    refused = await host.post(f"/invites/{first['code']}/accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "social.own_invite")
    assert (await client.delete(f"/api/v1/me/invites/{first['id']}")).status_code == 401
    assert (await guest.delete(f"/me/invites/{first['id']}")).status_code == 404
    assert (await host.delete(f"/me/invites/{first['id']}")).status_code == 204
    assert (await host.delete(f"/me/invites/{first['id']}")).status_code == 404
    assert (await host.get("/me/invites")).json()["items"] == [second]
    assert (await guest.post(f"/invites/{first['code']}/accept")).status_code == 404
    for _ in range(9):
        await _invite(host)
    refused = await host.post("/me/invites", {"days": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "social.too_many_invites")


async def test_every_code_that_is_none_gets_the_same_answer(
    host: Person, guest: Person, sign_up: Any, admin: Any
) -> None:
    over, used, revoked, blocking = [await _invite(host) for _ in range(4)]
    await admin.execute(
        "UPDATE friend_invites SET expires_at = now() - interval '1 s' WHERE id = $1", uuid.UUID(over["id"])
    )
    await admin.execute("UPDATE friend_invites SET uses = 50 WHERE id = $1", uuid.UUID(used["id"]))
    assert (await host.delete(f"/me/invites/{revoked['id']}")).status_code == 204
    blocked = await sign_up()
    assert (await host.put(f"/people/{blocked.handle}/block")).status_code < 300
    codes = (over["code"], used["code"], revoked["code"], "0000000000", "what is this", "%20")
    answers = [
        await guest.request(method, f"/invites/{code}{rest}")
        for code in codes
        for method, rest in (("GET", ""), ("POST", "/accept"))
    ]
    answers.append(await blocked.get(f"/invites/{blocking['code']}"))
    answers.append(await blocked.post(f"/invites/{blocking['code']}/accept"))
    said = {
        (each.status_code, tuple((k, v) for k, v in each.json().items() if k != "request_id"))
        for each in answers
    }
    assert len(said) == 1, said
    assert answers[0].status_code == 404
    assert (await guest.get("/me")).json()["counts"]["following"] == 0
    assert [each["id"] for each in (await host.get("/me/invites")).json()["items"]] == [
        blocking["id"],
        used["id"],
    ]


async def test_the_code_lies_sealed(host: Person, admin: Any) -> None:
    made = await _invite(host)
    row = await admin.fetchrow("SELECT * FROM friend_invites WHERE id = $1", uuid.UUID(made["id"]))
    assert made["code"].encode() not in b"".join(v for v in row.values() if isinstance(v, bytes))
    own = (await host.get("/me/data/friend_invites")).json()["items"]
    assert made["code"] in str(own)
