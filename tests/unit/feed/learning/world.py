"""A small world to learn from: people with one taste each, clips of one topic each, and what came of showing them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reelm.feed.learning.training.content import Tokens
from reelm.feed.learning.training.log import KINDS, Log

TOPICS = 4
BEGIN = 1_790_000_000


@dataclass
class Clips:
    """A catalog of clips, as far as learning reads it."""

    size: int

    generation = b"g" * 16

    def __post_init__(self) -> None:
        rows = np.arange(self.size)
        self.topic = rows % TOPICS
        self.tags = np.zeros((self.size, 8), np.int64)
        self.tags[:, 0] = self.topic + 1
        self._columns: dict[str, Any] = {
            "author": 1000 + rows % 17,
            "sound": np.zeros(self.size, np.int64),
            "language": np.full(self.size, 7, np.int64),
            "published": BEGIN - 86_400 * (1 + rows % 9),
            "alive": np.ones(self.size, np.uint8),
            "duration_ms": 1000 * (5 + rows % 40),
        }

    def column(self, name: str) -> Any:
        return self._columns[name]

    def tokens(self) -> Tokens:
        rows = np.arange(self.size)
        return Tokens.of(rows, np.zeros(self.size, np.int64), self.topic + 1)


def watched(clips: Clips, people: int, each: int, *, seed: int = 3) -> Log:
    """Everybody is shown clips by chance, watches those of their topic to the end, and skips most others."""
    chance = np.random.default_rng(seed)
    lines = []
    for person in range(people):
        times = np.sort(chance.choice(np.arange(1, 14 * 86_400), each, replace=False))
        for at, row in zip(times.tolist(), chance.integers(0, clips.size, each).tolist(), strict=True):
            moment = (BEGIN + at) * 1_000_000
            likes = clips.topic[row] == person % TOPICS
            lines.append((person + 1, row, "impression", moment))
            if chance.random() < (0.85 if likes else 0.15):
                lines.append((person + 1, row, "finish", moment + 9_000_000))
                if chance.random() < 0.3:
                    lines.append((person + 1, row, "like", moment + 9_500_000))
            else:
                lines.append((person + 1, row, "skip", moment + 2_000_000))
    person, row, kind, at = zip(*sorted(lines, key=lambda line: line[3]), strict=True)
    return Log(
        np.array(person, np.uint64),
        np.array(row, np.int64),
        np.array([KINDS.index(each) for each in kind], np.int8),
        np.array(at, np.int64),
    )
