"""Border policies: Cedar texts of the charter that say what may leave the realm. What none permits stays.

The charter's checks, the border and whoever audits ask the same function, `decide`, and get the same answer: it
depends on nothing but the text and the six attributes that an entry of a crossing carries. Cedar is loaded when the
first text is read, since most processes never ask.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

if TYPE_CHECKING:
    import cedarpy

ACTS = (
    "Create", "Update", "Delete", "Follow", "Accept", "Reject", "Undo", "Like", "Announce", "Move", "Flag",
)  # fmt: skip
DATA_CLASSES = ("public", "social", "identity", "private", "telemetry", "derived", "operational")
MOST_CHARS = 16_384
_NAME_CHARS = 64
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_NAME = frozenset(_LOWER + _LOWER.upper() + "0123456789-_.")


class PolicyError(ValueError):
    """A policy text that can't be used; `sentences` say why, one each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class Verdict(msgspec.Struct, frozen=True):
    """Whether something may pass. `policy_id` names the policy that decided; empty where none permits."""

    allowed: bool
    policy_id: str


class Context(TypedDict):
    """What a policy may ask of a crossing, besides who sends, which act, and of what."""

    peer: str
    network_member: bool
    data_class: str
    purpose: str
    object_type: str


class PolicySet:
    """A policy text that was checked, ready to be asked. The empty text permits nothing."""

    def __init__(self, text: str) -> None:
        """Raises `PolicyError`."""
        refusals = check(text)
        if refusals:
            raise PolicyError(refusals)
        self.text = text
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self._names = {key: policy["annotations"]["id"] for key, policy in _parts(text).items()}
        self.names = list(self._names.values())
        self._handle = _cedar().PolicySet.from_str(text)

    def ask(self, request: dict[str, Any], entities: list[dict[str, Any]]) -> Verdict:
        """Return Cedar's verdict. A policy that can't be evaluated refuses: Cedar itself would pass it over."""
        answer = _cedar().is_authorized(request, self._handle, entities, _schema())
        decided = sorted(answer.diagnostics.reasons, key=list(self._names).index)
        policy_id = self._names[decided[0]] if decided else ""
        return Verdict(answer.allowed and not answer.diagnostics.errors, policy_id)


def decide(policy: PolicySet, principal: str, action: str, resource: str, context: Context) -> Verdict:
    """Say whether realm `principal` may do `action` on an object of type `resource`; whatever is unclear, may not."""
    entity = {"type": "Object", "id": resource}
    request = {
        "principal": {"type": "Realm", "id": principal},
        "action": {"type": "Action", "id": action},
        "resource": entity,
        "context": context,
    }
    return policy.ask(request, [{"uid": entity, "attrs": {"type": resource}, "parents": []}])


def check(text: str) -> list[str]:
    """Return what is wrong with a policy text, one sentence each; empty where it can be used."""
    if len(text) > MOST_CHARS:
        return [f"The border's policies are longer than {MOST_CHARS} characters."]
    try:
        parts = _parts(text)
    except ValueError as error:
        return [f"The border's policies can't be read: {error}."]
    refusals = [sentence for policy in parts.values() for sentence in _check_one(policy)]
    names = [policy.get("annotations", {}).get("id", "") for policy in parts.values()]
    refusals += [
        f"Two border policies are called {name}; each needs a name of its own."
        for name in dict.fromkeys(names)
        if name and names.count(name) > 1
    ]
    return refusals or _check_types(text, dict(zip(parts, names, strict=True)))


def texts(text: str) -> dict[str, Any]:
    """Return each policy of a text by its name, in a form that spelling doesn't change; empty for one unreadable."""
    try:
        return {policy.get("annotations", {}).get("id", key): policy for key, policy in _parts(text).items()}
    except ValueError:
        return {}


def schema_bytes() -> bytes:
    """Return the Cedar schema that every policy is checked against, as published in `spec/border`."""
    return files("reelm.realm").joinpath("policy.cedarschema.json").read_bytes()


def _parts(text: str) -> dict[str, Any]:
    """Return each policy of a text as Cedar's JSON, in the text's order. Raises ValueError."""
    read = msgspec.json.decode(_cedar().policies_to_json_str(text))
    if read["templates"]:
        raise ValueError("a template with a slot (?principal, ?resource) decides nothing by itself")
    return dict(sorted(read["staticPolicies"].items(), key=lambda item: int(item[0].removeprefix("policy"))))


def _check_one(policy: dict[str, Any]) -> Iterator[str]:
    name = policy.get("annotations", {}).get("id") or ""
    if not name:
        yield 'A border policy has no name; write @id("a-name") before it, since the ledger names it.'
        return
    if len(name) > _NAME_CHARS or not set(name) <= _NAME:
        yield f"The border policy {name!r} must be named with at most {_NAME_CHARS} letters, digits, - _ and dots."
    for word in dict.fromkeys(_classes_in(policy.get("conditions", []))):
        if word not in DATA_CLASSES:
            yield f"The border policy {name} speaks of a data class {word!r}, which doesn't exist."


def _check_types(text: str, names: dict[str, str]) -> list[str]:
    found = _cedar().validate_policies(text, _schema())
    if found.validation_passed:
        return []
    by_policy = {names.get(error.policy_id, error.policy_id): error.error for error in found.errors}
    return [
        f"The border policy {name} doesn't fit what it is asked: {why}." for name, why in by_policy.items()
    ]


def _classes_in(node: object) -> Iterator[str]:
    """Find the words that conditions hold the data class against: a misspelt one would never match."""
    if isinstance(node, list):
        for each in node:
            yield from _classes_in(each)
    elif isinstance(node, dict):
        for operator in ("==", "!=", "contains"):
            yield from _words(node.get(operator))
        for each in node.values():
            yield from _classes_in(each)


def _words(sides: object) -> Iterator[str]:
    if not isinstance(sides, dict) or _DATA_CLASS not in (sides.get("left"), sides.get("right")):
        return
    for side in (sides["left"], sides["right"]):
        for literal in side.get("Set", [side]):
            if isinstance(literal.get("Value"), str):
                yield literal["Value"]


_DATA_CLASS = {".": {"left": {"Var": "context"}, "attr": "data_class"}}


@cache
def _schema() -> "cedarpy.Schema":
    schema: cedarpy.Schema = _cedar().Schema.from_json_str(schema_bytes().decode())
    return schema


def _cedar() -> Any:
    import cedarpy

    return cedarpy
