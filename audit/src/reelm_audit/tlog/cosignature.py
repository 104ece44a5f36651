"""C2SP cosignatures: a witness's statement that, at a time, a checkpoint was the largest consistent one it had seen.

Type 04 is Ed25519 over `cosignature/v1`, the time and the checkpoint's text; it does not cover the witness's name, so
a key belongs to one witness only. Type 06 is ML-DSA-44 over a binary structure that names the witness; both carry
the time (seconds since 1970, big-endian, 8 bytes) before the signature.
"""

from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from reelm_audit.tlog import checkpoint as checkpoints
from reelm_audit.tlog.encoding import MAX_SIZE, is_name
from reelm_audit.tlog.note import (
    ED25519,
    KEY_BYTES,
    SIGNATURE_BYTES,
    NoteError,
    SignatureLine,
    Verifier,
    check_ed25519,
    format_line,
    format_vkey,
    key_id,
    parse_vkey,
)

ED25519_COSIGNATURE = 0x04
ML_DSA_44_COSIGNATURE = 0x06
TIME_BYTES = 8

_KEY_BYTES = {ED25519_COSIGNATURE: KEY_BYTES, ML_DSA_44_COSIGNATURE: 1312}
_SIGNATURE_BYTES = {ED25519_COSIGNATURE: SIGNATURE_BYTES, ML_DSA_44_COSIGNATURE: 2420}


def timestamp(signature: bytes) -> int:
    """Return when a cosignature says it was made; believe it only once the cosignature is verified."""
    when = int.from_bytes(signature[:TIME_BYTES], "big")
    if len(signature) <= TIME_BYTES or when > MAX_SIZE:
        raise NoteError("a cosignature begins with its time")
    return when


@dataclass(frozen=True)
class CosignatureVerifier:
    """A witness's public key: type 04 or 06."""

    name: str
    kind: int
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise NoteError("this can't be a key's name")
        if len(self.public_key) != _KEY_BYTES.get(self.kind):
            raise NoteError("this is not a witness's key")

    @classmethod
    def from_vkey(cls, vkey: str) -> "CosignatureVerifier":
        """Read a vkey of type 04 or 06; anything else raises `NoteError`."""
        return cls(*parse_vkey(vkey))

    @cached_property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say which key made a signature."""
        return key_id(self.name, self.kind, self.public_key)

    @property
    def vkey(self) -> str:
        """The written form."""
        return format_vkey(self.name, self.kind, self.public_key)

    def verify(self, text: str, signature: bytes) -> None:
        """Raise `NoteError` unless `signature` is this witness's cosignature on the checkpoint `text`."""
        when = timestamp(signature)
        if len(signature) != TIME_BYTES + _SIGNATURE_BYTES[self.kind]:
            raise NoteError("the cosignature has another length")
        if self.kind == ED25519_COSIGNATURE:
            check_ed25519(self.public_key, signature[TIME_BYTES:], ed25519_message(text, when))
            return
        message = ml_dsa_message(self.name, checkpoints.parse(text), when)
        try:
            MLDSA44PublicKey.from_public_bytes(self.public_key).verify(signature[TIME_BYTES:], message)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
            raise NoteError("the cosignature does not verify") from error


def ed25519_message(text: str, when: int) -> bytes:
    """Return what a type 04 cosignature signs."""
    checkpoints.parse(text)  # a witness says something of checkpoints only
    return f"cosignature/v1\ntime {when}\n{text}".encode()


def ml_dsa_message(name: str, checkpoint: checkpoints.Checkpoint, when: int) -> bytes:
    """Return what a type 06 cosignature signs."""
    who, origin = name.encode(), checkpoint.origin.encode()
    if max(len(who), len(origin)) > 255:
        raise NoteError("the name is too long")
    return b"".join(
        [
            b"subtree/v1\n\0",
            len(who).to_bytes(1, "big") + who,
            when.to_bytes(8, "big"),
            len(origin).to_bytes(1, "big") + origin,
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        ]
    )


class CosignatureSigner:
    """A witness's private key (type 04), from its 32 secret bytes."""

    def __init__(self, name: str, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise NoteError("an Ed25519 key has 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.verifier = CosignatureVerifier(
            name, ED25519_COSIGNATURE, self._key.public_key().public_bytes_raw()
        )

    @property
    def vkey(self) -> str:
        """The public key as others are given it."""
        return self.verifier.vkey

    def signature_line(self, text: str, when: int) -> str:
        """Return the signature line that says: at `when`, checkpoint `text` was the largest seen."""
        if not 0 <= when <= MAX_SIZE:
            raise NoteError("there is no such time")
        signature = when.to_bytes(TIME_BYTES, "big") + self._key.sign(ed25519_message(text, when))
        return format_line(self.verifier.name, self.verifier.key_id + signature)


def any_verifier(vkey: str) -> Verifier | CosignatureVerifier:
    """Read a vkey of any type that can be verified here; raises `NoteError`."""
    _, kind, _ = parse_vkey(vkey)
    return Verifier.from_vkey(vkey) if kind == ED25519 else CosignatureVerifier.from_vkey(vkey)


def cosigned_at(line: SignatureLine) -> int:
    """Return the time within a verified cosignature line."""
    return timestamp(line.signature)
