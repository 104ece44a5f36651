"""The charter as signed bytes: its canonical document, its digest, and the keyholder that a new realm starts with.

A realm begins with one keyholder, the operator, whose key is made beside the data, in `keyholder/key`. It signs the
charter and the staff; nothing that serves reads it, so it can be moved to another machine, and should be.
"""

import base64
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm.realm.schemas import Jurisdiction, RealmDocument
from reelm_audit.entries import charter_to_sign, verify_detached
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Ed25519Signer, Verifier

FOLDER, KEY_FILE, SIGNATURES_FILE = "keyholder", "key", "charter.signatures.json"
FIRST_KEYHOLDER = "operator"


class CharterSignature(msgspec.Struct, frozen=True):
    """One keyholder's signature over one charter document, base64."""

    charter: str
    keyholder: str
    signature: str


class KeyholderKeyError(Exception):
    """There is no keyholder's key here, or it belongs to nobody whom the charter names."""


def document_of(realm: RealmDocument) -> bytes:
    """Return the canonical JSON of the charter: what is digested, signed and published."""
    return canonical.encode(plain(realm))


def plain(value: Any) -> Any:
    """Return a charter as plain values, without what came later than the first charters and says nothing new."""
    if isinstance(value, Jurisdiction) and not value.stored_in:
        return value.country
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        later: frozenset[str] = getattr(value, "later", frozenset())
        said = {field.name: getattr(value, field.name) for field in fields}
        defaults = {field.name: _default(field) for field in fields if field.name in later}
        return {
            name: plain(each) for name, each in said.items() if name not in defaults or each != defaults[name]
        }
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def digest_of(realm: RealmDocument) -> str:
    """Return the SHA-256 of the charter's document, hexadecimal."""
    return hashlib.sha256(document_of(realm)).hexdigest()


def write_document(data: Path, realm: RealmDocument) -> None:
    """Write `realm.json`, whole or not at all; `succession.prepare` sees at the next start who has signed it."""
    write_whole(data / "realm.json", msgspec.json.format(msgspec.json.encode(plain(realm)), indent=2) + b"\n")


def keyholder_key(data: Path, realm: RealmDocument) -> Ed25519Signer:
    """Return the keyholder's key kept beside the data. Raises `KeyholderKeyError`."""
    path = data / FOLDER / KEY_FILE
    if not path.exists():
        raise KeyholderKeyError(f"There is no keyholder's key in {path}.")
    return key_of_member(path, realm)


def key_of_member(path: Path, realm: RealmDocument) -> Ed25519Signer:
    """Return the key in `path` under the name that the charter has for it. Raises `KeyholderKeyError`."""
    public_key = read_key(path, FIRST_KEYHOLDER).public_key
    for member in realm.keyholders.members:
        named = Verifier.from_vkey(member.vkey)
        if named.public_key == public_key:
            return read_key(path, named.name)
    raise KeyholderKeyError(f"The key in {path} belongs to no keyholder of the charter.")


def signatures_of(
    data: Path, realm: RealmDocument, keyholders: Iterable[str] | None = None
) -> list[CharterSignature]:
    """Return the valid signatures of these keyholders (by default the charter's own), at most one each."""
    path = data / SIGNATURES_FILE
    if not path.exists():
        return []
    members = set(keyholders or ()) or {member.vkey for member in realm.keyholders.members}
    kept = msgspec.json.decode(path.read_bytes(), type=list[CharterSignature])
    return valid_signatures(realm, (each for each in kept if each.keyholder in members))


def valid_signatures(realm: RealmDocument, signatures: Iterable[CharterSignature]) -> list[CharterSignature]:
    """Return those that are over this charter, at most one of each keyholder."""
    return list({each.keyholder: each for each in signatures if verified(realm, each)}.values())


def sign(data: Path, realm: RealmDocument) -> CharterSignature | None:
    """Return a signature over the charter by the keyholder's key beside the data; None where it can't sign."""
    try:
        key = keyholder_key(data, realm)
    except KeyholderKeyError:
        return None
    return signed_by(key, realm)


def signed_by(key: Ed25519Signer, realm: RealmDocument) -> CharterSignature:
    """Return a keyholder's signature over the charter."""
    signed = base64.b64encode(key.sign(charter_to_sign(document_of(realm)))).decode()
    return CharterSignature(digest_of(realm), key.vkey, signed)


def add_signatures(data: Path, added: Iterable[CharterSignature]) -> None:
    """Keep signatures beside the charter, whole or not at all; known ones are kept once."""
    path = data / SIGNATURES_FILE
    known = msgspec.json.decode(path.read_bytes(), type=list[CharterSignature]) if path.exists() else []
    new = [each for each in dict.fromkeys(added) if each not in known]
    if new:
        write_whole(path, msgspec.json.format(msgspec.json.encode([*known, *new]), indent=2) + b"\n")


def verified(realm: RealmDocument, signature: CharterSignature) -> bool:
    """Whether the signature is over this charter, by the key that it names."""
    try:
        key = Verifier.from_vkey(signature.keyholder).public_key
        verify_detached(charter_to_sign(document_of(realm)), signature.signature, key)
    except ValueError:
        return False
    return signature.charter == digest_of(realm)


def read_key(path: Path, name: str) -> Ed25519Signer:
    """Read a key as `read_or_make_key` writes it. Raises `KeyholderKeyError`."""
    try:
        return Ed25519Signer(name, base64.b64decode(path.read_bytes().strip(), validate=True))
    except (OSError, ValueError) as error:
        raise KeyholderKeyError(f"There is no key in {path} that can be read.") from error


def read_or_make_key(path: Path, name: str) -> Ed25519Signer:
    """Return the key in `path`; made there, for its owner alone, where there is none."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        raw = Ed25519PrivateKey.generate().private_bytes_raw()
        write_whole(path, base64.b64encode(raw) + b"\n", 0o600)
    return read_key(path, name)


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file, whole or not at all; durable when this returns."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the process's umask: the keys process may be another user
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def slug(name: str) -> str:
    """Return a name as it can stand in a file's name or a key's: the same for the same name, another for another."""
    plain_name = "".join(char if char.isalnum() and char.isascii() else " " for char in name.lower())
    words = "-".join(plain_name.split())
    return (
        words if name == words.replace("-", " ") or name == words else f"{words}-{_short(name)}".lstrip("-")
    )


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]
