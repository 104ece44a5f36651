"""The card of a model: what it was learned from, how good it is, what it can't do, and who may object.

Whole numbers only, counts of people and of what they watched only to the next lower power of two.
"""

import datetime as dt
import hashlib
from typing import Any

import msgspec
import numpy as np

from reelm.feed.learning import rule
from reelm.feed.learning.training.judge import Measures
from reelm.feed.learning.training.replay import Examples
from reelm_audit.tlog import canonical

FORMAT = "reelm-model-card/1"
LIMITS = (
    "it was judged by what people did with clips that an earlier model had chosen to show them",
    "counts of clips are those of people who let their feed learn, not of everybody",
    "the learner is not told whom people follow, what they read and wish for: that moves only the linear part",
)
OBJECTIONS = (
    "whoever pauses learning, or turns profiling off in their settings, is not among the people counted here; what "
    "they watched before is left out of the next model"
)


def bucketed(count: int) -> int:
    """The next lower power of two; 0 for none."""
    return 1 << (count.bit_length() - 1) if count > 0 else 0


def card_of(
    *,
    trained: bytes,
    gains: dict[str, dict[str, int]],
    training: Examples,
    judging: Examples,
    found: Measures,
    held: Measures,
    held_digest: str,
    calibration: list[dict[str, int]],
    verdict: str,
    until: dt.datetime,
) -> bytes:
    """Write a card as canonical JSON."""
    model = msgspec.json.decode(trained)
    return canonical.encode(
        {
            "format": FORMAT,
            "model": hashlib.sha256(trained).hexdigest(),
            "name": model["name"],
            "made_at": model["made_at"],
            "rule": rule.DIGEST,
            "data": {"trained": _part(training), "judged": _part(judging), "read_until": _hour(until)},
            "heads": [
                {
                    "name": head["name"],
                    "weight": head["weight"],
                    "trees": len(head["trees"]),
                    "gains_per_mille": gains[head["name"]],
                }
                for head in model["heads"]
            ],
            "measures_per_ten_thousand": {"this": _measures(found), "in_force": _measures(held)},
            "in_force": held_digest,
            "calibration_per_ten_thousand": calibration,
            "verdict": verdict,
            "limits": list(LIMITS),
            "objections": OBJECTIONS,
        }
    )


def _measures(found: Measures) -> dict[str, int]:
    return {
        "gauc": found.gauc,
        "ndcg_at_5": found.ndcg,
        "primary": found.primary,
        "new_clips_in_front": found.new,
    }


def _part(examples: Examples) -> dict[str, Any]:
    return {
        "impressions_at_least": bucketed(len(examples)),
        "people_at_least": bucketed(len(np.unique(examples.person))),
        "clips_at_least": bucketed(len(np.unique(examples.row))),
        "from": _hour(dt.datetime.fromtimestamp(int(examples.at.min()) / 1e6, dt.UTC)),
        "to": _hour(dt.datetime.fromtimestamp(int(examples.at.max()) / 1e6, dt.UTC)),
    }


def _hour(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H}:00Z"
