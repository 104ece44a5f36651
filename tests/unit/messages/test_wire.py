"""Bytes on the wire, and the keys that are refused."""

import base64
import contextlib
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.kit.errors import InvalidRequestError
from reelm.messages.devices import _SMALL_ORDER, check_certificate, check_key
from reelm.messages.wire import read, write

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


@given(st.binary(max_size=300))
def test_what_is_written_is_read(raw: bytes) -> None:
    assert read(write(raw), "x", empty=True) == raw


@given(st.text(alphabet="AQgwZz09-_=+/ \n", max_size=12))
def test_there_is_one_way_to_write_each(text: str) -> None:
    raw = None
    with contextlib.suppress(InvalidRequestError):
        raw = read(text, "field", empty=True)
    assert raw is None or write(raw) == text
    canonical = (
        base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "==="[: -len(text) % 4]))
        if _plain(text)
        else b""
    )
    assert (raw is not None) == (_plain(text) and canonical.rstrip(b"=").decode() == text)


def _plain(text: str) -> bool:
    return bool(re.fullmatch("[A-Za-z0-9_-]*", text)) and len(text) % 4 != 1


def test_nothing_is_not_something() -> None:
    with pytest.raises(InvalidRequestError):
        read("", "field")


def _double(point: tuple[int, int]) -> tuple[int, int]:
    """Add a point of edwards25519 to itself (RFC 8032 §5.1.4, in plain coordinates)."""
    x, y = point
    cross = D * x * x * y * y % P
    return (
        2 * x * y * pow(1 + cross, -1, P) % P,
        (y * y + x * x) * pow(1 - cross, -1, P) % P,
    )


def _point(encoded: bytes) -> tuple[int, int]:
    y = (int.from_bytes(encoded, "little") & (2**255 - 1)) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square, "not a point"
    return x, y


def test_the_refused_points_are_those_of_small_order() -> None:
    seen = set()
    for encoded in _SMALL_ORDER:
        point = _point(encoded)
        seen.add(point[1])
        for _ in range(3):
            point = _double(point)
        assert point == (0, 1)
    # Eight points, which have five different heights: 1, -1, 0 and twice two that share one.
    assert len(seen) == 5


@pytest.mark.parametrize("sign", [0, 0x80])
def test_keys_under_which_anything_holds_are_refused(sign: int) -> None:
    for encoded in _SMALL_ORDER:
        with pytest.raises(InvalidRequestError):
            check_key(encoded[:31] + bytes([encoded[31] | sign]))


def test_a_certificate_that_is_no_signature_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        check_certificate(b"\x07" * 32, UUID(int=1), UUID(int=2), b"\x01" * 32, b"\x02" * 64)
