"""The cheap recommenders everybody compares with, fitted on the same positives and measured in the same run."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from bench.feed.quality.history import History
from bench.feed.quality.metrics import best
from numpy.typing import NDArray

from reelm.feed.learning.algorithms import ease, similar

Scorer = Callable[[sp.csr_array], NDArray[np.float32]]
CHUNK = 1024


def positives(history: History) -> sp.csr_array:
    return history.matrix(history.liked.astype(np.float64))


def everyone(history: History, *, days: int | None = None) -> Scorer:
    """Popularity: of all time, or of the last days."""
    held = history.liked if days is None else history.liked & (history.age < days)
    counts = history.counts(held).astype(np.float32)
    return lambda profile: np.tile(counts, (profile.shape[0], 1))


def item_knn(history: History, keep: int = 1000, shrink: float = 20.0) -> Scorer:
    """Cosine with shrinkage, the `keep` nearest."""
    return sums_of(_pruned(similar.cosine(positives(history), shrink), keep))


def rp3beta(history: History, keep: int = 1000, beta: float = 0.3) -> Scorer:
    """RP3beta at its best: of betas 0, 0.1, 0.3 and 0.6, 0.3 had the highest NDCG@20 on 28-30 April."""
    return sums_of(_pruned(similar.rp3beta(positives(history), beta=beta), keep))


def ease_r(history: History, ridge: float) -> Scorer:
    weights = ease.ease(positives(history), ridge)
    return lambda profile: np.asarray(profile @ weights, np.float32)


def als(
    history: History, rank: int = 32, ridge: float = 10.0, sweeps: int = 10, confidence: float = 10.0
) -> Scorer:
    """Implicit alternating least squares (Hu, Koren, Volinsky, ICDM 2008), every system solved exactly."""
    met = positives(history)
    clips = np.random.default_rng(1).normal(0, 0.1, (history.items, rank))
    for _ in range(sweeps):
        persons = _solve(met, clips, ridge, confidence)
        clips = _solve(met.T.tocsr(), persons, ridge, confidence)
    return lambda profile: (_solve(profile, clips, ridge, confidence) @ clips.T).astype(np.float32)


def with_recency(scorer: Scorer, history: History, days: int, beta: float) -> Scorer:
    """Row-z-scored scores plus beta x z(log(1 + positives of the last days))."""
    logs = np.log1p(history.counts(history.liked & (history.age < days)))
    prior = beta * (logs - logs.mean()) / (logs.std() + 1e-9)

    def score(profile: sp.csr_array) -> NDArray[np.float32]:
        plain = scorer(profile)
        spread = plain.std(axis=1, keepdims=True) + 1e-9
        return np.asarray((plain - plain.mean(axis=1, keepdims=True)) / spread + prior, np.float32)

    return score


def rank(scorer: Scorer, history: History, chosen: NDArray[np.int64], places: int) -> NDArray[np.int64]:
    """The best clips nobody of the chosen has met yet, each for themself."""
    met_positively = positives(history)
    shown = []
    for start in range(0, len(chosen), CHUNK):
        some = chosen[start : start + CHUNK]
        scores = scorer(met_positively[some])
        met = history.met(some)
        scores[np.repeat(np.arange(len(some)), np.diff(met.indptr)), met.indices] = -np.inf
        shown.append(best(scores, places))
    return np.concatenate(shown)


def sums_of(weights: sp.csr_array) -> Scorer:
    """Score by the sum of the rows of what a person liked."""
    return lambda profile: (profile @ weights).toarray().astype(np.float32)


def _pruned(weights: sp.csr_array, keep: int) -> sp.csr_array:
    """Only the `keep` largest of each row."""
    for row in range(weights.shape[0]):
        here = slice(weights.indptr[row], weights.indptr[row + 1])
        values = weights.data[here]
        if len(values) > keep:
            values[values < np.partition(values, len(values) - keep)[len(values) - keep]] = 0.0
    weights.eliminate_zeros()
    return weights


def _solve(
    met: sp.csr_array, factors: NDArray[np.float64], ridge: float, confidence: float
) -> NDArray[np.float64]:
    """The least squares answer of every row: preference 1 with confidence 1 + c where met, 0 with 1 elsewhere."""
    rank_ = factors.shape[1]
    common = factors.T @ factors + ridge * np.eye(rank_)
    outer = (factors[:, :, None] * factors[:, None, :]).reshape(len(factors), -1)
    found = np.empty((met.shape[0], rank_))
    for start in range(0, met.shape[0], 8192):
        block = met[start : start + 8192]
        left = common + confidence * (block @ outer).reshape(-1, rank_, rank_)
        right = (1 + confidence) * (block @ factors)
        found[start : start + 8192] = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    return found
