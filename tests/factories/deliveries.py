"""The table of hostile deliveries (`tests/security/deliveries.json`), row by row made into what is sent."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.factories.foreign import Foreign

TABLE: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "security" / "deliveries.json").read_text()
)


def named(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"].replace(" ", "_") for row in rows]


def base(abroad: Foreign, ours: str, kind: str) -> dict[str, Any]:
    """Return an act of that kind as it should be."""
    actor, own = abroad.name("people"), f"{ours}/people/{uuid4()}"
    clip = f"{ours}/clips/{uuid4()}"
    like = {"type": "Like", "actor": actor, "object": clip}
    follow = {"type": "Follow", "actor": own, "object": actor}
    gone = {"type": "Tombstone", "id": abroad.name("clips"), "attributedTo": actor, "formerType": "Video"}
    realm = f"{abroad.ids}/realm"
    views = {
        "type": "Collection",
        "id": f"{clip}/views",
        "attributedTo": realm,
        "totalItems": 20,
    }
    return {
        "video": lambda: abroad.video(actor),
        "person": lambda: abroad.person(actor),
        "note": lambda: abroad.note(clip, actor),
        "follow": lambda: abroad.act("Follow", actor, own),
        "like": lambda: abroad.act("Like", actor, clip),
        "announce": lambda: abroad.act("Announce", actor, clip),
        "undo": lambda: abroad.act("Undo", actor, like),
        "accept": lambda: abroad.act("Accept", actor, follow),
        "delete": lambda: abroad.act("Delete", actor, gone),
        "move": lambda: abroad.act("Move", actor, actor, target=abroad.name("people")),
        "views": lambda: abroad.act("Update", realm, views),
    }[kind]()


def made(row: dict[str, Any], abroad: Foreign, ours: str) -> dict[str, Any]:
    """Return the object of a row."""
    act = base(abroad, ours, row["of"])
    names = {
        "{ours}": ours,
        "{sender}": abroad.ids,
        "{border}": abroad.border,
        "{actor}": str(act["actor"]),
        "{id}": act["id"],
    }
    for path, value in row.get("set", {}).items():
        place, last = _place(act, path)
        place[last] = _filled(value, names)
    for path in row.get("remove", []):
        place, last = _place(act, path)
        del place[last]
    if "repeat" in row:
        place, last = _place(act, row["repeat"][0])
        place[last] = place[last] * row["repeat"][1]
    if "long" in row:
        place, last = _place(act, row["long"][0])
        place[last] = "x" * row["long"][1]
    if "languages" in row:
        act["object"]["contentMap"] = {f"en-x-{number:03}": "x" for number in range(row["languages"])}
    return act


def _place(value: Any, path: str) -> tuple[Any, Any]:
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        value = value[step]
    return value, last


def _filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, each in names.items():
            value = value.replace(name, each)
        return value.replace("{uuid}", str(uuid4()))
    if isinstance(value, list):
        return [_filled(each, names) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, names) for name, each in value.items()}
    return value


def body_of(row: dict[str, Any]) -> bytes | None:
    """Return the body that a row sends instead of a delivery, if it does."""
    if "bytes" in row:
        return bytes.fromhex(row["bytes"])
    if "fill" in row:
        before, filling, times, after = row["fill"]
        return f"{before}{filling * times}{after}".encode()
    return row["body"].encode() if "body" in row else None
