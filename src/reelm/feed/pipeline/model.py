"""The ranker, evaluated for many candidates at once; exactly what `reelm_audit.feed.ranker` computes one by one.

Trees are evaluated as in QuickScorer (Lucchese et al., SIGIR 2015): each split whose condition fails rules out the
leaves of its left side, as bits of a word; what is left first, from the left, is the leaf. So there is no walking:
a few passes over numbers that lie side by side.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import structlog

from reelm.feed.pipeline.features import COLUMN, Features
from reelm.feed.pipeline.view import Numbers
from reelm_audit.feed.ranker import LEAF, Head, Model, ModelError, Tree, parse

_log = structlog.get_logger()
MOST_LEAVES: Final = 16
MOST_TREES: Final = 180
_ALL = 0xFFFF
_SHORT = 2**15
_SEED = Path(__file__).with_name("seed_model.json")
# Which bit is the lowest of a word of 16.
_LOWEST: Final = np.array([(word & -word).bit_length() - 1 if word else 0 for word in range(2**16)], np.int64)


class Ranker:
    """A model in force. `bytes_` is the file, `digest` names it in receipts."""

    def __init__(self, data: bytes) -> None:
        """Raises `ModelError` for what can't be evaluated exactly, or not fast enough."""
        self.data = data
        self.model: Model = parse(data)
        self.digest = self.model.digest
        self._linear = np.array(self.model.linear, dtype=np.int64)
        self._heads = [_Trees(head) for head in self.model.heads if head.trees]
        if sum(len(head.trees) for head in self.model.heads) > MOST_TREES:
            raise ModelError(f"the model has more than {MOST_TREES} trees")

    def pre(self, features: Features) -> Numbers:
        """Return the pre-score of each row of features."""
        found: Numbers = (features.astype(np.int64) @ self._linear) >> self.model.linear_shift
        return found

    def final(self, features: Features, pre: Numbers, points: Numbers) -> Numbers:
        """Return the score that orders a page; `points` are declared boosts and demotions."""
        total = self.model.pre_weight * pre + sum(head.weight * head.base for head in self.model.heads)
        turned = np.ascontiguousarray(features.T)
        for trees in self._heads:
            total = total + trees.weight * trees.sums(turned)
        wish = features[:, COLUMN["wish"]].astype(np.int64)
        found: Numbers = (total >> self.model.shift) + self.model.wish_points * wish + points
        return found


class _Trees:
    """The trees of a head, side by side: splits first by place in their tree, then by tree."""

    def __init__(self, head: Head) -> None:
        self.weight = head.weight
        splits = [_splits(tree) for tree in head.trees]
        self._count = len(splits)
        self._places = max(1, *(len(found) for found, _ in splits))
        shape = (self._places, self._count)
        feature = np.zeros(shape, dtype=np.int64)
        threshold = np.full(shape, _SHORT - 1, dtype=np.int16)
        left = np.full(shape, 0, dtype=np.uint16)
        leaves = np.zeros((self._count, MOST_LEAVES), dtype=np.int64)
        for number, (found, values) in enumerate(splits):
            leaves[number, : len(values)] = values
            for place, (by, at, below) in enumerate(found):
                feature[place, number], threshold[place, number], left[place, number] = by, at, below
        self._feature = feature.ravel()
        self._threshold = threshold.ravel()[:, None]
        self._left = left.ravel()[:, None]
        self._leaves = leaves.ravel()
        self._first_leaf = (np.arange(self._count, dtype=np.int64) * MOST_LEAVES)[:, None]

    def sums(self, turned: npt.NDArray[np.int16]) -> Numbers:
        """Return Σ leaf of each candidate; `turned` has a row for each feature."""
        fails = turned[self._feature] > self._threshold
        # 0xFFFF where it fails, and so with the left side's bits exactly what is ruled out.
        out = np.negative(fails.view(np.int8), dtype=np.int8).astype(np.int16).view(np.uint16)
        np.bitwise_and(out, self._left, out=out)
        ruled_out = np.bitwise_or.reduce(out.reshape(self._places, self._count, -1), axis=0)
        leaf = _LOWEST[np.bitwise_and(~ruled_out, _ALL)]
        leaf += self._first_leaf
        found: Numbers = self._leaves[leaf].sum(axis=0)
        return found


def _splits(tree: Tree) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Return each split as (feature, threshold, the bits of the leaves on its left), and the leaves' values."""
    found: list[tuple[int, int, int]] = []
    values: list[int] = []

    def walk(node: int) -> None:
        if tree.feature[node] == LEAF:
            values.append(tree.value[node])
            return
        if not -_SHORT <= tree.threshold[node] < _SHORT:
            raise ModelError("a threshold is beyond every feature")
        first = len(values)
        walk(tree.left[node])
        below = sum(1 << leaf for leaf in range(first, len(values)))
        found.append((tree.feature[node], tree.threshold[node], below))
        walk(tree.right[node])

    walk(0)
    if len(values) > MOST_LEAVES:
        raise ModelError(f"a tree has more than {MOST_LEAVES} leaves")
    return found, values


SEED_BYTES: Final = _SEED.read_bytes()


class RankerInForce:
    """The released model, read again when the pointer names another; the seed model as long as there is none."""

    def __init__(self, folder: Path) -> None:
        """`folder` is DATA/feed/models; its `current` leads to a release, a folder with `model.json`."""
        self._file = folder / "current" / "model.json"
        self._seen: object = None
        self.ranker = Ranker(SEED_BYTES)

    def look(self) -> Ranker:
        """Return the model in force. One that can't be used is refused, and the one before stays."""
        try:
            about = self._file.stat()
        except OSError:
            return self.ranker
        seen = (about.st_dev, about.st_ino, about.st_mtime_ns)
        if seen == self._seen:
            return self.ranker
        self._seen = seen
        try:
            self.ranker = Ranker(self._file.read_bytes())
            _log.info("ranker.in_force", model=self.ranker.model.name, digest=self.ranker.digest.hex())
        except (OSError, ModelError) as error:
            _log.error("ranker.refused", reason=str(error))
        return self.ranker
