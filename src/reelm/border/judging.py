"""What of a delivery is taken: each object is judged by itself, and one that isn't right in everything is refused.

1. The act is known, and its parts are those of such an act. 2. Its id and its actor lie under the addresses of the
realm that signed the delivery, and what is made, changed or withdrawn is the actor's own: nobody speaks for somebody
of another realm. 3. What it refers to is this realm's, or the sender's. 4. Every field has a row in `fields.json`
with a class that may come in, and nothing is missing. 5. Every value is what such a field holds, within limits.
Whether the thing withdrawn was made by that person, or a follow was ever asked for, is for those who take it in.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelm.border import values
from reelm.border.classify import ORDER, Fields, in_order
from reelm.ledger.service import entries

Object = Mapping[str, Any]

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID = re.compile(rf"(people|clips|comments|acts)/({UUID})")
_VIEWS = re.compile(rf"clips/{UUID}/views")
_PLACE_OF = {"Person": "people", "Video": "clips", "Note": "comments"}
_MADE = {
    "Create": {"Video", "Note"},
    "Update": {"Video", "Note", "Person", "Collection"},
    "Delete": {"Tombstone"},
}
_DONE = {"Follow", "Accept", "Reject", "Undo", "Like", "Announce", "Move", "Flag"}
# Acts that may say whom a person knows or likes: that person was asked, at home.
_SOCIAL = {"Follow", "Accept", "Reject", "Undo", "Like"}
_TAKEN_BACK = {"Follow", "Like", "Announce"}


class _RefusedError(Exception):
    def __init__(self, reason: str, *fields: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fields = fields


@dataclass(frozen=True)
class Frame:
    """Between whom, and when: the addresses of the realm that sent, and those of this one."""

    ids: str
    web: str
    border: str
    ours: str
    now: dt.datetime


@dataclass(frozen=True)
class Judged:
    """The verdict on one object. `reason` is empty when it is taken; `fields` are names, never what they held."""

    uri: str
    act: str
    object_type: str
    classes: list[entries.DataClassName]
    fields: tuple[str, ...] = ()
    reason: str = ""


def judge(activity: Object, frame: Frame, rows: Fields) -> Judged:
    """Judge one activity."""
    act = _text_of(activity.get("type"))
    inner = activity.get("object")
    kind = _text_of(inner.get("type")) if isinstance(inner, Mapping) else act
    uri = _text_of(activity.get("id"))
    known_act = act if act in _MADE or act in _DONE else "unknown"
    known_kind = kind if kind in rows.types else "unknown"
    classes: list[entries.DataClassName] = []
    try:
        document = _document(activity, act, kind)
        _check_origin(activity, act, frame)
        _check_parts(document, act, kind, frame)
        _check_owner(document, act, kind, activity["actor"])
        classes = _check_fields(document, act, kind, rows)
        values.check(document, values.Places(frame.web, frame.border, frame.ids), frame.now)
    except _RefusedError as error:
        found = classes or _classes_told(activity, rows)
        return Judged(uri, known_act, known_kind, found, error.fields, error.reason)
    except values.ValueRefusedError as error:
        return Judged(uri, known_act, known_kind, classes, (error.field,), "value")
    return Judged(uri, act, kind, classes)


def _text_of(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= values.URL_CHARS else ""


def _document(activity: Object, act: str, kind: str) -> dict[str, Any]:
    """Return what the fields' table is about: the object of Create, Update and Delete, of others the act itself."""
    if act in _MADE:
        if activity.keys() - {"id", "type", "actor", "object"}:
            raise _RefusedError("unknown_field", *(activity.keys() - {"id", "type", "actor", "object"}))
        document = activity.get("object")
        if not isinstance(document, dict) or kind not in _MADE[act]:
            raise _RefusedError("unknown_type", "object")
        return document
    if act in _DONE:
        return {name: each for name, each in activity.items() if name != "id"}
    raise _RefusedError("unknown_act", "type")


def _check_origin(activity: Object, act: str, frame: Frame) -> None:
    if _place(activity.get("id"), frame.ids) != "acts":
        raise _RefusedError("forged", "id")
    actor = activity.get("actor")
    if _place(actor, frame.ids) == "people":
        return
    # Counts are told by a realm, not by a person.
    told = activity.get("object")
    views = act == "Update" and isinstance(told, Mapping) and told.get("type") == "Collection"
    if not views or not isinstance(actor, str) or not (actor == frame.ids or _under(actor, frame.ids)):
        raise _RefusedError("forged", "actor")


def _check_parts(document: Object, act: str, kind: str, frame: Frame) -> None:
    if act not in _MADE:
        _check_done(document, act, frame)
    elif kind == "Tombstone":
        _check_withdrawn(document, frame)
    elif kind == "Collection":
        _check_counts(document, frame)
    else:
        _check_made(document, kind, frame)


def _check_owner(document: Object, act: str, kind: str, actor: str) -> None:
    """What is made, changed or withdrawn is the actor's own."""
    if act not in _MADE:
        return
    if kind == "Person":
        owner = document.get("id")
    elif kind == "Collection":
        owner = document.get("attributedTo", actor)
    else:
        owner = document.get("attributedTo")
        if owner is None:
            raise _RefusedError("incomplete", "attributedTo")
    if owner != actor:
        raise _RefusedError("forged", "attributedTo")
    if kind == "Tombstone" and "/people/" in str(document["id"]) and document["id"] != actor:
        raise _RefusedError("forged", "id")


def _check_made(document: Object, kind: str, frame: Frame) -> None:
    if _place(document.get("id"), frame.ids) != _PLACE_OF[kind]:
        raise _RefusedError("forged", "id")
    if kind == "Note":
        for name in ("context", "inReplyTo"):
            if not _refers(document.get(name), frame, {"clips", "comments"}):
                raise _RefusedError("elsewhere", name)


def _check_withdrawn(document: Object, frame: Frame) -> None:
    if _place(document.get("id"), frame.ids) not in {"clips", "comments", "people"}:
        raise _RefusedError("forged", "id")


def _check_counts(document: Object, frame: Frame) -> None:
    address = document.get("id")
    if not isinstance(address, str):
        raise _RefusedError("forged", "id")
    about_ours = _under(address, frame.ours) and _VIEWS.fullmatch(address[len(frame.ours) + 1 :])
    if not about_ours and not _under(address, frame.ids):
        raise _RefusedError("forged", "id")


def _check_done(document: Object, act: str, frame: Frame) -> None:
    actor, target = document.get("actor"), document.get("object")
    if act == "Follow" and _place(target, frame.ours) != "people":
        raise _RefusedError("elsewhere", "object")
    if act in {"Like", "Announce", "Flag"} and not _refers(target, frame, {"clips", "comments", "people"}):
        raise _RefusedError("elsewhere", "object")
    if act == "Move" and target != actor:
        raise _RefusedError("forged", "object")
    if act == "Undo":
        _check_undone(target, actor, frame)
    if act in {"Accept", "Reject"}:
        _check_answered(target, actor, frame)


def _check_undone(target: object, actor: object, frame: Frame) -> None:
    if isinstance(target, Mapping):
        if _text_of(target.get("type")) not in _TAKEN_BACK:
            raise _RefusedError("unknown_type", "object")
        if target.get("actor") != actor:
            raise _RefusedError("forged", "actor")
        _check_done(target, str(target["type"]), frame)
    elif _place(target, frame.ids) != "acts":
        raise _RefusedError("forged", "object")


def _check_answered(target: object, actor: object, frame: Frame) -> None:
    if isinstance(target, Mapping):
        if target.get("type") != "Follow":
            raise _RefusedError("unknown_type", "object")
        if _place(target.get("actor"), frame.ours) != "people" or target.get("object") != actor:
            raise _RefusedError("forged", "actor")
    elif _place(target, frame.ours) not in {"acts", "people"}:
        raise _RefusedError("elsewhere", "object")


def _check_fields(document: dict[str, Any], act: str, kind: str, rows: Fields) -> list[entries.DataClassName]:
    found = rows.classify(document, act, kind)
    if found.never:
        raise _RefusedError("sealed_field", *found.never)
    if found.unknown:
        raise _RefusedError("unknown_field", *found.unknown)
    allowed = {"public", "social"} if act in _SOCIAL else {"public"}
    if set(found.classes) - allowed:
        raise _RefusedError("class", *(set(found.classes) - allowed))
    if rows.reduced(document, set(ORDER)).document is None:
        raise _RefusedError("incomplete")
    return in_order(set(found.classes))


def _classes_told(activity: Object, rows: Fields) -> list[entries.DataClassName]:
    """The classes of what a refused object held, for the ledger, as far as they can be told."""
    document = activity.get("object") if _text_of(activity.get("type")) in _MADE else activity
    if not isinstance(document, dict):
        return []
    found = rows.classify(document, "", _text_of(document.get("type")))
    return in_order({*found.classes, *found.never.values()})


def _place(address: object, ids: str) -> str:
    """Say what an address under `ids` is the address of; empty for any other."""
    if not isinstance(address, str) or not ids or not _under(address, ids):
        return ""
    match = _ID.fullmatch(address[len(ids) + 1 :])
    return match[1] if match else ""


def _under(address: str, ids: str) -> bool:
    return bool(ids) and address.startswith(ids + "/")


def _refers(address: object, frame: Frame, places: set[str]) -> bool:
    return _place(address, frame.ours) in places or _place(address, frame.ids) in places
