"""A LightGBM booster as integer trees, in the model file's arrays.

Rounding: a leaf becomes round_half_to_even(value · scale); an inner node the mean of the leaves below it,
weighted by the training rows they hold, rounded half to even in whole numbers, so every contribution
`value[child] - value[node]` is an integer and a path's contributions add up to leaf - root exactly. Features are
integers, so `x <= threshold` is the same as `x <= floor(threshold)`. Nodes are in preorder, the root first.
"""

from dataclasses import dataclass
from typing import Any, TypedDict

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

LIMIT = 2**31


class Tree(TypedDict):
    """Parallel arrays over nodes; `feature` -1 is a leaf; left if x[feature] <= threshold."""

    feature: list[int]
    threshold: list[int]
    left: list[int]
    right: list[int]
    value: list[int]


@dataclass(frozen=True, slots=True)
class WholeHead:
    """Integer trees, and the same in LightGBM's own form, which is quick for many rows."""

    trees: list[Tree]
    boosters: list[lgb.Booster]

    @classmethod
    def of(cls, boosters: list[lgb.Booster], scale: float) -> "WholeHead":
        """One head of several boosters, the sum of all their trees."""
        whole = [round_leaves(booster, scale) for booster in boosters]
        return cls([tree for booster in boosters for tree in integer_trees(booster, scale)], whole)

    def scores(self, features: NDArray[np.integer]) -> NDArray[np.int64]:
        """Equal to `evaluate(self.trees, features)`: doubles hold sums of whole leaves exactly below 2^53."""
        total = np.zeros(len(features), np.int64)
        for booster in self.boosters:
            total += np.asarray(booster.predict(features, raw_score=True, num_threads=1)).astype(np.int64)
        return total


def integer_trees(booster: lgb.Booster, scale: float) -> list[Tree]:
    """All trees of the booster, or of several that were trained apart and whose sum is wanted, one by one.

    Raises ValueError for what integers can't say: categorical splits, linear leaves, missing values that go
    somewhere else than 0 goes, and values beyond 2³¹.
    """
    dump = booster.dump_model()
    return [_tree(info["tree_structure"], scale) for info in dump["tree_info"]]


def round_leaves(booster: lgb.Booster, scale: float) -> lgb.Booster:
    """A copy of the booster whose leaves are the same integers, so that its own predictor gives exact sums."""
    copy = lgb.Booster(model_str=booster.model_to_string())
    for number, info in enumerate(copy.dump_model()["tree_info"]):
        for leaf in _leaves(info["tree_structure"]):
            copy.set_leaf_output(number, leaf.get("leaf_index", 0), float(_whole(leaf["leaf_value"], scale)))
    return copy


def evaluate(trees: list[Tree], features: NDArray[np.integer]) -> NDArray[np.int64]:
    """Σ of the leaves each row of features falls into."""
    total = np.zeros(len(features), np.int64)
    rows = np.arange(len(features))
    for tree in trees:
        feature, threshold = np.array(tree["feature"]), np.array(tree["threshold"], np.int64)
        left, right = np.array(tree["left"]), np.array(tree["right"])
        node = np.zeros(len(features), np.int64)
        while True:
            split = feature[node]
            inner = split >= 0
            if not inner.any():
                break
            goes_left = features[rows, np.where(inner, split, 0)] <= threshold[node]
            node = np.where(inner, np.where(goes_left, left[node], right[node]), node)
        total += np.array(tree["value"], np.int64)[node]
    return total


def _tree(root: dict[str, Any], scale: float) -> Tree:
    tree = Tree(feature=[], threshold=[], left=[], right=[], value=[])
    _add(root, scale, tree)
    return tree


def _add(node: dict[str, Any], scale: float, tree: Tree) -> tuple[int, int, int]:
    """Append a node and all below; its number, Σ leaf · rows, rows."""
    number = len(tree["value"])
    for column in (tree["feature"], tree["left"], tree["right"]):
        column.append(-1)
    tree["threshold"].append(0)
    tree["value"].append(0)
    if "leaf_value" in node:
        if "leaf_coeff" in node or "leaf_const" in node:
            raise ValueError("linear leaves have no integer form")
        value = _whole(node["leaf_value"], scale)
        tree["value"][number] = value
        rows = max(int(node.get("leaf_count", 1)), 1)
        return number, value * rows, rows
    if node["decision_type"] != "<=":
        raise ValueError(f"only numerical splits have an integer form, not {node['decision_type']!r}")
    if node["missing_type"] != "None":
        raise ValueError("train with use_missing=false: integers have no missing values")
    tree["feature"][number] = int(node["split_feature"])
    tree["threshold"][number] = int(np.floor(node["threshold"]))
    left, left_sum, left_rows = _add(node["left_child"], scale, tree)
    right, right_sum, right_rows = _add(node["right_child"], scale, tree)
    tree["left"][number], tree["right"][number] = left, right
    total, rows = left_sum + right_sum, left_rows + right_rows
    tree["value"][number] = _divide(total, rows)
    return number, total, rows


def _leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    if "leaf_value" in node:
        return [node]
    return _leaves(node["left_child"]) + _leaves(node["right_child"])


def _whole(value: float, scale: float) -> int:
    integer = round(value * scale)
    if not abs(integer) < LIMIT:
        raise ValueError(f"a leaf of {value} at scale {scale} does not fit 32 bits")
    return integer


def _divide(total: int, rows: int) -> int:
    """Divide, rounded half to even, in whole numbers."""
    quotient, remainder = divmod(total, rows)
    if remainder * 2 > rows or (remainder * 2 == rows and quotient % 2):
        return quotient + 1
    return quotient
