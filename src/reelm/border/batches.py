"""A delivery: objects with a nonce each, under one root.

A leaf is SHA-256(nonce, 16 bytes ‖ canonical bytes of the activity); the root is that of a tree (RFC 6962) whose
entries are these hashes. Who has an object and its nonce can show that it was in the delivery; the root alone tells
nothing, not even to whoever guesses what was sent.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from reelm.border.classify import most_guarded
from reelm.border.deciding import Decided, Permitted
from reelm.border.repository_releasing import Counted, Recorded
from reelm.ledger.service import entries
from reelm_audit.tlog import canonical
from reelm_audit.tlog.merkle import leaf_hash, root_of

CONTEXT = "https://www.w3.org/ns/activitystreams"
NONCE_BYTES = 16


@dataclass(frozen=True)
class Made:
    """A delivery before it is written down."""

    member: bool
    root: bytes
    size: int
    recorded: list[Recorded]
    lines: list[entries.CrossingLine]

    def counted(self, peer: str) -> list[Counted]:
        """The same, by the most guarded class of each object."""
        sums: dict[str, list[int]] = {}
        for line in self.lines:
            total = sums.setdefault(most_guarded({*line.classes}), [0, 0])
            total[0] += line.count
            total[1] += line.bytes
        return [Counted("crossing", "out", peer, each, *total) for each, total in sorted(sums.items())]


def leaf_of(nonce: bytes, released: bytes) -> bytes:
    """Return what a delivery's tree holds of one object."""
    return hashlib.sha256(nonce + released).digest()


def root_over(objects: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the root over nonces and bytes of objects, in their order."""
    return root_of([leaf_hash(leaf_of(nonce, released)) for nonce, released in objects])


def make_batch(decided: Decided, nonce: Callable[[], bytes]) -> Made | None:
    """Put what is permitted into one delivery; None if that is nothing."""
    if not decided.permitted:
        return None
    recorded = [_recorded(position, each, nonce()) for position, each in enumerate(decided.permitted)]
    return Made(
        decided.member,
        root_over((each.nonce, each.released) for each in recorded),
        sum(len(each.released) for each in recorded),
        recorded,
        _lines(decided.permitted),
    )


def body_of(objects: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes that are sent: the same each time for the same objects."""
    items = [
        {"nonce": base64.b64encode(nonce).decode(), "object": msgspec.json.decode(released)}
        for nonce, released in objects
    ]
    return canonical.encode({"@context": CONTEXT, "type": "OrderedCollection", "orderedItems": items})


def _recorded(position: int, each: Permitted, nonce: bytes) -> Recorded:
    return Recorded(
        each.id, position, each.released, nonce, each.classes, each.fields, each.removed, each.policy
    )


def _lines(permitted: Sequence[Permitted]) -> list[entries.CrossingLine]:
    sums: dict[tuple[str, str, str, tuple[str, ...], str], list[int]] = {}
    for each in permitted:
        alike = (each.act, each.object_type, each.purpose, tuple(each.classes), each.policy)
        total = sums.setdefault(alike, [0, 0])
        total[0] += 1
        total[1] += len(each.released)
    return [
        msgspec.convert(
            {
                "act": act,
                "object_type": object_type,
                "purpose": purpose,
                "classes": list(classes),
                "policy": policy,
                "count": count,
                "bytes": size,
            },
            entries.CrossingLine,
        )
        for (act, object_type, purpose, classes, policy), (count, size) in sorted(sums.items())
    ]
