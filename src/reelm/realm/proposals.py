"""Proposed versions of the charter and their signatures, as files: `charter/proposals` of the data folder.

A proposal is its canonical document under its own digest. Each signature is a file of its own, so that two that come
at once are both kept.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from reelm.realm import charter
from reelm.realm.charter import CharterSignature
from reelm.realm.schemas import RealmDocument
from reelm_audit.charter import Standing, stand
from reelm_audit.tlog import canonical

_FOLDER = Path("charter") / "proposals"
_DIGEST_CHARS = 64


def store(data: Path, new: RealmDocument) -> str:
    """Keep a proposed version; return its digest."""
    digest = charter.digest_of(new)
    folder = data / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    charter.write_whole(folder / f"{digest}.json", charter.document_of(new))
    return digest


def find(data: Path, digest: str) -> RealmDocument | None:
    """Return the proposal of that digest."""
    if len(digest) != _DIGEST_CHARS or not set(digest) <= set("0123456789abcdef"):
        return None
    path = data / _FOLDER / f"{digest}.json"
    return msgspec.json.decode(path.read_bytes(), type=RealmDocument) if path.exists() else None


def list_all(data: Path) -> list[str]:
    """Return the digests of all that was proposed, the newest first."""
    found = sorted((data / _FOLDER).glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path.stem for path in found]


def forget(data: Path, digest: str) -> None:
    """Take a proposal back, with its signatures."""
    folder = data / _FOLDER / digest
    for path in sorted(folder.glob("*.json")):
        path.unlink()
    if folder.exists():
        folder.rmdir()
    (data / _FOLDER / f"{digest}.json").unlink(missing_ok=True)


def add(data: Path, digest: str, signature: CharterSignature) -> None:
    """Keep a signature that was verified."""
    folder = data / _FOLDER / digest
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.sha256(signature.keyholder.encode()).hexdigest()[:16]
    charter.write_whole(folder / f"{name}.json", msgspec.json.encode(signature))


def signatures(data: Path, new: RealmDocument) -> list[CharterSignature]:
    """Return the valid signatures over a proposal."""
    folder = data / _FOLDER / charter.digest_of(new)
    kept = [
        msgspec.json.decode(path.read_bytes(), type=CharterSignature)
        for path in sorted(folder.glob("*.json"))
    ]
    return charter.valid_signatures(new, kept)


def standing(data: Path, old: RealmDocument | None, new: RealmDocument) -> Standing:
    """Say how far a proposal is signed, beside the version in force."""
    return standing_of(old, new, signatures(data, new))


def standing_of(
    old: RealmDocument | None, new: RealmDocument, signed: Sequence[CharterSignature]
) -> Standing:
    """Say how far `new` is signed by these valid signatures."""
    before = None if old is None else canonical.decode(charter.document_of(old))
    after = canonical.decode(charter.document_of(new))
    return stand(before, after, {signature.keyholder for signature in signed})
