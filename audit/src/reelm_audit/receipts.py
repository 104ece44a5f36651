"""A person's receipt: one ledger entry that concerns them, its proof of inclusion, and what opens their mark in it.

A receipt is a C2SP tlog-proof whose extra data is canonical JSON: `format`, the realm's address, the exact bytes of
the `entry` (base64), the log's `vkey` and witness `policy` as the realm states them, and `openings`. Each opening is
a kind, a document and 32 bytes (hexadecimal) made of the person's ledger key; the mark in the entry is
`HMAC-SHA256(opening, kind ‖ 0x00 ‖ document)`. Whoever holds the receipt can check this one entry, and no other.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reelm_audit.tlog import canonical, policy, proof
from reelm_audit.tlog.encoding import b64decode, b64encode
from reelm_audit.tlog.merkle import ProofError
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy, Witnessed

FORMAT = "reelm-receipt/v1"

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MARKS = ("person", "people", "document")


class ReceiptError(ValueError):
    """A receipt is malformed, or does not show what it claims."""


@dataclass(frozen=True)
class Opening:
    """What opens one mark: `opening` is the 32 bytes, `document` the text that the mark commits to."""

    kind: str
    document: str
    opening: bytes

    @property
    def mark(self) -> str:
        """The mark as it must stand in the entry, hexadecimal."""
        message = self.kind.encode() + b"\x00" + self.document.encode()
        return hmac.new(self.opening, message, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """A receipt taken apart, nothing of it verified yet."""

    proof: proof.TlogProof
    realm: str
    entry: bytes
    vkey: str
    policy: str
    openings: tuple[Opening, ...]

    def text(self) -> str:
        """Return the file that the person keeps."""
        extra = {
            "format": FORMAT,
            "realm": self.realm,
            "entry": b64encode(self.entry),
            "vkey": self.vkey,
            "policy": self.policy,
            "openings": [
                {"kind": each.kind, "document": each.document, "opening": each.opening.hex()}
                for each in self.openings
            ],
        }
        return replace(self.proof, extra=canonical.encode(extra)).text()


@dataclass(frozen=True)
class CheckedReceipt:
    """What a receipt has been shown to say. `opened` are the fields of the entry that are about the holder."""

    receipt: Receipt
    entry: Mapping[str, Any]
    witnessed: Witnessed
    opened: tuple[tuple[str, Opening], ...]


def make(
    proof_text: str, entry: bytes, openings: Sequence[Opening], *, realm: str, vkey: str, policy: str
) -> str:
    """Return the receipt for `entry`, whose proof of inclusion is the tlog-proof `proof_text`."""
    return Receipt(proof.parse(proof_text), realm, entry, vkey, policy, tuple(openings)).text()


def parse(text: str | bytes) -> Receipt:
    """Take a receipt apart; raises `ReceiptError`."""
    try:
        return _read(proof.parse(text))
    except ReceiptError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise ReceiptError(f"the receipt is malformed: {error}") from error


def _read(outer: proof.TlogProof) -> Receipt:
    if outer.extra is None:
        raise ReceiptError("this proof is of an entry, but opens nothing: it is not a person's receipt")
    extra = canonical.decode(outer.extra)
    names = {"format", "realm", "entry", "vkey", "policy", "openings"}
    if not isinstance(extra, dict) or set(extra) != names or extra["format"] != FORMAT:
        raise ReceiptError("this is not a receipt of a kind that is known here")
    texts = [extra[name] for name in ("realm", "vkey", "policy", "entry")]
    if not all(isinstance(each, str) for each in texts) or not isinstance(extra["openings"], list):
        raise ReceiptError("the receipt is malformed")
    openings = []
    for each in extra["openings"]:
        if set(each) != {"kind", "document", "opening"} or not _HEX.fullmatch(each["opening"]):
            raise ReceiptError("an opening is malformed")
        openings.append(Opening(str(each["kind"]), str(each["document"]), bytes.fromhex(each["opening"])))
    return Receipt(
        outer, extra["realm"], b64decode(extra["entry"]), extra["vkey"], extra["policy"], tuple(openings)
    )


def check(receipt: Receipt, log: Verifier | None = None, witnesses: Policy | None = None) -> CheckedReceipt:
    """Verify proof, checkpoint, witnesses and every opening; raises `ReceiptError`.

    Without `log` and `witnesses` the ones that the receipt itself names are used: that proves that the realm signed
    this, if one believes the receipt about whose key it is.
    """
    try:
        witnessed = receipt.proof.verify(
            receipt.entry,
            witnesses or policy.parse(receipt.policy),
            log or Verifier.from_vkey(receipt.vkey),
        )
        entry = canonical.decode(receipt.entry)
    except (ProofError, NoteError, policy.PolicyError, canonical.CanonicalError) as error:
        raise ReceiptError(str(error)) from error
    if not isinstance(entry, dict):
        raise ReceiptError("the entry is no object")
    opened = []
    for opening in receipt.openings:
        fields = [name for name in _MARKS if opening.mark in _texts(entry.get(name))]
        if not fields or opening.kind != entry.get("kind"):
            raise ReceiptError(
                "an opening does not fit this entry: the entry is about somebody or something else"
            )
        opened += [(name, opening) for name in fields]
    return CheckedReceipt(receipt, entry, witnessed, tuple(opened))


def _texts(value: object) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
