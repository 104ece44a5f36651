"""A person of one realm follows a creator of another: the clip comes, a comment goes back and is liked, and all of it
is undone there when the person takes it back. Each step is in both ledgers."""

import io
from typing import Any

from PIL import Image
from tests.conftest import Person, RunningRealm, eventually
from tests.factories.networks import Network

_SECONDS = 90.0


async def _entries(person: Person, kind: str) -> list[dict[str, Any]]:
    answer = await person.client.get("/api/v1/ledger/entries", params={"kind": kind, "limit": 50})
    return [line["entry"] for line in answer.json()["items"]]


async def _clips_of(viewer: Person, handle: str) -> list[dict[str, Any]]:
    answer = await viewer.get(f"/people/{handle}/clips")
    items: list[dict[str, Any]] = answer.json()["items"] if answer.status_code == 200 else []
    return items


async def _looked_up(network: Network, seeker: Person, sought: Person, realm: RunningRealm) -> str:
    address = network.address(sought, realm)
    answer = await seeker.get("/people/lookup", params={"address": address})
    assert answer.status_code == 200, answer.text
    assert answer.json()["realm"] == network.name(realm)
    handle: str = answer.json()["handle"]
    return handle


async def test_from_a_follow_to_its_withdrawal(network: Network) -> None:
    lea, ben = await network.sign_up(network.us), await network.sign_up(network.world)
    first = await network.publish(lea, caption="before anybody followed #ferry")
    handle = await _looked_up(network, ben, lea, network.us)

    # 1. Asked first, by name.
    refused = await ben.put(f"/people/{handle}/follow")
    assert (refused.status_code, refused.json()["code"]) == (409, "federation.consent_needed")
    await network.agree(ben, network.us)
    assert (await ben.put(f"/people/{handle}/follow")).json()["follow"] == "following"
    there = f"{ben.handle}@world"

    async def followed() -> bool:
        items = (await lea.get("/me/followers")).json()["items"]
        return [(each["handle"], each["realm"]) for each in items] == [(there, "world")]

    assert await eventually(followed, seconds=_SECONDS)

    # 2. What she made before comes, and what she makes then; both play from home.
    second = await network.publish(lea, caption="after somebody did")

    async def arrived() -> list[dict[str, Any]] | None:
        items = await _clips_of(ben, handle)
        return items if len(items) == 2 else None

    clips = await eventually(arrived, seconds=_SECONDS)
    assert {each["caption"] for each in clips} == {first["caption"], second["caption"]}
    newest = next(each for each in clips if each["caption"] == second["caption"])
    assert newest["id"] != second["id"]
    assert newest["author"]["realm"] == "us"
    feed = (await ben.get("/feeds/following")).json()["items"]
    assert newest["id"] in {each["id"] for each in feed}
    media = newest["media"]
    file = await ben.client.get(media["renditions"][0]["url"], headers=ben.headers)
    assert file.status_code in {200, 206}
    assert media["renditions"][0]["url"].startswith("/")
    found = (await ben.get("/search", params={"q": "ferry", "type": "clips"})).json()["clips"]["items"]
    assert [each["caption"] for each in found] == [first["caption"]]

    # 3. A comment goes back, and is answered with a like.
    said = (await ben.post(f"/clips/{newest['id']}/comments", {"text": "from far away"})).json()
    assert (await ben.put(f"/clips/{newest['id']}/like")).status_code == 200

    async def heard() -> dict[str, Any] | None:
        items = (await lea.get(f"/clips/{second['id']}/comments")).json()["items"]
        return items[0] if items else None

    comment = await eventually(heard, seconds=_SECONDS)
    assert (comment["text"], comment["author"]["handle"]) == ("from far away", there)

    async def liked_there() -> bool:
        return bool((await lea.get(f"/clips/{second['id']}")).json()["counts"]["likes"] == 1)

    assert await eventually(liked_there, seconds=_SECONDS)
    kinds = {each["kind"] for each in (await lea.get("/notices")).json()["items"]}
    assert {"follow", "comment", "like"} <= kinds
    await network.agree(lea, network.world)
    assert (await lea.put(f"/comments/{comment['id']}/like")).status_code == 200

    async def liked_back() -> bool:
        items = (await ben.get(f"/clips/{newest['id']}/comments")).json()["items"]
        return [(each["id"], each["counts"]["likes"]) for each in items] == [(said["id"], 1)]

    assert await eventually(liked_back, seconds=_SECONDS)

    # 4. What crossed is told to the one whose it is, with its place in the ledger.
    crossed = await network.crossed(ben, act="Create", object_type="Note")
    assert crossed["realm"] == "us"
    assert crossed["entry_index"] is not None
    assert crossed["policy"]
    sent = {each["batch"] for each in await _entries(ben, "border.crossed")}
    received = {each["batch"] for each in await _entries(lea, "border.received")}
    assert sent
    assert sent <= received | {each["batch"] for each in await _entries(lea, "border.received")}

    # 5. Taken back: undone there.
    withdrawn = await ben.delete("/me/consents/us")
    assert withdrawn.status_code == 202
    assert withdrawn.json()["undone"] == 3

    async def undone() -> bool:
        followers = (await lea.get("/me/followers")).json()["items"]
        shown = (await lea.get(f"/clips/{second['id']}")).json()["counts"]
        return not followers and (shown["likes"], shown["comments"]) == (0, 0)

    assert await eventually(undone, seconds=_SECONDS)
    assert (await lea.get(f"/people/{there}")).status_code == 404


async def test_a_picture_and_a_new_name_come_after_and_are_found(network: Network) -> None:
    lea, ben = await network.sign_up(network.us), await network.sign_up(network.world)
    handle = await _looked_up(network, ben, lea, network.us)
    await network.agree(ben, network.us)
    assert (await ben.put(f"/people/{handle}/follow")).status_code == 200
    await network.crossed(ben, act="Follow")
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 40, 90)).save(picture, "PNG")

    async def known() -> bool:
        return "Accept" in {each["act"] for each in (await lea.get("/me/crossings")).json()["items"]}

    assert await eventually(known, seconds=_SECONDS)
    assert (await lea.put("/me/avatar", content=picture.getvalue())).status_code == 200
    assert (await lea.patch("/me", json={"display_name": "Léa of the harbour"})).status_code == 200

    async def shown() -> str | None:
        page = (await ben.get(f"/people/{handle}")).json()
        return page["avatar_url"] if page["display_name"] == "Léa of the harbour" else None

    address = await eventually(shown, seconds=_SECONDS)
    assert (await ben.client.get(address)).headers["content-type"] == "image/webp"
    for typed in (handle, f"@{handle}", "harbour"):
        found = (await ben.get("/search", params={"q": typed, "type": "people"})).json()["people"]["items"]
        assert handle in [each["handle"] for each in found], typed


async def test_a_deleted_clip_and_a_deleted_account_go_everywhere(network: Network) -> None:
    lea, ben = await network.sign_up(network.us), await network.sign_up(network.world)
    handle = await _looked_up(network, ben, lea, network.us)
    await network.agree(ben, network.us)
    assert (await ben.put(f"/people/{handle}/follow")).status_code == 200
    clip = await network.publish(lea, caption="for a while")

    async def here() -> str | None:
        items = await _clips_of(ben, handle)
        return items[0]["id"] if items else None

    here_id = await eventually(here, seconds=_SECONDS)
    files = network.world.settings.blobs / "public" / here_id
    assert files.is_dir()
    assert (await lea.delete(f"/clips/{clip['id']}")).status_code == 204

    async def gone() -> bool:
        return not await _clips_of(ben, handle) and not files.exists()

    assert await eventually(gone, seconds=_SECONDS)
    erased = await lea.post("/me/erasure", {"password": lea.password, "handle": lea.handle})
    assert erased.status_code == 202

    async def nobody() -> bool:
        return (await ben.get(f"/people/{handle}")).status_code == 404

    assert await eventually(nobody, seconds=_SECONDS)
