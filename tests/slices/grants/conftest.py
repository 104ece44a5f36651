"""Who is in the stories of grants: two of the staff, and people of whom something is asked."""

from typing import Any

import pytest
from tests.conftest import Person, RunningRealm
from tests.factories.staff import Member, make_staff


@pytest.fixture(scope="package")
async def staff(realm: RunningRealm, admin: Any, sign_up: Any) -> tuple[Member, Member]:
    """Two members of staff with enrolled keys."""
    return await make_staff(realm, admin, sign_up), await make_staff(realm, admin, sign_up)


@pytest.fixture
async def alice(sign_up: Any) -> Person:
    person: Person = await sign_up()
    answer = await person.patch("/me", {"email": f"{person.handle}@example.org"})
    assert answer.status_code == 200, answer.text
    return person
