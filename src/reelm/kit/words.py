"""Words as they are searched: one key per text, the same for what is stored and what is typed.

Alphabets are found by their words, mistyped ones by the trigrams of the words; Chinese, Japanese and Korean by
single characters and pairs of them, because their words are short and stand without gaps.
"""

import re
import unicodedata

# Vowel signs and other marks belong to the word they are in (Devanagari, Thai, Arabic …); `\\w` leaves them out.
_MARKS = "".join(
    chr(code) for code in range(0x300, 0xFE00) if unicodedata.category(chr(code)) in {"Mn", "Mc"}
)
_GAPS = re.compile(rf"[^\w{_MARKS}]+")
TAG = re.compile(rf"(?<![\w&/{_MARKS}])#(\w[\w{_MARKS}]{{0,59}})")
# Somebody of another realm is mentioned with its name: @lea@us.
MENTION = re.compile(
    r"(?<![\w@/])@([A-Za-z0-9][A-Za-z0-9_.]{1,22}[A-Za-z0-9_](?:@[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
)


def fold(text: str) -> str:
    """NFKC, casefold, accents taken off, anything but words turned into single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(c for c in unicodedata.normalize("NFD", folded) if not _is_accent(c))
    return _GAPS.sub(" ", unicodedata.normalize("NFKC", plain)).strip()


def _is_accent(character: str) -> bool:
    """Say whether it is a mark that people leave out when they type: accents, points, not vowel signs.

    The Japanese voicing marks tell words apart, and so does the virama that joins Indic letters (class 9).
    """
    return unicodedata.combining(character) not in {0, 8, 9}


def is_ideographic(character: str) -> bool:
    """Say whether the character is Han, Kana or Hangul (Unicode blocks)."""
    code = ord(character)
    return (
        0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xAC00 <= code <= 0xD7AF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )


def runs(key: str) -> list[tuple[str, bool]]:
    """Cut a folded key into words and, where a word changes between them, runs of ideographs (marked True)."""
    found: list[tuple[str, bool]] = []
    for word in key.split():
        start = 0
        for end in range(1, len(word) + 1):
            if end == len(word) or is_ideographic(word[end]) != is_ideographic(word[start]):
                found.append((word[start:end], is_ideographic(word[start])))
                start = end
    return found


def bigrams(key: str) -> list[str]:
    """Return the ideographs of a folded key, single and in neighbouring pairs."""
    found: set[str] = set()
    for run, ideographic in runs(key):
        if ideographic:
            found.update(run)
            found.update(run[i : i + 2] for i in range(len(run) - 1))
    return sorted(found)


def tag_key(tag: str) -> str:
    """Return the one form of a tag: NFKC and casefold, accents kept, since #été is not #ete."""
    return unicodedata.normalize("NFKC", tag).casefold()


def tags_in(caption: str) -> list[str]:
    """Return the tags of a caption in order, each once, at most thirty."""
    return list(dict.fromkeys(tag_key(tag) for tag in TAG.findall(caption)))[:30]


def mentions_in(text: str) -> list[str]:
    """Return the handles mentioned in a text in order, each once, at most twenty, casefolded."""
    return list(dict.fromkeys(handle.casefold() for handle in MENTION.findall(text)))[:20]
