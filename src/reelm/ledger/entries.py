"""The kinds of ledger entries: what may be written into the public log, and nothing else.

An entry's bytes are the canonical JSON (RFC 8785) of one of these structs; `make gen` writes their JSON Schemas to
`spec/ledger/schemas`. No field holds personal data or anything that links two acts of one person: a person is a
*reference*, an HMAC that only they, and whoever they show its opening, can match. Times are rounded to the minute.
"""

import datetime as dt
from typing import Annotated, Literal

import msgspec

from reelm_audit.tlog import canonical

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, hexadecimal")]
Reference = Annotated[
    str, msgspec.Meta(pattern="^[0-9a-f]{64}$", description="HMAC-SHA256 reference, hexadecimal")
]
Minute = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\dZ$", description="UTC, rounded down to the minute (RFC 3339)"
    ),
]
Index = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, description="Index of an earlier entry")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Country = Annotated[str, msgspec.Meta(pattern="^([A-Z]{2})?$", description="ISO 3166-1 alpha-2, or empty")]
StaffKeyId = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9a-f]{16}$", description="First 8 bytes of SHA-256 of the raw public key, hexadecimal"
    ),
]
PublicKey = Annotated[
    str, msgspec.Meta(pattern="^[A-Za-z0-9+/]{43}=$", description="Raw Ed25519 key, base64")
]
Signature = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Za-z0-9+/]{86}==$",
        description="Ed25519 over `reelm/<kind>/v1`, a newline, and the canonical entry without this field; base64",
    ),
]
VKey = Annotated[str, msgspec.Meta(max_length=4096, description="C2SP verifier key: name+id+base64")]
PolicyText = Annotated[str, msgspec.Meta(max_length=16384, description="C2SP tlog-policy")]
ShortName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z0-9_.:-]{0,63}$")]
RealmName = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,62}$", description="Id of a realm")]
DataClassName = Literal["public", "social", "identity", "private", "telemetry", "derived", "operational"]
GrantClass = Literal["identity", "social", "telemetry", "private"]
GrantReason = Literal["support", "safety", "legal", "technical"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every entry says: its kind, when, and under which charter (its document's digest)."""

    at: Minute
    charter: Digest

    def to_bytes(self) -> bytes:
        """Return the bytes that go into the log; fields without a value are left out."""
        built = msgspec.to_builtins(self)
        return canonical.encode({name: value for name, value in built.items() if value is not None})


class KeyholderSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A keyholder's signature over `reelm/charter/v1`, a newline, and the charter's canonical document."""

    keyholder: VKey
    signature: Signature


class CharterAdopted(Entry, frozen=True, kw_only=True, tag="charter.adopted"):
    """A charter takes effect; `charter` is the new one. What an auditor needs of it is repeated here."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    previous: Digest | None = None
    keyholders: list[VKey]
    threshold: Annotated[int, msgspec.Meta(ge=1)]
    release_policy: PolicyText
    public_policy: PolicyText
    approver_residency: Country
    emergency: bool
    signatures: list[KeyholderSignature]


class ReleaseDeployed(Entry, frozen=True, kw_only=True, tag="release.deployed"):
    """A build begins to serve. `build` digests every file of the installed package."""

    version: Annotated[str, msgspec.Meta(max_length=64)]
    build: Digest
    source: Annotated[str, msgspec.Meta(max_length=64, description="Source revision, or empty")]
    ranker: Digest
    data_map: Digest


class StaffEnrolled(Entry, frozen=True, kw_only=True, tag="staff.enrolled"):
    """A member of staff's key counts from here on; a keyholder says so."""

    staff: StaffKeyId
    key: PublicKey
    country: Country
    keyholder: VKey
    signature: Signature


class StaffLeft(Entry, frozen=True, kw_only=True, tag="staff.left"):
    """A member of staff's key counts no more."""

    staff: StaffKeyId
    keyholder: VKey
    signature: Signature


class GrantRequested(Entry, frozen=True, kw_only=True, tag="grant.requested"):
    """Staff ask to open personal data. `document` commits to the request with its reason in words."""

    staff: StaffKeyId
    document: Reference
    people: Annotated[list[Reference], msgspec.Meta(min_length=1, max_length=20)]
    classes: Annotated[list[GrantClass], msgspec.Meta(min_length=1, max_length=4)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=240)]
    reason: GrantReason
    country: Country
    emergency: bool
    signature: Signature


class GrantApproved(Entry, frozen=True, kw_only=True, tag="grant.approved"):
    """Somebody else approves (or, in an emergency, the same person, loudly)."""

    request: Index
    staff: StaffKeyId
    country: Country
    expires_at: Minute
    emergency: bool
    signature: Signature


class GrantDenied(Entry, frozen=True, kw_only=True, tag="grant.denied"):
    """A request is refused by somebody, or nobody answered it in time."""

    request: Index
    cause: Literal["refused", "unanswered"]
    staff: StaffKeyId | None = None
    signature: Signature | None = None


class GrantExpired(Entry, frozen=True, kw_only=True, tag="grant.expired"):
    """An approved grant ends: its time is over, or it was closed before."""

    request: Index
    cause: Literal["time", "closed"]


class GrantUsed(Entry, frozen=True, kw_only=True, tag="grant.used"):
    """Personal data of one person is about to be opened under a grant: written before any key is released."""

    request: Index
    approval: Index
    person: Reference
    data_class: GrantClass
    count: Count


class KeysReleased(Entry, frozen=True, kw_only=True, tag="keys.released"):
    """How many keys the keys process gave out in an hour, by purpose."""

    hour: Minute
    counts: dict[str, Count]


class RightsExported(Entry, frozen=True, kw_only=True, tag="rights.exported"):
    """A person took a copy of everything about them."""

    person: Reference
    manifest: Digest


class RightsErased(Entry, frozen=True, kw_only=True, tag="rights.erased"):
    """A person's keys and rows are destroyed."""

    person: Reference


class KeyRotated(Entry, frozen=True, kw_only=True, tag="key.rotated"):
    """The log's signing key changes; the checkpoint that holds this entry is signed by both."""

    old: VKey
    new: VKey


class RankingChanged(Entry, frozen=True, kw_only=True, tag="ranking.changed"):
    """Another model puts clips in order from now on: written before it does. All it names are public documents."""

    model: Digest
    card: Digest
    policy: Digest
    rule: Annotated[
        str,
        msgspec.Meta(
            pattern="^[0-9a-f]{64}$", description="Digest of the rule by which neighbours are learned"
        ),
    ]
    cause: Annotated[
        Literal["seed", "release", "rollback"],
        msgspec.Meta(
            description="The model that comes with the software, one that was learned, or an earlier one"
        ),
    ]
    previous: Digest | None = None


class FeedReceipts(Entry, frozen=True, kw_only=True, tag="feed.receipts"):
    """Pages For You served up to a boundary, as one root over leaves that only their viewers can match.

    `batch` is the boundary's Unix time divided by ten, `previous` the hash of the batch before.
    """

    batch: Count
    root: Digest
    previous: Digest


class RankingAdjusted(Entry, frozen=True, kw_only=True, tag="ranking.adjusted"):
    """The declared boosts and demotions change: the root of their map before and from here on, and how many."""

    root: Digest
    previous: Digest
    count: Count


class PromiseKeyNamed(Entry, frozen=True, kw_only=True, tag="promise.key"):
    """The key that vouches for the keys with which the realm's processes promise what they served."""

    vkey: VKey


class FeedSnapshot(Entry, frozen=True, kw_only=True, tag="feed.snapshot"):
    """What retrieval reads at one step of the catalog: the digest of a base (spec/receipt/snapshots.md)."""

    generation: Annotated[
        str, msgspec.Meta(pattern="^[0-9a-f]{32}$", description="Of the catalog, hexadecimal")
    ]
    seq: Count
    digest: Digest


class FeedLists(Entry, frozen=True, kw_only=True, tag="feed.lists"):
    """The public lists of an epoch, the same for everyone: `document` holds the digest of each."""

    epoch: Count
    document: Digest


class CrossingLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done how often in one batch: exactly the attributes that a border policy decides on."""

    act: ShortName
    object_type: ShortName
    purpose: ShortName
    classes: Annotated[list[DataClassName], msgspec.Meta(max_length=7, description="Of the fields released")]
    policy: Annotated[str, msgspec.Meta(max_length=64, description="Name of the policy that permitted it")]
    count: Count
    bytes: Count


class BorderCrossed(Entry, frozen=True, kw_only=True, tag="border.crossed"):
    """One delivery to another realm: written before it is released.

    `batch` is the RFC 6962 root over SHA-256(nonce ‖ released bytes) of each object; it names nobody.
    """

    peer: RealmName
    member: Annotated[bool, msgspec.Meta(description="Whether the peer's charter names the same network")]
    batch: Digest
    lines: Annotated[list[CrossingLine], msgspec.Meta(min_length=1, max_length=256)]


class BorderReceived(Entry, frozen=True, kw_only=True, tag="border.received"):
    """One delivery from another realm: the same root as in that realm's ledger."""

    peer: RealmName
    batch: Digest
    entry: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1, description="Index in the other realm's ledger")]
    count: Count
    bytes: Count
    refused: Count


class BorderRefused(Entry, frozen=True, kw_only=True, tag="border.refused"):
    """Something that was not let through: which classes it held, and why; how often within the same minute."""

    direction: Literal["out", "in"]
    channel: Literal["crossing", "storage", "control", "delivery", "fetch", "core"]
    peer: Annotated[str, msgspec.Meta(max_length=253, description="Realm, or host as far as it may be told")]
    object_type: ShortName
    classes: Annotated[list[DataClassName], msgspec.Meta(max_length=7)]
    fields: Annotated[
        list[ShortName], msgspec.Meta(max_length=32, description="Names of the fields, never values")
    ]
    reason: ShortName
    count: Count


class BorderCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much went over the border by one way."""

    kind: Literal["crossing", "storage", "control", "delivery", "fetch", "refused"]
    direction: Literal["out", "in"]
    peer: Annotated[str, msgspec.Meta(max_length=253)]
    data_class: DataClassName
    objects: Count
    bytes: Count


class BorderCounted(Entry, frozen=True, kw_only=True, tag="border.counted"):
    """The border's own count of an hour, signed with its key."""

    hour: Minute
    counts: Annotated[list[BorderCount], msgspec.Meta(max_length=256)]
    border: VKey
    signature: Signature


class SiteBytes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a data class lies at a site."""

    data_class: DataClassName
    bytes: Count


class SiteStated(Entry, frozen=True, kw_only=True, tag="site.stated"):
    """Whoever answers for a site says what of the realm lies there. Geography itself is this signer's statement."""

    site: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    country: Country
    purposes: Annotated[list[ShortName], msgspec.Meta(min_length=1, max_length=8)]
    held: Annotated[list[SiteBytes], msgspec.Meta(max_length=7)]
    signer: VKey
    signature: Signature


class LedgerRestored(Entry, frozen=True, kw_only=True, tag="ledger.restored"):
    """A restored database was brought back to the length of what had been published."""

    db_size: Index
    adopted_size: Index


AnyEntry = (
    CharterAdopted
    | ReleaseDeployed
    | StaffEnrolled
    | StaffLeft
    | GrantRequested
    | GrantApproved
    | GrantDenied
    | GrantExpired
    | GrantUsed
    | KeysReleased
    | RightsExported
    | RightsErased
    | KeyRotated
    | RankingChanged
    | FeedReceipts
    | RankingAdjusted
    | PromiseKeyNamed
    | FeedSnapshot
    | FeedLists
    | LedgerRestored
    | BorderCrossed
    | BorderReceived
    | BorderRefused
    | BorderCounted
    | SiteStated
)


def minute(when: dt.datetime) -> str:
    """Return a moment as entries carry it."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ")
