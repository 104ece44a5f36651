"""Ranking: how well a thing matches what was typed, then how well known it is."""

from collections.abc import Sequence
from typing import NamedTuple

from reelm.search.schemas import Match

_PHRASE = 1.5
_WHOLE = 3.0
_BEGINNING = 1.0
_SAME_LANGUAGE = 0.75
_FAME = 1 / 20


class Part(NamedTuple):
    """One part of what was typed: a word, or a run of characters of a script without gaps.

    `meanings`: words of the dictionary that it may stand for, each with how likely that is (1 is certain).
    """

    text: str
    ideographic: bool
    meanings: dict[str, float]


def score(match: Match, parts: Sequence[Part], query: str, language: str) -> float:
    """Return what orders the list: mostly between 0 and 20.

    Args:
        match: what was found.
        parts: what was typed, in parts.
        query: what was typed, folded.
        language: what the visitor reads (BCP 47), empty if unknown.
    """
    words = set(match.key.split()) | set(match.key.replace("_", " ").split())
    total = 0.0
    for part in parts:
        if part.ideographic:
            total += _share(part.text, match.key)
        else:
            total += max((likely for term, likely in part.meanings.items() if term in words), default=0.0)
    found = 10 * total / max(1, len(parts))
    if f" {query}" in f" {match.key}":
        found += _PHRASE
        if match.key.startswith(query):
            found += _BEGINNING
        if match.key == query or (match.kind == "person" and query in words):
            found += _WHOLE
    if language and match.language.partition("-")[0] == language.partition("-")[0]:
        found += _SAME_LANGUAGE
    return round(found + min(match.weight, 80) * _FAME, 6)


def _share(run: str, key: str) -> float:
    """Say how much of a run of characters a key has: all in one piece, or how many of its pairs."""
    if run in key:
        return 1.0
    pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    return 0.8 * sum(pair in key for pair in pairs) / len(pairs)
