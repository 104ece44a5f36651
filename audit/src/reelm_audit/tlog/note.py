"""C2SP signed notes: a text, a blank line, and signature lines by named keys.

A key is written as a *vkey*: `name+<key id, 8 hex digits>+base64(type ‖ public key)`. A signature by an unknown key
is ignored; one by a known key that fails rejects the whole note; at least one known key must have signed.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from reelm_audit.tlog.encoding import b64decode, b64encode, is_name

ED25519 = 0x01
KEY_BYTES = 32
SIGNATURE_BYTES = 64
KEY_ID_BYTES = 4
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100

_VKEY = re.compile(r"(?P<name>[^+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/]+={0,2})", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_PREFIX = "\u2014 "


class NoteError(ValueError):
    """A note, a key or a signature line is malformed, or not signed as it must be."""


class NoteVerifier(Protocol):
    """A key whose signatures on notes can be checked."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say which key made a signature."""

    def verify(self, text: str, signature: bytes) -> None:
        """Raise `NoteError` unless `signature` (without its key id) is this key's on the note's `text`."""


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """Return the key id of a key of signature type `kind`."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:KEY_ID_BYTES]


def format_vkey(name: str, kind: int, public_key: bytes) -> str:
    """Return the written form of a public key."""
    if not is_name(name):
        raise NoteError("this can't be a key's name")
    return f"{name}+{key_id(name, kind, public_key).hex()}+{b64encode(bytes([kind]) + public_key)}"


def parse_vkey(vkey: str) -> tuple[str, int, bytes]:
    """Return name, signature type and public key of a vkey whose id fits them; else `NoteError`."""
    match = _VKEY.fullmatch(vkey)
    if match is None or not is_name(match["name"]):
        raise NoteError("this is not a verifier key")
    try:
        raw = b64decode(match["key"])
    except ValueError as error:
        raise NoteError("the verifier key's base64 is malformed") from error
    name, kind, public_key = match["name"], raw[0], raw[1:]
    if key_id(name, kind, public_key).hex() != match["id"]:
        raise NoteError("the verifier key's id belongs to another key")
    return name, kind, public_key


@dataclass(frozen=True)
class Verifier:
    """An Ed25519 public key (type 01): what logs, exports and keyholders sign with."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise NoteError("this can't be a key's name")
        if len(self.public_key) != KEY_BYTES:
            raise NoteError("an Ed25519 key has 32 bytes")

    @classmethod
    def from_vkey(cls, vkey: str) -> "Verifier":
        """Read a vkey of type 01; anything else raises `NoteError`."""
        name, kind, public_key = parse_vkey(vkey)
        if kind != ED25519:
            raise NoteError(f"a key of type {kind:02x} where type 01 belongs")
        return cls(name, public_key)

    @cached_property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say which key made a signature."""
        return key_id(self.name, ED25519, self.public_key)

    @property
    def vkey(self) -> str:
        """The written form."""
        return format_vkey(self.name, ED25519, self.public_key)

    def verify(self, text: str, signature: bytes) -> None:
        """Raise `NoteError` unless `signature` is this key's on the note's `text`."""
        check_ed25519(self.public_key, signature, text.encode())


def check_ed25519(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Raise `NoteError` unless `signature` over `message` is by the raw `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise NoteError("the signature does not verify") from error


class Ed25519Signer:
    """An Ed25519 private key (type 01), from its 32 secret bytes."""

    kind = ED25519

    def __init__(self, name: str, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise NoteError("an Ed25519 key has 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())
        self.name = name

    @property
    def public_key(self) -> bytes:
        """The raw public key."""
        return self.verifier.public_key

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say which key made a signature."""
        return self.verifier.key_id

    @property
    def vkey(self) -> str:
        """The public key as others are given it."""
        return self.verifier.vkey

    def sign(self, message: bytes) -> bytes:
        """Return the raw signature over any bytes."""
        return self._key.sign(message)

    def signature_line(self, text: str) -> str:
        """Return the note signature line on `text`, with its final newline."""
        check_text(text)
        return format_line(self.name, self.key_id + self.sign(text.encode()))


def format_line(name: str, payload: bytes) -> str:
    """Return a signature line; `payload` is the key id and the signature."""
    return f"{_PREFIX}{name} {b64encode(payload)}\n"


@dataclass(frozen=True)
class SignatureLine:
    """One signature line of a note, read but not verified."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line itself, with its newline."""
        return format_line(self.name, self.key_id + self.signature)


@dataclass(frozen=True)
class Note:
    """A note taken apart. Its `text` must not be believed before `open_note` has checked it."""

    text: str
    lines: tuple[SignatureLine, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(line.line for line in self.lines)


@dataclass(frozen=True)
class OpenedNote:
    """A note of which at least one known key's signature was verified, and none failed."""

    text: str
    verified: tuple[tuple[NoteVerifier, SignatureLine], ...]
    unknown: tuple[SignatureLine, ...] = field(default=())

    def signed_by(self, verifier: NoteVerifier) -> bool:
        """Say whether this key's signature is among the verified ones."""
        return any((v.name, v.key_id) == (verifier.name, verifier.key_id) for v, _ in self.verified)


def check_text(text: str) -> None:
    """Raise `NoteError` unless `text` may be signed: ends in a newline, has no other control byte, is UTF-8."""
    if not text.endswith("\n"):
        raise NoteError("a note's text ends in a newline")
    if _CONTROL.search(text):
        raise NoteError("a note holds no control characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoteError("a note is UTF-8") from error


def sign_note(text: str, *signers: Ed25519Signer) -> str:
    """Return the note: `text` and one signature line by each signer."""
    return text + "\n" + "".join(signer.signature_line(text) for signer in signers)


def parse_line(line: str) -> SignatureLine:
    """Read one signature line without its newline."""
    prefix, _, rest = line.partition(" ")
    name, space, encoded = rest.partition(" ")
    if prefix != _PREFIX.strip() or not space or not is_name(name):
        raise NoteError("a signature line is malformed")
    try:
        payload = b64decode(encoded)
    except ValueError as error:
        raise NoteError("a signature's base64 is malformed") from error
    if len(payload) <= KEY_ID_BYTES:
        raise NoteError("a signature is too short")
    return SignatureLine(name, payload[:KEY_ID_BYTES], payload[KEY_ID_BYTES:])


def parse_lines(text: str) -> tuple[SignatureLine, ...]:
    """Read one or more signature lines, each ending in a newline."""
    if not text.endswith("\n"):
        raise NoteError("a signature line ends in a newline")
    lines = text[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError("there are too many signatures")
    return tuple(parse_line(line) for line in lines)


def parse_note(note: str | bytes) -> Note:
    """Take a note apart without verifying anything."""
    data = note if isinstance(note, bytes) else _utf8(note)
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError("the note is too long")
    try:
        whole = data.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        raise NoteError("a note is UTF-8") from error
    split = whole.rfind("\n\n")
    if split < 0:
        raise NoteError("a note has a blank line before its signatures")
    text = whole[: split + 1]
    check_text(text)
    return Note(text, parse_lines(whole[split + 2 :]))


def open_note(note: str | bytes, verifiers: Iterable[NoteVerifier]) -> OpenedNote:
    """Verify a note with the keys one knows; raises `NoteError` as this module's first lines say."""
    parsed = parse_note(note)
    known: dict[tuple[str, bytes], NoteVerifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise NoteError("two known keys share a name and an id")
    verified, unknown = [], []
    for line in parsed.lines:
        key = known.get((line.name, line.key_id))
        if key is None:
            unknown.append(line)
            continue
        key.verify(parsed.text, line.signature)
        verified.append((key, line))
    if not verified:
        raise NoteError("no known key has signed this note")
    return OpenedNote(parsed.text, tuple(verified), tuple(unknown))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NoteError("a note is UTF-8") from error
