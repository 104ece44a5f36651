"""New clips: those nobody has met in training, found by what they are made of alone.

The rival is content-only kNN: Σ over liked clips of the content rows, no more. Ours adds what is known of the
clip's creator and tags from other clips, and integer trees that were taught on other clips that were hidden
in the same way.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from bench.feed.quality.history import History
from bench.feed.quality.metrics import Ranked, best, ranked
from numpy.typing import NDArray

from reelm.feed.learning.algorithms import boosting, content, tables, trees

SCALE = 2.0**20
CHUNK = 256


@dataclass(frozen=True, slots=True)
class Cold:
    """Some clips hidden from a history, and what people later liked of them."""

    known: History
    hidden: NDArray[np.int64]
    persons: NDArray[np.int64]
    targets: sp.csr_array


def hide(history: History, wanted: sp.csr_array, hidden: NDArray[np.int64], most: int, seed: int) -> Cold:
    """Take the clips out of the history; people with a like left and a target among the hidden, at most so many."""
    held = ~np.isin(history.item, hidden)
    known = replace(
        history,
        person=history.person[held],
        item=history.item[held],
        liked=history.liked[held],
        rank=history.rank[held],
        age=history.age[held],
    )
    column = np.full(history.items, -1)
    column[hidden] = np.arange(len(hidden))
    coo = wanted.tocoo()
    kept = column[coo.col] >= 0
    few = sp.csr_array(
        (coo.data[kept], (coo.row[kept], column[coo.col[kept]])), shape=(history.persons, len(hidden))
    )
    persons = np.flatnonzero((known.each(known.liked) > 0) & (np.diff(few.indptr) > 0))
    if len(persons) > most:
        persons = np.sort(np.random.default_rng(seed).choice(persons, most, replace=False))
    return Cold(known, hidden, persons, few[persons])


def measure(taught: Cold, asked: Cold, places: int = 20) -> tuple[Ranked, Ranked]:
    """Content-only kNN and ours, on the hidden clips of `asked`; the trees are taught on `taught`."""
    features, label, groups = [], [], []
    chance = np.random.default_rng(7)
    size = len(taught.hidden)
    sample = min(100, size)
    for some, table, _ in _chunks(taught):
        wanted = np.asarray(taught.targets[some].toarray() > 0)
        for row in range(len(some)):
            others = chance.choice(size, sample, replace=False)
            picked = np.union1d(np.flatnonzero(wanted[row]), others)
            features.append(table[row, picked])
            label.append(wanted[row, picked])
            groups.append(len(picked))
    head = boosting.train_head(
        np.concatenate(features),
        np.concatenate(label).astype(np.int64),
        groups=np.array(groups),
        rounds=60,
        share=0.7,
    )
    whole = trees.WholeHead.of([head], SCALE)
    nearest, ours = [], []
    for _, table, sums in _chunks(asked):
        nearest.append(best(sums, places))
        score = whole.scores(table.reshape(-1, table.shape[-1]))
        ours.append(best(score.reshape(sums.shape), places))
    return tuple(  # type: ignore[return-value]
        ranked(np.concatenate(shown), asked.targets, len(asked.hidden)) for shown in (nearest, ours)
    )


def _chunks(cold: Cold):  # type: ignore[no-untyped-def] # noqa: ANN202
    """(positions of people, features people x hidden x columns, content sums), chunk by chunk."""
    known, hidden = cold.known, cold.hidden
    described = [_tokens(known, owner, token) for owner, token in known.contents.tokens.values()]
    whole = _integers(content.blocks([(part, 1.0) for part in described])) if described else None
    vectors = list(known.contents.vectors.values())
    shared = [_shared(known, owner, token, hidden) for owner, token in known.contents.tokens.values()]
    liked = known.integers(np.where(known.liked, 1, 0), cold.persons)
    met = known.integers(np.ones(len(known.person), np.int64), cold.persons)
    step = max(16, min(CHUNK, 4_000_000 // max(len(hidden), 1)))
    for start in range(0, len(cold.persons), step):
        some = np.arange(start, min(start + step, len(cold.persons)))
        taste, seen = liked[some], met[some]
        sums = np.zeros((len(some), len(hidden)), np.int64)
        columns = []
        if whole is not None:
            tokens_sum = ((taste @ whole) @ whole[hidden].T).toarray() >> 8
            sums += tokens_sum
            columns.append(tables.qlog(tokens_sum))
        for part in vectors:
            total = np.asarray(taste @ part.astype(np.int64))
            product = (total @ part[hidden].astype(np.int64).T * 4096) // 127**2
            sums += product
            columns.append(np.sign(product) * tables.qlog(np.abs(product)))
        for has, of_hidden, counters in shared:
            columns += [tables.qlog((profile @ has @ of_hidden).toarray()) for profile in (taste, seen)]
            columns += [np.broadcast_to(counter, sums.shape) for counter in counters]
        columns += _lengths(known, hidden, taste, sums.shape)
        columns.append(
            np.broadcast_to(tables.qlog(np.asarray(seen.sum(axis=1)).ravel())[:, None], sums.shape)
        )
        yield some, np.stack(columns, axis=-1).astype(np.int32), sums


def _tokens(known: History, owner: NDArray[np.int64], token: NDArray[np.int64]) -> sp.csr_array:
    return content.token_matrix(owner, token, known.items)


def _integers(described: sp.csr_array) -> sp.csr_array:
    """The same in 1/1024, rounded half to even, so that products of it are exact."""
    whole = described.copy()
    whole.data = np.rint(whole.data * 1024).astype(np.int64)
    return whole


def _shared(
    known: History, owner: NDArray[np.int64], token: NDArray[np.int64], hidden: NDArray[np.int64]
) -> tuple[sp.csr_array, sp.csr_array, list[NDArray[np.int64]]]:
    """Clips x tokens, its hidden part turned, and how the tokens' other clips were met and liked."""
    names, column = np.unique(token, return_inverse=True)
    has = sp.csr_array((np.ones(len(owner), np.int64), (owner, column)), shape=(known.items, len(names)))
    all_met, all_liked = known.counts(np.ones(len(known.item), bool)), known.counts(known.liked)
    token_met, token_liked = has.T @ all_met, has.T @ all_liked
    clips = has.T @ np.where(all_met > 0, 1, 0)
    part = has[hidden]
    met, liked, count = part @ token_met, part @ token_liked, part @ clips
    return (
        has,
        part.T.tocsr(),
        [tables.qlog(liked), 1024 * (liked + 5) // (met + 12), tables.qlog(met // (count + 1))],
    )


def _lengths(
    known: History, hidden: NDArray[np.int64], taste: sp.csr_array, shape: tuple[int, int]
) -> list[NDArray[np.int64]]:
    seconds = known.contents.seconds
    if seconds is None:
        return []
    short = np.minimum(seconds, 600)
    usual = np.asarray(taste @ short).ravel() // np.maximum(np.asarray(taste.sum(axis=1)).ravel(), 1)
    return [
        np.broadcast_to(short[hidden], shape),
        np.broadcast_to(short[hidden][None, :] - usual[:, None], shape),
    ]
