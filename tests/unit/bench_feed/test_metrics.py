"""Metrics of the feed's bench, against cases worked out by hand."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from bench.feed.quality.metrics import best, logged, micro_recall, ranked


def _targets(rows: list[list[int]], items: int) -> sp.csr_array:
    dense = np.zeros((len(rows), items), np.int64)
    for person, wanted in enumerate(rows):
        dense[person, wanted] = 1
    return sp.csr_array(dense)


def test_two_rankings_by_hand():
    shown = np.array([[4, 0, 2], [1, 3, -1]])
    targets = _targets([[0, 2], [4]], 5)
    found = ranked(shown, targets, 5)
    ideal = 1 + 1 / math.log2(3)
    assert found.recall == pytest.approx((2 / 2 + 0) / 2)
    assert found.ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal / 2)
    assert found.hit10 == pytest.approx(0.5)
    assert found.coverage == pytest.approx(5 / 5)
    assert (found.people, found.targets) == (2, 3)
    assert micro_recall(shown, targets, 5, 2) == pytest.approx(1 / 3)


def test_best_breaks_ties_by_number_and_leaves_masked_out():
    low = np.iinfo(np.int64).min
    scores = np.array([[5, 7, 7, low, 5], [low, low, 1, low, low]])
    assert best(scores, 3).tolist() == [[1, 2, 0], [2, -1, -1]]
    assert best(scores, 7).tolist() == [[1, 2, 0, 4, -1, -1, -1], [2, -1, -1, -1, -1, -1, -1]]


def test_logged_by_hand():
    # Person 1: scores 3, 2, 1 with labels 0, 1, 0 → area 1/2; NDCG = (1/log2 3)/1.
    # Person 2: a tie between a positive and a negative → area 1/2; the row that came first stays first.
    # Person 3: no positive → NDCG 0, no area. Person 4: all positive → NDCG 1, no area.
    person = np.array([1, 1, 1, 2, 2, 3, 4])
    label = np.array([0, 1, 0, 1, 0, 0, 1])
    score = np.array([3, 2, 1, 5, 5, 9, 1])
    found = logged(person, label, score)
    assert found.gauc == pytest.approx(0.5)
    assert found.ndcg5 == pytest.approx((1 / math.log2(3) + 1 + 0 + 1) / 4)
    assert found.primary == pytest.approx((found.gauc + found.ndcg5) / 2)


def test_logged_weighs_by_positives():
    person = np.array([1, 1, 1, 2, 2])
    label = np.array([1, 1, 0, 0, 1])
    score = np.array([3, 2, 1, 5, 4])
    assert logged(person, label, score).gauc == pytest.approx((2 * 1.0 + 1 * 0.0) / 3)
