"""What a realm says of itself, as stored and as served."""

import datetime as dt
from typing import ClassVar, Literal

import msgspec

Feed = Literal["for-you", "following", "friends", "local"]
Visibility = Literal["everyone", "followers", "friends", "only_me"]
SitePurpose = Literal["primary", "backup", "cdn", "kms"]


class Edition(msgspec.Struct, frozen=True):
    """A network's own name and look. `accent` and `accent_text` are CSS colours; `languages` are BCP 47 tags.

    `mark` is the path of an SVG of 64 by 64, or the name of a mark that comes with the client; `theme` is the colour
    of the window around the app, empty for the client's own.

    `rules` is what the edition asks of people, as they read it; `default_feed` opens first, and a new clip is for
    `default_visibility`.
    """

    later: ClassVar = frozenset({"rules", "default_feed", "default_visibility", "theme"})
    name: str
    mark: str
    accent: str
    accent_text: str
    languages: list[str]
    rules: str = ""
    default_feed: Feed = "for-you"
    default_visibility: Visibility = "everyone"
    theme: str = ""


class Operator(msgspec.Struct, frozen=True):
    """The legal entity that runs the realm; `country` is ISO 3166-1 alpha-2, empty when not stated."""

    later: ClassVar = frozenset({"legal_entity", "vkey"})
    name: str
    country: str = ""
    legal_entity: str = ""
    vkey: str = ""


class Owner(msgspec.Struct, frozen=True):
    """Somebody who owns a share of the operator: percent, as a decimal number; empty where it isn't stated."""

    later: ClassVar = frozenset({"country", "share", "ultimate_parent"})
    name: str
    country: str = ""
    share: str = ""
    ultimate_parent: str = ""


class Jurisdiction(msgspec.Struct, frozen=True):
    """A country whose people live in this realm, and the countries their data may be stored in; empty for any."""

    country: str
    stored_in: list[str] = []


class Site(msgspec.Struct, frozen=True):
    """A place where data is stored.

    Empty `purposes` are all but `cdn`. `signer` is the verifier key of whoever answers for the site, and `where`
    what this machine's folders and addresses must begin with to lie there.
    """

    later: ClassVar = frozenset({"purposes", "signer", "where"})
    site: str
    country: str = ""
    purposes: list[SitePurpose] = []
    signer: str = ""
    where: list[str] = []


class Keyholder(msgspec.Struct, frozen=True):
    """A party whose signature counts towards the charter's threshold; `vkey` is its C2SP verifier key.

    Without its signature no change of a subject in `veto` takes effect; `*` is every subject.
    """

    later: ClassVar = frozenset({"veto"})
    name: str
    role: str
    vkey: str
    veto: list[str] = []


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


class Auditor(msgspec.Struct, frozen=True):
    """Somebody who checks the realm from outside, and where they say what they found."""

    name: str
    url: str = ""


class Closure(msgspec.Struct, frozen=True):
    """How long before leaving a country people are told, and how long they can still take their data."""

    notice_days: int = 90
    export_days: int = 90


class RealmDocument(msgspec.Struct, frozen=True):
    """The realm's own document, its charter. Ages in years; `jurisdictions` empty means everywhere.

    In a network that is: everywhere that no other realm of it names, unless `everywhere_else` is false; then the
    realm takes nobody yet.

    `realm` is its id within `network`, which is empty for a realm alone. `ids`, `web` and `border` are its public
    addresses, `borders` the Cedar policies that say what may leave, `retention` days by data class, and `valid_from`
    a day (RFC 3339), empty for at once. What a charter of an earlier release didn't have is left out of the canonical
    document as long as it is at its default: such a charter keeps its bytes and its digest.
    """

    later: ClassVar = frozenset(
        {
            "realm",
            "network",
            "ids",
            "web",
            "border",
            "border_vkey",
            "borders",
            "auditors",
            "retention",
            "closure",
        }
        | {"valid_from", "everywhere_else"}
    )
    name: str
    edition: Edition
    operator: Operator
    owners: list[Owner]
    storage: list[Site]
    minimum_age: int = 13
    private_below_age: int = 16
    jurisdictions: list[str | Jurisdiction] = []
    version: int = 1
    keyholders: Keyholders = Keyholders()
    witness_policies: WitnessPolicies = WitnessPolicies()
    staff: StaffRules = StaffRules()
    realm: str = "home"
    network: str = ""
    ids: str = ""
    web: str = ""
    border: str = ""
    border_vkey: str = ""
    borders: str = ""
    auditors: list[Auditor] = []
    retention: dict[str, int] = {}
    closure: Closure = Closure()
    valid_from: str = ""
    everywhere_else: bool = True

    @property
    def countries(self) -> list[str]:
        """The countries whose people live here; empty for every one that no other realm names."""
        return [each if isinstance(each, str) else each.country for each in self.jurisdictions]


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
    realm: str
    network: str
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
