"""HTTP/1.1 as it is read from strangers: one meaning for every reader, however the bytes come in, and an end."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelm.kit.http1 import HEAD_BYTES, EndedError, Incoming, MalformedError, TooLongError, head

MOST = 1000


def incoming(data: bytes, cuts: list[int] | None = None) -> Incoming:
    """Return a reader of bytes that come in pieces, cut at these places."""
    places = sorted({min(cut, len(data)) for cut in cuts or []} | {0, len(data)})
    pieces = [data[begin:end] for begin, end in itertools.pairwise(places)]

    async def read(most: int) -> bytes:
        if not pieces:
            return b""
        piece = pieces.pop(0)
        if len(piece) > most:
            pieces.insert(0, piece[most:])
        return piece[:most]

    return Incoming(read)


async def request_in(data: bytes, cuts: list[int] | None = None) -> tuple[object, bytes, int]:
    reader = incoming(data, cuts)
    asked = await reader.request()
    assert asked is not None
    body = b"".join([piece async for piece in reader.body(asked.headers, MOST, to_end=False)])
    return asked, body, reader.held


def outcome(data: bytes, cuts: list[int] | None = None) -> object:
    """What becomes of bytes: a message, or the kind of refusal."""

    async def told() -> object:
        try:
            return (await request_in(data, cuts))[:2]
        except (MalformedError, EndedError) as error:
            return type(error)

    return asyncio.run(told())


POST = b"POST /inbox?a=b HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nX: 1\r\nx:  2 \r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"


async def test_a_request_is_read() -> None:
    asked, body, held = await request_in(POST)
    assert (asked.method, asked.target) == ("POST", "/inbox?a=b")  # type: ignore[attr-defined]
    assert asked.headers == {"host": "here", "content-length": "5", "x": "1, 2"}  # type: ignore[attr-defined]
    assert (body, held) == (b"hello", 0)
    _, body, held = await request_in(CHUNKED + POST)
    assert (body, held) == (b"abc0123456789", len(POST))
    assert await incoming(b"").request() is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n X: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \xb2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n",
        CHUNKED.replace(b"A\r\n", b" A \r\n ", 1),
        CHUNKED.replace(b"A\r\n", b"0xA\r\n"),
        CHUNKED.replace(b"A\r\n", b"-1\r\n"),
        CHUNKED.replace(b"abc\r\n", b"abcd\r\n"),
        CHUNKED.replace(b"0\r\n\r\n", b"0\r\nX: trailer\r\n\r\n"),
        CHUNKED.replace(b"3;x=y", b"3;" + b"x" * 300),
    ],
)
def test_what_two_readers_could_take_for_two_things_is_refused(data: bytes) -> None:
    assert outcome(data) is MalformedError


@pytest.mark.parametrize(
    "data",
    [
        POST.replace(b"5", b"1001"),
        POST.replace(b"5", b"999999999999"),
        CHUNKED.replace(b"A\r\n", b"FFFFFFFF\r\n"),
        b"GET /" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        b"x" * (HEAD_BYTES * 4),
    ],
)
def test_what_is_too_long_is_refused_before_it_is_read(data: bytes) -> None:
    assert outcome(data) is TooLongError


@given(st.integers(1, len(POST) - 1))
def test_what_ends_early_is_not_taken_for_whole(length: int) -> None:
    assert outcome(POST[:length]) is EndedError


@settings(max_examples=200)
@given(st.sampled_from([POST, CHUNKED]), st.lists(st.integers(0, 120), max_size=12))
def test_it_makes_no_difference_how_the_bytes_come(data: bytes, cuts: list[int]) -> None:
    assert outcome(data, cuts) == outcome(data)


@settings(max_examples=400)
@given(st.sampled_from([POST, CHUNKED]), st.data())
def test_changed_bytes_are_a_message_or_refused_the_same_way_however_they_come(
    data: bytes, drawn: st.DataObject
) -> None:
    at = drawn.draw(st.integers(0, len(data)))
    changed = data[:at] + drawn.draw(st.binary(max_size=4)) + data[at + drawn.draw(st.integers(0, 3)) :]
    cuts = drawn.draw(st.lists(st.integers(0, 120), max_size=6))
    assert outcome(changed, cuts) == outcome(changed)


@given(st.binary(max_size=400))
def test_any_bytes_come_to_an_end(data: bytes) -> None:
    async def answers() -> object:
        try:
            reader = incoming(data)
            told = await reader.answer()
            return [piece async for piece in reader.body(told.headers, MOST, to_end=True)]
        except (MalformedError, EndedError) as error:
            return type(error)

    assert asyncio.run(answers()) is not None


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\0b"])
def test_no_line_break_is_written_into_a_head(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        head("GET / HTTP/1.1", {"X": value})
