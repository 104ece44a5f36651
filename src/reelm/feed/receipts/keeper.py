"""Keeps the receipt of a page while the page is being answered: no database, no wait but for the first key.

In this order: 1. digest, leaf and the signature of the promise, 2. the sealed record is written, with the promise,
3. the promise is returned; the index row follows within a second, and from then on the leaf is in the next batch. A
process that is killed between 2 and the index row leaves it to whoever looks next (`indexing`).
"""

import base64
import hashlib
import hmac
import os
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reelm.custody.service import KeysClient, Visitor
from reelm.feed.receipts.errors import ReceiptsFullError
from reelm.feed.receipts.promiser import Promiser
from reelm.feed.receipts.segments import IndexRow, Segment, minute_name, pack, sealed_of
from reelm.kit.ids import Ids
from reelm_audit.feed.promises import INCLUDE_WITHIN

_LEAF, _RECORD = b"reelm/receipt-leaf/v1", b"reelm/receipt-record/v1"
_NONCE = 12
_LEVEL = 1
_WINDOW = -12  # 4 KiB: a quarter quicker than the 8 KiB that a receipt can have, and not longer
_HEAD_BYTES, _SCORED_BYTES, _SOURCES_AT = 250, 61, 4

_log = structlog.get_logger("reelm.receipts")


def leaf_key_of(receipt_key: bytes) -> bytes:
    """The key of a person's leaves: what their own devices check pages with."""
    return hmac.digest(receipt_key, _LEAF, "sha256")


def record_key_of(receipt_key: bytes) -> bytes:
    """The key that a person's records are sealed under; it leaves the realm's processes never."""
    return hmac.digest(receipt_key, _RECORD, "sha256")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a record holds: the receipt, and the promise's key and signature."""

    receipt: bytes
    promise_key: bytes
    signature: bytes


def open_record(receipt_key: bytes, receipt_id: UUID, leaf: bytes, record: bytes) -> Kept:
    """What a whole record holds. Raises ValueError for anything else, and for another person's key."""
    sealed = sealed_of(record)
    about = receipt_id.bytes + leaf
    try:
        plain = AESGCM(record_key_of(receipt_key)).decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
        return Kept(zlib.decompress(plain[96:], -15), plain[:32], plain[32:96])
    except (InvalidTag, zlib.error) as error:
        raise ValueError("this record does not open") from error


class ReceiptKeeper:
    """One a web process. `waiting` is what `indexing` brings to the database."""

    def __init__(
        self,
        folder: Path,
        keys: KeysClient,
        promiser: Promiser,
        ids: Ids,
        include_within: int = INCLUDE_WITHIN,
    ) -> None:
        self.root = folder / "segments"
        self._keys = keys
        self._promiser = promiser
        self._ids = ids
        self._within = include_within
        self._process = secrets.token_hex(6)
        self._minute = -1
        self._name = ""
        self.segments: dict[str, Segment] = {}
        self.waiting: list[IndexRow] = []

    async def key(self, viewer: Visitor) -> bytes:
        """The viewer's receipt key: one call to keys in a session. Raises SignInRequiredError."""
        return await self._keys.receipt_key(viewer.session_id, viewer.token)

    def salt(self, seed: bytes) -> bytes:
        """What the commitments of the page with this seed are made with."""
        return self._promiser.salt(seed)

    async def keep(self, viewer: Visitor, receipt: bytes, clips: Sequence[UUID], at: int) -> bytes:
        """Keep a page's receipt; return the page's `receipt` as JSON.

        `clips` are the page's, in order, and `at` is the receipt's own time. Raises ReceiptsFullError.
        """
        key = self._keys.known_receipt_key(viewer.session_id) or await self.key(viewer)
        digest = hashlib.sha256(receipt).digest()
        ids = b"".join([clip.bytes for clip in clips])
        leaf = hmac.digest(
            leaf_key_of(key), b"reelm/receipt/v1\x00" + hashlib.sha256(ids).digest() + digest, "sha256"
        )
        receipt_id = self._ids.new()
        name, by = leaf.hex(), at + self._within
        signature = self._promiser.sign(f"reelm/promise/v1\n{name}\n{at}\n{by}\n".encode())
        sealed = _sealed(key, receipt_id.bytes + leaf, self._promiser.public_key + signature, receipt)
        self._write(viewer.person_id, receipt_id, clips, sources_of(receipt, len(clips)), at, leaf, sealed)
        return (
            f'{{"id":"{receipt_id}","digest":"{digest.hex()}","leaf":"{name}","at":{at},"include_by":{by},'
            f'"process":"{self._promiser.process}","signature":"{base64.b64encode(signature).decode()}"}}'
        ).encode()

    def _write(
        self,
        person_id: UUID,
        receipt_id: UUID,
        clips: Sequence[UUID],
        sources: bytes,
        at: int,
        leaf: bytes,
        sealed: bytes,
    ) -> None:
        about = b"".join([clip.bytes + sources[n : n + 1] for n, clip in enumerate(clips)])
        record = pack(person_id.bytes, receipt_id.bytes, at, leaf, about, len(clips), sealed)
        try:
            segment = self._segment(at)
            place = segment.append(record)
        except OSError as error:
            _log.error("receipts.not_written", reason=type(error).__name__)
            raise ReceiptsFullError(retry_after_seconds=5) from error
        self.waiting.append(
            IndexRow(person_id, receipt_id, at, leaf, tuple(clips), sources, segment.name, place, len(record))
        )

    def _segment(self, at: int) -> Segment:
        if at // 60 != self._minute:
            self._minute, self._name = at // 60, f"{minute_name(at)}-{self._process}"
        segment = self.segments.get(self._name)
        if segment is None:
            segment = self.segments[self._name] = Segment(self.root, self._name)
        return segment

    def settle(self, rows: Sequence[IndexRow], now: int) -> None:
        """Note that these rows are in the database; close files of minutes that are over."""
        for row in rows:
            segment = self.segments.get(row.segment)
            if segment is not None:
                segment.settle(row.place, len(row.clips))
        current = f"{minute_name(now)}-{self._process}"
        for name in [name for name, each in self.segments.items() if not each.unsettled and name < current]:
            self.segments.pop(name).close()

    def close(self) -> None:
        """Close every file; what is not settled is left for whoever looks next."""
        for segment in self.segments.values():
            segment.close()
        self.segments.clear()


def _sealed(key: bytes, about: bytes, promise: bytes, receipt: bytes) -> bytes:
    deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW)
    plain = b"".join((promise, deflater.compress(receipt), deflater.flush()))
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(record_key_of(key)).encrypt(nonce, plain, about)


def sources_of(receipt: bytes, count: int) -> bytes:
    """For each clip of the page the number of the first of its sources, as the receipt says it."""
    scored, rest, chosen = receipt[243], receipt[244], receipt[245]
    if chosen != count:
        raise ValueError("the receipt is of another page")
    start = _HEAD_BYTES + _SCORED_BYTES * scored + 10 * rest
    found = bytearray()
    for place in range(start, start + 17 * count, 17):
        at = _HEAD_BYTES + _SCORED_BYTES * receipt[place] + _SOURCES_AT
        bits = receipt[at] | receipt[at + 1] << 8
        found.append((bits & -bits).bit_length() - 1 if bits else 255)
    return bytes(found)
