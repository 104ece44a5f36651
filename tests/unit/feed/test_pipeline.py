"""The pipeline's stages on a catalog made of numbers, and every page of it computed again by the auditor's code."""

import datetime as dt
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.feed.clipsmade import (
    BEGAN,
    MadeCatalog,
    MadeMatrices,
    clip_of,
    event,
    page_of,
    tools_of,
    viewer_of,
)

from reelm.feed.controls.schemas import Controls
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.eligibility import Reason, commitment, committed
from reelm.feed.pipeline.model import SEED_BYTES, Ranker
from reelm.feed.pipeline.policy import POLICY, POLICY_BYTES
from reelm.feed.pipeline.select import numbered
from reelm.feed.pipeline.viewer import Ties, ViewerState
from reelm_audit.feed.choosing import parse_policy
from reelm_audit.feed.layout import BOOST, FEATURES, MAX_BYTES, NO_GROUP, Source, digest_of, encode
from reelm_audit.feed.maps import Adjustment
from reelm_audit.feed.replay import again, check

F = {name: number for number, name in enumerate(FEATURES)}
ROOT = Path(__file__).parents[3]


def features_of(receipt, row):
    return next(each.features for each in receipt.scored if each.row == row)


# --- the whole ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_the_auditor_makes_the_same_page_of_the_receipt(data):
    size = data.draw(st.integers(0, 150))
    catalog = MadeCatalog(size, creators=data.draw(st.integers(1, 20)), kinds=data.draw(st.integers(1, 6)))
    rows = st.integers(0, max(size - 1, 0))
    numbers = st.lists(st.integers(0, 5_000), min_size=size, max_size=size)
    for name in ("views", "likes", "finishes"):
        catalog.columns[name] = np.array(data.draw(numbers), dtype=np.int64)
    if size:
        catalog.lists["fresh"] = data.draw(st.lists(rows, unique=True, max_size=40))
    kinds = st.sampled_from(["finish", "skip", "like", "impression", "not_interested"])
    events = [
        event(n, row, kind)
        for n, (row, kind) in enumerate(data.draw(st.lists(st.tuples(rows, kinds), max_size=30)))
        if row < size
    ]
    neighbours = st.dictionaries(
        rows, st.dictionaries(rows, st.integers(1, 2**15 - 1), max_size=8), max_size=8
    )
    matrices = MadeMatrices(
        {kind: data.draw(neighbours) for kind in ("item", "next", "content")} if size else {}
    )
    viewer = viewer_of(catalog, *events)
    boosts = {
        row: Adjustment(BOOST, 90, 1, 0, 2**31, b"t" * 32)
        for row in data.draw(st.sets(rows, max_size=3))
        if size
    }
    page, receipt, _, _ = page_of(
        catalog,
        viewer,
        tools=tools_of(catalog, matrices=matrices, adjusted=boosts),
        seed=data.draw(st.binary(min_size=16, max_size=16)),
        position=data.draw(st.integers(0, 1_000)),
        count=data.draw(st.integers(1, 50)),
    )
    model, policy = Ranker(SEED_BYTES).model, parse_policy(POLICY_BYTES)
    assert check(receipt, model, policy) == []
    assert again(receipt, model, policy) == encode(receipt)
    assert len(encode(receipt)) <= MAX_BYTES
    assert [clip_of(row).bytes for row in page] == list(receipt.clips)
    assert len(page) == len(set(page))


def test_the_largest_receipt_fits():
    catalog = MadeCatalog(2_000, creators=200, kinds=40)
    catalog.lists["fresh"] = list(range(300, 600))
    events = [event(n, n * 7, "like") for n in range(120)]
    catalog.columns["alive"][:20] = 0
    _, receipt, made, _ = page_of(catalog, viewer_of(catalog, *events), count=50)
    assert (len(receipt.scored), len(receipt.chosen), len(receipt.acts)) == (80, 50, 50)
    assert len(receipt.tastes) == POLICY.viewer.tastes
    assert len(receipt.commitments) == 32
    assert len(encode(receipt)) <= MAX_BYTES
    assert len(receipt.rest) < len(made.candidates.rows) - 80
    assert check(receipt, Ranker(SEED_BYTES).model, parse_policy(POLICY_BYTES)) == []


def test_the_published_policy_is_the_one_in_force():
    assert (ROOT / "spec/receipt/policy.json").read_bytes() == POLICY_BYTES
    assert parse_policy(POLICY_BYTES).digest == digest_of(POLICY_BYTES)


# --- viewer ---------------------------------------------------------------------------------------------


def test_the_page_after_three_finishes_of_one_kind_has_more_of_it():
    catalog = MadeCatalog(200, creators=50)
    before, _, _, _ = page_of(catalog, viewer_of(catalog))
    after, _, _, _ = page_of(catalog, viewer_of(catalog, *(event(n, 3 + 5 * n, "finish") for n in range(3))))
    kind = {row for row in range(200) if row % 5 == 3}
    assert len(kind & set(after)) > len(kind & set(before))


def test_taste_is_what_the_policy_says():
    catalog = MadeCatalog(100)
    tastes = viewer_of(catalog, event(1, 3, "like"), event(2, 4, "skip")).tastes(catalog)
    assert tastes.author.as_dict() == {1_003: 120, 1_004: -50}
    assert tastes.sound.as_dict() == {2_003: 60, 2_004: -25}
    assert tastes.tags.as_dict() == {3_003: 120, 3_004: -50}


def test_older_quarters_of_the_last_hundred_count_less_and_what_is_older_not_at_all():
    catalog = MadeCatalog(300, creators=300, sounds=300, kinds=300)
    viewer = viewer_of(catalog, *(event(n, n, "finish") for n in range(120)))
    tastes = viewer.tastes(catalog).author.as_dict()
    assert 1_000 + 19 not in tastes
    assert [tastes[1_000 + n] for n in (119, 95, 94, 70, 69, 45, 44, 20)] == [60, 60, 45, 45, 30, 30, 15, 15]


def test_taste_has_limits():
    catalog = MadeCatalog(100, creators=1, kinds=1)
    tastes = viewer_of(catalog, *(event(n, n % 50, "like") for n in range(100))).tastes(catalog)
    assert tastes.author.as_dict() == {1_000: 2_000}
    worse = viewer_of(catalog, *(event(n, n % 50, "not_interested") for n in range(100))).tastes(catalog)
    assert worse.tags.as_dict() == {3_000: -2_000}


def test_an_event_is_learned_once_and_order_does_not_matter():
    catalog = MadeCatalog(50)
    events = [event(n, n, "finish") for n in range(20)]
    once, twice = viewer_of(catalog, *events), viewer_of(catalog, *reversed(events))
    twice.learn(catalog, events)
    assert once.events == twice.events
    assert once.acts(catalog) == twice.acts(catalog)


def test_what_may_not_be_learned_from_is_seen_all_the_same():
    catalog = MadeCatalog(50)
    viewer = ViewerState()
    viewer.learn(catalog, [event(1, 3, "like")], learns=False)
    assert 3 in viewer.seen
    assert len(viewer.tastes(catalog).author) == 0
    assert 3 not in page_of(catalog, viewer, count=50)[0]


def test_a_reset_forgets_taste_and_not_what_was_seen():
    catalog = MadeCatalog(50)
    viewer = viewer_of(catalog, event(1, 3, "like", minutes=1), event(2, 4, "like", minutes=9))
    viewer.take_controls(Controls(version=1, reset_at=BEGAN + dt.timedelta(minutes=5)))
    assert viewer.tastes(catalog).author.as_dict() == {1_004: 120}
    viewer.learn(catalog, [event(3, 5, "like", minutes=2)])
    assert viewer.tastes(catalog).author.as_dict() == {1_004: 120}
    assert {3, 4, 5} <= set(viewer.seen)


def test_a_forgotten_thing_begins_again_from_nothing():
    catalog = MadeCatalog(50)
    viewer = viewer_of(catalog, event(1, 3, "like", minutes=1), event(2, 13, "finish", minutes=9))
    viewer.take_controls(Controls(version=1, forgotten={1_003: BEGAN + dt.timedelta(minutes=5)}))
    assert viewer.tastes(catalog).author.as_dict() == {1_003: 60}
    assert viewer.tastes(catalog).sound.as_dict()[2_003] == 60


def test_without_profiling_nothing_of_the_viewer_goes_in():
    catalog = MadeCatalog(100)
    catalog.lists["fresh"] = list(range(40, 60))
    ties = Ties(followed=frozenset({1_001}), language=9, language_name="en")
    viewer = viewer_of(catalog, *(event(n, n, "like") for n in range(5)), ties=ties)
    viewer.take_controls(Controls(version=1, profiling=False))
    page, receipt, _, _ = page_of(catalog, viewer)
    assert not receipt.acts
    assert not receipt.tastes
    for each in receipt.scored:
        mine = ("item", "next", "content", "taste_author", "taste_sound", "taste_tags", "followed", "friend")
        assert [each.features[F[name]] for name in (*mine, "language", "viewer_events")] == [0] * 10
        assert not each.sources & (Source.TASTE | Source.FOLLOWING | Source.ITEM)
    nobody = ViewerState()
    nobody.seen.update(range(5))
    assert page == page_of(catalog, nobody)[0]


# --- sources and filters --------------------------------------------------------------------------------


def test_a_clip_is_named_by_every_source_that_knows_it():
    catalog = MadeCatalog(100, creators=100, kinds=100)
    catalog.lists["fresh"] = [9]
    ties = Ties(followed=frozenset({1_009}), friends=frozenset({1_009}), language=9, language_name="en")
    catalog.lists["top/en"] = [9]
    matrices = MadeMatrices({kind: {3: {9: 5}} for kind in ("item", "next", "content")})
    viewer = viewer_of(catalog, event(1, 3, "like"), ties=ties)
    _, receipt, _, _ = page_of(catalog, viewer, tools=tools_of(catalog, matrices=matrices))
    found = next(each for each in receipt.scored if each.row == 9)
    expected = (
        Source.ITEM
        | Source.NEXT
        | Source.CONTENT
        | Source.FOLLOWING
        | Source.FRIENDS
        | Source.FRESH
        | Source.TRENDING
    )
    assert found.sources & expected == expected
    assert features_of(receipt, 9)[F["source_count"]] == found.sources.bit_count()
    assert features_of(receipt, 9)[F["followed"]] == features_of(receipt, 9)[F["friend"]] == 1


def test_a_skip_takes_away_what_a_finish_gave():
    catalog = MadeCatalog(100)
    matrices = MadeMatrices({"item": {3: {50: 10}, 4: {50: 40}}})
    tools = tools_of(catalog, matrices=matrices)
    _, liked, _, _ = page_of(catalog, viewer_of(catalog, event(1, 3, "finish")), tools=tools)
    _, both, _, _ = page_of(
        catalog, viewer_of(catalog, event(1, 3, "finish"), event(2, 4, "skip")), tools=tools
    )
    assert next(each for each in liked.scored if each.row == 50).sources & Source.ITEM
    found = [each for each in (*both.scored, *both.rest) if each.row == 50]
    assert all(not each.sources & Source.ITEM for each in found)


def test_seen_served_refused_and_muted_are_left_out():
    catalog = MadeCatalog(60)
    viewer = viewer_of(catalog, event(1, 5, "impression"), event(2, 6, "not_interested"))
    viewer.take_controls(Controls(version=1, muted=frozenset({1_003, 2_004, 3_002})))
    page, receipt, _, _ = page_of(catalog, viewer, count=50, served=[7])
    everything = {each.row for each in (*receipt.scored, *receipt.rest)}
    assert not everything & {5, 6, 7}
    assert not [row for row in page if row % 10 == 3 or row % 7 == 4 or row % 5 == 2]
    assert everything == set(range(60)) - {5, 6, 7} - {
        row for row in range(60) if row % 10 == 3 or row % 7 == 4 or row % 5 == 2
    }


def test_what_was_seen_comes_round_where_there_is_nothing_else():
    catalog = MadeCatalog(5)
    viewer = viewer_of(catalog, *(event(n, n, "impression") for n in range(5)))
    assert page_of(catalog, viewer)[0] == []
    page, receipt, _, _ = page_of(catalog, viewer, again=[2, 0])
    assert sorted(page) == [0, 2]
    assert all(each.sources == Source.AGAIN for each in receipt.scored)


def test_an_empty_catalog_gives_an_empty_page():
    page, receipt, _, _ = page_of(MadeCatalog(0), viewer_of(MadeCatalog(0)))
    assert (page, receipt.scored, receipt.chosen) == ([], (), ())


def test_new_clips_that_fit_come_first_and_all_have_their_turn():
    catalog = MadeCatalog(2_000, creators=2_000, kinds=4)
    catalog.lists["top"] = []
    catalog.lists["fresh"] = list(range(1_000, 1_512))
    catalog.columns["language"][1_000:2_000:2] = 8
    named: set[int] = set()
    for number in range(64):
        seed = number.to_bytes(16, "little")
        _, receipt, _, _ = page_of(catalog, viewer_of(catalog, event(1, 1, "like")), seed=seed)
        fresh = {each.row for each in receipt.scored if each.sources & Source.FRESH}
        assert all(row % 4 == 1 for row in fresh)
        named |= fresh
    assert named == set(range(1_001, 1_512, 4))


# --- eligibility ----------------------------------------------------------------------------------------


def test_who_may_not_meet_does_not_and_the_receipt_does_not_say_so():
    catalog = MadeCatalog(60)
    ties = Ties(hidden=frozenset({1_003}), language=9, language_name="en")
    catalog.columns["alive"][11] = 0
    page, receipt, made, _ = page_of(catalog, viewer_of(catalog, ties=ties), count=50)
    hidden = {row for row in range(60) if row % 10 == 3}
    assert not (hidden | {11}) & set(page)
    assert not (hidden | {11}) & {each.row for each in (*receipt.scored, *receipt.rest)}
    assert set(made.ineligible) == hidden | {11}
    assert len(receipt.commitments) == 8
    secret = commitment(b"salt" * 8, clip_of(3).bytes, Reason.CREATOR_HIDDEN)
    assert secret in receipt.commitments
    assert commitment(b"other" * 7, clip_of(3).bytes, Reason.CREATOR_HIDDEN) not in receipt.commitments


def test_ones_own_clips_are_not_for_oneself():
    catalog = MadeCatalog(60)
    catalog.columns["author"][5] = 77
    assert 5 not in page_of(catalog, viewer_of(catalog), count=50)[0]


@given(st.integers(0, 40))
def test_how_many_were_left_out_can_be_told_to_a_power_of_two_only(count):
    clips = [(clip_of(n).bytes, Reason.GONE) for n in range(count)]
    found = committed(b"s" * 32, clips, b"r" * 32)
    wanted = 8
    while wanted < min(count, 32):
        wanted *= 2
    assert len(found) == len(set(found)) == wanted
    assert found == sorted(found)


# --- select ---------------------------------------------------------------------------------------------


def test_a_page_keeps_creators_sounds_and_kinds_apart():
    catalog = MadeCatalog(300, creators=12, sounds=11, kinds=6)
    page, _, _, _ = page_of(catalog, viewer_of(catalog), count=20)
    for start in range(len(page) - 3):
        assert len({row % 12 for row in page[start : start + 4]}) == 4
        assert len({row % 11 for row in page[start : start + 4]}) == 4
    for start in range(len(page) - 2):
        assert len({row % 6 for row in page[start : start + 3]}) > 1


def test_spacing_gives_way_when_nothing_else_is_left():
    catalog = MadeCatalog(5, creators=1, sounds=1, kinds=1)
    assert sorted(page_of(catalog, viewer_of(catalog))[0]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("position", [0, 3, 5, 7, 15])
def test_one_place_in_ten_is_for_a_new_clip(position):
    catalog = MadeCatalog(100, creators=100, sounds=100, kinds=100)
    catalog.columns["likes"][:] = 1_000
    catalog.columns["likes"][20:30] = 0
    catalog.columns["published"][20:30] = 1
    catalog.lists["fresh"] = list(range(20, 30))
    page, _, _, _ = page_of(catalog, viewer_of(catalog), position=position)
    places = [place for place, row in enumerate(page) if 20 <= row < 30]
    assert places == [place for place in range(10) if (position + place) % 10 == 5]


def test_the_guaranteed_are_scored_even_if_far_behind():
    catalog = MadeCatalog(400, creators=400)
    catalog.columns["likes"][:] = 1_000
    catalog.columns["likes"][:100] = 0
    catalog.columns["published"][:100] = 1
    catalog.lists["fresh"] = list(range(100))
    catalog.lists["top"] = list(range(100, 400))
    _, receipt, _, _ = page_of(catalog, viewer_of(catalog))
    assert len([each for each in receipt.scored if each.row < 100]) == POLICY.scored.fresh


def test_groups_are_numbered_as_they_appear():
    assert numbered([5, 0, 7, 5, 0]) == [0, NO_GROUP, 1, 0, NO_GROUP]
    assert numbered([5, 0, 5], always=True) == [0, 1, 0]


def test_a_declared_boost_is_in_the_receipt_and_in_the_score():
    catalog = MadeCatalog(50)
    boost = Adjustment(BOOST, 2_000, 2, 0, 2**31, b"t" * 32)
    page, receipt, _, _ = page_of(catalog, viewer_of(catalog), tools=tools_of(catalog, adjusted={31: boost}))
    assert page[0] == 31
    assert [(receipt.scored[each.index].row, each.points, each.reason) for each in receipt.adjusted] == [
        (31, 2_000, 2)
    ]


# --- once in a while ------------------------------------------------------------------------------------


def test_the_backdrop_adds_up_creators_and_sees_what_moves():
    catalog = MadeCatalog(20, creators=4)
    catalog.columns["views"][:] = np.arange(20)
    backdrop = Backdrop(catalog)
    rows = np.array([0, 1, 19, 99])
    assert backdrop.of(rows)[0].tolist() == [0, 0, 0, 0]
    backdrop.renew()
    assert backdrop.of(rows)[0].tolist() == [
        0 + 4 + 8 + 12 + 16,
        1 + 5 + 9 + 13 + 17,
        3 + 7 + 11 + 15 + 19,
        0,
    ]
    catalog.columns["likes"] = catalog.columns["likes"] + (np.arange(20) == 1) * 7
    backdrop.renew()
    assert backdrop.of(rows)[1].tolist() == [0, 7, 0, 0]


def test_a_clip_that_the_catalog_did_not_have_yet_is_found_later():
    catalog = MadeCatalog(10)
    viewer = ViewerState()
    viewer.learn(catalog, [event(1, 5, "like")._replace(row=-1)])
    assert viewer.acts(catalog) == ([], [])
    viewer.find_rows(catalog)
    assert viewer.acts(catalog) == ([5], [12])
    assert 5 in viewer.seen


def test_unknown_ids_have_no_row():
    assert MadeCatalog(3).row(UUID(int=99)) == -1
