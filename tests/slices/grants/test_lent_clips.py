"""A clip that only its author sees, played under a grant: by ranges, while the grant lasts, and not a second longer."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from tests.conftest import Person, RunningRealm
from tests.factories.media import plain
from tests.factories.publishing import finished, published
from tests.factories.staff import Member, grant_for

Two = tuple[Member, Member]


@pytest.fixture(scope="module")
async def author(sign_up: Any) -> Person:
    person: Person = await sign_up()
    return person


@pytest.fixture(scope="module")
async def clip(author: Person, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A finished clip for its author alone."""
    film = plain(tmp_path_factory.mktemp("film") / "clip.mp4")
    made = await published(author, film, caption="for me", visibility="only_me")
    return await finished(author, made["id"])


def _path(grant: dict[str, Any], clip: dict[str, Any]) -> str:
    return f"/staff/grants/{grant['id']}/clips/{clip['id']}/video"


async def test_a_private_clip_plays_under_a_grant_and_the_author_sees_one_use(
    staff: Two, author: Person, clip: dict[str, Any]
) -> None:
    asker, approver = staff
    smallest = min(clip["media"]["renditions"], key=lambda each: each["bytes"])
    own = (await author.client.get(smallest["url"], headers=author.headers)).content
    assert len(own) == smallest["bytes"]
    grant = await grant_for(asker, approver, author.handle, classes=["private"])
    listed = await asker.open(grant["id"], author.handle, "private")
    assert [(row["id"], row["caption"]) for row in listed.json()["rows"]] == [(clip["id"], "for me")]
    whole = await asker.person.get(_path(grant, clip))
    assert (whole.status_code, whole.content) == (200, own)
    assert whole.headers["cache-control"] == "private, no-store"
    for asked, part in (
        ("bytes=0-99", own[:100]),
        ("bytes=100-", own[100:]),
        ("bytes=-50", own[-50:]),
    ):
        answer = await asker.person.get(_path(grant, clip), headers={"range": asked})
        assert (answer.status_code, answer.content) == (206, part)
        assert answer.headers["content-range"].endswith(f"/{len(own)}")
    beyond = await asker.person.get(_path(grant, clip), headers={"range": f"bytes={len(own)}-"})
    assert beyond.status_code == 416
    mine = (await author.get("/me/openings")).json()["items"]
    [uses] = [each["used"] for each in mine if each["id"] == grant["id"]]
    assert [use["what"] for use in uses] == ["private", "clip"], (
        "many requests for a film's bytes are one use"
    )


async def test_without_a_fitting_grant_there_is_no_film(
    staff: Two, author: Person, clip: dict[str, Any], sign_up: Any
) -> None:
    asker, approver = staff
    other = await sign_up()
    identity = await grant_for(asker, approver, author.handle)
    assert (await asker.person.get(_path(identity, clip))).status_code == 403
    of_another = await grant_for(asker, approver, other.handle, classes=["private"])
    assert (await asker.person.get(_path(of_another, clip))).status_code == 404
    fitting = await grant_for(asker, approver, author.handle, classes=["private"])
    assert (await approver.person.get(_path(fitting, clip))).status_code == 403
    assert (await author.get(_path(fitting, clip))).status_code == 404
    assert (await asker.person.get(_path(fitting, {"id": str(uuid.uuid4())}))).status_code == 404
    # The console's own addresses stay what they are: as somebody who sees nothing of this clip.
    assert (await asker.person.get(f"/clips/{clip['id']}")).status_code == 404
    for rendition in clip["media"]["renditions"]:
        answer = await asker.person.client.get(rendition["url"], headers=asker.person.headers)
        assert answer.status_code == 404


@pytest.mark.parametrize("ending", ["closed", "run out", "signed out"])
async def test_what_is_playing_breaks_off_when_the_grant_ends(
    realm: RunningRealm, staff: Two, author: Person, clip: dict[str, Any], admin: Any, ending: str
) -> None:
    asker, approver = staff
    grant = await grant_for(asker, approver, author.handle, classes=["private"])
    token = asker.person.token
    if ending == "signed out":
        body = {"handle": asker.handle, "password": asker.person.password}
        answer = await asker.person.client.post("/api/v1/sessions", json=body)
        asker.person.client.cookies.clear()
        token = answer.json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=realm.url, timeout=60) as http:
        # First, so that the key has been asked for; then slowly, a piece at a time, through a full pipe.
        assert (await http.get("/api/v1" + _path(grant, clip), headers=headers)).status_code == 200
        if ending == "closed":
            assert (await approver.person.post(f"/staff/grants/{grant['id']}/close")).status_code == 200
        elif ending == "run out":
            await admin.execute("UPDATE grants SET expires_at = now() WHERE id = $1", uuid.UUID(grant["id"]))
        else:
            assert (await http.delete("/api/v1/sessions/current", headers=headers)).status_code == 204
        after = await http.get("/api/v1" + _path(grant, clip), headers=headers)
        assert after.status_code == (401 if ending == "signed out" else 409)


async def test_bytes_stop_in_the_middle_of_an_answer(staff: Two, author: Person) -> None:
    """The stream itself looks at the grant: not only the next request is refused."""
    from reelm.custody.service import OpenedClip
    from reelm.kit.clock import SystemClock
    from reelm.kit.errors import NotFoundError
    from reelm.media import lent

    class Reader:
        size = 10**9
        closed = False

        def iterate(self, start: int, length: int) -> Any:
            while True:
                yield b"x" * 65536

        def close(self) -> None:
            self.closed = True

    class Uses:
        in_force = True

        async def is_in_force(self, visitor: Any, grant_id: uuid.UUID) -> bool:
            return self.in_force

    clock = SystemClock()
    uses, reader = Uses(), Reader()
    opened = OpenedClip(uuid.uuid4(), uuid.uuid4(), b"", None, clock.now().replace(year=clock.now().year + 1))
    clips = lent.LentClips(None, uses, clock)  # type: ignore[arg-type]
    pieces = clips._while_in_force(None, opened, reader, 0, reader.size)  # type: ignore[arg-type]
    assert await anext(pieces)
    uses.in_force = False
    with pytest.raises(NotFoundError):
        await _drained(pieces)
    assert reader.closed


async def _drained(pieces: Any) -> None:
    async with asyncio.timeout(10):
        async for _ in pieces:
            await asyncio.sleep(0)
