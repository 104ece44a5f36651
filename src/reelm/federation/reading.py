"""What arrived, read without trust: the border judged where it is from; here every value gets the form of this realm.

Raises `UnreadableError` for what can't be one of our things, whatever its realm says.
"""

import datetime as dt
import re
from typing import Any, NamedTuple

from reelm.kit.words import MENTION, bigrams, fold, mentions_in, tag_key, tags_in
from reelm.realm.service import CAPTION_CHARS

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{1,22}[A-Za-z0-9_]")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")
_DIGEST = re.compile(r"sha-256:([0-9a-f]{64})")
_NAME_CHARS, _BIO_CHARS, _URI_CHARS = 60, 300, 500
LARGEST_FILE = 2_000_000_000


class UnreadableError(ValueError):
    """It is none of what this realm knows; the message is one word."""


class Activity(NamedTuple):
    """An act: of which kind, by whom, to what, and when as far as it says so."""

    act: str
    actor: str
    thing: str | dict[str, Any]
    at: dt.datetime | None

    @property
    def uri(self) -> str:
        """The address of what it is done to."""
        found = self.thing if isinstance(self.thing, str) else self.thing.get("id")
        return uri_in({"id": found}, "id")

    @property
    def kind(self) -> str:
        return "" if isinstance(self.thing, str) else str(self.thing.get("type", ""))


def activity_in(act: str, document: dict[str, Any] | None) -> Activity:
    """Return the act of an arrival, whether it was kept whole or as its object alone."""
    if document is None:
        raise UnreadableError("empty")
    whole = document.get("type") == act and "object" in document
    thing = document["object"] if whole else document
    if not isinstance(thing, str | dict):
        raise UnreadableError("object")
    said_by = document.get("actor")
    if said_by is None and isinstance(thing, dict):
        said_by = thing.get("attributedTo") or thing.get("id")
    return Activity(act, uri_in({"actor": said_by}, "actor"), thing, when_in(document, "published"))


def uri_in(values: dict[str, Any], name: str) -> str:
    found = values.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _URI_CHARS:
        raise UnreadableError(name)
    return found


def text_in(values: dict[str, Any], name: str, most: int) -> str:
    """Return a text without control characters, cut to `most` characters; empty where there is none."""
    found = values.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise UnreadableError(name)
    return "".join(c for c in found if c == "\n" or c.isprintable() or c in "\u200c\u200d")[:most]


def when_in(values: dict[str, Any], name: str) -> dt.datetime | None:
    found = values.get(name)
    if found is None:
        return None
    try:
        read = dt.datetime.fromisoformat(str(found))
    except ValueError as error:
        raise UnreadableError(name) from error
    if read.tzinfo is None:
        raise UnreadableError(name)
    return read


def moment_in(values: dict[str, Any], *names: str, now: dt.datetime) -> dt.datetime:
    """Return the first of these times that is said, at most `now`: nothing comes from the future."""
    for name in names:
        if (found := when_in(values, name)) is not None:
            return min(found, now)
    return now


def person_in(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a Person says: handle, name, bio, and whether they are asked before somebody follows them."""
    handle = document.get("preferredUsername")
    if not isinstance(handle, str) or not _HANDLE.fullmatch(handle):
        raise UnreadableError("preferredUsername")
    name = " ".join(text_in(document, "name", _NAME_CHARS).split())
    return {
        "handle": handle,
        "name": name or handle,
        "bio": text_in(document, "summary", _BIO_CHARS).strip(),
        "private": document.get("manuallyApprovesFollowers") is True,
    }


def picture_in(document: dict[str, Any]) -> str | None:
    """Return where a Person's picture is, if they show one."""
    icon = document.get("icon")
    return uri_in(icon, "url") if isinstance(icon, dict) else None


def clip_in(document: dict[str, Any], here: str, there: str) -> dict[str, Any]:
    """Return what a Video says, with the words by which it is found; mentions as this realm writes them."""
    caption = at_home(text_in(document, "content", CAPTION_CHARS).strip(), here, there)[:CAPTION_CHARS]
    language = document.get("language")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language) or len(language) > 20:
        raise UnreadableError("language")
    labels = document.get("label") or []
    if not isinstance(labels, list):
        raise UnreadableError("label")
    tags = tags_in(caption)
    key = fold(" ".join([caption, *tags]))
    return {
        "caption": caption,
        "language": language,
        "tags": tags,
        "mentions": mentions_in(caption),
        "label_ai": "ai" in labels,
        "label_paid": "paid" in labels,
        "allow_comments": document.get("commentsEnabled") is not False,
        "allow_download": document.get("downloadEnabled") is True,
        "words": [
            {"kind": "clip", "key": key, "pairs": bigrams(key), "language": language},
            *(_tag_words(tag) for tag in tags),
        ],
    }


def _tag_words(tag: str) -> dict[str, Any]:
    folded = fold(tag)
    return {"kind": "tag", "reference": tag_key(tag), "key": folded, "pairs": bigrams(folded), "language": ""}


def file_in(document: dict[str, Any]) -> dict[str, Any]:
    """Return where a Video's file is and what its bytes hash to."""
    attached = document.get("attachment")
    for each in attached if isinstance(attached, list) else []:
        if isinstance(each, dict) and each.get("mediaType") == "video/mp4":
            digest = _DIGEST.fullmatch(str(each.get("digest", "")))
            size = each.get("size")
            if digest and isinstance(size, int) and 0 < size <= LARGEST_FILE:
                return {"url": uri_in(each, "url"), "digest": digest[1], "size": size}
    raise UnreadableError("attachment")


def at_home(text: str, here: str, there: str) -> str:
    """Write the mentions in a text from realm `there` as people of realm `here` do: @bob is @bob@there."""

    def written(match: re.Match[str]) -> str:
        handle, _, realm = match[1].partition("@")
        if realm.casefold() == here:
            return f"@{handle}"
        return match[0] if realm else f"@{handle}@{there}"

    return MENTION.sub(written, text)
