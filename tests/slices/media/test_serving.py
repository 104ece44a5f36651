"""Media files: ranges and caching for public ones, and who can't have sealed ones."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Person, RunningRealm
from tests.factories.media import plain
from tests.factories.publishing import finished, published


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="module")
async def author(sign_up: Any) -> Person:
    made: Person = await sign_up()
    return made


@pytest.fixture(scope="module")
async def public(author: Person, video: Path) -> dict[str, Any]:
    return await finished(author, (await published(author, video))["id"])


@pytest.fixture(scope="module")
async def private(author: Person, video: Path) -> dict[str, Any]:
    return await finished(author, (await published(author, video, visibility="only_me"))["id"])


def addresses(clip: dict[str, Any]) -> list[str]:
    media = clip["media"]
    return [
        *(rendition["url"] for rendition in media["renditions"]),
        media["hls_url"],
        media["poster_url"],
        media["preview_url"],
        media["storyboard"]["url"],
        clip["sound"]["cover_url"],
    ]


async def test_public_files_are_for_everyone_and_for_good(
    client: httpx.AsyncClient, public: dict[str, Any]
) -> None:
    for address in addresses(public):
        assert address.startswith("/media/public/")
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        again = await client.get(address, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = await client.head(address)
        assert head.headers["content-length"] == str(len(answer.content))
        assert head.content == b""


async def test_ranges(
    client: httpx.AsyncClient, author: Person, public: dict[str, Any], private: dict[str, Any]
) -> None:
    for clip, headers in ((public, {}), (private, author.headers)):
        rendition = clip["media"]["renditions"][0]
        whole = (await client.get(rendition["url"], headers=headers)).content
        size = len(whole)
        assert size == rendition["bytes"]
        assert rendition["init_bytes"] + sum(rendition["fragments"]) == size
        for asked, expected in (
            ("bytes=0-99", whole[:100]),
            (f"bytes={size - 5}-{size + 100}", whole[-5:]),
            ("bytes=-7", whole[-7:]),
            ("bytes=1000-", whole[1000:]),
            (f"bytes=0-{size * 2}", whole),
        ):
            answer = await client.get(rendition["url"], headers={**headers, "range": asked})
            assert (answer.status_code, answer.content) == (206, expected), asked
            assert answer.headers["content-range"].endswith(f"/{size}")
        for ignored in ("bytes=5-2", "items=0-1", "bytes=-", "bytes=0-1,4-5"):
            answer = await client.get(rendition["url"], headers={**headers, "range": ignored})
            assert (answer.status_code, len(answer.content)) == (200, size), ignored
        beyond = await client.get(rendition["url"], headers={**headers, "range": f"bytes={size}-"})
        assert beyond.status_code == 416
        stale = {**headers, "range": "bytes=0-9", "if-range": '"other"'}
        assert len((await client.get(rendition["url"], headers=stale)).content) == size


async def test_playlists_lead_to_bytes(
    client: httpx.AsyncClient, author: Person, public: dict[str, Any], private: dict[str, Any]
) -> None:
    for clip, headers in ((public, {}), (private, author.headers)):
        master_url = httpx.URL("http://x" + clip["media"]["hls_url"])
        master = (await client.get(clip["media"]["hls_url"], headers=headers)).text
        variants = [line for line in master.splitlines() if not line.startswith("#")]
        assert len(variants) == len(clip["media"]["renditions"])
        variant_url = master_url.join(variants[0])
        variant = await client.get(variant_url.raw_path.decode(), headers=headers)
        assert variant.headers["content-type"] == "application/vnd.apple.mpegurl"
        segments = {line for line in variant.text.splitlines() if not line.startswith("#")}
        segment_url = variant_url.join(segments.pop())
        segment = await client.get(segment_url.raw_path.decode(), headers={**headers, "range": "bytes=0-7"})
        assert segment.status_code == 206
        assert segment.content[4:8] == b"ftyp"


async def test_sealed_files_are_sealed_on_the_disk(
    realm: RunningRealm, private: dict[str, Any], video: Path
) -> None:
    blobs = realm.data / "blobs"
    assert not (blobs / "public" / private["id"]).exists()
    files = list((blobs / "sealed" / private["id"]).iterdir())
    assert any(path.name == "original" for path in files)
    for path in files:
        data = path.read_bytes()
        assert b"ftyp" not in data
        assert b"#EXTM3U" not in data
    assert not (realm.data / "scratch" / private["id"]).exists()


async def test_sealed_files_are_for_nobody_else(
    client: httpx.AsyncClient, author: Person, private: dict[str, Any], sign_up: Any
) -> None:
    other: Person = await sign_up()
    for address in addresses(private):
        assert address.startswith("/media/sealed/")
        mine = await client.get(address, headers=author.headers)
        assert mine.status_code == 200
        assert mine.headers["cache-control"] == "private, no-store"
        assert (await client.get(address)).status_code == 404
        assert (await client.get(address, headers=other.headers)).status_code == 404
        cookie = {"cookie": f"reelm_session={other.token}"}
        assert (await client.get(address, headers=cookie)).status_code == 404
        as_public = address.partition("?")[0].replace("/sealed/", "/public/")
        assert (await client.get(as_public, headers=author.headers)).status_code == 404


async def test_another_person_can_not_sign_for_themselves(
    client: httpx.AsyncClient, private: dict[str, Any], sign_up: Any
) -> None:
    """Whoever knows how signatures are made has one for every clip, and still no key to it."""
    import hashlib
    import hmac
    from base64 import urlsafe_b64encode
    from uuid import UUID

    other: Person = await sign_up()
    address = private["media"]["poster_url"]
    path, _, query = address.partition("?")
    expiry = int(query.partition("&")[0].removeprefix("exp="))
    key = hashlib.sha256(b"reelm media address\0" + other.token.encode()).digest()
    message = UUID(private["id"]).bytes + expiry.to_bytes(8, "big")
    forged = urlsafe_b64encode(hmac.new(key, message, hashlib.sha256).digest()[:18]).decode()
    answer = await client.get(f"{path}?exp={expiry}&sig={forged}", headers=other.headers)
    assert answer.status_code == 404


async def test_expired_and_altered_addresses(
    client: httpx.AsyncClient, author: Person, private: dict[str, Any]
) -> None:
    path, _, query = private["media"]["poster_url"].partition("?")
    expiry, signature = (part.partition("=")[2] for part in query.split("&"))
    for changed in (
        f"exp={int(expiry) + 3600}&sig={signature}",
        f"exp={expiry}&sig={signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"exp={expiry}",
        f"sig={signature}",
        "exp=&sig=",
        f"exp=-1&sig={signature}",
        f"exp=99999999999999999999&sig={signature}",
        "",
    ):
        answer = await client.get(f"{path}?{changed}", headers=author.headers)
        assert answer.status_code == 404, changed
    late = _signed(author.token, private["id"], 1_000_000_000)
    answer = await client.get(f"{path}?{late}", headers=author.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "media.link_expired")


def _signed(token: str, clip_id: str, expiry: int) -> str:
    from uuid import UUID

    from reelm.media.links import _mac

    return f"exp={expiry}&sig={_mac(token, UUID(clip_id), expiry)}"


async def test_addresses_end_with_the_session(client: httpx.AsyncClient, sign_up: Any, video: Path) -> None:
    person: Person = await sign_up()
    clip = await published(person, video, visibility="only_me")
    address = clip["media"]["poster_url"]
    assert (await client.get(address, headers=person.headers)).status_code == 200
    assert (await person.delete("/sessions/current")).status_code < 300
    assert (await client.get(address, headers=person.headers)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/public",
        "/media/public/x/y",
        "/media/public/../secrets/web",
        "/media/public/%2e%2e/%2e%2e/secrets/web",
        "/media/public/..%2f..%2fsecrets/web",
        "/media/sealed/{id}/original",
        "/media/public/{id}/original",
        "/media/public/{id}/",
        "/media/public/{id}/" + "0" * 64 + ".mp4",
        "/media/public/{upper}/" + "0" * 64 + ".mp4",
        "/media/public/{id}/" + "0" * 64 + ".exe",
        "/media/public/{id}/..%2foriginal",
        "/media/public/{id}/%00",
        "/media/uploads/{id}/0",
        "/media/leaving/{id}/" + "0" * 64 + ".mp4",
        "/media/avatars/../../secrets/web",
        "/media/avatars/" + "0" * 32 + ".webp",
    ],
)
async def test_no_name_leads_elsewhere(
    client: httpx.AsyncClient, author: Person, public: dict[str, Any], path: str
) -> None:
    address = path.format(id=public["id"], upper=public["id"].upper())
    assert (await client.get(address, headers=author.headers)).status_code == 404
    assert (await client.post(address, headers=author.headers)).status_code in {404, 405}
