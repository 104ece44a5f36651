"""The charter, its proposals and its sites as the API shows them."""

import datetime as dt
from typing import Any, Literal

import msgspec

from reelm.realm.changes import Change
from reelm.realm.schemas import Auditor, Check, Operator, Owner, SitePurpose

Effect = Literal["restarting", "next_start"]


class SignatureView(msgspec.Struct, frozen=True):
    """A keyholder's signature over the charter's document; `name` is the keyholder's, as a charter has it."""

    name: str
    keyholder: str
    signature: str


class CharterVersion(msgspec.Struct, frozen=True):
    """A version that took effect. Its document is served at `document_url` as long as the realm."""

    version: int
    digest: str
    previous: str | None
    at: str
    entry_index: int
    signatures: int
    document_url: str


class CharterView(msgspec.Struct, frozen=True):
    """The charter in force: `digest` is SHA-256 of the canonical JSON of `document`.

    `entry_index` is the ledger entry that adopted it, None until it is published; `history` is newest first.
    """

    document: dict[str, Any]
    digest: str
    version: int
    signatures: list[SignatureView]
    entry_index: int | None
    history: list[CharterVersion]
    document_url: str


class ProposalView(msgspec.Struct, frozen=True):
    """A version that was proposed, and how far it is signed; names are keyholders', of the old version or the new.

    `to_sign` is base64 of the bytes that each keyholder signs. `missing` have not signed while a threshold isn't
    reached, `vetoes` could stop it and have not signed, `refusals` are sentences that speak against it.
    """

    digest: str
    version: int
    document: dict[str, Any]
    to_sign: str
    changes: list[Change]
    signed: list[str]
    missing: list[str]
    vetoes: list[str]
    refusals: list[str]
    adoptable: bool
    old_lacks: int
    new_lacks: int


class Proposals(msgspec.Struct, frozen=True):
    """Every version that could follow the one in force."""

    items: list[ProposalView]


class Proposing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole charter as it is to be; its version is set to the next one."""

    document: dict[str, Any]


class Signing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A keyholder's signature: `keyholder` is the verifier key, `signature` base64 of 64 bytes."""

    keyholder: str
    signature: str


class Adoption(msgspec.Struct, frozen=True):
    """When the version takes effect: the realm restarts its parts now, or at its next start."""

    digest: str
    effect: Effect


class HeldBytes(msgspec.Struct, frozen=True):
    """How much of a data class lies at a site."""

    data_class: str
    bytes: int


class SiteStatement(msgspec.Struct, frozen=True):
    """What a site's signer stated last, in the ledger."""

    at: str
    held: list[HeldBytes]
    entry_index: int


class SiteView(msgspec.Struct, frozen=True):
    """A site of the charter.

    `self_signed`: nobody but the operator answers for it. `signer` is empty where nobody does; `statement` is None
    as long as nothing was stated.
    """

    site: str
    country: str
    purposes: list[SitePurpose]
    signer: str
    self_signed: bool
    statement: SiteStatement | None


class SitesView(msgspec.Struct, frozen=True):
    """Where the realm's data lies, who owns and runs it, and who checks. `witnesses` are the charter's, by name."""

    operator: Operator
    owners: list[Owner]
    sites: list[SiteView]
    auditors: list[Auditor]
    witnesses: list[str]
    check: Check
    made_at: dt.datetime
