"""What the feed thinks of somebody, in words: which watches it comes from, and what can't be named."""

import datetime as dt
import uuid
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reelm.feed.controls.schemas import Controls, Why
from reelm.feed.controls.tastes import MOST_DISLIKED, MOST_LIKED, Grounds, named, strongest
from reelm.feed.keys import key_of_id, key_of_text

NOW = dt.datetime(2026, 11, 22, 5, tzinfo=dt.UTC)
ADA, SONG = uuid.UUID(int=7), uuid.UUID(int=9)
FIRST, SECOND, GONE = (uuid.UUID(int=n) for n in (101, 102, 103))
TEA, CAKE = key_of_text("tea"), key_of_text("cake")


class TwoClips:
    """A catalog of two clips by Ada: #tea #cake with a sound, and #tea without."""

    tags = np.array([[TEA, CAKE] + [0] * 6, [TEA] + [0] * 7], dtype=np.int64)

    def column(self, name: str) -> Any:
        return np.array({"author": [key_of_id(ADA)] * 2, "sound": [key_of_id(SONG), 0]}[name], dtype=np.int64)

    def row(self, clip: uuid.UUID) -> int:
        return {FIRST: 0, SECOND: 1}.get(clip, -1)


def watched(clip: uuid.UUID, kind: str, *, minutes_ago: int = 0, learns: bool = True) -> dict[str, Any]:
    return {"clip_id": clip, "kind": kind, "at": NOW - dt.timedelta(minutes=minutes_ago), "learns": learns}


def grounds(events: list[dict[str, Any]], controls: Controls | None = None) -> Grounds:
    wanted = {TEA: 100, CAKE: 50, key_of_id(ADA): 70, key_of_id(SONG): 20, 0: 5}
    return Grounds(TwoClips(), controls or Controls(), wanted, events)  # type: ignore[arg-type]


def test_each_taste_has_the_watches_that_moved_it() -> None:
    found = grounds([watched(FIRST, "finish"), watched(FIRST, "like"), watched(SECOND, "skip")])
    assert found.why(TEA) == Why(finished=1, liked=1, skipped=1)
    assert found.why(CAKE) == Why(finished=1, liked=1)
    assert found.why(key_of_id(SONG)) == Why(finished=1, liked=1)
    assert found.counted == 3


@pytest.mark.parametrize(
    "ignored",
    [
        watched(FIRST, "impression"),
        watched(FIRST, "progress"),
        watched(FIRST, "finish", learns=False),
        watched(FIRST, "finish", minutes_ago=61),
    ],
)
def test_what_does_not_count_as_taste_is_no_ground(ignored: dict[str, Any]) -> None:
    found = grounds([ignored], Controls(reset_at=NOW - dt.timedelta(hours=1)))
    assert (found.counted, found.why(TEA), found.clip_of) == (0, Why(), {})


def test_a_forgotten_thing_has_grounds_only_since() -> None:
    controls = Controls(forgotten={TEA: NOW - dt.timedelta(minutes=5)})
    found = grounds([watched(SECOND, "like"), watched(FIRST, "finish", minutes_ago=10)], controls)
    assert found.why(TEA) == Why(liked=1)
    assert found.why(CAKE) == Why(finished=1)


def test_an_empty_place_of_the_tags_is_no_taste() -> None:
    assert grounds([watched(SECOND, "finish")]).why(0) == Why()


def test_a_clip_that_is_gone_counts_and_names_nothing() -> None:
    found = grounds([watched(GONE, "like")])
    assert (found.counted, found.clip_of) == (1, {})


def clip_of(*tags: str, sound: uuid.UUID | None) -> Any:
    card = SimpleNamespace(handle="ada", display_name="Ada", avatar_url=None)
    heard = SimpleNamespace(id=sound, title="Song", cover_url=None) if sound else None
    return SimpleNamespace(author=card, sound=heard, tags=list(tags))


def test_names_come_from_a_clip_that_still_says_so() -> None:
    wanted = {TEA: 100, key_of_id(ADA): 70, CAKE: 50, key_of_id(SONG): -20}
    found = grounds([watched(FIRST, "finish")])
    shown = named(wanted, found, {FIRST: clip_of("tea", sound=SONG)}, {TEA: -1})
    # Its author took #cake off the clip: nobody can be told what that key was.
    assert [(taste.label, taste.points, taste.wish) for taste in shown] == [
        ("#tea", 100, -1),
        ("Ada", 70, 0),
        ("Song", -20, 0),
    ]
    assert named(wanted, found, {}, {}) == []


def test_the_strongest_are_told_liked_first_and_disliked_last() -> None:
    taste = {key: key - 100 for key in range(300)}
    told = list(strongest(taste).values())
    assert told[:MOST_LIKED] == sorted(told[:MOST_LIKED], reverse=True)
    assert told[0] == 199
    assert told[-1] == -100
    assert len(told) == MOST_LIKED + MOST_DISLIKED
    assert 0 not in told
