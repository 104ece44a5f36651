"""The model that ranks, as a file of whole numbers, and its arithmetic (`spec/receipt/README.md`, "The model").

Everything is exact: the same file and the same features give the same numbers in any language. The bounds that
`parse` demands keep every sum below 2^53, so that a language with doubles only computes the same.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reelm_audit.feed.layout import FEATURES
from reelm_audit.tlog import canonical

FORMAT = "reelm-model/1"
MAX_BYTES = 4_000_000
MAX_HEADS, MAX_TREES, MAX_NODES = 4, 256, 127
LEAF = -1
WISH = FEATURES.index("wish")

_EXACT = 2**53
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_NUMBER = 2**31 - 1
_FIELDS = {
    "format", "name", "made_at", "features", "linear", "linear_shift", "pre_weight", "wish_points", "heads", "shift",
}  # fmt: skip
_PARTS = ("feature", "threshold", "left", "right", "value")


class ModelError(ValueError):
    """Bytes are not a model that can be evaluated exactly."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by number; node 0 is the root. A split goes left if the feature is at most the threshold."""

    feature: tuple[int, ...]
    threshold: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[int, ...]

    def leaf(self, features: Sequence[int]) -> int:
        """Return the value of the leaf that features lead to."""
        node = 0
        while (feature := self.feature[node]) != LEAF:
            node = (self.left if features[feature] <= self.threshold[node] else self.right)[node]
        return self.value[node]

    def contribute(self, features: Sequence[int], weight: int, into: list[int]) -> None:
        """Add to each feature what its splits on the path moved the value by, times `weight`."""
        node = 0
        while (feature := self.feature[node]) != LEAF:
            child = (self.left if features[feature] <= self.threshold[node] else self.right)[node]
            into[feature] += weight * (self.value[child] - self.value[node])
            node = child


@dataclass(frozen=True, slots=True)
class Head:
    """One booster: `base` and the sum of its trees' leaves."""

    name: str
    weight: int
    base: int
    trees: tuple[Tree, ...]

    def score(self, features: Sequence[int]) -> int:
        """Return the head's score."""
        return self.base + sum(tree.leaf(features) for tree in self.trees)


@dataclass(frozen=True, slots=True)
class Contributions:
    """What made a clip's score, exactly, in `unit`ths of a point.

    `start + Σ features + rounding = unit · (final - adjustment)`; `rounding` is what rounding down took away, twice.
    """

    unit: int
    start: int
    features: tuple[int, ...]
    rounding: int
    adjustment: int


@dataclass(frozen=True)
class Model:
    """A model, read and found to be within its bounds."""

    name: str
    made_at: str
    linear: tuple[int, ...]
    linear_shift: int
    pre_weight: int
    wish_points: int
    heads: tuple[Head, ...]
    shift: int
    digest: bytes

    def pre(self, features: Sequence[int]) -> int:
        """Return the pre-score."""
        return sum(w * x for w, x in zip(self.linear, features, strict=True)) >> self.linear_shift

    def final(self, features: Sequence[int], pre: int, adjustment: int = 0) -> int:
        """Return the score that orders the page."""
        total = self.pre_weight * pre + sum(head.weight * head.score(features) for head in self.heads)
        return (total >> self.shift) + self.wish_points * features[WISH] + adjustment

    def contributions(self, features: Sequence[int], adjustment: int = 0) -> Contributions:
        """Return what each feature gave to the score; see `Contributions`."""
        parts = [0] * len(FEATURES)
        for head in self.heads:
            for tree in head.trees:
                tree.contribute(features, head.weight, parts)
        unit = 1 << (self.linear_shift + self.shift)
        shares = [part << self.linear_shift for part in parts]
        for number, (weight, value) in enumerate(zip(self.linear, features, strict=True)):
            shares[number] += self.pre_weight * weight * value
        shares[WISH] += unit * self.wish_points * features[WISH]
        start = self._start << self.linear_shift
        final = self.final(features, self.pre(features))
        return Contributions(unit, start, tuple(shares), final * unit - start - sum(shares), adjustment)

    @cached_property
    def _start(self) -> int:
        return sum(
            head.weight * (head.base + sum(tree.value[0] for tree in head.trees)) for head in self.heads
        )


def parse(data: bytes) -> Model:
    """Read a model's canonical JSON; raises `ModelError`."""
    if len(data) > MAX_BYTES:
        raise ModelError("the model is too large")
    try:
        value = canonical.decode(data)
    except canonical.CanonicalError as error:
        raise ModelError(f"the model can't be read: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ModelError("this is not a model of a version that is known here")
    if set(value) != _FIELDS:
        raise ModelError("the model's fields are other ones")
    return _read(value, hashlib.sha256(data).digest())


def encode(value: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a model's fields, read once more; raises `ModelError`."""
    data = canonical.encode(value)
    parse(data)
    return data


def _read(value: Mapping[str, Any], digest: bytes) -> Model:
    if value["features"] != list(FEATURES):
        raise ModelError("the model's features are not those of a receipt")
    if not isinstance(value["name"], str) or not _NAME.fullmatch(value["name"]):
        raise ModelError("the model's name is no name")
    if not isinstance(value["made_at"], str) or not isinstance(value["heads"], list):
        raise ModelError("the model's fields are of other kinds")
    if len(value["heads"]) > MAX_HEADS:
        raise ModelError("the model has too many heads")
    model = Model(
        name=value["name"],
        made_at=value["made_at"],
        linear=_numbers(value["linear"], len(FEATURES)),
        linear_shift=_number(value["linear_shift"], 0, 24),
        pre_weight=_number(value["pre_weight"]),
        wish_points=_number(value["wish_points"]),
        heads=tuple(_head(each) for each in value["heads"]),
        shift=_number(value["shift"], 0, 24),
        digest=digest,
    )
    _check_bounds(model)
    return model


def _head(value: object) -> Head:
    if not isinstance(value, dict) or set(value) != {"name", "weight", "base", "trees"}:
        raise ModelError("a head's fields are other ones")
    if not isinstance(value["name"], str) or not _NAME.fullmatch(value["name"]):
        raise ModelError("a head's name is no name")
    if not isinstance(value["trees"], list) or len(value["trees"]) > MAX_TREES:
        raise ModelError("a head has too many trees")
    trees = tuple(_tree(each) for each in value["trees"])
    return Head(value["name"], _number(value["weight"]), _number(value["base"]), trees)


def _tree(value: object) -> Tree:
    if not isinstance(value, dict) or set(value) != set(_PARTS):
        raise ModelError("a tree's fields are other ones")
    count = len(value["feature"]) if isinstance(value["feature"], list) else 0
    if not 1 <= count <= MAX_NODES:
        raise ModelError("a tree has too many nodes, or none")
    tree = Tree(*(_numbers(value[part], count) for part in _PARTS))
    children: list[int] = []
    for node in range(count):
        feature, pair = tree.feature[node], (tree.left[node], tree.right[node])
        if feature == LEAF:
            if pair != (LEAF, LEAF) or tree.threshold[node] != 0:
                raise ModelError("a leaf has no children and no threshold")
            continue
        if not 0 <= feature < len(FEATURES) or any(not node < child < count for child in pair):
            raise ModelError("a split is by a known feature, and its children come after it")
        children += pair
    if sorted(children) != list(range(1, count)):
        raise ModelError("every node but the root has one parent")
    return tree


def _check_bounds(model: Model) -> None:
    """Refuse a model whose sums might leave what a double or an int32 pre-score holds."""
    linear = sum(abs(weight) for weight in model.linear) << 15
    pre = (linear >> model.linear_shift) + 1
    if pre > _NUMBER:
        raise ModelError("the model's pre-score might not fit 32 bits")
    heads = sum(
        abs(head.weight) * (abs(head.base) + sum(2 * max(map(abs, tree.value)) for tree in head.trees))
        for head in model.heads
    )
    wish = abs(model.wish_points) << (15 + model.shift)
    if (abs(model.pre_weight) * pre + heads + wish) << model.linear_shift >= _EXACT // 4:
        raise ModelError("the model's scores might not be exact")


def _number(value: object, least: int = -_NUMBER, most: int = _NUMBER) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ModelError("a number of the model is none, or out of its bounds")
    return value


def _numbers(value: object, count: int) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise ModelError("a list of the model has another length than it must have")
    return tuple(_number(each) for each in value)
