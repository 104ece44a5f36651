"""From frames to TCP streams, byte by byte, written here and not taken from what is tested (RFC 791, 9293).

Everything that isn't part of a connection is named. ARP and ICMPv6 (neighbours, listeners, routers) are the only
things that may be on the link besides.
"""

import ipaddress
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
TCP, ICMPV6, HOP_BY_HOP = 6, 58, 0
FIN, SYN, RST, ACK = 1, 2, 4, 16
# Router and neighbour discovery (RFC 4861), multicast listeners (RFC 2710, 3810).
_HOUSEKEEPING = {130, 131, 132, 133, 134, 135, 136, 143}
_RECORD = struct.Struct("<IIII")
_HALF = 2**31

End = tuple[str, int]


class BrokenStreamError(Exception):
    """What was captured is not a whole stream, or contradicts itself."""


@dataclass
class Flow:
    """One direction of a connection: bytes in their order, whatever came late, twice or early."""

    first: int | None = None
    data: bytearray = field(default_factory=bytearray)
    early: dict[int, bytes] = field(default_factory=dict)
    end: int | None = None

    def begin(self, sequence: int) -> None:
        self.first = sequence

    def add(self, sequence: int, payload: bytes, *, last: bool) -> None:
        """Put a segment in its place. Raises `BrokenStreamError` if it says otherwise than an earlier one."""
        if self.first is None:
            raise BrokenStreamError("bytes before the beginning")
        at = (sequence - self.first - 1) % 2**32
        if at >= _HALF:
            # A probe that the other side is there repeats the last byte, or the one before the first.
            payload, at = payload[2**32 - at :], 0
        if last:
            self.end = at + len(payload)
        if payload:
            self._put(at, payload)
            while self.early and min(self.early) <= len(self.data):
                place = min(self.early)
                self._put(place, self.early.pop(place))

    def _put(self, at: int, payload: bytes) -> None:
        known = len(self.data)
        if at > known:
            if len(payload) > len(self.early.get(at, b"")):
                self.early[at] = payload
            return
        again = min(known - at, len(payload))
        if self.data[at : at + again] != payload[:again]:
            raise BrokenStreamError("the same place was sent with other bytes")
        self.data += payload[again:]

    def whole(self) -> bytes:
        """Raises `BrokenStreamError` where something is missing."""
        if self.early:
            raise BrokenStreamError(f"bytes after {len(self.data)} are missing")
        if self.end is not None and self.end != len(self.data):
            raise BrokenStreamError(f"it ended at {self.end}, but {len(self.data)} bytes were seen")
        return bytes(self.data)


@dataclass
class Stream:
    """One connection. `opener` is who sent the first SYN."""

    opener: End
    other: End
    to_other: Flow = field(default_factory=Flow)
    to_opener: Flow = field(default_factory=Flow)
    reset: bool = False

    def __str__(self) -> str:
        return f"{self.opener[0]}:{self.opener[1]} → {self.other[0]}:{self.other[1]}"


@dataclass
class Seen:
    """Everything a capture holds, each frame counted once."""

    streams: list[Stream] = field(default_factory=list)
    housekeeping: Counter[str] = field(default_factory=Counter)
    others: list[str] = field(default_factory=list)
    frames: int = 0
    raw: bytes = b""


def read(path: Path) -> Seen:
    """Read a capture. Raises `BrokenStreamError`."""
    return sort(frames(path.read_bytes()))


def frames(data: bytes) -> Iterator[bytes]:
    """The frames of a pcap file."""
    at = 24
    while at < len(data):
        length = _RECORD.unpack_from(data, at)[2]
        yield data[at + 16 : at + 16 + length]
        at += 16 + length


def sort(captured: Iterator[bytes]) -> Seen:
    """Give every frame its place."""
    seen, alive = Seen(), dict[frozenset[End], Stream]()
    raw = []
    for frame in captured:
        seen.frames += 1
        raw.append(frame)
        kind = int.from_bytes(frame[12:14], "big")
        if kind == ARP:
            seen.housekeeping["ARP"] += 1
        elif kind == IPV6 and _is_housekeeping(frame[14:]):
            seen.housekeeping["ICMPv6 of the link"] += 1
        elif kind == IPV4 and frame[23] == TCP:
            _segment(frame[14:], alive, seen)
        else:
            seen.others.append(_named(kind, frame))
    seen.raw = b"\n".join(raw)
    return seen


def _segment(packet: bytes, alive: dict[frozenset[End], Stream], seen: Seen) -> None:
    head = (packet[0] & 15) * 4
    if int.from_bytes(packet[6:8], "big") & 0x3FFF:
        seen.others.append(_named(IPV4, bytes(14) + packet) + ", a fragment")
        return
    # Zero where the sender left it to a card that isn't there: then the frame's end is the packet's.
    total = int.from_bytes(packet[2:4], "big") or len(packet)
    segment = packet[head:total]
    source, target = (str(ipaddress.IPv4Address(packet[at : at + 4])) for at in (12, 16))
    from_port, to_port, sequence = struct.unpack_from("!HHI", segment)
    flags, payload = segment[13], segment[(segment[12] >> 4) * 4 :]
    here, there = (source, from_port), (target, to_port)
    stream = alive.get(frozenset((here, there)))
    if flags & SYN and not flags & ACK and (stream is None or stream.to_other.first != sequence):
        stream = Stream(here, there)
        alive[frozenset((here, there))] = stream
        seen.streams.append(stream)
    if stream is None:
        seen.others.append(_named(IPV4, bytes(14) + packet) + ", of no connection that was opened")
        return
    flow = stream.to_other if here == stream.opener else stream.to_opener
    if flags & SYN:
        flow.begin(sequence)
    stream.reset = stream.reset or bool(flags & RST)
    data = b"" if flags & (RST | SYN) else payload
    if data or flags & FIN:
        flow.add(sequence, data, last=bool(flags & FIN))


def _is_housekeeping(packet: bytes) -> bool:
    following, at = packet[6], 40
    if following == HOP_BY_HOP:
        following, at = packet[40], 40 + 8 * (packet[41] + 1)
    return following == ICMPV6 and len(packet) > at and packet[at] in _HOUSEKEEPING


def _named(kind: int, frame: bytes) -> str:
    if kind != IPV4:
        return f"a frame of type {kind:#06x}, {len(frame)} bytes"
    source, target = (ipaddress.IPv4Address(frame[at : at + 4]) for at in (26, 30))
    port = int.from_bytes(frame[36:38], "big")
    return f"protocol {frame[23]} from {source} to {target}, port {port}, {len(frame)} bytes"
