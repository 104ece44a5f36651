"""Signatures of requests: whose, when, for whom and over what."""

import base64
import datetime as dt
import hashlib
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from reelm.border.signing import Signing, UnsignedError, check_digest, key_name, verify
from reelm.kit.clock import FixedClock
from reelm_audit.tlog.note import Ed25519Signer

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
KEY = Ed25519Signer("us.border", bytes(range(32)))
OTHER = Ed25519Signer("us.border", bytes(32))
URL = "https://border.world.example/inbox"
BODY = b'{"type":"OrderedCollection"}'
BATCH = "00" * 32 + " 7"


def signed(body: bytes | None = BODY, **changes: str) -> dict[str, str]:
    made = Signing(KEY, FixedClock(NOON)).headers("GET" if body is None else "POST", URL, body, BATCH)
    return {name.lower(): value for name, value in made.items()} | changes


def check(headers: dict[str, str], *, later: float = 0, vkey: str = KEY.vkey, **asked: Any) -> None:
    clock = FixedClock(NOON + dt.timedelta(seconds=later))
    settled = {"method": "POST", "url": URL, "body": True, **asked}
    verify(settled["method"], settled["url"], headers, vkey, clock, body=settled["body"])


def test_a_signature_is_the_one_the_rfc_describes() -> None:
    """Its base is written out by hand, and verified without the library."""
    headers = signed()
    digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    assert headers["content-digest"] == f"sha-256=:{digest}:"
    assert headers["date"] == "Sun, 22 Nov 2026 12:00:00 GMT"
    label, _, parameters = headers["signature-input"].partition("=")
    base = "\n".join(
        [
            '"@method": POST',
            f'"@target-uri": {URL}',
            '"date": Sun, 22 Nov 2026 12:00:00 GMT',
            f'"content-digest": sha-256=:{digest}:',
            '"content-type": application/activity+json',
            f'"reelm-batch": {BATCH}',
            f'"@signature-params": {parameters}',
        ]
    )
    at = int(NOON.timestamp())
    assert f';created={at};keyid="us.border";alg="ed25519";expires={at + 300}' in parameters
    match = re.fullmatch(rf"{label}=:([A-Za-z0-9+/=]+):", headers["signature"])
    assert match
    Ed25519PublicKey.from_public_bytes(KEY.public_key).verify(base64.b64decode(match[1]), base.encode())


def test_what_was_signed_is_believed_for_five_minutes() -> None:
    headers = signed()
    assert key_name(headers) == "us.border"
    for later in (-300, 0, 300):
        check(headers, later=later)
    check_digest(headers, BODY)
    check(signed(None), method="GET", body=False)


@pytest.mark.parametrize(
    ("changes", "asked", "reason"),
    [
        ({}, {"later": 301}, "time"),
        ({}, {"later": -301}, "time"),
        ({}, {"method": "GET"}, "signature"),
        ({}, {"url": "https://border.other.example/inbox"}, "signature"),
        ({}, {"url": URL + "?x"}, "signature"),
        ({}, {"vkey": OTHER.vkey}, "signature"),
        ({}, {"vkey": "nonsense"}, "no_key"),
        ({"date": "Sun, 22 Nov 2026 12:00:01 GMT"}, {}, "signature"),
        ({"date": "Sun, 22 Nov 2026 11:50:00 GMT"}, {}, "time"),
        ({"date": "yesterday"}, {}, "time"),
        ({"date": "Sun, 22 Nov 2026 12:00:00"}, {}, "time"),
        ({"date": "Sun, 99 Nov 99999999 12:00:00 GMT"}, {}, "time"),
        ({"content-type": "text/plain"}, {}, "signature"),
        ({"reelm-batch": "00" * 32 + " 8"}, {}, "signature"),
        ({"content-digest": "sha-256=:AAAA:"}, {}, "signature"),
        ({"signature": "reelm=:AAAA:"}, {}, "signature"),
        ({"signature": "reelm=" + "x" * 100}, {}, "signature"),
        ({"signature-input": "reelm=("}, {}, "signature"),
    ],
)
def test_anything_else_is_not_believed(changes: dict[str, str], asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnsignedError) as refused:
        check(signed(**changes), **asked)
    assert refused.value.reason == reason


def test_a_signature_that_covers_less_is_none() -> None:
    """Whoever signs doesn't choose what is covered: one over a request without a body doesn't carry one."""
    bare = signed(None)
    with pytest.raises(UnsignedError):
        check({**signed(), "signature": bare["signature"], "signature-input": bare["signature-input"]})
    with pytest.raises(UnsignedError):
        check(bare, method="GET", body=True)


def test_an_end_is_demanded_and_may_not_be_far() -> None:
    headers = signed()
    far = headers["signature-input"].replace(
        str(int(NOON.timestamp()) + 300), str(int(NOON.timestamp()) + 9000)
    )
    none = re.sub(r";expires=\d+", "", headers["signature-input"])
    text = re.sub(r";expires=\d+", ';expires="x"', headers["signature-input"])
    for changed in (far, none, text):
        with pytest.raises(UnsignedError):
            check({**headers, "signature-input": changed})


def test_two_signatures_are_one_too_many() -> None:
    headers = signed()
    for name in ("signature", "signature-input"):
        headers[name] += ", " + headers[name].replace("reelm=", "second=", 1)
    with pytest.raises(UnsignedError):
        key_name(headers)
    with pytest.raises(UnsignedError):
        check(headers)


@pytest.mark.parametrize("digest", ["", "sha-256=:AAAA:", "md5=:AAAA:", "sha-256=x", "sha-512=(1 2)", "\x00"])
def test_a_body_is_the_one_that_was_signed(digest: str) -> None:
    with pytest.raises(UnsignedError):
        check_digest({"content-digest": digest}, BODY)
    with pytest.raises(UnsignedError):
        check_digest(signed(), BODY + b" ")


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_header_breaks_it(given_input: str, given_signature: str) -> None:
    headers = {**signed(), "signature-input": given_input, "signature": given_signature}
    with pytest.raises(UnsignedError):
        key_name({**headers, "signature-input": given_input + "=("})
    with pytest.raises(UnsignedError):
        check(headers)
