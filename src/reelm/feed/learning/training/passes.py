"""The passes over what was watched: every few minutes what changed, every night everything.

    minutes   new likes, their pairs counted anew; new clips among the content rows
    whole     new pseudonyms, then everything from the first event on; EASE among the most active clips

Each ends by putting matrices in force and, only then, keeping its state: killed before, the next pass does it again.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from reelm.feed.catalog import Catalog
from reelm.feed.learning import rule, shelf
from reelm.feed.learning.matrices import KINDS, Matrices, MatricesError, Rows
from reelm.feed.learning.repository import EventsReader
from reelm.feed.learning.training import content, pairs, reading, state
from reelm.feed.learning.training.content import Tokens
from reelm.feed.learning.training.ease import ease_weights
from reelm.feed.learning.training.pairs import Numbers, Pairs
from reelm.feed.learning.training.state import State
from reelm.feed.learning.training.watched import Watched, changed_rows
from reelm.feed.learning.training.weigh import item_rows, next_rows
from reelm.kit.database import Database

_log = structlog.get_logger("reelm.learning")
SETTLED = dt.timedelta(seconds=2)
"""What was stored in the last moments may still be joined by what began before it."""
OVERLAP = dt.timedelta(minutes=3)
"""How long a transaction that stores events may take and still be seen."""
MOST_PRODUCTS = 400_000_000
"""How much counting one pass of minutes does; clips beyond wait for the next one."""
_TAKEN_IN_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Folders:
    """Where learning keeps its things, below DATA/feed."""

    matrices: Path
    state: Path

    @classmethod
    def of(cls, feed: Path) -> "Folders":
        return cls(feed / "matrices", feed / "learning")


@dataclass(frozen=True)
class Passed:
    """What a pass did."""

    whole: bool
    changed: bool
    likes: int
    people: int
    pairs: int
    waiting: int
    clips: int
    digest: str
    until: int


async def run(database: Database, catalog: Catalog, folders: Folders, *, whole: bool) -> Passed:
    """Do one pass; it is a whole one where there is nothing to go on from."""
    folders.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    state.clear_drafts(folders.state)
    shelf.clear_drafts(folders.matrices)
    async with database.transaction() as uow:
        until = await EventsReader(uow).now() - SETTLED
        known = await EventsReader(uow).find_people()
    before = None if whole else state.load(folders.state)
    rows = _in_force(folders, catalog)
    if (
        before is None
        or rows is None
        or known is None
        or known[0] != before.epoch
        or before.generation != catalog.generation
    ):
        return await _whole(database, catalog, folders, until)
    return await _minutes(database, catalog, folders, before, until, reading.people_of(known[1]), rows)


async def _whole(database: Database, catalog: Catalog, folders: Folders, until: dt.datetime) -> Passed:
    generation, size = catalog.generation, catalog.size
    async with database.transaction() as uow:
        epoch = await EventsReader(uow).begin()
        begins = await EventsReader(uow).find_begin()
    watched = Watched.none()
    if begins is not None:
        watched = await _with_events(database, catalog, watched, begins - dt.timedelta(days=1), until)
    watched = watched.of(watched.row < size)
    every = np.arange(size)
    together = pairs.together(watched, Pairs.none(), every, size)
    ease_key, ease_weight = ease_weights(watched, together, size)
    tokens = await reading.tokens_of(database, catalog, every)
    after = State(
        epoch=epoch,
        generation=generation,
        until=reading.micros(until),
        watched=watched,
        together=together,
        following=pairs.following(watched, Pairs.none(), every, size),
        waiting=np.zeros(0, np.int64),
        tokens=tokens,
        tokens_size=size,
        ease_key=ease_key,
        ease_weight=ease_weight,
    )
    return _finish(folders, after, content.content_rows(tokens, size), size, until, whole=True)


async def _minutes(
    database: Database,
    catalog: Catalog,
    folders: Folders,
    before: State,
    until: dt.datetime,
    people: npt.NDArray[np.uint64],
    rows: Rows,
) -> Passed:
    size = catalog.size
    since = reading.moment_of(before.until) - OVERLAP
    watched = await _moved(database, catalog, before.watched, since, until, people)
    watched = watched.of(watched.row < size)
    changed = changed_rows(before.watched, watched)
    following_changed = pairs.changed_following(before.watched, watched)
    now, waiting = _as_much_as_fits(watched, np.union1d(changed, before.waiting), size)
    tokens, new = await _new_tokens(database, catalog, before, size)
    is_new = len(new) > 0
    if not len(now) and not len(following_changed) and not is_new:
        same = _replaced(before, watched=watched, until=reading.micros(until))
        state.save(folders.state, same)
        return _passed(same, watched, size, "", whole=False, changed=False)
    after = _replaced(
        before,
        until=reading.micros(until),
        watched=watched,
        together=pairs.together(watched, before.together, now, size),
        following=pairs.following(watched, before.following, following_changed, size),
        waiting=waiting,
        tokens=tokens,
        tokens_size=size,
    )
    if is_new:
        rows = content.with_new_clips(rows, tokens, size, new)
    return _finish(folders, after, rows if is_new else None, size, until, whole=False)


async def _moved(
    database: Database,
    catalog: Catalog,
    watched: Watched,
    since: dt.datetime,
    until: dt.datetime,
    people: npt.NDArray[np.uint64],
) -> Watched:
    """The likes with those stored since, without who left, who had their feed forget, and clips that are gone."""
    watched = await _with_events(database, catalog, watched, since, until)
    async with database.transaction() as uow:
        resets = await EventsReader(uow).list_resets(since)
    if resets:
        watched = watched.since(
            reading.people_of(b"".join(reset["person"] for reset in resets)),
            np.array([reading.micros(reset["reset_at"]) for reset in resets], np.int64),
        )
    watched = watched.of_people(people)
    alive = catalog.column("alive")
    return watched.of((watched.row < len(alive)) & (alive[np.minimum(watched.row, len(alive) - 1)] != 0))


async def _with_events(
    database: Database, catalog: Catalog, watched: Watched, since: dt.datetime, until: dt.datetime
) -> Watched:
    """The likes with those stored in a time, taken in by the million."""
    more: list[Watched] = []
    async for page in reading.events(database, catalog, since, until):
        more.append(page.liked())
        if sum(len(each) for each in more) >= _TAKEN_IN_AT_ONCE:
            watched, more = _joined(watched, more), []
    return _joined(watched, more)


def _joined(watched: Watched, more: list[Watched]) -> Watched:
    if not more:
        return watched
    return watched.with_more(
        np.concatenate([each.person for each in more]),
        np.concatenate([each.row for each in more]),
        np.concatenate([each.at for each in more]),
    )


def _as_much_as_fits(watched: Watched, rows: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """Split the rows to count into those of this pass and those of the next: cheap ones first."""
    rows = rows[rows < size]
    cost = pairs.cost_together(watched, rows, size)
    order = np.argsort(cost, kind="stable")
    fits = np.cumsum(cost[order]) <= MOST_PRODUCTS
    fits[:1] = True
    return np.sort(rows[order][fits]), np.sort(rows[order][~fits])


async def _new_tokens(
    database: Database, catalog: Catalog, before: State, size: int
) -> tuple[Tokens, Numbers]:
    """The tokens of all clips, and which clips came since the last pass or have none yet."""
    described = np.zeros(size, np.bool_)
    described[before.tokens.row[before.tokens.row < size]] = True
    missing = np.flatnonzero(~described & (catalog.column("alive")[:size] != 0))
    added = await reading.tokens_of(database, catalog, missing)
    marked = np.zeros(max(size, before.tokens_size), np.bool_)
    marked[added.row] = True
    return before.tokens.replaced(marked, added), np.unique(added.row)


def _finish(
    folders: Folders, after: State, content_rows: Rows | None, size: int, until: dt.datetime, *, whole: bool
) -> Passed:
    likes = after.watched.counts(size)
    made = {
        "item": item_rows(after.together, likes, (after.ease_key, after.ease_weight)),
        "next": next_rows(after.following, likes),
        "content": content_rows,
    }
    manifest = shelf.put_in_force(folders.matrices, after.generation, int(until.timestamp()), made)
    state.save(folders.state, after)
    _log.info("learning.matrices", digest=manifest.digest, whole=whole, clips=size, pairs=len(after.together))
    return _passed(after, after.watched, size, manifest.digest, whole=whole, changed=True)


def _passed(after: State, watched: Watched, size: int, digest: str, *, whole: bool, changed: bool) -> Passed:
    return Passed(
        whole=whole,
        changed=changed,
        likes=len(watched),
        people=len(np.unique(watched.person)),
        pairs=len(after.together) // 2,
        waiting=len(after.waiting),
        clips=size,
        digest=digest,
        until=after.until,
    )


def _in_force(folders: Folders, catalog: Catalog) -> Rows | None:
    """The content rows in force; None where there are no matrices for this catalog by this rule."""
    try:
        found = Matrices.open(folders.matrices, catalog.generation)
    except MatricesError:
        return None
    if found.manifest is None or set(found.manifest.kinds) != set(KINDS):
        return None
    if found.manifest.rule != rule.DIGEST:
        return None
    return found.whole("content")


def _replaced(before: State, **changes: object) -> State:
    return State(**{**vars(before), **changes})
