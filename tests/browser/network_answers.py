"""What a realm of a network would answer, for screens that one realm alone can't fill: only shapes and amounts."""

import datetime as dt
from importlib.resources import files
from typing import Any

from playwright.async_api import Route
from tests.browser.phone import Phone

_NOW = dt.datetime.now(dt.UTC)
KEY = "operator+b4ea6fa2+AWfMd8SHqKSmH4pIfnfmYVzBJ8HF9shXO92Uj6GQ1wQD"


def ago(**time: float) -> str:
    return (_NOW - dt.timedelta(**time)).isoformat().replace("+00:00", "Z")


def person(**changes: Any) -> dict[str, Any]:
    """Somebody of the realm `world`, as the API shows them here."""
    return {
        "id": "00000000-0000-7000-8000-0000000000aa",
        "handle": "odile@world",
        "display_name": "Odile Marchetti",
        "avatar_url": None,
        "realm": "world",
        "bio": "",
        "private": False,
        "counts": {"followers": 3, "following": 1, "clips": 0, "likes": 0},
        "viewer": {"follow": "none", "follows_me": False, "friend": False, "blocked": False, "own": False},
        **changes,
    }


def network(here: str = "us") -> dict[str, Any]:
    realms = [
        ("us", "Reelm US", ["US"], False, "Ashburn 2", "US"),
        ("world", "Reelm World", ["CA", "NZ"], True, "Singapore 1", "SG"),
    ]
    return {
        "network": "reelm.example",
        "zone": "https://id.reelm.example",
        "version": "0" * 64,
        "realms": [
            {
                "realm": realm,
                "name": name,
                "operator": f"{name} Ltd",
                "countries": countries,
                "elsewhere": elsewhere,
                "web": f"https://{realm}.example",
                "here": realm == here,
                "storage": [{"site": site, "country": country}],
                "charter": "0" * 64,
            }
            for realm, name, countries, elsewhere, site, country in realms
        ],
    }


def sites() -> dict[str, Any]:
    held = [
        {"data_class": "public", "bytes": 812_345_678_900},
        {"data_class": "private", "bytes": 214_345_678_900},
        {"data_class": "identity", "bytes": 92_345_678},
    ]
    stated = {"at": ago(hours=5), "held": held, "entry_index": 3}
    return {
        "operator": {"name": "Reelm US Ltd", "country": "US", "legal_entity": "", "vkey": ""},
        "owners": [
            {"name": "First Owner", "country": "US", "share": "62.5", "ultimate_parent": "Parent Group"},
            {"name": "Second Owner", "country": "", "share": "", "ultimate_parent": ""},
        ],
        "sites": [
            {"site": "Ashburn 2", "country": "US", "purposes": ["primary", "kms"], "signer": KEY,
             "self_signed": True, "statement": stated},
            {"site": "Portland 1", "country": "US", "purposes": ["backup"], "signer": KEY,
             "self_signed": False, "statement": stated},
            {"site": "Frankfurt edge", "country": "DE", "purposes": ["cdn"], "signer": "",
             "self_signed": True, "statement": None},
        ],
        "auditors": [{"name": "An Auditor", "url": "https://auditor.example"}],
        "witnesses": ["Court of Audit"],
        "check": {"state": "witnessed", "checked_at": ago(seconds=9), "by": ["Court of Audit"]},
        "made_at": ago(),
    }  # fmt: skip


def _amount(objects: int) -> dict[str, int]:
    return {"objects": objects, "bytes": objects * 900}


def border(**changes: Any) -> dict[str, Any]:
    days = [
        {"day": ago(days=n)[:10], "kind": kind, "direction": direction, "peer": "world", "data_class": name,
         **_amount(amount)}
        for n in range(10)
        for kind, direction, name, amount in (
            ("crossing", "out", "public", n * 7 % 40 + 5),
            ("crossing", "out", "social", n * 5 % 23 + 2),
            ("crossing", "in", "public", n * 11 % 60 + 3),
            ("refused", "out", "private", n % 3),
            ("fetch", "in", "public", 3000),
        )
    ]  # fmt: skip
    peers = [
        {"realm": "world", "name": "Reelm World", "network": "reelm.example", "state": "open",
         "web": "https://world.example", "last_heard_at": ago(minutes=2), "out": _amount(1204),
         "in": _amount(3401), "refused": 2, "waiting": 4, "dead": 0},
        {"realm": "third", "name": "Third", "network": "", "state": "paused", "web": "",
         "last_heard_at": None, "out": _amount(31), "in": _amount(0), "refused": 5, "waiting": 0, "dead": 1},
    ]  # fmt: skip
    return {
        "peers": peers,
        "days": days,
        "policy": files("reelm.border").joinpath("default.cedar").read_text(),
        "policy_digest": "0" * 64,
        "vkey": KEY.replace("operator", "us.border"),
        "strength": "witnessed",
        **changes,
    }


def given_up() -> dict[str, Any]:
    """Deliveries that were given up."""
    one = {"id": "00000000-0000-7000-8000-0000000000dd", "peer": "third", "objects": 12, "bytes": 18_400,
           "state": "dead", "attempts": 41, "problem": "no connection", "next_at": None,
           "made_at": ago(days=4), "done_at": None, "entry_index": 2}  # fmt: skip
    return {"items": [one], "next_cursor": None}


def _crossing(number: int, act: str, kind: str, state: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-7000-8000-0000000000c{number}",
        "realm": "world",
        "realm_name": "Reelm World",
        "act": act,
        "object_type": kind,
        "purpose": "interact",
        "thing": None,
        "classes": ["social"],
        "fields": [f"{act}.actor", f"{act}.object"],
        "removed": [],
        "policy": "acts-that-people-agreed-to",
        "state": state,
        "reason": None,
        "made_at": ago(hours=number + 1),
        "done_at": ago(hours=number) if state in {"delivered", "refused"} else None,
        "entry_index": 4 if state == "delivered" else None,
        **changes,
    }


def crossings() -> dict[str, Any]:
    clip = {"kind": "clip", "id": "00000000-0000-7000-8000-0000000000bb", "text": "Rain on a tin roof #rain"}
    words = {"kind": "comment", "id": "00000000-0000-7000-8000-0000000000cc", "text": "I can hear it."}
    items = [
        _crossing(0, "Like", "Like", "asked", thing=clip, classes=[], fields=[], policy=None),
        _crossing(1, "Create", "Note", "delivered", thing=words, classes=["public"], removed=["Note.tag"]),
        _crossing(2, "Follow", "Follow", "delivered"),
        _crossing(3, "Like", "Like", "refused", realm="third", realm_name="Third", reason="not_permitted"),
    ]
    return {"items": items, "next_cursor": None}


def consents() -> dict[str, Any]:
    one = {
        "realm": "world",
        "name": "Reelm World",
        "given_at": ago(days=3),
        "follows": 1,
        "likes": 1,
        "comments": 1,
    }
    return {"items": [one]}


def consent_needed() -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": "Consent is needed",
        "detail": "",
        "status": 409,
        "code": "federation.consent_needed",
        "fields": {"realm": "world", "name": "Reelm World"},
    }


async def answer(phone: Phone, path: str, body: Any, *, status: int = 200) -> None:
    """Have this path of the API answered so, whatever the realm would say."""

    async def fulfil(route: Route) -> None:
        kind = "application/problem+json" if status >= 400 else "application/json"
        await route.fulfill(status=status, json=body, content_type=kind)

    await phone.context.route(f"**/api/v1/{path}", fulfil)
