"""Content rows: what a clip says makes its neighbours, and a new clip is among them without a whole pass."""

import numpy as np
import pytest

from reelm.feed.learning.matrices import Rows
from reelm.feed.learning.rule import CONTENT_NEIGHBOURS, HOLDERS
from reelm.feed.learning.training.content import KINDS, Tokens, content_rows, with_new_clips

TAG, SOUND, LANGUAGE = KINDS.index("tag"), KINDS.index("sound"), KINDS.index("language")


def tokens(*lines: tuple[int, int, int]) -> Tokens:
    row, kind, key = (np.array(column, np.int64) for column in zip(*lines, strict=True))
    return Tokens.of(row, kind, key)


def line(rows: Rows, row: int) -> dict[int, int]:
    here = slice(int(rows.indptr[row]), int(rows.indptr[row + 1]))
    return dict(zip(rows.neighbour[here].tolist(), rows.weight[here].tolist(), strict=True))


def chance_tokens(seed: int, size: int) -> Tokens:
    chance = np.random.default_rng(seed)
    rows = np.repeat(np.arange(size), 4)
    return Tokens.of(rows, chance.integers(0, 5, len(rows)), chance.integers(-9, 40, len(rows)))


def test_the_same_tag_makes_neighbours_and_a_rare_one_nearer_than_a_common_one():
    rows = content_rows(
        tokens((0, TAG, 7), (0, TAG, 8), (1, TAG, 7), (2, TAG, 8), (3, TAG, 8), (4, TAG, 8), (5, TAG, 9)), 6
    )
    assert line(rows, 0)[1] > line(rows, 0)[2] > 0
    assert set(line(rows, 0)) == {1, 2, 3, 4}
    assert line(rows, 5) == {}


def test_a_key_of_none_and_another_kind_s_key_are_not_the_same():
    rows = content_rows(tokens((0, SOUND, 0), (1, SOUND, 0), (2, TAG, 5), (3, SOUND, 5), (4, SOUND, 5)), 5)
    assert line(rows, 0) == line(rows, 1) == line(rows, 2) == {}
    assert set(line(rows, 3)) == {4}


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_the_products_of_descriptions(seed: int):
    """Below the limits on holders and neighbours, nothing is left out: each weight is the cosine by the rule."""
    size = 60
    held = chance_tokens(seed, size)
    known = np.unique(held.token)
    weight = {"tag": 1.0, "sound": 0.9, "author": 0.7, "word": 0.8, "language": 0.3}
    table = np.zeros((size, len(known)))
    for row, token in zip(held.row, held.token, strict=True):
        holders = int((held.token == token).sum())
        table[row, np.searchsorted(known, token)] = np.log1p(size / holders) * weight[KINDS[int(token) & 7]]
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    expected = np.minimum(np.rint(table @ table.T * 2**15), 32767)
    rows = content_rows(held, size)
    for row in range(size):
        found = line(rows, row)
        # A cosine just between two whole numbers may be rounded either way by the order of its sum.
        for neighbour in range(size):
            if neighbour != row:
                assert abs(found.get(neighbour, 0) - int(expected[row, neighbour])) <= 1


def test_what_half_of_all_clips_have_costs_no_more_than_its_newest_holders():
    size = 4 * HOLDERS
    rows = content_rows(tokens(*((row, LANGUAGE, 1) for row in range(size))), size)
    assert np.diff(rows.indptr).max() <= CONTENT_NEIGHBOURS
    assert rows.neighbour.min() >= size - HOLDERS


@pytest.mark.parametrize("seed", range(3))
def test_new_clips_stand_in_their_neighbours_rows_and_leave_the_others_alone(seed: int):
    size, new = 80, np.array([78, 79])
    held = chance_tokens(seed, size)
    before = np.zeros(size, np.bool_)
    before[:78] = True
    old = content_rows(held.of_rows(before), 78)
    found = with_new_clips(old, held, size, new)
    whole = content_rows(held, size)
    assert len(found.indptr) == size + 1
    for row in new.tolist():
        assert line(found, row) == line(whole, row)
        assert line(found, row)
    for row in range(78):
        mine = line(found, row)
        for other in new.tolist():
            assert mine.get(other, 0) == line(whole, row).get(other, 0)
        assert {key: value for key, value in mine.items() if key < 78} == line(old, row)
        weights = list(mine.values())
        assert weights == sorted(weights, reverse=True)


def test_a_clip_without_anything_said_has_no_neighbours():
    rows = content_rows(Tokens.none(), 5)
    assert rows.indptr.tolist() == [0] * 6
    assert with_new_clips(rows, tokens((5, TAG, 1)), 6, np.array([5])).indptr.tolist() == [0] * 7
