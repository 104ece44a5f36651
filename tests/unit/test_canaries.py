"""The search for canaries finds what it should: a search that finds nothing anywhere would prove nothing."""

import base64
import gzip
import hashlib
import json
import zlib
from pathlib import Path

import pytest
from tests.factories.canaries import Canary, Search
from tests.factories.tap import Connection, Tap, messages

WORDS = "The zebra finch in the attic sings at 4711, 白天"
PHONE = "+33639981234"
KEY = bytes(range(40, 60))


def found(data: bytes) -> set[str]:
    search = Search(
        [
            Canary("words", WORDS),
            Canary("phone", PHONE, ("33639981234",), True),
            Canary("key", "AB CD", raw=KEY),
        ]
    )
    search.look("here", data)
    return search.names()


@pytest.mark.parametrize("before", range(7))
def test_words_in_base64_at_every_alignment(before: int) -> None:
    data = bytes(range(before)) + WORDS.encode() + b"and more"
    assert found(b"{" + base64.b64encode(data) + b"}") == {"words"}
    assert found(b"{" + base64.urlsafe_b64encode(data).rstrip(b"=") + b"}") == {"words"}
    assert found(base64.b64encode(bytes(before) + KEY)) == {"key"}


@pytest.mark.parametrize(
    "data",
    [
        WORDS.encode(),
        WORDS.encode("utf-16"),
        WORDS.encode("utf-16-be"),
        base64.b64encode(b"?" + WORDS.encode("utf-16-le")),
        WORDS.encode().hex().encode(),
        WORDS.encode().hex().upper().encode(),
        json.dumps({"text": WORDS}).encode(),
        json.dumps(json.dumps({"text": WORDS})).encode(),
        gzip.compress(b"before " + WORDS.encode()),
        b"a head of its own" + zlib.compress(WORDS.encode() * 3),
        gzip.compress(base64.b64encode(bytes(100_000) + WORDS.encode())),
    ],
    ids=range(11),
)
def test_words_in_every_form(data: bytes) -> None:
    assert found(data) == {"words"}


def test_raw_deflate_is_opened_when_it_is_said_to_be_that() -> None:
    press = zlib.compressobj(wbits=-15)
    search = Search([Canary("words", WORDS)])
    search.look_into_deflated("a body", press.compress(WORDS.encode()) + press.flush())
    assert search.names() == {"words"}


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "sha512"])
def test_a_hashed_number_is_the_number(kind: str) -> None:
    for written in (PHONE, PHONE[1:]):
        digest = hashlib.new(kind, written.encode()).digest()
        for form in (
            digest,
            digest.hex().encode(),
            base64.b64encode(digest),
            base64.urlsafe_b64encode(digest),
        ):
            assert found(b"[" + form + b"]") == {"phone"}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert found(WORDS[:-3].encode() + bytes(9_000_000) + gzip.compress(WORDS[4:].encode())) == set()


def test_at_the_edge_of_what_is_read_at_once_and_in_names_of_files(tmp_path: Path) -> None:
    for shift in range(-3, 4):
        assert found(bytes((8 << 20) + shift) + PHONE.encode()) == {"phone"}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f"contact{PHONE}.txt").write_bytes(b"")
    search = Search([Canary("phone", PHONE)])
    search.look_into_files(tmp_path)
    assert search.names() == {"phone"}


def test_traffic_is_put_together_before_it_is_searched() -> None:
    packed = gzip.compress(WORDS.encode())
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (packed[:9], packed[9:], b""))
    told = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunks
        + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    )
    assert [body for _, body, _ in messages(told)] == [packed, b"hello"]
    wire = Tap(0, [Connection(1, bytearray(), bytearray(told))])
    search = Search([Canary("words", WORDS)])
    wire.look(search)
    assert search.names() == {"words"}


def test_traffic_that_nobody_can_open_is_not_called_clean() -> None:
    told = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx"
    with pytest.raises(AssertionError, match="nobody here can open 'br'"):
        messages(told)


def test_answers_without_a_body_have_none_whatever_they_say() -> None:
    told = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 90\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    assert [body for _, body, _ in messages(told, [b"HEAD", b"GET", b"GET"])] == [b"", b"", b"ok"]
