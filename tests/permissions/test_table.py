"""Every route, every kind of person, every visibility, against the table in spec/permissions.json."""

import base64
import json
import uuid
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.conftest import PASSWORD, Person, sign_up_body
from tests.factories.clips import IDS
from tests.factories.publishing import PIECE, TUS
from tests.permissions.bodies import BODIES
from tests.permissions.cast import UNPUBLISHED, Cast, make_cast, signed_in_again

from reelm.entrypoints.client_files import ClientFiles
from reelm.entrypoints.web import create_app
from reelm.settings import DatabaseSettings, Settings

REPOSITORY = Path(__file__).parents[2]
TABLE: dict[str, Any] = json.loads((REPOSITORY / "spec" / "permissions.json").read_text())
PEOPLE: list[str] = TABLE["people"]
SEES: dict[str, list[str]] = TABLE["sees"]
ROUTES: dict[str, dict[str, Any]] = TABLE["routes"]
ABOUT_CLIPS = {"clip", "comment", "sound"}
NOTHING = Settings(data=Path("data"), database=DatabaseSettings(host=""))


def routes_of_the_application() -> set[str]:
    """What the application answers, but for the client's own files and the OPTIONS that come of themselves."""
    files = {address.replace(":path}", "}") for address in ClientFiles(NOTHING).addresses()}
    found = set()
    with warnings.catch_warnings():
        # The framework announces what its next major version will want; `make lint` is where that is dealt with.
        warnings.simplefilter("ignore", DeprecationWarning)
        routes = create_app(NOTHING)._app._app.routes
    for route in routes:
        if not hasattr(route, "route_handlers"):
            found.add(f"MOUNT {route.path}")
            continue
        for handler in route.route_handlers:
            if route.path_format in files or handler.handler_name == "options_handler":
                continue
            if route.path_format in {"/api", "/api/{path}"}:
                continue  # what the framework puts around its description: 404
            found |= {f"{method} {route.path_format}" for method in handler.http_methods}
    return found


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert routes_of_the_application() == set(ROUTES)


def test_every_row_says_something_of_everyone() -> None:
    for route, row in ROUTES.items():
        columns = {"anonymous", "seen", "own", "unseen"} if row["about"] in ABOUT_CLIPS else set(PEOPLE)
        assert columns <= set(row), route
    for visibility, who in SEES.items():
        assert "owner" in who, visibility
        assert "blocked" not in who, visibility


@pytest.fixture(scope="module")
async def cast(admin: Any, sign_up: Any) -> Cast:
    return await make_cast(admin, sign_up)


# --- what is asked ----------------------------------------------------------------------------------------------


def _body(key: str, ids: dict[str, str]) -> dict[str, Any]:
    """What of `httpx`'s arguments makes this request a proper one."""
    if key == "POST /accounts":
        return {"json": sign_up_body()}
    if key == "POST /sessions":
        return {"json": {"handle": ids["own_handle"], "password": PASSWORD}}
    if key == "POST /clips":
        return {"json": {"upload_id": ids["upload_id"]}}
    if key == "POST /events":
        event = {
            "id": str(IDS.new()),
            "clip_id": ids["clip_id"],
            "kind": "impression",
            "at": "2026-11-21T12:00:00Z",
        }
        return {"json": {"events": [event]}}
    if key == "POST /staff/enrolment":
        return {"json": _enrolment()}
    if key == "POST /staff/grants":
        words = "They wrote that they can't sign in any more."
        asked = {"people": [ids["handle"]], "classes": ["identity"], "minutes": 30, "reason": "support"}
        return {"json": {**asked, "text": words, "country": "FR"}}
    if key.endswith("/opening"):
        return {"json": {"handle": ids["handle"], "what": "identity"}}
    if key == "PUT /me/avatar":
        return {"content": _picture()}
    if key == "POST /uploads":
        return {"headers": {**TUS, "upload-length": "10"}}
    if key == "PATCH /uploads/{upload_id}":
        return {"headers": {**TUS, "upload-offset": "0", "content-type": PIECE}, "content": b"1234567890"}
    if key.endswith("/welcome"):
        return {"params": {"device_id": "01a2005a-0000-7000-8000-000000000000"}}
    if "/uploads/" in key:
        return {"headers": TUS}
    return {"json": BODIES[key]} if key in BODIES else {}


def _enrolment() -> dict[str, str]:
    key = Ed25519PrivateKey.from_private_bytes(b"a key of the table of permissions".ljust(32)[:32])
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    proof = base64.b64encode(key.sign(f"reelm/staff-key/v1\n{public}".encode())).decode()
    return {"public_key": public, "country": "FR", "proof": proof}


def _picture() -> bytes:
    import io

    from PIL import Image

    target = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 40, 90)).save(target, "PNG")
    return target.getvalue()


async def ask(
    client: httpx.AsyncClient, route: str, person: Person | None, ids: dict[str, str]
) -> httpx.Response:
    """Send a proper request of a route; a stream is left after its head."""
    method, path = route.split(" ", 1)
    options = _body(
        route.replace("/api/v1", ""), {**ids, "own_handle": person.handle if person else ids["handle"]}
    )
    headers = {**(person.headers if person else {}), **options.pop("headers", {})}
    method = "GET" if method == "MOUNT" else method
    request = client.build_request(method, path.format(**ids), headers=headers, **options)
    response = await client.send(request, stream=True)
    if not path.endswith("/stream") or response.status_code != 200:
        await response.aread()
    await response.aclose()
    client.cookies.clear()
    return response


def _expected(row: dict[str, Any], column: str, visibility: str) -> int:
    if column not in SEES[visibility]:
        first = row["anonymous"] == 401 and column == "anonymous"
        return 401 if first else row["unseen"]
    if column == "owner":
        if visibility in UNPUBLISHED:
            return row.get(f"own_{visibility}", row.get("own_unpublished", row["own"]))
        return row["own"] if visibility == "everyone" else row.get("not_public", row["own"])
    if column == "anonymous":
        return row["anonymous"]
    return row["seen"] if visibility == "everyone" else row.get("not_public", row["seen"])


@pytest.mark.parametrize("route", [r for r, row in ROUTES.items() if row["about"] in ABOUT_CLIPS])
async def test_clips(client: httpx.AsyncClient, cast: Cast, route: str) -> None:
    """Each visibility, each person; a fresh clip whenever asking may have changed it."""
    wrong = []
    reading = route.startswith("GET ")
    for visibility in SEES:
        ids: dict[str, str] = {}
        for column in PEOPLE:
            if not ids or not reading:
                ids = await _things(cast, visibility, ROUTES[route]["about"])
            answer = await ask(client, route, cast.person(column, visibility), ids)
            expected = _expected(ROUTES[route], column, visibility)
            if answer.status_code != expected:
                wrong.append(
                    f"{visibility}, {column}: {answer.status_code}, not {expected}: {answer.text[:200]}"
                )
    assert not wrong, "\n".join(wrong)


async def _things(cast: Cast, visibility: str, about: str) -> dict[str, str]:
    ids = {"clip_id": await cast.clip(visibility), "handle": cast.author(visibility).handle}
    if about == "comment":
        ids["comment_id"] = await cast.comment(ids["clip_id"])
    if about == "sound":
        ids["sound_id"] = await cast.sound(ids["clip_id"], visibility)
    return ids


_CHANGES_TIES = {"person", "request", "tie"}
_ENDS_SESSIONS = {"DELETE /api/v1/sessions", "DELETE /api/v1/sessions/current"}


@pytest.mark.parametrize("route", [r for r, row in ROUTES.items() if row["about"] not in ABOUT_CLIPS])
async def test_everything_else(client: httpx.AsyncClient, cast: Cast, route: str) -> None:
    wrong = []
    row = ROUTES[route]
    clip_id = await cast.clip("everyone")
    for column in PEOPLE:
        if row["about"] in _CHANGES_TIES:
            await cast.tie()
        person = cast.person(column)
        if person is not None and route in _ENDS_SESSIONS:
            person = await signed_in_again(person)
        ids = await _names(cast, row["about"], clip_id)
        answer = await ask(client, route, person, ids)
        if answer.status_code != row[column]:
            wrong.append(f"{column}: {answer.status_code}, not {row[column]}: {answer.text[:200]}")
        if route == "DELETE /api/v1/sessions" and person is not None:
            cast_person = cast.person(column)
            assert cast_person is not None
            cast_person.token = (await signed_in_again(cast_person)).token
    assert not wrong, "\n".join(wrong)


async def _names(cast: Cast, about: str, clip_id: str) -> dict[str, str]:
    owner, follower = cast.authors["open"], cast.people["follower"]
    assert follower is not None
    ids = {
        "handle": owner.handle,
        "clip_id": clip_id,
        "passkey_id": str(uuid.uuid4()),
        "session_id": "",
        "tag": "sea",
        "grant_id": str(uuid.uuid4()),
        "opening_id": str(uuid.uuid4()),
        "report_id": str(uuid.uuid4()),
        "conversation_id": str(uuid.uuid4()),
        "device_id": str(uuid.uuid4()),
        "seq": "1",
        "export_id": str(uuid.uuid4()),
        "receipt_id": str(uuid.uuid4()),
        "language": "en",
        "jurisdiction": "any",
        "age_band": "adult",
        "epoch": "0",
        "adjustment_id": str(uuid.uuid4()),
        "digest": "0" * 64,
        "batch_id": str(uuid.uuid4()),
        "realm_id": "nowhere",
        "crossing_id": str(uuid.uuid4()),
        "person_id": str(uuid.uuid4()),
        "comment_id": str(uuid.uuid4()),
        "invite_id": str(uuid.uuid4()),
        "push_device_id": str(uuid.uuid4()),
        "collection_id": str(uuid.uuid4()),
        "code": "0" * 10,
        "import_id": str(uuid.uuid4()),
        "table": "likes",
        "index": "0",
        "path": "entries/000.p/1",
    }
    ids |= {"rest": "x", "name": f"@{owner.handle}"}
    ids["name" if about == "feed" else "feed"] = "following"
    if about == "session":
        again = await signed_in_again(owner)
        sessions = (await again.get("/sessions")).json()["items"]
        ids["session_id"] = next(each["id"] for each in sessions if each["current"])
    elif about == "request":
        ids["handle"] = cast.talker.handle
    elif about == "tie":
        ids["handle"] = follower.handle
    elif about == "upload":
        ids["upload_id"] = await cast.upload(10)
    elif about == "complete upload":
        ids["upload_id"] = await cast.upload(1)
        sent = await cast.authors["open"].request(
            "PATCH",
            f"/uploads/{ids['upload_id']}",
            headers={**TUS, "upload-offset": "0", "content-type": PIECE},
            content=b"x",
        )
        assert sent.status_code == 204, sent.text
    return ids


# --- what lists and pages tell ----------------------------------------------------------------------------------

_WORD = "quetzalcoatlus"
# Lists in which each clip has to be there for whoever sees it; in all the others it only must not be for the rest.
_LISTS = {
    "/api/v1/people/{handle}/clips": True,
    "/api/v1/sounds/{sound_id}/clips": True,
    "/api/v1/tags/{tag}/clips": True,
    "/api/v1/clips/{clip_id}": True,
    "/api/v1/people/{handle}/reposts": False,
    "/api/v1/feeds/for-you?limit=50": False,
    "/api/v1/feeds/local?limit=50": False,
    "/api/v1/feeds/following?limit=50": False,
    "/api/v1/feeds/friends?limit=50": False,
    "/api/v1/sounds?limit=50": False,
    "/api/v1/sounds?q={word}": False,
    "/api/v1/search?q={word}": False,
    "/api/v1/search/suggestions?q={word}": False,
    "/api/v1/trending": False,
    "/api/v1/notices": False,
    "/c/{clip_id}": False,
    "/@{handle}": False,
}


@pytest.mark.parametrize("visibility", SEES)
async def test_lists_and_pages_name_a_clip_to_those_alone_who_see_it(
    client: httpx.AsyncClient, cast: Cast, visibility: str
) -> None:
    await cast.tie()
    tag = f"tag{uuid.uuid4().hex[:10]}"
    word = f"{_WORD}{uuid.uuid4().hex[:8]}"
    clip_id = await cast.clip(visibility, f"{word} #{tag}")
    sound_id = await cast.sound(clip_id, visibility, f"song {word}")
    comment_id = await cast.comment(clip_id, f"so {word}")
    await _tell_everyone(cast, clip_id, comment_id)
    ids = {
        "clip_id": clip_id,
        "sound_id": sound_id,
        "tag": tag,
        "word": word,
        "handle": cast.author(visibility).handle,
    }
    wrong = []
    for path, complete in _LISTS.items():
        for column in PEOPLE:
            person = cast.person(column, visibility)
            answer = await client.get(path.format(**ids), headers=person.headers if person else {})
            assert answer.status_code < 500, answer.text
            # A tag is public with its first public clip; what is looked for is what says something of this one.
            told = [
                mark for mark in (clip_id, sound_id, comment_id, word) if mark in _without_echo(answer, word)
            ]
            sees = column in SEES[visibility]
            if path.startswith("/c/"):
                sees = visibility == "everyone"
            if told and not sees:
                wrong.append(f"{path} tells {column} {told}")
            published = visibility not in UNPUBLISHED
            if complete and sees and published and answer.status_code == 200 and clip_id not in told:
                wrong.append(f"{path} does not show it to {column}")
    assert not wrong, "\n".join(wrong)


def _without_echo(answer: httpx.Response, word: str) -> str:
    """The answer, without an empty result's repetition of what was asked for."""
    return answer.text.replace(f'"q":"{word}"', "")


async def _tell_everyone(cast: Cast, clip_id: str, comment_id: str) -> None:
    """Everybody has a notice about the clip, as if they had seen it once."""
    for person in [*cast.people.values(), *cast.authors.values()]:
        if person is not None:
            await cast.admin.execute(
                "INSERT INTO notices (person_id, id, kind, actor_id, clip_id, comment_id) "
                "VALUES ($1, $2, 'mention', $3, $4, $5)",
                *(
                    uuid.UUID(person.id),
                    IDS.new(),
                    uuid.UUID(cast.talker.id),
                    uuid.UUID(clip_id),
                    uuid.UUID(comment_id),
                ),
            )


async def test_what_a_private_account_passes_on_is_for_its_followers(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    await cast.tie()
    clip_id = await cast.clip("everyone")
    hermit = cast.authors["private_account"]
    await cast.admin.execute(
        "INSERT INTO reposts (person_id, clip_id) VALUES ($1, $2)", uuid.UUID(hermit.id), uuid.UUID(clip_id)
    )
    for column in PEOPLE:
        person = hermit if column == "owner" else cast.people[column]
        answer = await client.get(
            f"/api/v1/people/{hermit.handle}/reposts", headers=person.headers if person else {}
        )
        assert (clip_id in answer.text) == (column in SEES["private_account"]), column


_CONSOLES = ("staff/", "border/", "charter/proposals")


async def test_an_operator_is_one_more_person(client: httpx.AsyncClient, cast: Cast) -> None:
    """The role opens nothing: but for the consoles, there is no row in which staff may do more than another.

    Those of border and charter are about deliveries and proposals, not about people. In the staff's, without a key that a keyholder enrolled, everything that is about anybody's data is refused.
    """
    console = {route for route in ROUTES if any(f" /api/v1/{each}" in route for each in _CONSOLES)}
    for route, row in ROUTES.items():
        if row["about"] not in ABOUT_CLIPS and route not in console:
            assert row["staff"] == row["other"]
    about_data = {route: ROUTES[route]["staff"] for route in console if "/grants" in route}
    assert {route for route, status in about_data.items() if status == 200} == {"GET /api/v1/staff/grants"}
    for who in SEES.values():
        assert ("staff" in who) == ("other" in who)
    staff = cast.people["staff"]
    assert staff is not None
    assert (await staff.get("/me")).json()["role"] == "operator"
