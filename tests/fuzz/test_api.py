"""The whole API against its own description: no failure of ours, and nothing that the description does not say.

Requests are made by schemathesis from spec/openapi.json, fitting and unfitting ones, from a fixed seed; each route
is asked by nobody and by somebody, with made-up names and with names of things that are there.
"""

import asyncio
import contextlib
import json
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from tests.conftest import PASSWORD, RunningRealm, sign_up_body
from tests.factories.clips import put_clip, put_sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import load_all_checks, not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

SPEC = json.loads((Path(__file__).parents[2] / "spec" / "openapi.json").read_text())
load_all_checks()
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
WHO = st.sampled_from(["nobody", "somebody", "somebody", "somebody long gone"])
SCHEMA = schemathesis.openapi.from_dict(SPEC)
# A stream never ends; it has tests of its own.
ENDLESS = {"GET /api/v1/stream"}
# These end the session they are asked with.
ENDING = {"DELETE /api/v1/sessions", "DELETE /api/v1/sessions/current"}
OPERATIONS = {
    f"{result.ok().method.upper()} {result.ok().path}": result.ok() for result in SCHEMA.get_all_operations()
}


def test_every_described_route_is_asked() -> None:
    described = {f"{verb.upper()} {path}" for path, item in SPEC["paths"].items() for verb in item}
    assert set(OPERATIONS) == described


@dataclass
class Somebody:
    """A person with a clip, a comment and a sound, and what they are called."""

    url: str
    handle: str
    token: str
    names: dict[str, str]

    def headers(self, route: str, who: str) -> dict[str, str]:
        if who == "nobody" or (who == "somebody" and route in ENDLESS):
            return {}
        if who == "somebody long gone":
            return {"authorization": "Bearer 0123456789abcdef0123456789abcdef0123456789a"}
        token = sign_in(self.url, self.names["handle"]) if route in ENDING else self.token
        return {"authorization": f"Bearer {token}"}


def sign_in(url: str, handle: str) -> str:
    answer = requests.post(
        f"{url}/api/v1/sessions", json={"handle": handle, "password": PASSWORD}, timeout=30
    )
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


@pytest.fixture(scope="module")
async def somebody(realm: RunningRealm, admin: Any) -> Somebody:
    def join() -> tuple[str, str]:
        body = sign_up_body()
        made = requests.post(f"{realm.url}/api/v1/accounts", json=body, timeout=30)
        assert made.status_code == 201, made.text
        return body["handle"], made.json()["id"]

    handle, person_id = await asyncio.to_thread(join)
    other, _ = await asyncio.to_thread(join)
    clip_id = await put_clip(admin, person_id, "a caption #sea")
    names = {"clip_id": clip_id, "handle": other, "tag": "sea", "name": "for-you"}
    names["sound_id"] = await put_sound(admin, person_id, clip_id, "A sound")
    names["comment_id"] = str(uuid.uuid4())
    await admin.execute(
        "INSERT INTO comments (id, clip_id, author_id, text) VALUES ($1, $2, $3, 'hello')",
        *(uuid.UUID(names["comment_id"]), uuid.UUID(clip_id), uuid.UUID(person_id)),
    )
    return Somebody(realm.url, handle, await asyncio.to_thread(sign_in, realm.url, handle), names)


def _fuzz(route: str, somebody: Somebody, mode: GenerationMode, examples: int) -> None:
    session = requests.Session()
    session.trust_env = False
    faults: list[str] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[route].as_strategy(generation_mode=mode), who=WHO, known=st.booleans())
    def ask(case: Any, who: str, known: bool) -> None:
        if known:
            case.path_parameters = {
                name: somebody.names.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        headers = somebody.headers(route, who)
        if known and "/uploads" in route:
            headers |= {"tus-resumable": "1.0.0", "upload-length": "5", "upload-offset": "0"}
        session.cookies.clear()
        try:
            answer = case.call(base_url=somebody.url, session=session, headers=headers, timeout=60)
        except (UnicodeError, requests.exceptions.InvalidHeader):
            return  # can't be sent by any client
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as failures:
            faults.extend(
                f"{case.as_curl_command()}\n  {answer.status_code}: {each}" for each in failures.exceptions
            )

    with contextlib.suppress(Unsatisfiable):  # nothing unfitting can be made of any text at all
        ask()
    session.close()
    assert not faults, "\n".join(faults[:5])


pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.mark.parametrize("route", OPERATIONS)
async def test_sample(somebody: Somebody, route: str) -> None:
    for mode in MODES:
        if mode is GenerationMode.POSITIVE or _can_be_wrong(route):
            await asyncio.to_thread(_fuzz, route, somebody, mode, 4)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", MODES, ids=["fitting", "unfitting"])
@pytest.mark.parametrize("route", OPERATIONS)
async def test_at_length(somebody: Somebody, route: str, mode: GenerationMode) -> None:
    if mode is GenerationMode.POSITIVE or _can_be_wrong(route):
        await asyncio.to_thread(_fuzz, route, somebody, mode, 60)


def _can_be_wrong(route: str) -> bool:
    """Whether there is anything in a request of this route that could be unfitting."""
    operation = OPERATIONS[route]
    return bool(list(operation.iter_parameters()) or len(operation.body))
