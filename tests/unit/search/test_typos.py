"""Mistyped words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.search.typos import allowed, distance, near_spellings, resemblance

WORD = st.text("abcdef", min_size=1, max_size=9)


def slow_distance(one: str, other: str) -> int:
    """The definition, by recursion (optimal string alignment)."""
    known: dict[tuple[int, int], int] = {}

    def at(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        if (i, j) not in known:
            best = min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                best = min(best, at(i - 2, j - 2) + 1)
            known[i, j] = best
        return known[i, j]

    return at(len(one), len(other))


@given(WORD, WORD, st.integers(0, 3))
def test_distance_is_what_it_is_defined_to_be(one, other, most):
    assert distance(one, other, most) == min(slow_distance(one, other), most + 1)


@given(WORD)
def test_near_spellings_are_one_mistake_away(word):
    assert all(slow_distance(word, other) == 1 for other in near_spellings(word))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("becah", "beach"),
        ("sunst", "sunset"),
        ("recipee", "recipe"),
        ("gitar", "guitar"),
        ("fotball", "football"),
        ("sumer", "summertime"),
    ],
)
def test_what_was_meant(typed, meant):
    assert 0 < resemblance(typed, meant) < 1


@pytest.mark.parametrize(
    ("typed", "other"), [("cat", "dog"), ("ab", "ac"), ("paris", "parrot"), ("sun", "moon")]
)
def test_what_was_not_meant(typed, other):
    assert resemblance(typed, other) == 0


def test_fewer_mistakes_resemble_more():
    assert resemblance("guitar", "guitars") > resemblance("guiatrs", "guitar") > 0
    assert resemblance("sunset", "sunsex") > resemblance("sunset", "bunset")


def test_short_words_are_forgiven_less():
    assert [allowed("x" * n) for n in (1, 2, 3, 5, 6, 12)] == [0, 0, 1, 1, 2, 2]
