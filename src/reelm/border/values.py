"""What a field of a foreign object may hold: texts, times, sizes and addresses within limits, and no tricks.

A field with a rule here is held to it whatever object it stands in; the others are short plain values.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

URL_CHARS = 2048
TEXT_CHARS = 5000
NAME_CHARS = 200
PLAIN_CHARS = 300
MOST_OF = 64
MOST_LANGUAGES = 16
LARGEST_SIDE = 16_384
LARGEST_FILE = 4_000_000_000
EARLY = dt.timedelta(minutes=5)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Characters that turn the reading order of what stands around them.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{1,22}[A-Za-z0-9_]")
_WHEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DURATION = re.compile(r"PT(?:[0-9]{1,2}H)?(?:[0-9]{1,3}M)?(?:[0-9]{1,6}(?:\.[0-9]{1,6})?S)?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[A-Za-z0-9.+-]{1,60}")
_DIGEST = re.compile(r"[A-Za-z0-9+/=:_-]{1,140}")
_ADDRESS = re.compile(r"https?://[\x21-\x7e]+")
_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|%2e|%2f|%5c|\\", re.IGNORECASE)


class ValueRefusedError(Exception):
    """A field that holds what it can't."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class Places:
    """Where the sender's pages, media and names are."""

    web: str
    border: str
    ids: str


Rule = Callable[[Any, Places, dt.datetime], bool]


def check(document: Mapping[str, Any], places: Places, now: dt.datetime) -> None:
    """Raise `ValueRefusedError` unless every value, at any depth, is one that its field may hold.

    Depth is limited by whoever read the document.
    """
    owned = document.get("type") in {"Document", "Image"}
    for name, value in document.items():
        if name == "url" and owned:
            if not is_media(value, places):
                raise ValueRefusedError(name)
            continue
        rule = _RULES.get(name)
        if rule is not None and not rule(value, places, now):
            raise ValueRefusedError(name)
        if rule is None:
            _check_plain(name, value, places, now)


def _check_plain(name: str, value: Any, places: Places, now: dt.datetime) -> None:
    several = value if isinstance(value, list) else [value]
    if len(several) > MOST_OF:
        raise ValueRefusedError(name)
    for each in several:
        if isinstance(each, Mapping):
            check(each, places, now)
        elif isinstance(each, str):
            if len(each) > PLAIN_CHARS or _CONTROL.search(each):
                raise ValueRefusedError(name)
        elif isinstance(each, list):
            raise ValueRefusedError(name)


def is_media(value: object, places: Places) -> bool:
    """Say whether it is the address of a file at the sender's border: the only place files are fetched from."""
    return isinstance(value, str) and _is_under(value, places.border)


def is_address(value: object) -> bool:
    """Say whether it is an address of the web, of anybody's; nothing is fetched from it."""
    if not isinstance(value, str) or len(value) > URL_CHARS or not _ADDRESS.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and parts.username is None


def _is_under(value: str, place: str) -> bool:
    if not place or not is_address(value) or not value.startswith(place.rstrip("/") + "/"):
        return False
    return not _DOTS.search(urlsplit(value).path) and "#" not in value


def _page(value: Any, places: Places, now: dt.datetime) -> bool:
    if not isinstance(value, str):
        return False
    return any(_is_under(value, place) or value == place for place in (places.web, places.ids, places.border))


def _any_address(value: Any, places: Places, now: dt.datetime) -> bool:
    return is_address(value)


def _text(value: Any, places: Places, now: dt.datetime) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_CHARS and not _CONTROL.search(value)


def _name(value: Any, places: Places, now: dt.datetime) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= NAME_CHARS
        and not _CONTROL.search(value)
        and "\n" not in value
        and not _TURNING.search(value)
    )


def _by_language(value: Any, places: Places, now: dt.datetime) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) <= MOST_LANGUAGES
        and all(_LANGUAGE.fullmatch(each) for each in value)
        and all(_text(each, places, now) for each in value.values())
    )


def _when(value: Any, places: Places, now: dt.datetime) -> bool:
    if not isinstance(value, str) or not _WHEN.fullmatch(value):
        return False
    try:
        return dt.datetime.fromisoformat(value) <= now + EARLY
    except (ValueError, OverflowError):
        return False


def _matching(pattern: re.Pattern[str]) -> Rule:
    return lambda value, places, now: isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(least: int, most: int) -> Rule:
    return lambda value, places, now: type(value) is int and least <= value <= most


def _yes_or_no(value: Any, places: Places, now: dt.datetime) -> bool:
    return isinstance(value, bool)


_RULES: dict[str, Rule] = {
    "id": _any_address,
    "actor": _any_address,
    "attributedTo": _any_address,
    "inReplyTo": _any_address,
    "context": _any_address,
    "target": _any_address,
    "href": _any_address,
    "url": _page,
    "followers": _page,
    "inbox": _page,
    "outbox": _page,
    "preferredUsername": _matching(_HANDLE),
    "name": _name,
    "content": _text,
    "summary": _text,
    "contentMap": _by_language,
    "published": _when,
    "updated": _when,
    "deleted": _when,
    "duration": _matching(_DURATION),
    "language": _matching(_LANGUAGE),
    "mediaType": _matching(_MEDIA_TYPE),
    "digest": _matching(_DIGEST),
    "width": _whole(1, LARGEST_SIDE),
    "height": _whole(1, LARGEST_SIDE),
    "size": _whole(1, LARGEST_FILE),
    "totalItems": _whole(0, 2**53 - 1),
    "sensitive": _yes_or_no,
    "commentsEnabled": _yes_or_no,
    "downloadEnabled": _yes_or_no,
    "soundReuse": _yes_or_no,
    "manuallyApprovesFollowers": _yes_or_no,
}
