"""The zone's routes: who may change them, and where they lead."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.realm.zone import (
    Moved,
    Routes,
    RouteSignature,
    SignedRoutes,
    ZoneError,
    ZoneKeyholder,
    ZoneRealm,
    chain,
    check,
    digest_of,
    signers,
    target,
    to_sign,
)
from reelm_audit.tlog.note import Ed25519Signer

KEYS = {name: Ed25519Signer(name, name.encode().ljust(32, b".")) for name in ("ada", "bo", "cy", "di")}
HOLDERS = [ZoneKeyholder(name, KEYS[name].vkey) for name in ("ada", "bo", "cy")]
REALMS = {
    "us": ZoneRealm("https://us.test", "https://border.us.test"),
    "world": ZoneRealm("https://world.test/", "https://border.world.test"),
}
FIRST = Routes("reelm.test", 1, 2, HOLDERS, REALMS)


def signed(routes: Routes, *names: str) -> SignedRoutes:
    return SignedRoutes(
        routes,
        [
            RouteSignature(KEYS[name].vkey, base64.b64encode(KEYS[name].sign(to_sign(routes))).decode())
            for name in names
        ],
    )


def after(routes: Routes, **changes: Any) -> Routes:
    return msgspec.structs.replace(routes, version=routes.version + 1, previous=digest_of(routes), **changes)


def test_a_change_needs_the_threshold_of_the_old_and_of_the_new() -> None:
    check(signed(FIRST, "ada", "bo"), None)
    with pytest.raises(ZoneError, match="1 of the 2"):
        check(signed(FIRST, "ada"), None)
    handed_over = after(FIRST, keyholders=[ZoneKeyholder("di", KEYS["di"].vkey)], threshold=1)
    with pytest.raises(ZoneError, match="of the version in force"):
        check(signed(handed_over, "di"), FIRST)
    with pytest.raises(ZoneError, match="whom it names itself"):
        check(signed(handed_over, "ada", "bo"), FIRST)
    assert check(signed(handed_over, "ada", "bo", "di"), FIRST) == handed_over


def test_one_key_under_two_names_is_one_keyholder() -> None:
    twin = Ed25519Signer("twin", b"ada".ljust(32, b"."))
    routes = msgspec.structs.replace(
        FIRST, keyholders=[*HOLDERS[:2], ZoneKeyholder("twin", twin.vkey)], threshold=2
    )
    both = signed(routes, "ada")
    both = msgspec.structs.replace(
        both,
        signatures=[
            *both.signatures,
            RouteSignature(twin.vkey, base64.b64encode(twin.sign(to_sign(routes))).decode()),
        ],
    )
    assert len(signers(routes, both)) == 1
    with pytest.raises(ZoneError):
        check(both, None)


def test_a_version_follows_the_one_it_names() -> None:
    good = signed(FIRST, "ada", "bo")
    second = after(FIRST, moved=[Moved("us/people/x", "world")])
    assert chain([good, signed(second, "bo", "cy")]) == second
    for wrong in (
        msgspec.structs.replace(second, previous="00" * 32),
        msgspec.structs.replace(second, version=3),
        msgspec.structs.replace(second, network="other.test"),
    ):
        with pytest.raises(ZoneError):
            chain([good, signed(wrong, "ada", "bo", "cy")])
    with pytest.raises(ZoneError):
        chain([])


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 4},
        {"realms": {"us": ZoneRealm("javascript:alert(1)", "https://border.us.test")}},
        {"realms": {"us": ZoneRealm("https://us.test?x=1", "https://border.us.test")}},
        {"moved": [Moved("us/../people", "world")]},
        {"moved": [Moved("us", "world")]},
        {"moved": [Moved("us/people/x", "nowhere")]},
        {"moved": [Moved("us/people/x", "world"), Moved("us/people/x", "us")]},
    ],
)
def test_what_makes_no_sense_is_refused_whoever_signed(changes: dict[str, Any]) -> None:
    routes = msgspec.structs.replace(FIRST, **changes)
    with pytest.raises(ZoneError):
        check(signed(routes, "ada", "bo", "cy"), None)


def test_people_come_to_the_web_and_realms_to_the_border() -> None:
    moved = after(FIRST, moved=[Moved("us/people/x", "world")])
    person, realm = "text/html,*/*;q=0.8", "application/activity+json"
    assert target(FIRST, "/us/people/x", "", person) == "https://us.test/people/x"
    assert target(FIRST, "/us/people/x", "", realm) == "https://border.us.test/people/x"
    assert target(moved, "/us/people/x/outbox", "page=1", realm) == (
        "https://border.world.test/people/x/outbox?page=1"
    )
    assert target(moved, "/us/people/xy", "", person) == "https://us.test/people/xy"
    assert target(FIRST, "/world/clips/1", "", person) == "https://world.test/clips/1"
    finger = "resource=acct:lea@us"
    assert target(FIRST, "/.well-known/webfinger", finger, "") == (
        "https://border.us.test/.well-known/webfinger?resource=acct:lea@us"
    )


@pytest.mark.parametrize(
    "path", ["/", "/us", "/nobody/people/x", "//us/people", "/us/../x", "/us/%2e%2e/x", "/us//x", "/us/a b"]
)
def test_what_nobody_answers_for_is_nothing(path: str) -> None:
    assert target(FIRST, path, "", "") is None


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["", "application/activity+json"]))
def test_whatever_is_asked_leads_to_a_realm_or_nowhere(path: str, query: str, accept: str) -> None:
    found = target(FIRST, path, query, accept)
    known = tuple(f"{base.rstrip('/')}/" for realm in REALMS.values() for base in (realm.web, realm.border))
    assert found is None or found.startswith(known)
