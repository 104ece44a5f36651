"""EASE among the most active clips: only for pairs that enough people made, and the exact solution of its equation."""

import numpy as np

from reelm.feed.learning.rule import EASE_RIDGE
from reelm.feed.learning.training import pairs
from reelm.feed.learning.training.ease import ease_weights
from reelm.feed.learning.training.pairs import Pairs
from reelm.feed.learning.training.watched import newest
from reelm.feed.learning.training.weigh import item_rows

SIZE = 12


def everyone():
    chance = np.random.default_rng(1)
    person, row = np.divmod(np.flatnonzero(chance.random(300 * 9) < 0.4), 9)
    watched = newest(person.astype(np.uint64), row.astype(np.int64), np.arange(len(row)))
    return watched, pairs.together(watched, Pairs.none(), np.arange(SIZE), SIZE)


def test_weights_solve_the_published_equation():
    watched, together = everyone()
    key, weight = ease_weights(watched, together, SIZE)
    assert key.tolist() == together.key.tolist()
    x = np.zeros((300, SIZE))
    x[watched.person.astype(int), watched.row] = 1
    x = x[:, :9]
    inverse = np.linalg.inv(x.T @ x + EASE_RIDGE * np.eye(9))
    exact = -inverse / np.diag(inverse)[None, :]
    for each, found in zip(key.tolist(), weight.tolist(), strict=True):
        assert abs(found - exact[each >> 32, each & 0xFFFFFFFF] * 2**15) <= 2


def test_clips_beyond_the_most_active_and_pairs_of_too_few_have_none():
    watched, together = everyone()
    key, _ = ease_weights(watched, together, SIZE, most=4)
    held = set((key >> 32).tolist()) | set((key & 0xFFFFFFFF).tolist())
    best = np.argsort(-watched.counts(SIZE), kind="stable")[:4]
    assert held == set(best.tolist())
    few = watched.of(watched.person < np.uint64(19))
    none = pairs.together(few, Pairs.none(), np.arange(SIZE), SIZE)
    assert len(ease_weights(few, none, SIZE)[0]) == 0


def test_rows_have_ease_where_there_is_one_and_cosine_elsewhere():
    watched, together = everyone()
    likes = watched.counts(SIZE)
    key, weight = ease_weights(watched, together, SIZE, most=4)
    rows = item_rows(together, likes, (key, weight))
    plain = item_rows(together, likes, None)
    found, cosine = (
        {
            int(row) << 32 | int(neighbour): int(value)
            for row in range(SIZE)
            for neighbour, value in zip(
                made.neighbour[made.indptr[row] : made.indptr[row + 1]],
                made.weight[made.indptr[row] : made.indptr[row + 1]],
                strict=True,
            )
        }
        for made in (rows, plain)
    )
    eased = {each: value for each, value in zip(key.tolist(), weight.tolist(), strict=True) if value}
    assert eased
    assert {each: found[each] for each in eased} == eased
    rest = set(cosine) - set(key.tolist())
    assert rest
    assert {each: found[each] for each in rest} == {each: cosine[each] for each in rest}
