"""The ranker evaluated side by side, against the auditor's own, one by one; and what is refused."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelm.feed.pipeline.features import qlog, rate, signed_qlog
from reelm.feed.pipeline.model import MOST_LEAVES, SEED_BYTES, Ranker, RankerInForce
from reelm_audit.feed import layout
from reelm_audit.feed.layout import FEATURES
from reelm_audit.feed.ranker import ModelError, encode

SHORTS = st.integers(-(2**15) + 1, 2**15 - 1)


@st.composite
def trees(draw: Any, most: int = MOST_LEAVES) -> dict[str, list[int]]:
    tree: dict[str, list[int]] = {name: [] for name in ("feature", "threshold", "left", "right", "value")}

    def grow(leaves: int) -> int:
        node = len(tree["value"])
        for name, value in (("feature", -1), ("threshold", 0), ("left", -1), ("right", -1)):
            tree[name].append(value)
        tree["value"].append(draw(st.integers(-100_000, 100_000)))
        if leaves > 1:
            left = draw(st.integers(1, leaves - 1))
            tree["feature"][node] = draw(st.integers(0, len(FEATURES) - 1))
            tree["threshold"][node] = draw(st.one_of(st.integers(-50, 50), SHORTS))
            tree["left"][node] = grow(left)
            tree["right"][node] = grow(leaves - left)
        return node

    grow(draw(st.integers(1, most)))
    return tree


@st.composite
def models(draw: Any) -> bytes:
    value = json.loads(SEED_BYTES)
    value["linear"] = draw(st.lists(st.integers(-2_000, 2_000), min_size=24, max_size=24))
    value["linear_shift"] = draw(st.integers(3, 8))
    value["pre_weight"] = draw(st.integers(-50, 50))
    value["wish_points"] = draw(st.integers(-1_000, 1_000))
    value["shift"] = draw(st.integers(0, 6))
    value["heads"] = [
        {
            "name": name,
            "weight": draw(st.integers(-100, 100)),
            "base": draw(st.integers(-1_000, 1_000)),
            "trees": draw(st.lists(trees(), max_size=4)),
        }
        for name in ("watch", "act", "leave")[: draw(st.integers(0, 3))]
    ]
    return encode(value)


@settings(deadline=None)
@given(
    models(),
    st.lists(st.lists(st.one_of(st.integers(-60, 60), SHORTS), min_size=24, max_size=24), max_size=12),
)
def test_many_at_once_are_what_the_auditor_computes_one_by_one(data, rows):
    ranker = Ranker(data)
    features = np.array(rows, dtype=np.int16).reshape(-1, 24)
    pre = ranker.pre(features)
    assert pre.tolist() == [ranker.model.pre(row) for row in rows]
    points = np.arange(len(rows), dtype=np.int64) * 7 - 20
    wanted = [
        ranker.model.final(row, p, a) for row, p, a in zip(rows, pre.tolist(), points.tolist(), strict=True)
    ]
    assert ranker.final(features, pre, points).tolist() == wanted


@given(models(), st.lists(SHORTS, min_size=24, max_size=24))
def test_contributions_add_up_to_the_score(data, row):
    model = Ranker(data).model
    parts = model.contributions(row, 5)
    final = model.final(row, model.pre(row), 5)
    assert parts.start + sum(parts.features) + parts.rounding == parts.unit * (final - parts.adjustment)


@given(st.lists(st.one_of(st.integers(0, 300), st.integers(0, 2**50)), min_size=1))
def test_the_logarithm_is_the_published_one(values):
    array = np.array(values, dtype=np.int64)
    assert qlog(array).tolist() == [layout.qlog(value) for value in values]
    assert signed_qlog(-array).tolist() == [layout.signed_qlog(-value) for value in values]


def test_a_rate_begins_at_a_quarter_and_moves_with_what_happens():
    assert rate(np.array([0, 16, 0]), np.array([0, 16, 100])).tolist() == [256, 640, 35]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("features", ["item"]),
        ("linear", [0.5] * 24),
        ("linear", [2**40] + [0] * 23),
        ("linear", [2**30] * 24),
        ("pre_weight", "much"),
        ("shift", -1),
        ("heads", [{"name": "watch", "weight": 1, "base": 0, "trees": [{"feature": [0]}]}]),
    ],
)
def test_a_model_that_is_not_exact_is_refused(field, value):
    changed = {**json.loads(SEED_BYTES), field: value}
    with pytest.raises(ModelError):
        Ranker(json.dumps(changed, separators=(",", ":"), sort_keys=True).encode())


def chain(leaves: int) -> dict[str, list[int]]:
    """A tree that is one long branch."""
    tree: dict[str, list[int]] = {name: [] for name in ("feature", "threshold", "left", "right", "value")}
    for number in range(leaves - 1):
        node = 2 * number
        for name, pair in (
            ("feature", (number % 24, -1)),
            ("threshold", (number, 0)),
            ("left", (node + 1, -1)),
            ("right", (node + 2, -1)),
            ("value", (0, number)),
        ):
            tree[name] += pair
    for name, value in (("feature", -1), ("threshold", 0), ("left", -1), ("right", -1), ("value", 99)):
        tree[name].append(value)
    return tree


def with_trees(*made: dict[str, list[int]]) -> bytes:
    head = {"name": "watch", "weight": 1, "base": 0, "trees": list(made)}
    return encode({**json.loads(SEED_BYTES), "heads": [head]})


def test_trees_have_sixteen_leaves_at_most_and_there_are_not_too_many():
    Ranker(with_trees(chain(16)))
    with pytest.raises(ModelError):
        Ranker(with_trees(chain(17)))
    with pytest.raises(ModelError):
        Ranker(with_trees(*[chain(2)] * 181))


def release(folder, name: str, data: bytes) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "model.json").write_bytes(data)
    (folder / "next").symlink_to(name)
    (folder / "next").replace(folder / "current")


def test_a_release_is_taken_up_and_a_bad_one_is_not(tmp_path):
    inforce = RankerInForce(tmp_path / "models")
    assert inforce.look().data == SEED_BYTES
    first = with_trees(chain(5))
    release(tmp_path / "models", "1", first)
    assert inforce.look().data == first
    release(tmp_path / "models", "2", b'{"format":"reelm-model/1"}')
    assert inforce.look().data == first
    third = with_trees(chain(6))
    release(tmp_path / "models", "3", third)
    assert inforce.look().data == third
