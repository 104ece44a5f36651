"""What a browser, or somebody who writes requests by hand, tries at the front door."""

import asyncio
import contextlib
import json
import re
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import PASSWORD, RunningRealm, sign_up_body
from tests.factories.clips import put_clip
from tests.factories.publishing import TUS, begin, described

REPOSITORY = Path(__file__).parents[2]
ROUTES = json.loads((REPOSITORY / "spec" / "permissions.json").read_text())["routes"]
ID = "01a2005a-0000-7000-8000-000000000000"
NAMES = {
    **dict.fromkeys(("clip_id", "comment_id", "sound_id", "session_id", "passkey_id", "upload_id"), ID),
    "handle": "nobody_here",
    "tag": "sea",
    "rest": "x",
    "name": "for-you",
}


def path_of(route: str) -> str:
    return route.partition(" ")[2].format_map(defaultdict(lambda: ID, NAMES))


@pytest.fixture(autouse=True)
def _without_cookies(client: httpx.AsyncClient) -> Iterator[None]:
    """Nobody's cookie is left in the client that all tests share."""
    yield
    client.cookies.clear()


# --- headers ----------------------------------------------------------------------------------------------------

ANSWERS = [
    *("/", "/c/" + ID, "/@nobody_here", "/no/such/page", "/sign-in", "/health", "/metrics"),
    *("/api/openapi.json", "/api/v1/realm", "/api/v1/me", "/api/v1/clips/" + ID, "/api/v1/nothing"),
    *("/api/v1/feeds/for-you", "/api/v1/search?limit=0", "/media/public/x/y", "/media/sealed/x/y"),
    *("/sw.js", "/manifest.webmanifest"),
]


@pytest.mark.parametrize("path", [path for path in ANSWERS if not path.startswith("/media/")])
async def test_a_head_is_a_get_without_its_body(client: httpx.AsyncClient, path: str) -> None:
    got, asked = await client.get(path), await client.head(path)
    assert asked.status_code == got.status_code
    assert asked.content == b""
    once = {"x-request-id", "date", "content-length", "content-encoding", "vary", "transfer-encoding"}
    assert {n: v for n, v in asked.headers.items() if n not in once} == {
        n: v for n, v in got.headers.items() if n not in once
    }


@pytest.mark.parametrize("path", ANSWERS)
async def test_every_answer_carries_what_protects_it(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    directives = {each.split()[0]: each.split()[1:] for each in policy.split("; ")}
    assert directives["default-src"] == ["'self'"]
    assert directives["script-src"] == ["'self'"]
    assert directives["object-src"] == directives["base-uri"] == directives["frame-ancestors"] == ["'none'"]
    assert directives["connect-src"] == ["'self'"]
    assert directives["form-action"] == ["'self'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["x-request-id"]
    assert "access-control-allow-origin" not in answer.headers
    for name in ("content-security-policy", "content-type", "cache-control", "x-content-type-options"):
        assert len(answer.headers.get_list(name)) <= 1, name
    assert not re.search(r"\d+\.\d+", answer.headers.get("server", "")), "the server tells its version"


async def test_refusals_before_the_application_carry_it_too(
    client: httpx.AsyncClient, realm: RunningRealm
) -> None:
    too_much = (
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\nConnection: close\r\n\r\n"
    )
    heard = (await _raw(realm, too_much)).lower()
    assert heard.startswith(b"http/1.1 413")
    assert b"frame-ancestors 'none'" in heard
    for answer in (
        await client.post("/api/v1/sessions", content=b"{}", headers={"origin": "https://evil.example"}),
        await client.put("/api/v1/clips"),
        await client.request("TRACE", "/api/v1/me"),
    ):
        assert answer.status_code in {403, 404, 405, 413}
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "no-store" in answer.headers["cache-control"]


def _is_for_everyone(route: str) -> bool:
    """What says the same to anybody, and nothing about anyone: the realm's own statements and its ledger."""
    path = route.removeprefix("GET /api/v1")
    said = {"/realm", "/data-map", "/transparency/grants", "/charter", "/sites", "/network", "/border"}
    return path in said or path.partition("/ledger")[0] == ""


# The same bytes for everybody who is signed in: their browser may keep them, and asks whether they still hold.
SAME_FOR_ALL = {"GET /api/v1/contacts/set"}


async def test_no_cache_on_the_way_keeps_what_is_personal(client: httpx.AsyncClient, sign_up: Any) -> None:
    person = await sign_up()
    for route, row in ROUTES.items():
        if not route.startswith("GET /api/v1") or route.endswith("/stream") or _is_for_everyone(route):
            continue
        for headers in (person.headers, {"cookie": f"reelm_session={person.token}"}):
            answer = await client.get(path_of(route), headers=headers)
            client.cookies.clear()
            kept = answer.headers.get("cache-control", "")
            if route in SAME_FOR_ALL:
                assert kept == "private, no-cache", (route, kept)
                continue
            assert "no-store" in kept, (route, row["about"], answer.status_code, kept)


async def test_no_other_site_may_read_answers(client: httpx.AsyncClient, sign_up: Any) -> None:
    person = await sign_up()
    asked = {"origin": "https://evil.example", "access-control-request-method": "DELETE"}
    for answer in (
        await client.options("/api/v1/me", headers=asked),
        await client.get("/api/v1/me", headers={**person.headers, "origin": "https://evil.example"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-allow")]


# --- other sites ------------------------------------------------------------------------------------------------

UNSAFE = [route for route in ROUTES if route.split(" ")[0] in {"POST", "PUT", "PATCH", "DELETE"}]
FOREIGN: list[dict[str, str]] = [
    {},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "null", "host": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "{own}"},
    {"content-type": "text/plain"},
    {"content-type": "application/x-www-form-urlencoded", "origin": "https://evil.example"},
    {"origin": "{own}.evil.example"},
    {"origin": "https://evil.example", "referer": "{own}/", "x-forwarded-host": "evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_no_route_moves_for_another_site_with_the_cookie(
    client: httpx.AsyncClient, realm: RunningRealm, sign_up: Any, headers: dict[str, str]
) -> None:
    person = await sign_up()
    sent = {name: value.format(own=realm.url) for name, value in headers.items()}
    for route in UNSAFE:
        answer = await client.request(
            route.split(" ")[0],
            path_of(route),
            headers={**sent, "cookie": f"a=b; reelm_session={person.token}; c=d"},
            content=b'{"bio": "moved"}',
        )
        assert answer.status_code in {403, 400}, (route, answer.status_code)
        assert answer.status_code == 400 or answer.json()["code"] == "reelm.foreign_origin"
    assert (await person.get("/me")).json()["bio"] == ""


async def test_another_site_signs_nobody_in(client: httpx.AsyncClient, sign_up: Any) -> None:
    """A form of another site can send text that looks like JSON; it must not leave somebody in a stranger's account."""
    mallory = await sign_up()
    body = json.dumps({"handle": mallory.handle, "password": PASSWORD})
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        answer = await client.post(
            "/api/v1/sessions", content=body, headers={**headers, "content-type": "text/plain"}
        )
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        made = await client.post("/api/v1/accounts", json=sign_up_body(), headers=headers)
        assert made.status_code == 403


async def test_this_site_and_programs_are_let_through(
    client: httpx.AsyncClient, realm: RunningRealm, sign_up: Any
) -> None:
    person = await sign_up()
    cookie = {"cookie": f"reelm_session={person.token}"}
    for headers in (
        {**cookie, "origin": realm.url},
        {**cookie, "sec-fetch-site": "same-origin", "origin": realm.url},
        {**cookie, "sec-fetch-site": "none"},
        person.headers,
    ):
        assert (await client.patch("/api/v1/me", json={"bio": "x"}, headers=headers)).status_code == 200


# --- sessions ---------------------------------------------------------------------------------------------------


async def test_a_session_can_not_be_fixed_beforehand(
    client: httpx.AsyncClient, realm: RunningRealm, sign_up: Any
) -> None:
    person, mallory = await sign_up(), await sign_up()
    for chosen in ("A" * 43, mallory.token):
        answer = await client.post(
            "/api/v1/sessions",
            json={"handle": person.handle, "password": PASSWORD},
            headers={"cookie": f"reelm_session={chosen}", "origin": realm.url},
        )
        client.cookies.clear()
        assert answer.status_code == 201
        assert answer.json()["token"] != chosen
        whose = await client.get("/api/v1/me", headers={"authorization": f"Bearer {chosen}"})
        assert whose.status_code == 401 or whose.json()["handle"] == mallory.handle
    lines = [line for line in answer.headers.get_list("set-cookie") if line.startswith("reelm_session=")]
    assert len(lines) == 1
    assert "HttpOnly" in lines[0]
    assert "SameSite=lax" in lines[0]
    assert "Domain" not in lines[0]


async def test_no_token_is_taken_from_an_address(client: httpx.AsyncClient, sign_up: Any) -> None:
    person = await sign_up()
    for query in (f"token={person.token}", f"access_token={person.token}", f"reelm_session={person.token}"):
        assert (await client.get(f"/api/v1/me?{query}")).status_code == 401
    for value in (
        person.token,
        f"Basic {person.token}",
        "Bearer",
        f"Bearer {person.token} x",
        f"Bearer {person.id}",
    ):
        assert (await client.get("/api/v1/me", headers={"authorization": value})).status_code == 401


# --- who is there -----------------------------------------------------------------------------------------------


def _told(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
    body = answer.json()
    body.pop("request_id", None)
    return answer.status_code, body


async def test_a_wrong_password_and_an_unknown_name_are_one(client: httpx.AsyncClient, sign_up: Any) -> None:
    """The same words, and the same work: medians of interleaved attempts are close, on a busy machine too."""
    person = await sign_up()
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    answers = []
    for turn in range(6):
        for kind, handle in (("known", person.handle), ("unknown", f"nobody{uuid.uuid4().hex[:8]}")):
            began = time.perf_counter()
            answer = await client.post(
                "/api/v1/sessions", json={"handle": handle, "password": f"wrong {turn}"}
            )
            took[kind].append(time.perf_counter() - began)
            answers.append(_told(answer))
    assert len({str(answer) for answer in answers}) == 1
    assert answers[0][0] == 401
    ratio = statistics.median(took["known"]) / statistics.median(took["unknown"])
    assert 1 / 3 < ratio < 3, took


async def test_what_may_not_be_seen_is_as_if_it_were_not(
    client: httpx.AsyncClient, admin: Any, sign_up: Any
) -> None:
    alice, mallory = await sign_up(), await sign_up()
    hidden = await put_clip(admin, alice.id, "mine", audience="only_me")
    upload = await begin(alice, 10)
    assert (await alice.put(f"/people/{mallory.handle}/block")).status_code == 204
    absent = str(uuid.uuid4())
    for there, nowhere in (
        (f"/clips/{hidden}", f"/clips/{absent}"),
        (f"/clips/{hidden}/comments", f"/clips/{absent}/comments"),
        (f"/people/{alice.handle}", f"/people/nobody{absent[:8]}"),
        (f"/people/{alice.handle}/clips", f"/people/nobody{absent[:8]}/clips"),
    ):
        assert _told(await mallory.get(there)) == _told(await mallory.get(nowhere))
    for method in ("PATCH", "DELETE"):
        sent = {"headers": {**TUS, "upload-offset": "0", "content-type": "application/offset+octet-stream"}}
        answers = [
            _told(await mallory.request(method, f"/uploads/{which}", **sent)) for which in (upload.id, absent)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


async def test_a_contact_tells_only_that_it_is_taken(client: httpx.AsyncClient, sign_up: Any) -> None:
    """It can be found out, within limits, that an address has an account here; whose it is can't."""
    email = f"{uuid.uuid4().hex}@example.org"
    person = await sign_up(email=email)
    answer = await client.post("/api/v1/accounts", json=sign_up_body(email=email))
    assert answer.status_code == 409
    assert person.handle not in answer.text
    assert email not in answer.text
    for asked in (email, email.upper()):
        assert person.handle not in (await client.get("/api/v1/search", params={"q": asked})).text
        refused = await client.post("/api/v1/sessions", json={"handle": asked, "password": PASSWORD})
        assert refused.status_code in {401, 422}


# --- bodies, headers, names -------------------------------------------------------------------------------------


async def test_a_body_without_a_length_is_counted(client: httpx.AsyncClient, sign_up: Any) -> None:
    person = await sign_up()

    async def endless() -> Any:
        yield b'{"bio": "'
        for _ in range(64):
            yield b"x" * 65_536

    for method, path in (("PATCH", "/me"), ("POST", "/events"), ("POST", "/clips")):
        try:
            answer = await person.request(
                method, path, content=endless(), headers={"content-type": "application/json"}
            )
        except (httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadError):
            continue  # it was cut off while it was still sending
        assert answer.status_code == 413, (path, answer.status_code)
    assert (await client.get("/health")).status_code == 200


async def _raw(realm: RunningRealm, data: bytes) -> bytes:
    """Send bytes as they are; return what comes back until the other side closes or falls silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", realm.port)
    heard = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(3):
            while piece := await reader.read(65_536):
                heard += piece
    writer.close()
    return heard


async def test_requests_written_by_hand(client: httpx.AsyncClient, realm: RunningRealm) -> None:
    host = f"Host: 127.0.0.1:{realm.port}\r\n".encode()
    close = b"Connection: close\r\n\r\n"
    for data in (
        b"GET / HTTP/1.1\r\n" + host + b"X-Long: " + b"a" * 1_000_000 + b"\r\n" + close,
        b"GET / HTTP/1.1\r\n" + host + b"".join(b"X-%d: a\r\n" % i for i in range(5_000)) + close,
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + host + close,
        b"POST /api/v1/sessions HTTP/1.1\r\n"
        + host
        + b"Content-Length: 5\r\nContent-Length: 6\r\n"
        + close
        + b"hello",
        b"POST /api/v1/sessions HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n" + close,
        b"POST /api/v1/sessions HTTP/1.1\r\n"
        + host
        + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"
        + close
        + b"0\r\n\r\nGET /api/v1/me HTTP/1.1\r\n"
        + host
        + close,
        b"GET /api/v1/me HTTP/1.1\r\n" + host + b"Authorization: Bearer a\x00b\r\n" + close,
        b"GET http://evil.example/ HTTP/1.1\r\n" + host + close,
        b"CONNECT evil.example:443 HTTP/1.1\r\n" + host + close,
        b"GET /%00/../../etc/passwd HTTP/1.1\r\n" + host + close,
        b"GET /assets/../../../../etc/passwd HTTP/1.1\r\n" + host + close,
        b"GET /assets/%2e%2e/%2e%2e/%2e%2e/settings.py HTTP/1.1\r\n" + host + close,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        heard = await _raw(realm, data)
        assert b"500 Internal" not in heard, data[:80]
        assert b"root:" not in heard
        assert b"REELM_" not in heard
        assert heard.count(b"HTTP/1.1 200") <= 1, data[:80]
        assert (await client.get("/health")).status_code == 200


async def test_nothing_typed_becomes_a_header(
    client: httpx.AsyncClient, realm: RunningRealm, sign_up: Any
) -> None:
    for handle in ("a\r\nset-cookie: x=1", "a\nb", "a\x00b", "a b", "../x", "é" * 5, "x" * 40):
        assert (await client.post("/api/v1/accounts", json=sign_up_body(handle))).status_code == 422
    person = await sign_up()
    evil = "x\r\nSet-Cookie: evil=1\r\n\r\n<script>alert(1)</script>"
    about = described(filename=evil, filetype="video/mp4")
    made = await person.post("/uploads", headers={**TUS, "upload-length": "10", "upload-metadata": about})
    assert made.status_code == 201
    answers = [
        made,
        await client.get("/%0d%0aSet-Cookie:%20evil=1"),
        await client.get("/@x%0d%0aSet-Cookie:%20evil=1"),
        await client.get("/api/v1/people/x%0d%0aSet-Cookie:%20evil=1"),
        await client.get("/api/v1/tags/x%0d%0aSet-Cookie:%20evil=1"),
        await person.patch("/me", {"display_name": evil, "bio": evil}),
    ]
    for answer in answers:
        assert "evil" not in str([(k, v) for k, v in answer.headers.items() if k != "content-length"])


async def test_words_stay_words_on_pages_for_others(
    client: httpx.AsyncClient, admin: Any, sign_up: Any
) -> None:
    evil = "\"'></title><script>alert(1)</script><img src=x onerror=alert(1)>"
    person = await sign_up()
    assert (await person.patch("/me", {"display_name": evil[:60], "bio": evil})).status_code in {200, 422}
    await admin.execute(
        "UPDATE people SET display_name = $1, bio = $1 WHERE id = $2", evil, uuid.UUID(person.id)
    )
    clip = await put_clip(admin, person.id, evil)
    for path in (f"/c/{clip}", f"/@{person.handle}"):
        page = await client.get(path, headers={"host": "evil.example"})
        assert page.status_code == 200
        assert "alert(1)" in page.text, "the words are not on the page at all"
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert page.text.count("</title>") == 1
        assert "evil.example" not in page.text
    for path in ("/api/v1/clips/" + clip, "/api/v1/people/" + person.handle):
        assert (await client.get(path)).headers["content-type"] == "application/json"
