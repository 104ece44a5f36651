"""Grants from end to end: asked, decided by somebody else, used, closed; and the person sees it."""

from typing import Any

import pytest
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.staff import Member, grant_for, make_staff


@pytest.fixture(scope="module")
async def staff(realm: RunningRealm, admin: Any, sign_up: Any) -> tuple[Member, Member]:
    """Two members of staff with enrolled keys."""
    return await make_staff(realm, admin, sign_up), await make_staff(realm, admin, sign_up)


@pytest.fixture
async def alice(sign_up: Any) -> Person:
    person: Person = await sign_up()
    answer = await person.patch("/me", {"email": f"{person.handle}@example.org"})
    assert answer.status_code == 200, answer.text
    return person


async def test_from_the_request_to_the_opening(staff: tuple[Member, Member], alice: Person) -> None:
    asker, approver = staff
    grant = await grant_for(asker, approver, alice.handle)
    assert grant["entries"]["requested"] < grant["entries"]["approved"]
    opened = await asker.open(grant["id"], alice.handle)
    assert opened.status_code == 200, opened.text
    assert opened.json()["identity"]["email"] == f"{alice.handle}@example.org"
    assert opened.headers["cache-control"] == "no-store"
    answer = await alice.get("/me/openings")
    assert answer.status_code == 200, answer.text
    mine = answer.json()["items"]
    assert [line["uses"] for line in mine] == [1]
    assert mine[0]["used"][0]["entry_index"] == opened.json()["entry_index"]

    async def told() -> list[str]:
        notices = (await alice.get("/notices")).json()["items"]
        return [each["kind"] for each in notices if each["kind"] == "opened"]

    assert await eventually(told) == ["opened"]
