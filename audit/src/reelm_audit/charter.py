"""What a change of a charter touches, and whose signatures it needs.

A new version takes effect when it is signed by as many keyholders as the old version asks for, by as many of its own
as it asks for itself, and by every keyholder of the old version who may veto a subject that it touches. A veto that
is weakened or taken away is touched in all its subjects: nobody is voted out of a veto in two steps.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

EVERYTHING = "*"
UNSAID = frozenset({"version"})
SUBJECT_OF: Mapping[str, str] = {
    "minimum_age": "ages",
    "private_below_age": "ages",
    "witness_policies": "witnesses",
    "everywhere_else": "jurisdictions",
    "realm": "network",
    "ids": "addresses",
    "web": "addresses",
    "border": "addresses",
    "border_vkey": "addresses",
}
SUBJECTS = (
    *("name", "edition", "operator", "owners", "jurisdictions", "storage", "ages", "keyholders", "witnesses"),
    *("staff", "network", "addresses", "borders", "auditors", "retention", "closure", "valid_from"),
)


@dataclass(frozen=True)
class Standing:
    """How far a version is signed. Keyholders are verifier keys.

    `signed`: whose signatures count. `old_lacks`, `new_lacks`: how many more each version's threshold asks for.
    `vetoes`: who could still stop it, and hasn't signed.
    """

    signed: frozenset[str]
    old_lacks: int
    new_lacks: int
    vetoes: frozenset[str]

    @property
    def enough(self) -> bool:
        """Whether it may take effect."""
        return not (self.old_lacks or self.new_lacks or self.vetoes)


def touched(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """Return the subjects in which two canonical documents differ."""
    differing = {name for name in {*old, *new} - UNSAID if old.get(name) != new.get(name)}
    found = {SUBJECT_OF.get(name, name) for name in differing}
    after = {member["vkey"]: frozenset(member.get("veto", [])) for member in _members(new)}
    for member in _members(old):
        held = frozenset(member.get("veto", []))
        kept = after.get(member["vkey"], frozenset())
        if EVERYTHING not in kept:
            found |= held - kept
    return frozenset(found)


def stand(old: Mapping[str, Any] | None, new: Mapping[str, Any], signed_by: AbstractSet[str]) -> Standing:
    """Say how far `new` is signed; `old` is the version in force, None before the first."""
    own = _keys(new)
    before = own if old is None else _keys(old)
    signed = signed_by & (own | before)
    return Standing(
        signed=frozenset(signed),
        old_lacks=0 if old is None or not before else max(0, _threshold(old) - len(signed & before)),
        new_lacks=max(0, _threshold(new) - len(signed & own)),
        vetoes=frozenset() if old is None else _vetoes(old, touched(old, new)) - signed,
    )


def _vetoes(old: Mapping[str, Any], subjects: AbstractSet[str]) -> frozenset[str]:
    """Return who may stop a change of these subjects."""
    wanted = {*subjects, EVERYTHING} if subjects else frozenset()
    return frozenset(member["vkey"] for member in _members(old) if wanted & {*member.get("veto", [])})


def _members(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    members: list[Mapping[str, Any]] = document["keyholders"]["members"]
    return members


def _keys(document: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(member["vkey"] for member in _members(document))


def _threshold(document: Mapping[str, Any]) -> int:
    return max(1, int(document["keyholders"]["threshold"]))
