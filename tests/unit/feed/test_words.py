"""Filtered words: what they keep out, in scripts with gaps and without."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.feed.controls.words import Words, clean, text_of

_CASES = json.loads((Path(__file__).parents[3] / "spec" / "feed" / "words.json").read_text())["cases"]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case['word']} · {case['caption']}")
def test_a_word_keeps_out_what_it_should_and_nothing_else(case: dict[str, Any]) -> None:
    assert Words([case["word"]]).match(text_of(case["caption"], case["tags"])) is case["out"]


@given(st.lists(st.text(max_size=20), max_size=8))
def test_whoever_filters_a_word_never_meets_a_clip_that_says_just_that(words: list[str]) -> None:
    kept = clean(words)
    for word in kept:
        assert Words(kept).match(text_of(word, []))
        assert Words(kept).match(text_of(f"before, {word} - after", []))


@given(st.lists(st.text(max_size=20), max_size=8))
def test_words_are_kept_once_and_stay_as_they_are_when_kept_again(words: list[str]) -> None:
    kept = clean(words)
    assert clean(kept) == kept
    assert clean([*kept, *kept]) == kept


def test_a_word_is_kept_as_it_was_written_and_once_by_what_it_matches() -> None:
    assert clean(["  New   York ", "new york", "Été", "ete", "!!", ""]) == ["New York", "Été"]


def test_no_words_match_nothing() -> None:
    assert not Words()
    assert not Words(["?!"])
    assert not Words(["?!"]).match(text_of("?! and everything else", []))
