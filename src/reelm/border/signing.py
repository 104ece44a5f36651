"""Who sent a request: HTTP Message Signatures (RFC 9421) with Ed25519, over the body's digest (RFC 9530).

The key's name in `keyid` is that of the border's verifier key (`us.border`). What a signature covers is fixed here,
not chosen by whoever signs: the method, the address asked, when, and of a delivery its body, its type and its batch.
The library's verifier is given this realm's clock.
"""

import datetime as dt
import email.utils
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    MappingKeyResolver,
)
from http_message_signatures.algorithms import ED25519
from http_message_signatures.structures import CaseInsensitiveDict

from reelm.kit.clock import Clock
from reelm_audit.tlog.note import Ed25519Signer, NoteError, Verifier

SKEW_SECONDS = 300
BATCH = "reelm-batch"
LABEL = "reelm"
DELIVERY_TYPE = "application/activity+json"
COVERED = ("@method", "@target-uri", "date")
COVERED_WITH_BODY = (*COVERED, "content-digest", "content-type", BATCH)
_MOST = 4096


class UnsignedError(Exception):
    """A request that isn't signed as it must be. `reason` is one of a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Message(NamedTuple):
    """What the library calls a message: it reads these three, and writes headers."""

    method: str
    url: str
    headers: CaseInsensitiveDict


def _message(method: str, url: str, headers: Mapping[str, str]) -> _Message:
    return _Message(method, url, CaseInsensitiveDict(headers))  # type: ignore[no-untyped-call]


class Signing:
    """Signs requests with the border's key."""

    def __init__(self, key: Ed25519Signer, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._signer = HTTPMessageSigner(signature_algorithm=ED25519)

    def headers(self, method: str, url: str, body: bytes | None = None, batch: str = "") -> dict[str, str]:
        """Return the headers to send: `Date`, the signature, and with a body its type, digest and batch."""
        now = self._clock.now()
        headers = {"Date": email.utils.format_datetime(now.replace(microsecond=0), usegmt=True)}
        if body is not None:
            headers |= {
                "Content-Type": DELIVERY_TYPE,
                "Content-Digest": ContentDigest.create(body),
                "Reelm-Batch": batch,
            }
        message = _message(method, url, headers)
        prepared = self._signer.prepare(
            message,
            key_id=self._key.name,
            created=now,
            expires=now + dt.timedelta(seconds=SKEW_SECONDS),
            label=LABEL,
            covered_component_ids=COVERED if body is None else COVERED_WITH_BODY,
            use_existing_digest=body is not None,
        )
        self._signer.apply(message, prepared, self._key.sign(prepared.signature_base))
        return dict(message.headers)


class _Verifier(HTTPMessageVerifier):
    """The library's verifier, with this realm's clock, and without patience for what has no end."""

    def __init__(self, keys: HTTPSignatureKeyResolver, now: dt.datetime) -> None:
        super().__init__(signature_algorithm=ED25519, key_resolver=keys)
        self._now = now.timestamp()

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        for moment in (created, expires):
            if type(moment) is not int:
                raise InvalidSignature("a signature has a beginning and an end")
        if abs(created - self._now) > SKEW_SECONDS:
            raise UnsignedError("time")
        if expires < self._now or expires > created + 2 * SKEW_SECONDS:
            raise UnsignedError("expired")


def key_name(headers: Mapping[str, str]) -> str:
    """Return the name of the key a request says it is signed with, unverified. Raises `UnsignedError`."""
    given, signed = headers.get("signature-input", ""), headers.get("signature", "")
    if not given or not signed:
        raise UnsignedError("unsigned")
    if len(given) > _MOST or len(signed) > _MOST:
        raise UnsignedError("signature")
    try:
        inputs = HTTPMessageVerifier._parse_signature_dictionary(given)  # noqa: SLF001 - as its verifier reads it
        (only,) = inputs.values()
        name = only.params["keyid"]
    except Exception as error:
        raise UnsignedError("signature") from error
    if not isinstance(name, str) or len(name) > 300:
        raise UnsignedError("signature")
    return name


def verify(method: str, url: str, headers: Mapping[str, str], vkey: str, clock: Clock, *, body: bool) -> None:
    """Raise `UnsignedError` unless the request is signed by that key, now, for this address.

    `body`: the signature must cover a body's digest, type and batch; the body itself is compared by `check_digest`.
    """
    try:
        verifier = Verifier.from_vkey(vkey)
    except NoteError as error:
        raise UnsignedError("no_key") from error
    now = clock.now()
    _check_date(headers.get("date", ""), now)
    key = Ed25519PublicKey.from_public_bytes(verifier.public_key)
    keys = MappingKeyResolver(public_keys={verifier.name: key}, private_keys={})
    covered = COVERED_WITH_BODY if body else COVERED
    message = _message(method, url, headers)
    try:
        results = _Verifier(keys, now).verify(message, max_age=None, require_components=covered)
    except UnsignedError:
        raise
    except (HTTPMessageSignaturesException, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnsignedError("signature") from error
    if len(results) != 1:
        raise UnsignedError("signature")


def check_digest(headers: Mapping[str, str], body: bytes) -> None:
    """Raise `UnsignedError` unless the body is the one the request's digest is of."""
    try:
        ContentDigest.verify(headers.get("content-digest", ""), body)
    except (HTTPMessageSignaturesException, ValueError, TypeError) as error:
        raise UnsignedError("digest") from error


def _check_date(date: str, now: dt.datetime) -> None:
    try:
        said = email.utils.parsedate_to_datetime(date)
        apart = abs((said - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise UnsignedError("time") from error
    if apart > SKEW_SECONDS:
        raise UnsignedError("time")
