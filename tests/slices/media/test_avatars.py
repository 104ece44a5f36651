"""Profile pictures: scaled, without metadata, gone when replaced."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.conftest import Person, RunningRealm


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 400)) -> bytes:
    image = Image.radial_gradient("L").resize(size).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "ZZSECRETZZ"
    exif.get_ifd(0x8825)[1] = "N"
    stream = io.BytesIO()
    image.save(stream, kind, exif=exif)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_is_scaled_and_cleaned(sign_up: Any, client: httpx.AsyncClient, kind: str) -> None:
    person: Person = await sign_up()
    data = picture(kind)
    assert b"ZZSECRETZZ" in data
    answer = await person.put("/me/avatar", content=data)
    assert answer.status_code == 200, answer.text
    url = answer.json()["avatar_url"]
    shown = await client.get(url)
    assert shown.headers["content-type"] == "image/webp"
    assert "immutable" in shown.headers["cache-control"]
    with Image.open(io.BytesIO(shown.content)) as small:
        assert (small.format, small.size) == ("WEBP", (256, 256))
        assert not small.getexif()
    assert b"ZZSECRETZZ" not in shown.content
    assert (await client.get(f"/api/v1/people/{person.handle}")).json()["avatar_url"] == url


async def test_is_replaced_and_removed(sign_up: Any, client: httpx.AsyncClient, realm: RunningRealm) -> None:
    person: Person = await sign_up()
    first = (await person.put("/me/avatar", content=picture())).json()["avatar_url"]
    second = (await person.put("/me/avatar", content=picture("PNG"))).json()["avatar_url"]
    assert first != second
    assert (await client.get(first)).status_code == 404
    assert (await person.delete("/me/avatar")).status_code == 204
    assert (await client.get(second)).status_code == 404
    assert (await person.get("/me")).json()["avatar_url"] is None
    left = [path.name for path in (realm.data / "blobs" / "avatars").iterdir()]
    assert second.rsplit("/", 1)[-1] not in left


async def test_needs_a_person(client: httpx.AsyncClient) -> None:
    assert (await client.put("/api/v1/me/avatar", content=picture())).status_code == 401
    assert (await client.delete("/api/v1/me/avatar")).status_code == 401


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture at all",
        b"GIF89a" + bytes(100),
        picture()[:2000],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        bytes(10_000_001),
    ],
    ids=["empty", "text", "gif", "cut", "svg", "large"],
)
async def test_refuses_what_is_no_picture(sign_up: Any, data: bytes) -> None:
    person: Person = await sign_up()
    answer = await person.put("/me/avatar", content=data)
    assert (answer.status_code, answer.json()["code"]) == (422, "media.picture_unsuitable")
    assert (await person.get("/me")).json()["avatar_url"] is None


async def test_refuses_a_picture_that_explodes(sign_up: Any) -> None:
    """A few kilobytes that would be a hundred million pixels."""
    stream = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(stream, "PNG")
    person: Person = await sign_up()
    answer = await person.put("/me/avatar", content=stream.getvalue())
    assert answer.status_code == 422
