"""What a realm says of itself, as stored and as served."""

import datetime as dt

import msgspec


class Edition(msgspec.Struct, frozen=True):
    """A network's own name and look. `accent` and `accent_text` are CSS colours; `languages` are BCP 47 tags."""

    name: str
    mark: str
    accent: str
    accent_text: str
    languages: list[str]


class Operator(msgspec.Struct, frozen=True):
    """The legal entity that runs the realm; `country` is ISO 3166-1 alpha-2, empty when not stated."""

    name: str
    country: str = ""


class Owner(msgspec.Struct, frozen=True):
    """Somebody who owns a share of the operator."""

    name: str


class Site(msgspec.Struct, frozen=True):
    """A place where data is stored."""

    site: str
    country: str = ""


class RealmDocument(msgspec.Struct, frozen=True):
    """The realm's own document. Ages in years; `jurisdictions` empty means everywhere."""

    name: str
    edition: Edition
    operator: Operator
    owners: list[Owner]
    storage: list[Site]
    minimum_age: int = 13
    private_below_age: int = 16
    jurisdictions: list[str] = []


class Limits(msgspec.Struct, frozen=True):
    """What a client should know before it sends anything."""

    upload_bytes: int
    clip_seconds: int
    caption_chars: int
    comment_chars: int


class Check(msgspec.Struct, frozen=True):
    """Who has checked the realm's claims, and when. Nobody yet: the ledger says so when there is one."""

    state: str = "not_yet_checked"
    checked_at: dt.datetime | None = None
    by: list[str] = []


class RealmInfo(msgspec.Struct, frozen=True):
    """The public page about a realm. Every claim here is the operator's own statement (*self-declared*)."""

    name: str
    edition: Edition
    operator: Operator
    owners: list[Owner]
    storage: list[Site]
    jurisdictions: list[str]
    minimum_age: int
    limits: Limits
    check: Check
    release: str
