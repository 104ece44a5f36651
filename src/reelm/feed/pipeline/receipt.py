"""Stage 8, receipt: the bytes that say how the page was made; layout in `spec/receipt/README.md`.

Packed here from arrays, which is quicker than from objects; `reelm_audit.feed.layout.encode` makes the same bytes.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from reelm.feed.pipeline.policy import POLICY, POLICY_DIGEST
from reelm.feed.pipeline.score import Candidates, Scored
from reelm.feed.pipeline.select import Groups
from reelm_audit.feed.layout import MAGIC, MAX_BYTES, Mode
from reelm_audit.feed.maps import Adjustment

_HEAD = struct.Struct("<4sBHI16sQ32s32s32s32s32s16s32s7B")
_CHOSEN = struct.Struct("<B16s")
_ACT, _TASTE = "Ib", "Bqh"
_ADJUSTED = struct.Struct("<BBiB")
_SCORED: Final = np.dtype(
    [
        ("row", "<u4"),
        ("sources", "<u2"),
        ("author", "u1"),
        ("sound", "u1"),
        ("tag", "u1"),
        ("pre", "<i4"),
        ("features", "<i2", (24,)),
    ]
)
_REST: Final = np.dtype([("row", "<u4"), ("sources", "<u2"), ("pre", "<i4")])
_LARGEST_PLACE = 2**16 - 1


@dataclass(frozen=True)
class References:
    """What a page was made with: state of the catalog, matrices, model and adjustments, by their digests."""

    generation: bytes
    seq: int
    matrices: bytes
    model: bytes
    adjustments: bytes


@dataclass(frozen=True)
class Visit:
    """Where in a visit the page stands: the visit's seed, the first place of the page, and what was served before."""

    seed: bytes
    position: int
    served: bytes


def pack(
    mode: Mode,
    visit: Visit,
    time: int,
    made_with: References,
    candidates: Candidates,
    scored: Scored,
    groups: Groups,
    chosen: Sequence[tuple[int, bytes]],
    acts: tuple[Sequence[int], Sequence[int]],
    tastes: Sequence[tuple[int, int, int]],
    adjusted: Sequence[tuple[int, Adjustment]],
    commitments: Sequence[bytes],
) -> bytes:
    """Return the receipt; of the rest, the last are left out where there is no room. `chosen`: (index, clip)."""
    # Each in one go, which is quicker than one by one.
    viewer = struct.pack(f"<{_ACT * len(acts[0])}", *chain.from_iterable(zip(*acts, strict=True)))
    viewer += struct.pack(f"<{_TASTE * len(tastes)}", *chain.from_iterable(tastes))
    tail = b"".join(
        [
            *(_CHOSEN.pack(index, clip) for index, clip in chosen),
            viewer,
            *(_ADJUSTED.pack(index, each.kind, each.points, each.reason) for index, each in adjusted),
            *commitments,
        ]
    )
    body = _scored(candidates, scored, groups)
    room = (MAX_BYTES - _HEAD.size - len(body) - len(tail)) // _REST.itemsize
    rest = scored.rest[: max(0, min(room, POLICY.sources.rest))]
    counts = (len(scored.places), len(rest), len(chosen), len(acts[0]), len(tastes), len(adjusted))
    head = _HEAD.pack(
        MAGIC,
        mode,
        min(visit.position, _LARGEST_PLACE),
        time,
        made_with.generation,
        made_with.seq,
        made_with.matrices,
        made_with.model,
        POLICY_DIGEST,
        made_with.adjustments,
        hashlib.sha256(viewer).digest(),
        visit.seed,
        visit.served,
        *counts,
        len(commitments),
    )
    return b"".join([head, body, _rest(candidates, rest), tail])


def _scored(candidates: Candidates, scored: Scored, groups: Groups) -> bytes:
    places = scored.places
    out = np.empty(len(places), dtype=_SCORED)
    out["row"], out["sources"] = candidates.rows[places], candidates.sources[places]
    out["author"], out["sound"], out["tag"] = groups.author, groups.sound, groups.tag
    out["pre"], out["features"] = candidates.pre[places], candidates.features[places]
    return out.tobytes()


def _rest(candidates: Candidates, places: "np.typing.NDArray[np.int64]") -> bytes:
    out = np.empty(len(places), dtype=_REST)
    out["row"], out["sources"] = candidates.rows[places], candidates.sources[places]
    out["pre"] = candidates.pre[places]
    return out.tobytes()
