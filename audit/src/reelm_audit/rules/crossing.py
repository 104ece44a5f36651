"""What a charter's border policy permits, judged anew from its text: Cedar, default deny.

Cedar is an optional part (`pip install reelm-audit[charter]`); without it, what a policy says stays unchecked and is
said to be so. Exactly the attributes that an entry `border.crossed` carries are put to it, nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reelm_audit.tlog import canonical

# What never crosses, whatever a policy says: nobody's address, phone number, messages, or what they watched.
NEVER = frozenset({"identity", "private", "telemetry", "derived", "operational"})


class NoJudgeError(Exception):
    """The library that reads policies is not installed."""


def border_of(charter: bytes | None) -> Mapping[str, Any]:
    """Return what a charter's document says about borders and sites; empty where it can't be read."""
    if charter is None:
        return {}
    try:
        document = canonical.decode(charter)
    except canonical.CanonicalError:
        return {}
    return document if isinstance(document, dict) else {}


@dataclass(frozen=True)
class Asked:
    """What a policy is asked: exactly what an entry of a crossing carries, and whose entry it is."""

    realm: str
    peer: str
    member: bool
    act: str
    object_type: str
    purpose: str


@lru_cache(maxsize=4096)  # a ledger has few kinds of crossings, and many of each
def permits(policy: str, asked: Asked, data_class: str) -> bool:
    """Say whether a policy lets a field of this class cross. Raises `NoJudgeError`."""
    try:
        import cedarpy
    except ImportError as error:
        raise NoJudgeError from error
    resource = {"type": "Object", "id": asked.object_type}
    request = {
        "principal": {"type": "Realm", "id": asked.realm},
        "action": {"type": "Action", "id": asked.act},
        "resource": resource,
        "context": {
            "peer": asked.peer,
            "network_member": asked.member,
            "data_class": data_class,
            "purpose": asked.purpose,
            "object_type": asked.object_type,
        },
    }
    entities = [{"uid": resource, "attrs": {"type": asked.object_type}, "parents": []}]
    result = cedarpy.is_authorized(request, policy, entities)
    return result.decision == cedarpy.Decision.Allow and not result.diagnostics.errors
