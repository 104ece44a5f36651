"""Stage 6, score: the pre-score of every candidate, and the ranker's score of those it brings far enough."""

from dataclasses import dataclass

import numpy as np

from reelm.feed.pipeline.features import Features, Named
from reelm.feed.pipeline.model import Ranker
from reelm.feed.pipeline.policy import POLICY
from reelm.feed.pipeline.view import Numbers, Rows
from reelm_audit.feed.layout import Source, chance

_RULE = POLICY.scored
_FRESH = Source.FRESH.value


@dataclass(frozen=True)
class Candidates:
    """Everything that is known of the candidates of a page; one place in each array is one candidate."""

    rows: Rows
    sources: Numbers
    features: Features
    pre: Numbers

    def without(self, rows: set[int]) -> "Candidates":
        """Return those whose rows are not among `rows`."""
        kept = np.array([row not in rows for row in self.rows.tolist()], dtype=np.bool_)
        return Candidates(self.rows[kept], self.sources[kept], self.features[kept], self.pre[kept])


@dataclass(frozen=True)
class Scored:
    """Places of the candidates that are scored (best pre-score first), their final scores, and places of the rest."""

    places: Numbers
    final: Numbers
    rest: Numbers


def prepare(named: Named, features: Features, ranker: Ranker) -> Candidates:
    """Return the candidates with their pre-scores."""
    return Candidates(named.rows, named.sources, features, ranker.pre(features))


def score(candidates: Candidates, ranker: Ranker, points: dict[int, int], seed: bytes) -> Scored:
    """Choose who is scored, and score them. `points` are declared boosts and demotions by row."""
    places, rest = scored_set(candidates, seed)
    given = np.zeros(len(places), dtype=np.int64)
    if points:
        # Of a type of its own: an empty list of numbers would be one of fractions.
        given += np.array([points.get(row, 0) for row in candidates.rows[places].tolist()], dtype=np.int64)
    final = ranker.final(candidates.features[places], candidates.pre[places], given)
    return Scored(places, final, rest)


def scored_set(candidates: Candidates, seed: bytes) -> tuple[Numbers, Numbers]:
    """Return the places of those to be scored, and of the rest, both by pre-score; of equals the newer row first."""
    order = np.lexsort((-candidates.rows, -candidates.pre))
    best, others = order[: _RULE.best], order[_RULE.best :]
    if not len(others):
        return best, others
    is_drawn = np.zeros(len(others), dtype=np.bool_)
    fresh = ((candidates.sources[others] & _FRESH) != 0).nonzero()[0].tolist()
    rows = candidates.rows[others].tolist()
    is_drawn[sorted(fresh, key=lambda place: chance(seed, rows[place]))[: _RULE.fresh]] = True
    return np.concatenate([best, others[is_drawn]]), others[~is_drawn]
