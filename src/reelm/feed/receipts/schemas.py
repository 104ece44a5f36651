"""What goes in and out about receipts."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

Hex = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})*$")]


class ReceiptLine(msgspec.Struct, frozen=True):
    """A page that was served; `included` says whether it is in the ledger. None stands for a clip erased since."""

    id: UUID
    at: dt.datetime
    items: list[UUID | None]
    included: bool


class BatchProof(msgspec.Struct, frozen=True):
    """Where a page's leaf is in the ledger: the batch, and the hashes from the leaf's sibling up."""

    batch: int
    position: int
    size: int
    hashes: list[Hex]
    entry_index: int


class MapLeaf(msgspec.Struct, frozen=True):
    """One leaf of the map of adjustments with its way to the root."""

    index: int
    key: Hex
    value: Hex
    hashes: list[Hex]


class MapProofView(msgspec.Struct, frozen=True):
    """What is shown of the map: a leaf for presence, its neighbours for absence."""

    size: int
    leaves: list[MapLeaf]


class CandidateAdjustment(msgspec.Struct, frozen=True):
    """What the map says of a candidate; `value` is the entry's bytes, None if there is none."""

    index: int
    clip: Hex
    value: Hex | None
    proof: MapProofView


class MapEntry(msgspec.Struct, frozen=True):
    """The ledger's entry that holds the map's root (base64), with its tlog-proof."""

    entry: str
    proof: str


class ReceiptAdjustments(msgspec.Struct, frozen=True):
    """What the map of adjustments that the page used says of the page's candidates."""

    entry: MapEntry | None
    shown: list[CandidateAdjustment]


class ReceiptPromise(msgspec.Struct, frozen=True):
    """The promise that came with the page. `key` is the raw key that signed it, hexadecimal."""

    leaf: Hex
    at: int
    include_by: int
    process: Hex
    key: Hex
    signature: str


class ReceiptView(msgspec.Struct, frozen=True):
    """A receipt with its proof; `body` is base64, `model` and `policy` are digests of published documents.

    `items` are the clips as the body has them, also those that are gone since.
    """

    id: UUID
    at: dt.datetime
    items: list[UUID]
    digest: Hex
    body: str
    model: Hex
    policy: Hex
    promise: ReceiptPromise
    proof: BatchProof | None
    adjustments: ReceiptAdjustments | None


class PageGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page's file, as its viewer gave it away."""

    file: Annotated[str, msgspec.Meta(min_length=1, max_length=500_000)]


LeftOutReason = Literal["own", "gone", "creator_hidden", "not_visible"]


class LeftOut(msgspec.Struct, frozen=True):
    """Why a clip could not be on a page; None if it was not among those that are left out before the receipt begins.

    `own`: the viewer's own. `gone`: not public any more. `creator_hidden`: one of the two blocks the other.
    `not_visible`: the viewer may not see it.
    """

    reason: LeftOutReason | None


class ReceiptKeyView(msgspec.Struct, frozen=True):
    """The visitor's receipt key, hexadecimal: with it their own devices, and nobody else's, can check their pages."""

    key: Hex


class PromiseKeyView(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """A key with which a process of the realm signs promises, and the signed note that vouches for it."""

    key: Hex
    since: dt.datetime
    until: dt.datetime
    certificate: str


class PromiseKeys(msgspec.Struct, frozen=True):
    """All that may count. `vkey` is the key that vouches for them, as the ledger names it."""

    vkey: str | None
    items: list[PromiseKeyView]
