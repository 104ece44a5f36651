"""Commitments: an author learns of a page that was given to them why their own clip was not on it, and nobody else."""

import uuid
from typing import Any

from tests.conftest import Person, eventually
from tests.factories.clips import put_clip

from reelm.feed.pipeline.eligibility import Reason, commitment
from reelm_audit.feed import commitments, files, layout


async def asked(person: Person, clip: str, file: str) -> Any:
    return await person.post(f"/clips/{clip}/left-out", {"file": file})


async def page_of(viewer: Person) -> tuple[set[str], str]:
    """A new page, once there is something to show, and its file as the viewer may give it away."""

    async def served() -> Any:
        found = (await viewer.get("/feeds/for-you?limit=20")).json()
        return found if found["receipt"] else None

    page = await eventually(served)

    async def kept() -> Any:
        answer = await viewer.get(f"/feeds/receipts/{page['receipt']['id']}/file")
        return answer.text if answer.status_code == 200 else None

    return {item["id"] for item in page["items"]}, await eventually(kept)


async def test_an_author_learns_why_their_clip_was_left_out_of_a_page_that_was_given_to_them(
    admin: Any, sign_up: Any, client: Any
) -> None:
    author, viewer, somebody = await sign_up(), await sign_up(), await sign_up()
    tag = f"t{uuid.uuid4().hex[:8]}"
    clip, other = await put_clip(admin, author.id, f"#{tag}"), await put_clip(admin, somebody.id)
    wish = {"kind": "tag", "value": tag, "wish": 2}
    assert (await viewer.put("/me/feed/wishes", wish)).status_code == 204

    async def with_it() -> Any:
        clips, file = await page_of(viewer)
        return file if clip in clips else None

    shown = await eventually(with_it)
    assert (await asked(author, clip, shown)).json() == {"reason": None}
    assert (await author.put(f"/people/{viewer.handle}/block")).status_code == 204

    async def without_it() -> Any:
        clips, file = await page_of(viewer)
        assert clip not in clips
        answer = await asked(author, clip, file)
        assert answer.status_code == 200, answer.text
        return file if answer.json()["reason"] else None

    file = await eventually(without_it)
    answer = await asked(author, clip, file)
    assert answer.json() == {"reason": "creator_hidden"}
    assert answer.headers["cache-control"] == "no-store"
    # Of the same page nobody learns anything of a clip that is not theirs: not who was shown it, nor anybody else.
    for who, which in ((viewer, clip), (somebody, clip), (author, other), (author, str(uuid.uuid4()))):
        assert (await asked(who, which, file)).status_code == 404
    assert (await asked(somebody, other, file)).json() == {"reason": None}
    without = await client.post(f"/api/v1/clips/{clip}/left-out", json={"file": file})
    assert without.status_code == 401
    # Only what this realm promised is looked at.
    lines = files.parse(file.encode())
    moved = layout.encode(layout.changed(layout.decode(lines.receipt), visit=bytes(16)))
    for false in ("no file", file.replace("\nreceipt ", "\nreciept "), _with(file, "receipt", moved)):
        refused = await asked(author, clip, false)
        assert (refused.status_code, refused.json()["code"]) == (422, "reelm.invalid_request"), refused.text


def _with(file: str, name: str, value: bytes) -> str:
    import base64

    return "\n".join(
        f"{name} {base64.b64encode(value).decode()}" if line.startswith(f"{name} ") else line
        for line in file.split("\n")
    )


def test_the_pipeline_commits_to_what_is_opened() -> None:
    clip = uuid.uuid4().bytes
    salt = commitments.salt_of(bytes(range(32)), bytes(32))
    assert commitments.candidates(salt, clip) == [commitment(salt, clip, each) for each in Reason]
    assert [each.name.lower() for each in Reason] == list(commitments.REASONS)
    for reason in Reason:
        committed = {commitment(salt, clip, reason), bytes(16)}
        assert commitments.reason_among(commitments.candidates(salt, clip), committed) == reason.name.lower()
    assert commitments.reason_among(commitments.candidates(salt, clip), {bytes(16)}) is None
