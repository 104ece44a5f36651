"""Filtered words: whether a clip says something that its viewer does not want to meet.

Folded as search folds (`kit.words`): case, accents and width make no difference. A word of an alphabet matches whole
words, a phrase matches in its order; in scripts that leave no gaps between words (Chinese, Japanese, Korean, Thai,
Lao, Khmer, Burmese) it matches wherever it stands. A tag is matched as it is written, and a phrase also as a tag:
"new york" keeps #newyork out.
"""

from collections.abc import Iterable, Sequence

from reelm.kit.words import fold, is_ideographic, runs

_GAPLESS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))


def text_of(caption: str, tags: Iterable[str]) -> str:
    """Return what a clip says in the form that `Words` looks in; made once for everyone."""
    return f" {_spaced(fold(' '.join((caption, *tags))))} "


def _spaced(key: str) -> str:
    """Put a gap where the script changes, so that 我爱jazz says jazz."""
    return " ".join(run for run, _ in runs(key))


def _needs_gap(character: str) -> bool:
    code = ord(character)
    return not is_ideographic(character) and not any(first <= code <= last for first, last in _GAPLESS)


class Words:
    """A person's filtered words, ready to be looked for."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = tuple(words)
        self._needles = tuple(dict.fromkeys(needle for word in words for needle in _needles(word)))

    def __bool__(self) -> bool:
        return bool(self._needles)

    def match(self, text: str) -> bool:
        """Say whether one of the words is in the text of a clip (`text_of`)."""
        return any(needle in text for needle in self._needles)


def _needles(word: str) -> list[str]:
    plain = _spaced(fold(word))
    if not plain:
        return []
    found = [plain, plain.replace(" ", "")] if " " in plain else [plain]
    return [f"{' ' * _needs_gap(each[0])}{each}{' ' * _needs_gap(each[-1])}" for each in found]


def clean(words: Iterable[str]) -> list[str]:
    """Return words as they are kept: trimmed, each once by what it matches, in the order they came.

    A word of which nothing is left when it is folded (a lone sign) is left out.
    """
    kept: dict[str, str] = {}
    for word in words:
        shown = " ".join(word.split())
        key = _spaced(fold(shown))
        if key:
            kept.setdefault(key, shown)
    return list(kept.values())
