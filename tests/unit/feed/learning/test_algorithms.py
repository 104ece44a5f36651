"""The pure algorithms: exact sums, exact trees, rows by the documented rounding."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from reelm.feed.learning.algorithms import (
    boosting,
    content,
    ease,
    people,
    rows,
    similar,
    tables,
    transitions,
    trees,
)


def _people(seed: int = 1, persons: int = 300, clips: int = 30) -> sp.csr_array:
    return sp.csr_array((np.random.default_rng(seed).random((persons, clips)) < 0.2).astype(np.float32))


def test_sums_equal_whole_numbers_of_any_size():
    made = rows.top_rows(np.random.default_rng(2).normal(size=(40, 40)), 12)
    chance = np.random.default_rng(3)
    items, factors = chance.integers(0, 40, 100), chance.integers(-127, 128, 100)
    expected: dict[int, int] = {}
    for item, factor in zip(items.tolist(), factors.tolist(), strict=True):
        for neighbour, weight in zip(*(column.tolist() for column in made.of(item)), strict=True):
            expected[neighbour] = expected.get(neighbour, 0) + factor * weight
    reached, total = rows.sums(made, items, factors)
    assert dict(zip(reached.tolist(), total.tolist(), strict=True)) == expected
    shuffled = chance.permutation(100)
    assert (rows.sums(made, items[shuffled], factors[shuffled])[1] == total).all()
    profile = np.zeros(40, np.int64)
    np.add.at(profile, items, factors)
    dense = profile @ made.matrix().toarray()
    assert (dense[reached] == total).all()


def test_rows_keep_the_heaviest_in_order_and_round_half_to_even():
    similarity = np.array(
        [[9.0, 0.5, 1.5, -2.5, 0.25], [0.0] * 5, [1.0, 1.0, 0.0, 1.0, 1.0], [0.0] * 5, [0.0] * 5]
    )
    made = rows.top_rows(similarity, 3, step=1.0)
    assert [column.tolist() for column in made.of(0)] == [[2, 3], [2, -2]]
    assert [column.tolist() for column in made.of(2)] == [[0, 1, 3], [1, 1, 1]]
    assert rows.rounded(np.array([0.5, 1.5, 2.5, 1e9, -1e9]), 1.0).tolist() == [0, 2, 2, 32767, -32767]
    assert rows.step_for(1.0) == 16384.0


def test_a_pair_of_too_few_people_has_no_weight():
    met = sp.csr_array(np.array([[1, 1, 0], [1, 1, 1], [1, 0, 1]], np.float32))
    allowed = people.enough_contributors(met, 2)
    assert allowed.toarray().tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
    made = rows.top_rows(similar.cosine(met, 0.0), 5, allowed=allowed)
    assert made.of(1)[0].tolist() == [0]
    dense = rows.top_rows(ease.ease(met, 1.0), 5, allowed=allowed)
    assert dense.of(2)[0].tolist() == [0]


def test_ease_is_the_closed_form():
    met = _people()
    gram = (met.T @ met).toarray().astype(np.float64) + 7 * np.eye(30)
    inverse = np.linalg.inv(gram)
    expected = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(expected, 0)
    assert np.abs(ease.ease(met, 7.0) - expected).max() < 1e-5
    with pytest.raises(ValueError, match="positive"):
        ease.ease(met, 0.0)


def test_cosine_and_the_walk_by_hand():
    met = sp.csr_array(np.array([[1, 1, 0], [1, 0, 1], [1, 1, 0]], np.float64))
    assert similar.cosine(met, 1.0).toarray()[0, 1] == pytest.approx(2 / (np.sqrt(3 * 2) + 1))
    # From clip 1: to either of two people, from them to clip 0 with 1/2 each; clip 0 has three people.
    assert similar.rp3beta(met, 1.0, 1.0).toarray()[1, 0] == pytest.approx((0.5 * 0.5 + 0.5 * 0.5) / 3)


def test_transitions_know_the_direction():
    person = np.array([0, 0, 0, 1, 1, 2, 2])
    item = np.array([0, 1, 2, 0, 1, 1, 2])
    value = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    found = transitions.transitions(person, item, value, np.array([1.0]), 3, shrink=0.0, beta=0.0).toarray()
    assert found.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_newest_first_counts_a_pair_once():
    who, what, rank, value = people.newest_first(
        np.array([1, 0, 1, 1]), np.array([5, 2, 6, 5]), np.array([1, 1, 2, 3]), np.array([1.0, 0.5, 0.2, 0.1])
    )
    assert (who.tolist(), what.tolist(), rank.tolist(), value.tolist()) == (
        [0, 1, 1],
        [2, 5, 6],
        [0, 0, 1],
        [0.5, 1.0, 0.2],
    )


@given(st.integers(0, 2**40))
def test_qlog_is_its_definition(value):
    above = value + 1
    exponent = above.bit_length() - 1
    assert tables.qlog(np.array([value])).tolist() == [16 * exponent + (((above << 4) >> exponent) & 15)]


@given(st.integers(1, 1024), st.integers(0, 2**32 - 1))
def test_products_of_int8_vectors_are_exact_in_float32(dimensions, seed):
    wild = np.random.default_rng(seed).normal(size=(6, dimensions)).astype(np.float32)
    small = content.int8_vectors(wild)
    exact = small.astype(np.int64) @ small.astype(np.int64).T
    assert (content.vector_products(small, small).astype(np.int64) == exact).all()


def test_the_worst_vectors_are_still_exact_and_longer_ones_refused():
    worst = np.full((2, 1024), 127, np.int8)
    assert content.vector_products(worst, worst)[0, 1] == 127 * 127 * 1024
    with pytest.raises(ValueError, match="1024"):
        content.int8_vectors(np.zeros((1, 1025), np.float32))
    assert content.int8_vectors(np.array([[np.nan, 1.0], [0.0, 0.0]], np.float32)).tolist() == [
        [0, 0],
        [0, 0],
    ]


def test_nearest_vectors():
    found = content.vector_similarity(
        content.int8_vectors(np.array([[1, 0], [1, 0.1], [0, 1], [-1, 0]], np.float32)), 2
    )
    assert found.toarray()[0].nonzero()[0].tolist() == [1]
    assert found.toarray()[1].nonzero()[0].tolist() == [0, 2]


def test_rare_tokens_bind_more_than_common_ones():
    owner, token = np.array([0, 1, 2, 3, 0, 1]), np.array([7, 7, 7, 7, 9, 9])
    found = content.token_similarity(content.token_matrix(owner, token, 5)).toarray()
    assert found[0, 1] > found[0, 2] > 0
    assert found[0, 4] == 0


def _head(ranked: bool) -> tuple[np.ndarray, object]:
    chance = np.random.default_rng(4)
    features = chance.integers(-300, 300, (2000, 5)).astype(np.int16)
    label = (features[:, 0] + features[:, 1] * (features[:, 2] > 0) + chance.normal(0, 80, 2000) > 0).astype(
        np.int64
    )
    groups = np.full(100, 20) if ranked else None
    return features, boosting.train_head(features, label, groups=groups, rounds=12, least_rows=20)


@pytest.mark.parametrize("ranked", [False, True])
def test_integer_trees_are_the_booster_in_whole_numbers(ranked):
    features, booster = _head(ranked)
    head = trees.WholeHead.of([booster], 2.0**20)
    exact = trees.evaluate(head.trees, features)
    assert (head.scores(features) == exact).all()
    assert np.abs(booster.predict(features, raw_score=True) * 2**20 - exact).max() <= 0.5 * len(head.trees)
    assert json.loads(json.dumps(head.trees)) == head.trees
    again = trees.integer_trees(_head(ranked)[1], 2.0**20)
    assert again == head.trees


def test_inner_values_lie_between_their_children_and_paths_add_up():
    _, booster = _head(ranked=False)
    for tree in trees.integer_trees(booster, 2.0**20):
        for node, split in enumerate(tree["feature"]):
            if split >= 0:
                below = [tree["value"][tree[side][node]] for side in ("left", "right")]
                assert min(below) <= tree["value"][node] <= max(below)
                assert tree["left"][node] == node + 1 < tree["right"][node]


def test_what_integers_can_not_say_is_refused():
    chance = np.random.default_rng(5)
    features = chance.integers(0, 5, (500, 2)).astype(np.float64)
    label = (features[:, 0] > 2).astype(np.int64)
    missing = boosting.train_head(
        features, label, rounds=1, more={"use_missing": True, "zero_as_missing": True}
    )
    with pytest.raises(ValueError, match="use_missing"):
        trees.integer_trees(missing, 1024.0)
    with pytest.raises(ValueError, match="32 bits"):
        trees.integer_trees(boosting.train_head(features, label, rounds=1), 2.0**60)
