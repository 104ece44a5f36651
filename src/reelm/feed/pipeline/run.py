"""The pipeline: the one place where the order of the stages is fixed.

    viewer → sources → eligibility → filters → features → score → select → receipt

`draft` runs it up to the features, reading the catalog in one state; `choose` scores and selects, and can do so again
without clips that turned out not to be visible; `seal` writes the receipt.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reelm.feed.pipeline import eligibility, features, filters, receipt, score, select, sources
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.eligibility import Reason
from reelm.feed.pipeline.meter import StageMeter
from reelm.feed.pipeline.model import Ranker
from reelm.feed.pipeline.receipt import References, Visit
from reelm.feed.pipeline.score import Candidates, Scored
from reelm.feed.pipeline.select import Groups
from reelm.feed.pipeline.sources import Gathering, Lists, MatricesView
from reelm.feed.pipeline.view import CatalogView
from reelm.feed.pipeline.viewer import ViewerState
from reelm_audit.feed.layout import Mode, seed_of
from reelm_audit.feed.maps import Adjustment


@dataclass(frozen=True)
class Ask:
    """One page to be made."""

    viewer: ViewerState
    mode: Mode
    visit: Visit
    served: Collection[int]
    count: int
    now: int
    again: Sequence[int] = ()


@dataclass(frozen=True)
class Tools:
    """What pages are made with, as it is in force now."""

    catalog: CatalogView
    lists: Lists
    matrices: MatricesView
    ranker: Ranker
    backdrop: Backdrop
    adjustments_root: bytes = bytes(32)
    adjusted: Mapping[int, Adjustment] = field(default_factory=dict)


@dataclass(frozen=True)
class Chosen:
    """Who was scored, and the page: indices into the scored."""

    scored: Scored
    groups: Groups
    page: list[int]


@dataclass
class Draft:
    """A page in the making. `ineligible` are (clip, reason) for the commitments, by row."""

    ask: Ask
    made_with: References
    candidates: Candidates
    tastes: list[tuple[int, int, int]]
    acts: tuple[list[int], list[int]]
    ineligible: dict[int, Reason]
    points: dict[int, int]
    removed: set[int] = field(default_factory=set)

    @property
    def seed(self) -> bytes:
        """What the page's chances are drawn from."""
        visit = self.ask.visit
        return seed_of(visit.seed, visit.position, visit.served)

    def remove(self, rows: Collection[int], reason: Reason | None) -> None:
        """Leave clips out after all. With a reason they are committed to, as if they had never been eligible."""
        self.removed.update(rows)
        if reason is not None:
            self.ineligible.update(dict.fromkeys(rows, reason))
        self.candidates = self.candidates.without(set(rows))


def draft(ask: Ask, tools: Tools, made_with: References, meter: StageMeter) -> Draft:
    """Run sources, eligibility, filters and features."""
    seed = seed_of(ask.visit.seed, ask.visit.position, ask.visit.served)
    boosted = [row for row, each in tools.adjusted.items() if each.points > 0]
    gathering = Gathering(
        tools.catalog,
        tools.lists,
        tools.matrices,
        ask.viewer,
        filters.unwanted_of(ask.viewer, ask.served),
        seed,
        boosted,
        ask.again,
    )
    named, tastes = sources.gather(gathering)
    counts = filters.reasons_of(ask.viewer, gathering.left_out)
    meter.stage("sources", len(named.rows) + sum(counts.values()), len(named.rows))
    eligible, ineligible = eligibility.split(tools.catalog, ask.viewer, named)
    meter.stage("eligibility", len(named.rows), len(eligible.rows), _by_name(ineligible))
    kept = filters.keep_wanted(tools.catalog, ask.viewer, eligible, counts)
    meter.stage("filters", len(eligible.rows), len(kept.rows), {str(k): v for k, v in counts.items()})
    tables = ask.viewer.tables(tools.catalog)
    views, trend = tools.backdrop.of(kept.rows)
    computed = features.compute(tools.catalog, tables, kept, ask.now, views, trend)
    meter.stage("features", len(kept.rows), len(kept.rows))
    points = {row: each.points for row, each in tools.adjusted.items()}
    acts = ask.viewer.acts(tools.catalog)
    return Draft(
        ask, made_with, score.prepare(kept, computed, tools.ranker), tastes, acts, ineligible, points
    )


def _by_name(reasons: Mapping[int, Reason]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reason in reasons.values():
        name = reason.name.lower()
        found[name] = found.get(name, 0) + 1
    return found


def choose(made: Draft, tools: Tools, count: int, meter: StageMeter) -> Chosen:
    """Run score and select, for as many places as are wanted."""
    scored = score.score(made.candidates, tools.ranker, made.points, made.seed)
    meter.stage("score", len(made.candidates.rows), len(scored.places))
    groups = select.groups_of(tools.catalog, made.candidates.rows[scored.places])
    page = select.choose(made.candidates, scored, groups, made.seed, made.ask.visit.position, count)
    meter.stage("select", len(scored.places), len(page))
    return Chosen(scored, groups, page)


def seal(
    made: Draft,
    chosen: Chosen,
    clips: Sequence[tuple[int, bytes]],
    ineligible: Sequence[tuple[bytes, Reason]],
    adjusted: Mapping[int, Adjustment],
    salt: bytes,
) -> bytes:
    """Run the last stage: return the receipt's bytes for a page of `clips`, (index, id) each."""
    rows = made.candidates.rows[chosen.scored.places].tolist()
    touched = [(index, adjusted[row]) for index, row in enumerate(rows) if row in adjusted]
    padding = hmac.digest(salt, b"padding", "sha256")
    return receipt.pack(
        made.ask.mode,
        made.ask.visit,
        made.ask.now,
        made.made_with,
        made.candidates,
        chosen.scored,
        chosen.groups,
        clips,
        made.acts,
        made.tastes,
        touched,
        eligibility.committed(salt, ineligible, padding),
    )
