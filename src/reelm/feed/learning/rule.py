"""The rule by which neighbours are learned: its numbers, published as a document that the ledger names."""

import hashlib
from typing import Final

from reelm_audit.tlog import canonical

CONTRIBUTORS_MIN: Final = 20
"""A weight exists only for a pair of clips that so many different people liked both of."""
MOST_OF_PERSON: Final = 100
"""Only this many clips of a person count, the newest: nobody moves much."""
ITEM_NEIGHBOURS: Final = 200
NEXT_NEIGHBOURS: Final = 100
CONTENT_NEIGHBOURS: Final = 64
SHRINK: Final = 20
LAG_WEIGHTS: Final = (6, 3, 2)
"""What counts as next: the first, second and third liked clip after one, and by how much."""
STEP: Final = 2**15
"""A weight is a number between -1 and 1 times this, rounded half to even and kept within int16."""
EASE_CLIPS: Final = 10_000
EASE_RIDGE: Final = 300
HOLDERS: Final = 100
"""Of the clips with a tag, a sound, a creator or a word, so many of the newest are looked at."""
LIKED: Final = ("finish", "loop", "like", "share")

_RULE = {
    "format": "reelm-matrices-rule/1",
    "contributors_min": CONTRIBUTORS_MIN,
    "most_of_person": MOST_OF_PERSON,
    "liked": list(LIKED),
    "item": {
        "neighbours": ITEM_NEIGHBOURS,
        "shrink": SHRINK,
        "ease_clips": EASE_CLIPS,
        "ease_ridge": EASE_RIDGE,
    },
    "next": {"neighbours": NEXT_NEIGHBOURS, "lag_weights": list(LAG_WEIGHTS), "shrink": SHRINK},
    "content": {"neighbours": CONTENT_NEIGHBOURS, "holders": HOLDERS},
    "step": STEP,
}
DOCUMENT: Final = canonical.encode(_RULE)
DIGEST: Final = hashlib.sha256(DOCUMENT).hexdigest()
