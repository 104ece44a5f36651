"""What binds a receipt to the page that was shown: leaf, promise, batch (`spec/receipt/README.md`, "The promise")."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from reelm_audit.feed.layout import ZERO
from reelm_audit.tlog.encoding import b64decode
from reelm_audit.tlog.merkle import ProofError, leaf_hash, leaf_hashes, root_of, verify_inclusion
from reelm_audit.tlog.note import Ed25519Signer as Signer
from reelm_audit.tlog.note import NoteError, Verifier, check_ed25519, open_note, sign_note

BATCH_SECONDS = 10
INCLUDE_WITHIN = 20
SMALLEST_BATCH = 256
NOBODYS_KEY = ZERO
FIRST_PREVIOUS = ZERO
_CERTIFICATE = "reelm/promise-key/v1"


class PromiseError(ValueError):
    """A promise, its key's certificate or a batch does not say what it must."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The web process's word that `leaf` will be in the ledger by `include_by` (seconds since 1970)."""

    leaf: bytes
    at: int
    include_by: int
    signature: bytes = b""

    def to_sign(self) -> bytes:
        """Return the bytes that the promise key signs."""
        return f"reelm/promise/v1\n{self.leaf.hex()}\n{self.at}\n{self.include_by}\n".encode()

    def verify(self, public_key: bytes) -> None:
        """Raise `PromiseError` unless it is signed by the raw `public_key`."""
        try:
            check_ed25519(public_key, self.signature, self.to_sign())
        except NoteError as error:
            raise PromiseError("the promise is not signed by this key") from error


@dataclass(frozen=True, slots=True)
class PromiseKey:
    """A web process's key for promises, and from when until when it counts (seconds since 1970)."""

    key: bytes
    since: int
    until: int

    def text(self, origin: str) -> str:
        """Return the text of the certificate, a signed note."""
        return f"{_CERTIFICATE}\n{origin}\n{self.key.hex()}\n{self.since}\n{self.until}\n"

    def certify(self, signer: Signer) -> str:
        """Return the certificate, signed by the realm's key for it, whose name is the log's origin."""
        return sign_note(self.text(signer.name), signer)


def open_certificate(note: str, by: Verifier) -> PromiseKey:
    """Read a promise key's certificate, signed by `by`; raises `PromiseError`."""
    try:
        lines = open_note(note, [by]).text.split("\n")
        first, origin, key, since, until, last = lines
        found = PromiseKey(bytes.fromhex(key), int(since), int(until))
    except (NoteError, ValueError) as error:
        raise PromiseError(f"the certificate does not hold: {error}") from error
    if first != _CERTIFICATE or last or origin != by.name or len(found.key) != 32:
        raise PromiseError("the certificate is of something else")
    if found.text(by.name) != "\n".join(lines):
        raise PromiseError("the certificate is spelt in another way")
    return found


def process_of(public_key: bytes) -> str:
    """Return the 16 hexadecimal digits by which a page names the promise key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def leaf_of(receipt_key: bytes, clips: Sequence[bytes], digest: bytes) -> bytes:
    """Return the leaf of a page: of its clips' ids in the order shown, and the digest of its receipt."""
    items = hashlib.sha256(b"".join(clips)).digest()
    return hmac.new(receipt_key, b"reelm/receipt/v1\x00" + items + digest, hashlib.sha256).digest()


def batch_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over a batch, padded and shuffled already: a power of two of leaves, 256 or more."""
    if len(leaves) < SMALLEST_BATCH or len(leaves) & (len(leaves) - 1):
        raise PromiseError("a batch is a power of two of leaves, at least 256")
    if any(len(leaf) != 32 for leaf in leaves):
        raise PromiseError("a leaf has 32 bytes")
    return root_of(leaf_hashes(leaves))


def batch_hash(batch: int, previous: bytes, root: bytes) -> bytes:
    """Return the hash that the next batch names as its previous one; before the first stand 32 zero bytes."""
    return hashlib.sha256(b"reelm/batch/v1\x00" + batch.to_bytes(8, "little") + previous + root).digest()


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a leaf is in a batch. `entry_index` is where in the ledger the batch's root stands."""

    batch: int
    position: int
    size: int
    hashes: tuple[bytes, ...]
    entry_index: int

    def verify(self, leaf: bytes, root: bytes) -> None:
        """Raise `PromiseError` unless the leaf is under this root."""
        if self.size < SMALLEST_BATCH or self.size & (self.size - 1):
            raise PromiseError("a batch is a power of two of leaves, at least 256")
        try:
            verify_inclusion(leaf_hash(leaf), self.position, self.size, self.hashes, root)
        except ProofError as error:
            raise PromiseError(str(error)) from error

    def as_json(self) -> dict[str, object]:
        """Return it as the API and the file give it."""
        return {
            "batch": self.batch,
            "position": self.position,
            "size": self.size,
            "hashes": [each.hex() for each in self.hashes],
            "entry_index": self.entry_index,
        }


def inclusion_from(value: object) -> Inclusion:
    """Read what `Inclusion.as_json` writes; raises `PromiseError`."""
    try:
        if not isinstance(value, dict) or set(value) != {
            "batch", "position", "size", "hashes", "entry_index",
        }:  # fmt: skip
            raise PromiseError("the proof's fields are other ones")
        hashes = tuple(bytes.fromhex(each) for each in value["hashes"])
        numbers = [value[name] for name in ("batch", "position", "size", "entry_index")]
    except (TypeError, ValueError) as error:
        raise PromiseError(f"the proof is malformed: {error}") from error
    if any(len(each) != 32 for each in hashes) or len(hashes) > 63:
        raise PromiseError("the proof is malformed")
    if not all(
        isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**53 for each in numbers
    ):
        raise PromiseError("the proof is malformed")
    return Inclusion(numbers[0], numbers[1], numbers[2], hashes, numbers[3])


def promise_from(leaf: str, at: int, include_by: int, signature: str) -> Promise:
    """Read a promise as a page's JSON gives it; raises `PromiseError`."""
    try:
        return Promise(bytes.fromhex(leaf), at, include_by, b64decode(signature, 64))
    except ValueError as error:
        raise PromiseError(f"the promise is malformed: {error}") from error
