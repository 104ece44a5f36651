"""The border's own key: what it signs deliveries and counts with. It lies in `border/key` of the data folder."""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm_audit.tlog.note import Ed25519Signer

FOLDER, KEY_FILE = "border", "key"


def read_or_make(data: Path, realm: str) -> Ed25519Signer:
    """Return the key of realm `realm`'s border, made and written whole where there is none. Before processes fork."""
    path = data / FOLDER / KEY_FILE
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(KEY_FILE + ".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    return Ed25519Signer(f"{realm}.border", base64.b64decode(path.read_bytes()))
