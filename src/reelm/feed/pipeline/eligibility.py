"""Stage 3, eligibility: what may not be shown to this viewer, for reasons that may be other people's secrets.

It runs before the receipt begins. What it removes is in the receipt as a salted commitment each, padded with random
ones, so that a receipt says neither who blocked whom nor which clip is withdrawn. What row-level security hides is
asked last, of the chosen alone, and removed by the same way.
"""

import hmac
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from reelm.feed.pipeline.features import Named
from reelm.feed.pipeline.view import CatalogView
from reelm.feed.pipeline.viewer import ViewerState

COMMITMENT_BYTES = 16
MOST_COMMITTED = 32
_LEAST = 8


class Reason(IntEnum):
    """Why a clip is not eligible; the byte in its commitment."""

    OWN = 1
    GONE = 2
    CREATOR_HIDDEN = 3
    NOT_VISIBLE = 4


def split(catalog: CatalogView, viewer: ViewerState, named: Named) -> tuple[Named, dict[int, Reason]]:
    """Return the eligible candidates, and the others' rows with the reason."""
    rows = named.rows
    author = catalog.column("author")[rows]
    gone = catalog.column("alive")[rows] == 0
    own = (author == viewer.own) if viewer.own else np.zeros(len(rows), dtype=np.bool_)
    hidden = _among(author, viewer.ties.hidden)
    out = gone | own | hidden
    if not out.any():
        return named, {}
    reasons: dict[int, Reason] = {}
    for marked, reason in ((hidden, Reason.CREATOR_HIDDEN), (own, Reason.OWN), (gone, Reason.GONE)):
        reasons.update(dict.fromkeys(rows[marked].tolist(), reason))
    return named.only(~out), reasons


def _among(author: npt.NDArray[np.int64], hidden: frozenset[int]) -> npt.NDArray[np.bool_]:
    if not hidden:
        return np.zeros(len(author), dtype=np.bool_)
    return np.array([key in hidden for key in author.tolist()], dtype=np.bool_)


def commitment(salt: bytes, clip: bytes, reason: Reason) -> bytes:
    """Return what stands for an ineligible clip; whoever gets the salt can check it, nobody else can."""
    return hmac.digest(salt, clip + bytes([reason]), "sha256")[:COMMITMENT_BYTES]


def committed(
    salt: bytes, clips: Sequence[tuple[bytes, Reason]], randomness: bytes, *, most: int = MOST_COMMITTED
) -> list[bytes]:
    """Return the commitments in an order that says nothing, padded with random ones to a power of two from 8 on."""
    found = [commitment(salt, clip, reason) for clip, reason in clips[:most]]
    size = _LEAST
    while size < len(found):
        size *= 2
    found.extend(
        hmac.digest(randomness, number.to_bytes(2, "little"), "sha256")[:COMMITMENT_BYTES]
        for number in range(size - len(found))
    )
    return sorted(found)
