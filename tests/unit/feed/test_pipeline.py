"""The pipeline's stages, on a catalog made of numbers."""

import datetime as dt
from typing import Any, Self
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.feed.catalog import Catalog
from reelm.feed.pipeline.filters import keep_wanted, short
from reelm.feed.pipeline.replay import seen_longest_ago
from reelm.feed.pipeline.score import common_score, floor_log2, viewer_score
from reelm.feed.pipeline.select import EXPLORE_EVERY, choose
from reelm.feed.pipeline.sources import CANDIDATES, gather
from reelm.feed.pipeline.viewer import ViewerState
from reelm.feed.repository import CatalogRow
from reelm.kit.clock import FixedClock

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def clip_id(number: int) -> UUID:
    return UUID(int=(2 << 96) + number)


def author_id(number: int) -> UUID:
    return UUID(int=(1 << 96) + number)


def row(number: int, **changes: Any) -> CatalogRow:
    values: dict[str, Any] = {
        "id": clip_id(number),
        "author_id": author_id(number % 10),
        "sound_id": UUID(int=(3 << 96) + number % 7),
        "language": "en",
        "tags": [f"tag{number % 5}"],
        "published_at": NOW - dt.timedelta(hours=number),
        **dict.fromkeys(("views", "likes", "comments", "reposts", "shares", "finishes", "skips"), 0),
    }
    return CatalogRow(**{**values, **changes})


def catalog_of(*rows: CatalogRow) -> Catalog:
    made = Catalog(None, FixedClock(NOW))  # type: ignore[arg-type]
    for each in rows:
        made._put(each)
    made._rank()
    return made


@pytest.fixture
def catalog() -> Catalog:
    return catalog_of(*(row(number) for number in range(60)))


@given(st.lists(st.integers(1, 2**52), min_size=1, max_size=50))
def test_floor_log2_is_exact(values):
    found = floor_log2(np.array(values, dtype=np.int64)).tolist()
    assert found == [value.bit_length() - 1 for value in values]


def test_the_published_score_by_hand():
    made = catalog_of(row(0, views=184, likes=10, comments=3, finishes=46, skips=25))
    score = common_score(made, np.array([0]), int(NOW.timestamp()))[0]
    # 400 for the first hour, 48*log2(17) floored to 48*4, 512*50/200 = 128, 256*25/200 = 32
    assert score == 400 + 48 * 4 + 128 - 32


def test_taste_moves_what_shares_a_tag_a_sound_or_a_creator(catalog):
    viewer = ViewerState()
    viewer.learn(catalog, UUID(int=1), clip_id(3), "like")
    scores = viewer_score(catalog, viewer, np.arange(60))
    same_author = [n for n in range(60) if n % 10 == 3]
    stranger = [n for n in range(60) if n % 10 != 3 and n % 7 != 3 and n % 5 != 3]
    assert min(scores[same_author]) > max(scores[stranger])


def test_an_event_is_learned_once(catalog):
    viewer = ViewerState()
    for _ in range(3):
        viewer.learn(catalog, UUID(int=1), clip_id(3), "like")
    assert max(viewer.taste.values()) == 120


def test_skips_and_refusals_lower_and_remove(catalog):
    viewer = ViewerState()
    viewer.learn(catalog, UUID(int=1), clip_id(3), "not_interested")
    assert min(viewer.taste.values()) < 0
    kept = keep_wanted(catalog, viewer, np.arange(60), set(), None)
    assert 3 not in kept.tolist()


def test_sources_give_each_row_once_and_nothing_seen(catalog):
    viewer = ViewerState()
    viewer.learn(catalog, UUID(int=1), clip_id(5), "finish")
    found = gather(catalog, viewer)
    assert len(found) <= CANDIDATES
    assert 5 not in found
    assert set(found) == set(range(60)) - {5}


def test_filters_remove_the_dead_ones_own_and_what_this_visit_had(catalog):
    catalog._bury(clip_id(1))
    kept = keep_wanted(catalog, ViewerState(), np.arange(60), {short(clip_id(2))}, author_id(4)).tolist()
    assert 1 not in kept
    assert 2 not in kept
    assert not [n for n in kept if n % 10 == 4]


def test_a_page_keeps_creators_and_sounds_apart(catalog):
    rows = np.arange(60)
    scores = np.array([1000 if n % 10 == 3 else n % 3 for n in range(60)])
    page = choose(catalog, rows, scores, {}, 10, b"seed")
    authors = [n % 10 for n in page]
    for start in range(len(page) - 3):
        assert len(set(authors[start : start + 4])) == 4
    assert page[0] % 10 == 3


def test_spacing_gives_way_when_nothing_else_is_left():
    made = catalog_of(*(row(n, author_id=author_id(1)) for n in range(5)))
    page = choose(made, np.arange(5), np.zeros(5, dtype=np.int64), {}, 10, b"s")
    assert sorted(page) == [0, 1, 2, 3, 4]


def test_every_tenth_place_is_a_newcomers(catalog):
    sources = {n: ("fresh" if n in {50, 51} else "trending") for n in range(60)}
    scores = np.array([0 if n in {50, 51} else 1000 - n for n in range(60)])
    page = choose(catalog, np.arange(60), scores, sources, 10, b"seed")
    assert page[EXPLORE_EVERY // 2] in {50, 51}


def test_the_same_seed_gives_the_same_page(catalog):
    sources = dict.fromkeys(range(60), "fresh")
    scores = np.arange(60)
    first = choose(catalog, np.arange(60), scores, sources, 20, b"seed")
    assert first == choose(catalog, np.arange(60), scores, sources, 20, b"seed")


def test_what_was_seen_comes_round_again_longest_ago_first(catalog):
    viewer = ViewerState()
    for place, number in enumerate((7, 3, 9, 7)):
        viewer.learn(catalog, UUID(int=place), clip_id(number), "impression")
    assert seen_longest_ago(catalog, viewer, set()).tolist() == [3, 9, 7]


def test_changing_a_clips_tags_moves_it_between_lists(catalog):
    catalog._put(row(3, tags=["new"]))
    assert catalog.by_tag[catalog.number("tag", "new")] == [3]
    assert 3 not in catalog.by_tag[catalog.number("tag", "tag3")]


def test_the_arrays_grow_without_losing_a_row():
    made = catalog_of(*(row(number, likes=number) for number in range(3000)))
    assert made.size == 3000
    assert made.column("likes").tolist() == list(range(3000))


async def test_after_lost_notifications_what_is_no_longer_public_is_gone():
    class Rows:
        """The database, as far as the catalog asks it."""

        public: tuple[CatalogRow, ...] = ()

        def transaction(self) -> Self:
            return self

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            return None

        async def fetch_value(self, query: str) -> dt.datetime:
            return NOW

        async def fetch(self, query: str, *arguments: Any) -> list[Any]:
            wanted = self.public if "LIMIT $2" in query and arguments[0] is None else ()
            return [tuple(getattr(each, name) for name in CatalogRow.__struct_fields__) for each in wanted]

    rows = Rows()
    rows.public = (row(1), row(2))
    made = Catalog(rows, FixedClock(NOW))  # type: ignore[arg-type]
    await made._load()
    rows.public = (row(2), row(3))
    made.missed_some()
    await made._catch_up()
    assert [made.ids[n] for n in np.flatnonzero(made.column("alive"))] == [clip_id(2), clip_id(3)]
