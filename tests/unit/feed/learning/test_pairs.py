"""Pairs are counted exactly, exist from twenty people on, and are the same however they were arrived at."""

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest

from reelm.feed.learning.rule import CONTRIBUTORS_MIN, LAG_WEIGHTS, MOST_OF_PERSON
from reelm.feed.learning.training import pairs as counting
from reelm.feed.learning.training.pairs import Pairs
from reelm.feed.learning.training.watched import Watched, changed_rows, newest
from reelm.feed.learning.training.weigh import item_rows, next_rows

SIZE = 60


def liked(*events: tuple[int, int, int]) -> Watched:
    person, row, at = (np.array(column) for column in zip(*events, strict=True))
    return newest(person.astype(np.uint64), row.astype(np.int64), at.astype(np.int64))


def everything(watched: Watched, size: int = SIZE) -> tuple[Pairs, Pairs]:
    rows = np.arange(size)
    return (
        counting.together(watched, Pairs.none(), rows, size),
        counting.following(watched, Pairs.none(), rows, size),
    )


def by_hand(watched: Watched) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], tuple[int, int]]]:
    lines: dict[int, list[int]] = {}
    for person, row in zip(watched.person.tolist(), watched.row.tolist(), strict=True):
        lines.setdefault(person, []).append(row)
    both: Counter[tuple[int, int]] = Counter()
    people: Counter[tuple[int, int]] = Counter()
    value: Counter[tuple[int, int]] = Counter()
    for line in lines.values():
        both.update(permutations(line, 2))
        for first, second in combinations(range(len(line)), 2):
            if second - first <= len(LAG_WEIGHTS):
                step = (line[first], line[second])
                people[step] += 1
                value[step] += LAG_WEIGHTS[second - first - 1]
    return (
        {pair: count for pair, count in both.items() if count >= CONTRIBUTORS_MIN},
        {pair: (count, value[pair]) for pair, count in people.items() if count >= CONTRIBUTORS_MIN},
    )


def chance_events(seed: int, people: int, each: int) -> list[tuple[int, int, int]]:
    chance = np.random.default_rng(seed)
    favourites = chance.zipf(1.6, (people, each)) % SIZE
    return [
        (person, int(row), int(at))
        for person in range(people)
        for row, at in zip(favourites[person], chance.integers(0, 10_000, each), strict=True)
    ]


@pytest.mark.parametrize("people", [CONTRIBUTORS_MIN - 1, CONTRIBUTORS_MIN])
def test_a_pair_exists_from_twenty_different_people_on(people: int) -> None:
    watched = liked(*((person, row, row) for person in range(people) for row in (3, 8)))
    both, after = everything(watched)
    exists = people >= CONTRIBUTORS_MIN
    assert both.key.tolist() == ([3 << 32 | 8, 8 << 32 | 3] if exists else [])
    assert after.key.tolist() == ([3 << 32 | 8] if exists else [])
    weights = item_rows(both, watched.counts(SIZE), None)
    assert len(weights.neighbour) == (2 if exists else 0)


def test_one_person_counts_once_however_often_they_watch() -> None:
    events = [(person, row, row) for person in range(19) for row in (3, 8)]
    events += [(0, row, at) for row in (3, 8) for at in range(100, 200)]
    both, after = everything(liked(*events))
    assert len(both) == len(after) == 0


def test_only_the_newest_clips_of_a_person_count() -> None:
    watched = liked(*((1, row, row) for row in range(3 * MOST_OF_PERSON)))
    assert watched.row.tolist() == list(range(2 * MOST_OF_PERSON, 3 * MOST_OF_PERSON))


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_counted_by_hand(seed: int) -> None:
    watched = liked(*chance_events(seed, 120, 14))
    both, after = everything(watched)
    expected_both, expected_after = by_hand(watched)
    assert expected_both
    assert expected_after
    found = dict(
        zip(zip(both.row.tolist(), both.neighbour.tolist(), strict=True), both.people.tolist(), strict=True)
    )
    assert found == expected_both
    steps = zip(after.row.tolist(), after.neighbour.tolist(), strict=True)
    assert (
        dict(zip(steps, zip(after.people.tolist(), after.value.tolist(), strict=True), strict=True))
        == expected_after
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_is_kept_up_to_date_equals_what_is_counted_anew(seed: int) -> None:
    events = chance_events(seed, 150, 16)
    chance = np.random.default_rng(seed + 100)
    chance.shuffle(events)
    watched, both, after = Watched.none(), Pairs.none(), Pairs.none()
    for part in np.array_split(np.array(events), 7):
        person, row, at = part.T
        moved = watched.with_more(person.astype(np.uint64), row.astype(np.int64), at.astype(np.int64))
        moved = moved.of(moved.person != np.uint64(chance.integers(0, 150)))  # somebody leaves
        both = counting.together(moved, both, changed_rows(watched, moved), SIZE)
        after = counting.following(moved, after, counting.changed_following(watched, moved), SIZE)
        watched = moved
    anew_both, anew_after = everything(watched)
    for kept, anew in ((both, anew_both), (after, anew_after)):
        assert len(anew)
        for name in ("key", "people", "value"):
            assert getattr(kept, name).tolist() == getattr(anew, name).tolist()


def test_the_order_in_which_events_arrive_changes_nothing() -> None:
    events = chance_events(9, 80, 12)
    one, other = liked(*events), liked(*events[::-1], *events[:50])
    for name in ("person", "row", "at"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


def test_weights_are_rounded_by_the_rule_and_sorted() -> None:
    watched = liked(*chance_events(2, 200, 16))
    both, after = everything(watched)
    likes = watched.counts(SIZE)
    rows = item_rows(both, likes, None)
    for row in range(SIZE):
        here = slice(int(rows.indptr[row]), int(rows.indptr[row + 1]))
        line = list(
            zip((-rows.weight[here].astype(int)).tolist(), rows.neighbour[here].tolist(), strict=True)
        )
        assert line == sorted(line)
    row, neighbour = int(both.row[0]), int(both.neighbour[0])
    by_rule = int(both.people[0]) / ((int(likes[row]) * int(likes[neighbour])) ** 0.5 + 20)
    here = slice(int(rows.indptr[row]), int(rows.indptr[row + 1]))
    found = dict(zip(rows.neighbour[here].tolist(), rows.weight[here].tolist(), strict=True))
    assert found[neighbour] == round(by_rule * 2**15)
    assert next_rows(after, likes).weight.max() > 0
