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

from reelm.realm.schemas import Keyholder, Keyholders, RealmDocument
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


def prepare(data: Path) -> None:
    """Give a realm without a keyholder its first one, and sign the charter where the key is at hand.

    Safe to repeat; files are written whole or not at all. `realm.json` must exist.
    """
    path = data / "realm.json"
    realm = msgspec.json.decode(path.read_bytes(), type=RealmDocument)
    if not realm.keyholders.members:
        key = _read_or_make_key(data)
        first = Keyholder(name=realm.operator.name, role="operator", vkey=key.vkey)
        realm = msgspec.structs.replace(realm, keyholders=Keyholders(threshold=1, members=[first]))
        write_document(data, realm)
    if (data / FOLDER / KEY_FILE).exists():
        _sign(data, realm)


def write_document(data: Path, realm: RealmDocument) -> None:
    """Write `realm.json`, whole or not at all; who changes it signs it by `prepare` at the next start."""
    _write(
        data / "realm.json", msgspec.json.format(msgspec.json.encode(plain(realm)), indent=2) + b"\n", 0o644
    )


def keyholder_key(data: Path, realm: RealmDocument) -> Ed25519Signer:
    """Return the keyholder's key kept beside the data. Raises `KeyholderKeyError`."""
    path = data / FOLDER / KEY_FILE
    if not path.exists():
        raise KeyholderKeyError(f"There is no keyholder's key in {path}.")
    key = _read_key(path)
    if key.vkey not in {member.vkey for member in realm.keyholders.members}:
        raise KeyholderKeyError(f"The key in {path} belongs to no keyholder of the charter.")
    return key


def signatures_of(
    data: Path, realm: RealmDocument, keyholders: Iterable[str] | None = None
) -> list[CharterSignature]:
    """Return the valid signatures of these keyholders (by default the charter's own), at most one each."""
    path = data / SIGNATURES_FILE
    if not path.exists():
        return []
    document, digest = document_of(realm), digest_of(realm)
    members = set(keyholders or ()) or {member.vkey for member in realm.keyholders.members}
    found: dict[str, CharterSignature] = {}
    for signature in msgspec.json.decode(path.read_bytes(), type=list[CharterSignature]):
        if signature.charter != digest or signature.keyholder not in members:
            continue
        try:
            key = Verifier.from_vkey(signature.keyholder).public_key
            verify_detached(charter_to_sign(document), signature.signature, key)
        except ValueError:
            continue
        found[signature.keyholder] = signature
    return list(found.values())


def _sign(data: Path, realm: RealmDocument) -> None:
    try:
        key = keyholder_key(data, realm)
    except KeyholderKeyError:
        return
    if key.vkey in {signature.keyholder for signature in signatures_of(data, realm)}:
        return
    signed = base64.b64encode(key.sign(charter_to_sign(document_of(realm)))).decode()
    path = data / SIGNATURES_FILE
    known = msgspec.json.decode(path.read_bytes(), type=list[CharterSignature]) if path.exists() else []
    known.append(CharterSignature(digest_of(realm), key.vkey, signed))
    _write(path, msgspec.json.format(msgspec.json.encode(known), indent=2) + b"\n", 0o644)


def _read_or_make_key(data: Path) -> Ed25519Signer:
    path = data / FOLDER / KEY_FILE
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        raw = Ed25519PrivateKey.generate().private_bytes_raw()
        _write(path, base64.b64encode(raw) + b"\n", 0o600)
    return _read_key(path)


def _read_key(path: Path) -> Ed25519Signer:
    return Ed25519Signer(FIRST_KEYHOLDER, base64.b64decode(path.read_bytes()))


def _write(path: Path, data: bytes, mode: int) -> None:
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the process's umask: the keys process may be another user
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
