"""TCP streams put together from frames; and a border's books that don't fit are called so."""

import itertools
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.egress.books import compare
from tests.egress.streams import ACK, FIN, SYN, BrokenStreamError, Seen, sort

OWN, HOST = "10.0.0.1", "10.0.0.2"
FIRST = 2**32 - 5


def frame(
    source: tuple[str, int], target: tuple[str, int], sequence: int, flags: int, data: bytes = b""
) -> bytes:
    head = struct.pack("!HHIIBBHHH", source[1], target[1], sequence % 2**32, 0, 5 << 4, flags, 1000, 0, 0)
    addresses = bytes(map(int, source[0].split("."))) + bytes(map(int, target[0].split(".")))
    packet = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0) + addresses + head + data
    # Short frames are filled up; what is filled in belongs to nobody.
    return (bytes(12) + b"\x08\x00" + packet).ljust(60, b"\xaa")


A, B = (OWN, 40000), (HOST, 443)


def opened() -> list[bytes]:
    return [frame(A, B, FIRST, SYN), frame(B, A, 7, SYN | ACK)]


def told(**changes: Any) -> dict[str, Any]:
    return {"kind": "fetch", "local_port": 40000, "port": 443, "sent": 5, "received": 2, **changes}


def exchange() -> list[bytes]:
    return [
        *opened(),
        frame(A, B, FIRST + 1, ACK, b"hello"),
        frame(B, A, 8, ACK, b"hi"),
        frame(B, A, 10, FIN | ACK),
    ]


def wrong(frames: Iterable[bytes], *events: dict[str, Any]) -> str:
    return " ".join(compare(sort(iter(frames)), events, frozenset((OWN,))).wrong)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300), st.data())
def test_segments_find_their_places(data: bytes, chance: st.DataObject) -> None:
    """Cut anywhere, sent again with other cuts, in any order, over the end of the sequence numbers."""
    cuts = [
        sorted({0, len(data), *chance.draw(st.lists(st.integers(0, len(data)), max_size=6))})
        for _ in range(2)
    ]
    pieces = [pair for each in cuts for pair in itertools.pairwise(each)]
    sent = [frame(A, B, FIRST + 1 + a, ACK, data[a:b]) for a, b in chance.draw(st.permutations(pieces))]
    seen = sort(iter([*opened(), *sent, frame(A, B, FIRST + 1 + len(data), FIN | ACK)]))
    assert seen.streams[0].to_other.whole() == data
    assert seen.others == []


def test_books_that_fit() -> None:
    assert wrong(exchange(), told()) == ""


def test_a_probe_that_the_other_side_is_there_is_no_byte_more() -> None:
    assert (
        wrong([*exchange(), frame(A, B, FIRST + 5, ACK, b"o"), frame(A, B, FIRST, ACK, b"\0")], told()) == ""
    )


@pytest.mark.parametrize("changes", [{"sent": 4}, {"sent": 6}, {"received": 1}, {"received": 3}])
def test_a_byte_more_or_less_is_seen(changes: dict[str, int]) -> None:
    assert "the link carried 5 and 2" in wrong(exchange(), told(**changes))


def test_a_connection_that_the_border_does_not_tell_of_is_seen() -> None:
    assert "knows nothing of it" in wrong(exchange())
    assert "knows nothing of it" in wrong(exchange(), told(local_port=40001))


def test_a_connection_that_no_link_carried_is_seen() -> None:
    assert "no link carried" in wrong(exchange(), told(), told(local_port=40001))


def test_two_connections_from_one_port_are_two() -> None:
    again = [
        frame(A, B, 900, SYN),
        frame(B, A, 70, SYN | ACK),
        frame(A, B, 901, ACK, b"x"),
        frame(A, B, 902, FIN),
    ]
    assert wrong([*exchange(), *again], told(), told(sent=1, received=0)) == ""
    assert "knows nothing of it" in wrong([*exchange(), *again], told())


def test_an_attempt_that_carried_nothing_needs_no_book() -> None:
    assert wrong([frame(A, B, 1, SYN)]) == ""


def test_a_missing_segment_is_seen() -> None:
    late = [*opened(), frame(A, B, FIRST + 3, ACK, b"llo")]
    assert "are missing" in wrong(late, told())
    assert "it ended at" in wrong([*opened(), frame(A, B, FIRST + 6, FIN | ACK)], told())


def test_a_place_that_was_sent_with_other_bytes_is_seen() -> None:
    with pytest.raises(BrokenStreamError):
        sort(iter([*exchange(), frame(A, B, FIRST + 1, ACK, b"HELLO")]))


def test_whatever_is_no_connection_is_named() -> None:
    datagram = bytes(12) + b"\x08\x00" + struct.pack("!BBHHHBBH", 0x45, 0, 28, 0, 0, 64, 17, 0)
    datagram += bytes([10, 0, 0, 1, 10, 0, 0, 2]) + struct.pack("!HHHH", 5000, 53, 8, 0)
    assert "protocol 17 from 10.0.0.1 to 10.0.0.2, port 53" in wrong([datagram])
    assert "no connection that was opened" in wrong([frame(A, B, 1, ACK, b"x")])
    assert "type 0x88cc" in wrong([bytes(12) + b"\x88\xcc" + bytes(50)])
    fragment = bytearray(frame(A, B, 1, SYN))
    fragment[20] = 0x20
    assert "a fragment" in wrong([bytes(fragment)])


def test_what_every_link_says_is_counted_and_no_more() -> None:
    arp = bytes(12) + b"\x08\x06" + bytes(46)
    neighbour = (
        bytes(12)
        + b"\x86\xdd"
        + bytes([0x60, 0, 0, 0, 0, 24, 58, 255])
        + bytes(32)
        + bytes([135])
        + bytes(23)
    )
    echo = (
        bytes(12)
        + b"\x86\xdd"
        + bytes([0x60, 0, 0, 0, 0, 24, 58, 255])
        + bytes(32)
        + bytes([128])
        + bytes(23)
    )
    seen: Seen = sort(iter([arp, neighbour]))
    assert (seen.others, seen.housekeeping) == ([], {"ARP": 1, "ICMPv6 of the link": 1})
    assert wrong([echo]) != ""
