"""How a realm gets to know another one: by the charter in that realm's ledger, and by who signed it.

Steps: 1. the bytes of the charter have the digest that the ledger's entry names; 2. the entry is in a checkpoint
signed with the ledger's key; 3. enough of the keyholders whom the charter names have signed it; 4. where the realm
was known before with another charter, enough of *those* keyholders have, too: nobody takes a known name over.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reelm.realm.schemas import Keyholders
from reelm_audit.entries import EntrySignatureError, charter_to_sign, verify_detached
from reelm_audit.tlog import canonical, policy, proof
from reelm_audit.tlog.note import Verifier

_NOBODY_ASKED = "quorum none\n"


class IntroductionError(ValueError):
    """What keeps a realm from being believed, in one sentence."""


@dataclass(frozen=True)
class Shown:
    """What another realm shows of itself, as it came.

    `entry` are the bytes of its newest `charter.adopted`, `inclusion` the tlog-proof of it, `charter` the document.
    """

    ledger_vkey: str
    entry: bytes
    inclusion: str
    charter: bytes


@dataclass(frozen=True)
class Introduced:
    """A realm whose charter was checked."""

    document: dict[str, Any]
    digest: str
    ledger_vkey: str
    signed_by: tuple[str, ...]

    def text(self, name: str) -> str:
        """Return a field of the charter that is a text, empty where it isn't there."""
        found = self.document.get(name)
        return found if isinstance(found, str) else ""


def check(shown: Shown, before: Mapping[str, Any] | None = None, before_digest: str = "") -> Introduced:
    """Return the realm that was shown. `before`: its charter as it was known. Raises `IntroductionError`."""
    try:
        entry = canonical.decode(shown.entry)
        document = canonical.decode(shown.charter)
    except ValueError as error:
        raise IntroductionError("What that realm shows of itself can't be read.") from error
    if (
        not isinstance(entry, dict)
        or not isinstance(document, dict)
        or entry.get("kind") != "charter.adopted"
    ):
        raise IntroductionError("That realm shows no charter.")
    digest = hashlib.sha256(shown.charter).hexdigest()
    if entry.get("charter") != digest:
        raise IntroductionError("That realm's ledger names another charter than the one it shows.")
    _check_inclusion(shown)
    signed = _signers(entry.get("signatures"), shown.charter, _members(document) | _members(before or {}))
    _enough(document, signed, "Its charter is signed by too few of the keyholders whom it names")
    if before is not None and before_digest != digest:
        _enough(before, signed, "Its new charter is not signed by the keyholders of the one that was known")
    return Introduced(document, digest, shown.ledger_vkey, tuple(sorted(signed)))


def _check_inclusion(shown: Shown) -> None:
    try:
        key = Verifier.from_vkey(shown.ledger_vkey)
        proof.parse(shown.inclusion).verify(shown.entry, policy.parse(_NOBODY_ASKED), key)
    except ValueError as error:
        raise IntroductionError("That realm's charter is not in its own ledger.") from error


def _members(document: Mapping[str, Any]) -> set[str]:
    return {member.vkey for member in _keyholders(document).members}


def _keyholders(document: Mapping[str, Any]) -> Keyholders:
    try:
        return msgspec.convert(document.get("keyholders") or {}, Keyholders)
    except msgspec.ValidationError as error:
        raise IntroductionError("That realm's charter can't be read.") from error


def _signers(signatures: object, charter: bytes, members: set[str]) -> set[str]:
    signed: set[str] = set()
    for each in signatures if isinstance(signatures, Sequence) else ():
        vkey = each.get("keyholder") if isinstance(each, dict) else None
        if vkey not in members:
            continue
        try:
            verify_detached(
                charter_to_sign(charter), each.get("signature"), Verifier.from_vkey(vkey).public_key
            )
        except (EntrySignatureError, ValueError):
            continue
        signed.add(vkey)
    return signed


def _enough(document: Mapping[str, Any], signed: set[str], otherwise: str) -> None:
    holders = _keyholders(document)
    # Two names with one key are one keyholder.
    keys = {_public(member.vkey) for member in holders.members if member.vkey in signed}
    needed = holders.threshold
    if needed < 1 or not holders.members or len(keys) < needed:
        raise IntroductionError(f"{otherwise}: {len(keys)} of the {needed} that it takes.")


def _public(vkey: str) -> bytes:
    try:
        return Verifier.from_vkey(vkey).public_key
    except ValueError:
        return base64.b64encode(vkey.encode())
