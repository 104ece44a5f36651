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


class Keyholder(msgspec.Struct, frozen=True):
    """A party whose signature counts towards the charter's threshold; `vkey` is its C2SP verifier key."""

    name: str
    role: str
    vkey: str


class Keyholders(msgspec.Struct, frozen=True):
    """Who may change the charter and enrol staff, and how many of them it takes."""

    threshold: int = 1
    members: list[Keyholder] = []


class WitnessPolicies(msgspec.Struct, frozen=True):
    """Two tlog-policies: who must have cosigned before a key is released, and for what everybody sees."""

    release: str = "quorum none\n"
    public: str = "quorum none\n"


class StaffRules(msgspec.Struct, frozen=True):
    """Rules for opening personal data. `approver_residency`: where whoever approves sits; empty for anywhere."""

    approver_residency: str = ""
    emergency: bool = True


class RealmDocument(msgspec.Struct, frozen=True):
    """The realm's own document, its charter. Ages in years; `jurisdictions` empty means everywhere."""

    name: str
    edition: Edition
    operator: Operator
    owners: list[Owner]
    storage: list[Site]
    minimum_age: int = 13
    private_below_age: int = 16
    jurisdictions: list[str] = []
    version: int = 1
    keyholders: Keyholders = Keyholders()
    witness_policies: WitnessPolicies = WitnessPolicies()
    staff: StaffRules = StaffRules()


class Limits(msgspec.Struct, frozen=True):
    """What a client should know before it sends anything."""

    upload_bytes: int
    clip_seconds: int
    caption_chars: int
    comment_chars: int
    password_chars: int


class Check(msgspec.Struct, frozen=True):
    """Who has cosigned the realm's ledger, and when the newest set of cosignatures that fulfils its policy was made.

    `state`: `witnessed`, `unwitnessed` (its policy asks for nobody), `late` (the witnesses it asks for are
    silent) or `not_yet_checked`.
    """

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


class MappedColumn(msgspec.Struct, frozen=True, rename={"data_class": "class"}):
    """A column and what it holds; `sealed`: stored encrypted under a key of the person's own."""

    name: str
    data_class: str
    sealed: bool


class MappedTable(msgspec.Struct, frozen=True):
    """A table of the realm's database."""

    name: str
    room: str
    purpose: str
    retention: str
    classes: list[str]
    columns: list[MappedColumn]


class DeviceItem(msgspec.Struct, frozen=True):
    """Something the client reads from, or keeps on, the device. `key` is stable; clients may translate by it."""

    key: str
    what: str
    why: str
    kept: str
    apis: list[str]


class Article30(msgspec.Struct, frozen=True):
    """The record of processing in the terms of Art. 30(1) GDPR."""

    controller: Operator
    purposes: list[str]
    data_subjects: list[str]
    data_categories: list[str]
    recipients: list[str]
    third_country_transfers: list[str]
    retention: list[str]
    security_measures: list[str]
    sites: list[Site]


class DataMap(msgspec.Struct, frozen=True):
    """What this release keeps about people, where and why. `digest` is of the exact document in the ledger.

    `document_url` serves the bytes that the digest is of; `entry_index` is the ledger entry that commits to them,
    None until it is published.
    """

    digest: str
    document_url: str
    entry_index: int | None
    version: int
    tables: list[MappedTable]
    sites: list[Site]
    device: list[DeviceItem]
    article30: Article30
