"""What may leave as a push: one shape, one length, one token; everything else stays."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from reelm.border import messages
from reelm.border.pushing import BODY_BYTES, UnfitError, headers_of, is_listed, told_of
from reelm.notices.push_key import public_text
from reelm.notices.push_sealing import Device, Told, authorization, device_keys, seal

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
URL = "https://push.example:8443/send/one?token=two"
SENDER = "https://realm.example"
OURS, THEIRS, BROWSER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
DEVICE = Device(URL, *device_keys(public_text(BROWSER), "A" * 22))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.pub"
    path.write_text(public_text(OURS) + "\n")
    return path


def asked(**changes: Any) -> messages.Deliver:
    given = {
        "url": URL,
        "purpose": "push",
        "body": seal(Told(1, "like"), DEVICE),
        "authorization": authorization(OURS, URL, SENDER, NOW),
        "topic": "0123456789abcdef" * 2,
        "ttl_seconds": 3600,
    }
    return messages.Deliver(**{**given, **changes})


def token(key: ec.EllipticCurvePrivateKey = OURS, **claims: Any) -> str:
    """A token that says what it likes, signed as it has to be."""
    from py_vapid.jwt import sign

    said = {"aud": "https://push.example:8443", "exp": int(NOW.timestamp()) + 3600, "sub": SENDER, **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    return f"vapid t={sign(kept, key)},k={public_text(OURS)}"


def test_a_push_leaves_with_headers_that_are_made_here(key_file: Path) -> None:
    push = asked()
    assert headers_of(push, key_file, SENDER, NOW) == {
        "Authorization": push.authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": "3600",
        "Topic": "0123456789abcdef" * 2,
        "Urgency": "normal",
    }
    assert headers_of(asked(authorization=token()), key_file, SENDER, NOW)


def test_all_have_one_length_whatever_they_say() -> None:
    for told in (
        Told(1, "like"),
        Told(1, "message", "0" * 36, 99, "Лев " * 16, "lev"),
        Told(1, "digest", counts={"like": 3, "follow": 10**9}),
        Told(1, "follow", name="\N{FAMILY}" * 5000, handle="x"),
    ):
        assert len(seal(told, DEVICE)) == BODY_BYTES


BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "another purpose": ("unknown_purpose", {"purpose": "mail"}),
    "a long address": ("address", {"url": URL + "x" * 1000}),
    "an address with a fragment": ("address", {"url": URL + "#secret"}),
    "a day and a second": ("headers", {"ttl_seconds": 86401}),
    "less than nothing": ("headers", {"ttl_seconds": -1}),
    "a topic with words": ("headers", {"topic": "ada_likes_lin_" + "0" * 18}),
    "a topic with a line break": ("headers", {"topic": "0" * 31 + "\n"}),
    "words": ("not_sealed", {"body": b"ada likes lin".ljust(BODY_BYTES)}),
    "nothing": ("not_sealed", {"body": b""}),
    "more than there is room for": ("not_sealed", {"body": seal(Told(1, "like"), DEVICE) + b"x"}),
    "less": ("not_sealed", {"body": seal(Told(1, "like"), DEVICE)[:-1]}),
    "no token": ("token", {"authorization": ""}),
    "another scheme": ("token", {"authorization": "Bearer ada"}),
    "a token with more behind it": ("token", {"authorization": token() + ",x=ada"}),
    "somebody else's signature": ("token", {"authorization": token(THEIRS)}),
    "somebody else's key": ("token", {"authorization": authorization(THEIRS, URL, SENDER, NOW)}),
    "for another service": ("token", {"authorization": token(aud="https://other.example")}),
    "for another port": ("token", {"authorization": token(aud="https://push.example")}),
    "of another realm": ("token", {"authorization": token(sub="mailto:ada@example.net")}),
    "for longer than a day": ("token", {"authorization": token(exp=int(NOW.timestamp()) + 86401)}),
    "for a time that is over": ("token", {"authorization": token(exp=int(NOW.timestamp()))}),
    "without an end": ("token", {"authorization": token(exp=None)}),
    "with a claim more": ("token", {"authorization": token(likes="lin")}),
}


@pytest.mark.parametrize("what", BAD)
def test_nothing_else_leaves(key_file: Path, what: str) -> None:
    reason, changes = BAD[what]
    with pytest.raises(UnfitError) as refused:
        headers_of(asked(**changes), key_file, SENDER, NOW)
    assert refused.value.reason == reason


@pytest.mark.parametrize("at", [0, 17, 20, 21, 40])
def test_a_body_that_is_not_one_record_for_one_browser_stays(key_file: Path, at: int) -> None:
    body = bytearray(seal(Told(1, "like"), DEVICE))
    body[at] ^= 0x55
    if at == 0:
        # Salt is chance: any is as good.
        assert headers_of(asked(body=bytes(body)), key_file, SENDER, NOW)
        return
    with pytest.raises(UnfitError, match="not_sealed"):
        headers_of(asked(body=bytes(body)), key_file, SENDER, NOW)


def test_without_a_key_of_the_realm_nothing_leaves(tmp_path: Path) -> None:
    with pytest.raises(UnfitError, match="token"):
        headers_of(asked(), tmp_path / "none", SENDER, NOW)


@pytest.mark.parametrize(
    ("host", "listed", "passes"),
    [
        ("push.example", ("push.example",), True),
        ("PUSH.example", ("push.example",), True),
        ("push.example", ("PUSH.Example",), True),
        ("a.push.example", ("push.example",), False),
        ("a.push.example", (".push.example",), True),
        ("push.example", (".push.example",), False),
        ("evilpush.example", (".push.example",), False),
        ("push.example.evil", (".push.example", "push.example"), False),
        ("", ("push.example", ""), False),
        ("push.example", (), False),
    ],
)
def test_only_listed_hosts(host: str, listed: tuple[str, ...], passes: bool) -> None:
    assert is_listed(host, listed) is passes


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("120", {"retry-after": "120"}),
        ("Sun, 22 Nov 2026 12:00:00 GMT", {"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT"}),
        ("soon", {}),
        ("9999999", {}),
        ("", {}),
    ],
)
def test_of_an_answer_comes_when_to_ask_again(said: str, kept: dict[str, str]) -> None:
    assert told_of({"retry-after": said, "x-tracking": "ada"}) == kept


def test_a_token_says_three_things() -> None:
    claims = authorization(OURS, URL, SENDER, NOW).split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert read == {
        "aud": "https://push.example:8443",
        "exp": int(NOW.timestamp()) + 12 * 3600,
        "sub": SENDER,
    }
