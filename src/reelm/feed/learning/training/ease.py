"""EASE among the most active clips, as weights of the pairs that enough people made."""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from reelm.feed.learning.algorithms.ease import ease
from reelm.feed.learning.rule import CONTRIBUTORS_MIN, EASE_CLIPS, EASE_RIDGE
from reelm.feed.learning.training.pairs import Numbers, Pairs
from reelm.feed.learning.training.watched import Watched
from reelm.feed.learning.training.weigh import rounded


def ease_weights(
    watched: Watched, together: Pairs, size: int, most: int = EASE_CLIPS
) -> tuple[Numbers, npt.NDArray[np.int16]]:
    """Return keys of pairs, ascending, and their weights; of pairs that are in `together`, and no others."""
    likes = watched.counts(size)
    active = np.argsort(-likes, kind="stable")[:most]
    active = np.sort(active[likes[active] >= CONTRIBUTORS_MIN])
    if len(active) < 2 or not len(together):
        return np.zeros(0, np.int64), np.zeros(0, np.int16)
    place = np.full(size, -1, np.int64)
    place[active] = np.arange(len(active))
    kept = place[watched.row] >= 0
    index = watched.people_index()
    shape = (int(index[-1]) + 1, len(active))
    people = sp.csr_array(
        (np.ones(int(kept.sum()), np.float32), (index[kept], place[watched.row[kept]])), shape=shape
    )
    weights = ease(people, float(EASE_RIDGE))
    row, neighbour = place[together.row], place[together.neighbour]
    both = (row >= 0) & (neighbour >= 0)
    return together.key[both], rounded(weights[row[both], neighbour[both]].astype(np.float64))
