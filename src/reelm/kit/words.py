"""Words as they are searched: one key per text, the same for what is stored and what is typed.

Alphabets are found by the trigrams of the key; Chinese, Japanese and Korean by pairs of characters, because
their words are too short for trigrams.
"""

import re
import unicodedata

_GAPS = re.compile(r"[^\w#@]+")
TAG = re.compile(r"(?<![\w&/])#(\w{1,60})")
MENTION = re.compile(r"(?<![\w@/])@([A-Za-z0-9][A-Za-z0-9_.]{1,22}[A-Za-z0-9_])")


def fold(text: str) -> str:
    """NFKC, casefold, accents taken off, anything but words turned into single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return _GAPS.sub(" ", unicodedata.normalize("NFC", plain)).replace("#", " ").replace("@", " ").strip()


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


def bigrams(key: str) -> list[str]:
    """Return the pairs of neighbouring ideographs in a folded key, and single ones that stand alone."""
    found: set[str] = set()
    run = ""
    for character in key + " ":
        if is_ideographic(character):
            run += character
            continue
        found.update(run[i : i + 2] for i in range(len(run) - 1))
        if len(run) == 1:
            found.add(run)
        run = ""
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
