"""The key by which push services know this realm (RFC 8292). It lies in `push/key` of the data folder, 0600.

It opens nothing of anybody's. Whoever takes it still needs a device's endpoint and keys, which lie sealed under each
person's own key. The worker makes it and alone reads it; everybody else reads `push/key.pub`.
"""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from reelm.settings import Settings

KEY_FILE = "key"


def read_or_make(settings: Settings) -> ec.EllipticCurvePrivateKey:
    """Return the realm's key, made and written whole where there is none; the worker only."""
    path = settings.push_folder / KEY_FILE
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = ec.generate_private_key(ec.SECP256R1())
        _write(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} holds no key for push services")
    shown = public_text(key)
    if read_public(settings) != shown:
        _write(settings.push_public_key, shown.encode() + b"\n")
    return key


def read_public(settings: Settings) -> str:
    """Return the public key as browsers take it: base64url of the point; nothing where there is none yet."""
    try:
        return settings.push_public_key.read_text().strip()
    except FileNotFoundError:
        return ""


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
