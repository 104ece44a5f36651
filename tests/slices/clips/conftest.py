"""Shared by the tests of clips: a short video, and people with ties."""

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Person
from tests.factories.media import plain


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="session")
async def other(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


async def follow(follower: Person, followee: Person) -> None:
    answer = await follower.put(f"/people/{followee.handle}/follow")
    assert answer.status_code == 200, answer.text
