"""Sealing under the key-encryption key (KEK) and under people's keys: AES-256-GCM, always with named context.

A sealed value is `version(1) ‖ KEK slot(1) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`; the associated data names the
table, the column and the row, so that a value copied to another row, column or person does not open. Values
sealed under a person's key use slot 0.

Secret bytes come from the operating system directly: a key drawn from an injected source would be a weakness.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reelm.custody.errors import KeyFileError, SealBrokenError

KEY_BYTES = 32
_VERSION = 1
_NONCE_BYTES = 12
_HEADER_BYTES = 2
_MIN_BYTES = _HEADER_BYTES + _NONCE_BYTES + 16
PERSON_SLOT = 0
FIRST_SLOT = 1


def new_key() -> bytes:
    """32 fresh bytes from the operating system."""
    return os.urandom(KEY_BYTES)


def context(table: str, column: str, *row: bytes | str) -> bytes:
    """The associated data of one value: every part length-prefixed, so that no two contexts run together."""
    parts = [
        table.encode(),
        column.encode(),
        *(part.encode() if isinstance(part, str) else part for part in row),
    ]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def seal(key: bytes, plain: bytes, about: bytes, *, slot: int = PERSON_SLOT) -> bytes:
    """Seal `plain` under `key`; `about` is the context it is bound to."""
    header = bytes((_VERSION, slot))
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + AESGCM(key).encrypt(nonce, plain, header + about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Open a value sealed by `seal`. Raises SealBrokenError for another key, another context or a changed byte."""
    if len(sealed) < _MIN_BYTES or sealed[0] != _VERSION:
        raise SealBrokenError
    nonce = sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
    try:
        return AESGCM(key).decrypt(
            nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], sealed[:_HEADER_BYTES] + about
        )
    except InvalidTag:
        raise SealBrokenError from None


class KekRing:
    """The key-encryption keys by slot; new values are sealed under `active`.

    A slot is one file: `kek` is slot 1, `kek-<n>` slot n (2 to 255). A realm has one; while it is rotated
    (`rotation`) it has two, and the newest, the highest, is the active one.
    """

    def __init__(self, keys: Mapping[int, bytes], active: int = FIRST_SLOT) -> None:
        if active not in keys:
            raise KeyFileError(f"there is no key file for slot {active}")
        self._keys = dict(keys)
        self.active = active

    def __repr__(self) -> str:
        return f"KekRing(slots={sorted(self._keys)}, active={self.active})"

    @property
    def slots(self) -> list[int]:
        return sorted(self._keys)

    def seal(self, plain: bytes, about: bytes, *, slot: int | None = None) -> bytes:
        chosen = self.active if slot is None else slot
        if chosen not in self._keys:
            raise KeyFileError(f"there is no key file for slot {chosen}")
        return seal(self._keys[chosen], plain, about, slot=chosen)

    def unseal(self, sealed: bytes, about: bytes) -> bytes:
        """Open with the key of the slot named in the header. Raises SealBrokenError, also for a missing slot."""
        if len(sealed) < _MIN_BYTES or sealed[1] not in self._keys:
            raise SealBrokenError
        return unseal(self._keys[sealed[1]], sealed, about)


def slot_path(folder: Path, slot: int) -> Path:
    """Where the key of a slot is kept."""
    return folder / ("kek" if slot == FIRST_SLOT else f"kek-{slot}")


def read_ring(folder: Path) -> KekRing:
    """Read every slot's key file. Raises KeyFileError when one is readable by others or has the wrong size."""
    keys: dict[int, bytes] = {}
    for path in sorted(folder.glob("kek*")):
        suffix = path.name.removeprefix("kek").removeprefix("-")
        if path.name != "kek" and not (suffix.isdecimal() and FIRST_SLOT < int(suffix) <= 255):
            continue
        mode = path.stat().st_mode
        if mode & 0o077:
            raise KeyFileError(
                f"{path.name} can be read by others (mode {mode & 0o777:04o}); it must be 0600"
            )
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise KeyFileError(f"{path.name} must be {KEY_BYTES} bytes, it has {len(key)}")
        keys[int(suffix) if suffix else FIRST_SLOT] = key
    return KekRing(keys, max(keys, default=FIRST_SLOT))


def create_slot(folder: Path, slot: int = FIRST_SLOT) -> None:
    """Write a new key file, durable before it returns. Raises FileExistsError rather than replace a key."""
    path = slot_path(folder, slot)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, new_key())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
