"""A ranker learns from what was watched, knows nothing of the future, and is judged beside the one in force."""

import datetime as dt
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.feed.learning.world import BEGIN, Clips, watched

from reelm.feed.learning.algorithms.boosting import train_head
from reelm.feed.learning.algorithms.trees import evaluate, integer_trees, round_leaves
from reelm.feed.learning.training import judge, ranker, replay
from reelm.feed.learning.training.card import bucketed, card_of
from reelm.feed.learning.training.judge import Measures
from reelm.feed.pipeline.model import SEED_BYTES, Ranker
from reelm_audit.feed.layout import FEATURES
from reelm_audit.feed.ranker import parse

CLIPS = Clips(24)


@pytest.fixture(scope="module")
def log() -> Any:
    return watched(CLIPS, 320, 40)


@pytest.fixture(scope="module")
def parts(log: Any) -> Any:
    return ranker.split(log, CLIPS, CLIPS.tokens())


@pytest.fixture(scope="module")
def trained(parts: Any) -> ranker.Trained:
    return ranker.train(parts[0], BEGIN)


def feature(examples: replay.Examples, name: str) -> np.ndarray:
    return examples.features[:, FEATURES.index(name)]


# --- as of each event ---------------------------------------------------------------------------------------------


def test_what_comes_after_an_impression_changes_nothing_of_its_features(log, parts):
    training, _ = parts
    middle = int(np.median(training.at))
    earlier = training.of(training.at <= middle)
    matrices = ranker.matrices_of(log.of(log.at < int(training.at.min())), CLIPS.tokens(), CLIPS.size)
    cut = replay.examples(
        CLIPS, log.of(log.at <= middle), matrices, int(training.at.min()), middle + 1, 10**6
    )
    one = {
        (int(person), int(at)): line.tolist()
        for person, at, line in zip(earlier.person, earlier.at, earlier.features, strict=True)
    }
    other = {
        (int(person), int(at)): line.tolist()
        for person, at, line in zip(cut.person, cut.at, cut.features, strict=True)
    }
    assert one
    assert other == one


def test_counts_are_those_before_the_moment(log):
    places = np.flatnonzero(log.is_kind("impression"))[::97]
    found = replay.before(log, log.is_kind("finish"), log.row, places, CLIPS.size)
    by_hand = [
        int(((log.row == log.row[place]) & (log.at < log.at[place]) & log.is_kind("finish")).sum())
        for place in places
    ]
    assert found.tolist() == by_hand
    earlier = replay.before(log, log.is_kind("finish"), log.row, places, CLIPS.size, 86_400_000_000)
    by_hand = [
        int(
            (
                (log.row == log.row[place])
                & (log.at < log.at[place] - 86_400_000_000)
                & log.is_kind("finish")
            ).sum()
        )
        for place in places
    ]
    assert earlier.tolist() == by_hand


def test_labels_are_what_the_person_did_next(log, parts):
    for examples in parts:
        assert not (examples.watch & examples.leave).any()
        assert (examples.watch | examples.leave).all()
        assert examples.act[~examples.watch].sum() == 0
        assert examples.act.any()


def test_what_the_learner_is_not_told_is_the_same_for_everybody(parts):
    for examples in parts:
        for name in ("followed", "friend", "language", "wish"):
            assert not feature(examples, name).any()
        assert feature(examples, "taste_tags").any()
        assert feature(examples, "item").any()
        assert feature(examples, "content").any()


# --- the model ----------------------------------------------------------------------------------------------------


def test_a_model_is_within_the_published_bounds_and_both_evaluators_agree(parts, trained):
    _, judging = parts
    model, fast = parse(trained.data), Ranker(trained.data)
    assert [head.name for head in model.heads] == ["watch", "act", "leave"]
    assert all(len(head.trees) <= 60 for head in model.heads)
    pre = fast.pre(judging.features)
    final = fast.final(judging.features, pre, np.zeros(len(judging), np.int64))
    for number in range(0, len(judging), 41):
        line = judging.features[number].tolist()
        assert model.pre(line) == pre[number]
        assert model.final(line, int(pre[number])) == final[number]


def test_no_tree_asks_for_what_nobody_knows(trained):
    model = msgspec.json.decode(trained.data)
    asked = {
        FEATURES[number]
        for head in model["heads"]
        for tree in head["trees"]
        for number in tree["feature"]
        if number >= 0
    }
    assert asked
    assert not asked & set(ranker.UNKNOWN)


def test_integer_trees_are_lightgbm_s_own_predictor_exactly(parts):
    training, judging = parts
    booster = train_head(training.features, training.watch.astype(np.int8), least_rows=40, threads=1)
    ours = evaluate(integer_trees(booster, ranker.SCALE), judging.features)
    theirs = round_leaves(booster, ranker.SCALE).predict(judging.features, raw_score=True)
    assert ours.tolist() == theirs.astype(np.int64).tolist()
    assert (theirs == np.rint(theirs)).all()


def test_training_again_gives_the_same_bytes(parts, trained):
    assert ranker.train(parts[0], BEGIN).data == trained.data


def test_a_model_that_learned_tastes_is_better_than_the_seed_and_one_that_learned_noise_is_unfit(
    parts, trained
):
    training, judging = parts
    new = np.zeros(len(judging), np.bool_)
    seed = ranker.measured(Ranker(SEED_BYTES), judging, new)
    found = ranker.measured(Ranker(trained.data), judging, new)
    assert found.primary > seed.primary
    assert found.gauc > 7_500
    assert ranker.is_not_worse(found, seed)
    wrong = replay.Examples(**{**vars(training), "watch": ~training.watch, "leave": ~training.leave})
    worse = ranker.measured(Ranker(ranker.train(wrong, BEGIN).data), judging, new)
    assert not ranker.is_not_worse(worse, seed)


def test_a_model_that_hides_new_clips_is_not_released():
    held = Measures(gauc=6_000, ndcg=5_000, new=1_000, people=9, impressions=90)
    better = Measures(gauc=6_500, ndcg=5_500, new=790, people=9, impressions=90)
    assert not ranker.is_not_worse(better, held)
    assert ranker.is_not_worse(_with_new(better, 800), held)
    assert not ranker.is_not_worse(Measures(5_999, 5_000, 1_000, 9, 90), held)


def _with_new(found: Measures, new: int) -> Measures:
    return Measures(found.gauc, found.ndcg, new, found.people, found.impressions)


# --- measures and card --------------------------------------------------------------------------------------------


def test_measures_are_those_by_hand():
    person = np.array([1, 1, 1, 1, 2, 2, 3], np.uint64)
    score = np.array([9, 7, 7, 1, 5, 6, 3])
    positive = np.array([True, False, True, False, True, False, True])
    found = judge.measure(person, score, positive, np.array([True, False, False, False, False, False, True]))
    # Person 1: pairs (9,7) (9,1) right, (7,7) half, (7,1) right = 3.5 of 4; person 2: 0 of 1; weights 2 and 1.
    assert found.gauc == round(10_000 * (3.5 / 4 * 2 + 0) / 3)
    second, third = 1 / math.log2(3), 1 / 2
    # Of the two that person 1 scored alike, the one that came first stands first.
    assert found.ndcg == round(10_000 * ((1 + third) / (1 + second) + second + 1) / 3)
    assert found.new == round(10_000 * (0.25 + 0 + 1) / 3)
    assert (found.people, found.impressions) == (3, 7)


def test_calibration_compares_what_was_expected_with_what_happened():
    logit = np.repeat([-2.0, 2.0], 500)
    happened = np.concatenate([np.arange(500) < 60, np.arange(500) < 440])
    table = judge.calibration(logit, happened)
    assert len(table) == 10
    assert {line["expected"] for line in table} == {1192, 8808}
    assert sum(line["happened"] for line in table[:5]) == 5 * 1200


def test_a_card_says_what_it_must_in_whole_numbers_and_counts_nobody_exactly(parts, trained):
    training, judging = parts
    new = np.zeros(len(judging), np.bool_)
    held, found = (ranker.measured(Ranker(data), judging, new) for data in (SEED_BYTES, trained.data))
    card = msgspec.json.decode(
        card_of(
            trained=trained.data,
            gains=trained.gains,
            training=training,
            judging=judging,
            found=found,
            held=held,
            held_digest="0" * 64,
            calibration=[],
            verdict="fit",
            until=dt.datetime(2026, 11, 22, 4, 17, tzinfo=dt.UTC),
        )
    )
    for part in ("trained", "judged"):
        for name, count in card["data"][part].items():
            if name.endswith("_at_least"):
                assert count.bit_count() == 1
    assert card["data"]["read_until"] == "2026-11-22T04:00Z"
    assert card["measures_per_ten_thousand"]["this"]["primary"] == found.primary
    assert card["limits"]
    assert card["objections"]
    assert [bucketed(count) for count in (0, 1, 2, 3, 1000)] == [0, 1, 2, 2, 512]
