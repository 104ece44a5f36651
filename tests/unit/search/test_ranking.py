"""Ranking: match first, then fame, then language."""

from reelm.search.ranking import Part, score
from reelm.search.schemas import Match


def clip(key: str, weight: int = 0, language: str = "en") -> Match:
    return Match("clip", "r", key, language, weight)


def word(text: str, **meanings: float) -> Part:
    return Part(text, False, {text: 1.0, **meanings})


def test_exact_before_beginning_before_guess():
    parts = [word("sun", sunday=0.75, son=0.6)]
    scores = [score(clip(f"x {key}"), parts, "sun", "") for key in ("sun", "sunday", "son")]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


def test_fame_orders_what_matches_alike_but_never_beats_a_better_match():
    parts = [word("sun", sunday=0.75)]
    assert score(clip("a sun", 40), parts, "sun", "") > score(clip("a sun", 4), parts, "sun", "")
    assert score(clip("a sun", 0), parts, "sun", "") > score(clip("a sunday", 30), parts, "sun", "")


def test_a_phrase_beats_scattered_words():
    parts = [word("dance"), word("love")]
    assert score(clip("x dance love"), parts, "dance love", "") > score(
        clip("love x dance"), parts, "dance love", ""
    )


def test_more_of_the_words_is_better():
    parts = [word("dance"), word("love")]
    assert score(clip("dance love"), parts, "dance love", "") > score(
        clip("dance only"), parts, "dance love", ""
    )


def test_the_visitors_language_decides_between_equals():
    parts = [word("paris")]
    assert score(clip("x paris", 0, "fr"), parts, "paris", "fr-ca") > score(
        clip("x paris", 0, "en"), parts, "paris", "fr-ca"
    )


def test_a_person_of_that_very_name_comes_first():
    parts = [word("anna", annabel=0.75)]
    named = Match("person", "a", "anna_k anna k", "", 0)
    famous = Match("person", "b", "annabel annabel b", "", 60)
    assert score(named, parts, "anna", "") > score(famous, parts, "anna", "")


def test_a_run_of_ideographs_counts_by_what_is_there():
    parts = [Part("海边日落", True, {})]
    whole, half, none = (
        score(clip(key), parts, "海边日落", "") for key in ("看海边日落吧", "海边的日落", "猫咪")
    )
    assert whole > half > none == 0
