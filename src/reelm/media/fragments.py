"""Read the index of our own fragmented MP4, and prove that it holds nothing but picture and sound.

Source: ISO/IEC 14496-12 (boxes), 14496-15 (avcC), RFC 6381 (codec strings). Every box must be on the
list below: a box that FFmpeg begins to write one day, or that slipped through a copy, fails the build
of the rendition instead of publishing somebody's place.
"""

import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from reelm.media.errors import EncodeError

_NESTED = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf", b"edts", b"dinf"}
_LEAVES = {
    b"ftyp", b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"vmhd", b"smhd", b"elst", b"dref", b"stsd", b"stts", b"stsc",
    b"stsz", b"stco", b"co64", b"ctts", b"stss", b"trex", b"mehd", b"mfhd", b"tfhd", b"tfdt", b"trun", b"sgpd",
    b"sbgp", b"mdat", b"free", b"sdtp",
}  # fmt: skip
_INSIDE_VIDEO_ENTRY = {b"avcC", b"pasp", b"colr", b"btrt"}
_INSIDE_AUDIO_ENTRY = {b"esds", b"btrt"}
# FFmpeg writes an empty list of tags even when it is told to write none; with one tag it would differ.
_NO_TAGS = bytes.fromhex("000000356d657461000000000000002168646c7200000000000000006d6469726170706c")
_NO_TAGS += bytes(9) + bytes.fromhex("00000008696c7374")
_NO_SYNC = 0x00010000
_LARGEST_MOOV = 8 << 20


@dataclass(frozen=True)
class Fragment:
    """One moof with its mdat. `start_ms` and `duration_ms` are the picture's; `keyframe`: it begins with one."""

    bytes: int
    start_ms: float
    duration_ms: float
    keyframe: bool


@dataclass(frozen=True)
class Index:
    """What a player needs to know before it fetches: sizes, times and codecs."""

    init_bytes: int
    fragments: tuple[Fragment, ...]
    codecs: str
    duration_ms: int

    @property
    def total_bytes(self) -> int:
        return self.init_bytes + sum(fragment.bytes for fragment in self.fragments)

    @property
    def average_bandwidth(self) -> int:
        return round(self.total_bytes * 8000 / max(1, self.duration_ms))

    @property
    def bandwidth(self) -> int:
        """Return the peak over HLS segments, in bits per second (RFC 8216 section 4.3.4.2)."""
        return round(
            max(
                sum(each.bytes for each in group) * 8000 / max(1.0, sum(each.duration_ms for each in group))
                for group in self.segments()
            )
        )

    def segments(self) -> list[tuple[Fragment, ...]]:
        """Group fragments into HLS segments, each of which begins with a keyframe."""
        groups: list[list[Fragment]] = []
        for fragment in self.fragments:
            if fragment.duration_ms <= 0 and groups:
                groups[-1].append(fragment)
            elif fragment.keyframe or not groups:
                groups.append([fragment])
            else:
                groups[-1].append(fragment)
        return [tuple(group) for group in groups]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**{**data, "fragments": tuple(Fragment(**fragment) for fragment in data["fragments"])})


@dataclass
class _Track:
    """A track of the moov, as far as fragments need it."""

    number: int = 0
    timescale: int = 1
    kind: bytes = b""
    codec: str = ""
    default_duration: int = 0
    default_flags: int = 0


def read_index(path: Path) -> Index:
    """Parse a file that we wrote. Raises EncodeError when it is not what it should be."""
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except (struct.error, KeyError, IndexError, ValueError) as error:
        raise EncodeError(technical=f"unreadable rendition: {error!r}") from error


def _read(file: BinaryIO, size: int) -> Index:
    tracks: dict[int, _Track] = {}
    fragments: list[Fragment] = []
    init_bytes = offset = 0
    pending: tuple[int, bytes] | None = None
    while offset < size:
        file.seek(offset)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length < 8 or offset + length > size:
            raise EncodeError(technical=f"box {kind!r} leaves the file")
        _allow(kind)
        if kind == b"moov":
            if length > _LARGEST_MOOV:
                raise EncodeError(technical="header too large")
            tracks = _read_moov(file.read(length - 8))
            init_bytes = offset + length
        elif kind == b"moof":
            pending = length, file.read(length - 8)
        elif kind == b"mdat" and pending is not None:
            fragments.append(_read_fragment(pending[1], tracks, pending[0] + length))
            pending = None
        elif kind != b"ftyp":
            raise EncodeError(technical=f"unexpected box {kind!r}")
        offset += length
    if not fragments or not any(track.kind == b"vide" for track in tracks.values()):
        raise EncodeError(technical="no picture in the rendition")
    codecs = ",".join(t.codec for t in sorted(tracks.values(), key=lambda track: track.kind != b"vide"))
    end = max(fragment.start_ms + fragment.duration_ms for fragment in fragments)
    return Index(init_bytes, tuple(fragments), codecs, round(end))


def _allow(kind: bytes) -> None:
    if kind not in _NESTED and kind not in _LEAVES:
        raise EncodeError(technical=f"box {kind!r} is not on the list")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 0
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        if length < 8 or offset + length > len(data):
            raise ValueError(f"box {kind!r} leaves its parent")
        yield kind, data[offset + 8 : offset + length]
        offset += length


def _walk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, body in _boxes(data):
        if kind == b"udta" and body == _NO_TAGS:
            continue
        _allow(kind)
        yield kind, body
        if kind in _NESTED:
            yield from _walk(body)


def _read_moov(data: bytes) -> dict[int, _Track]:
    tracks: dict[int, _Track] = {}
    track = _Track()
    for kind, body in _walk(data):
        wide = bool(body) and body[0] == 1
        if kind in {b"mvhd", b"tkhd", b"mdhd"} and any(body[4 : 20 if wide else 12]):
            raise EncodeError(technical=f"{kind!r} tells a time of day")
        if kind == b"tkhd":
            track = _Track(number=struct.unpack_from(">I", body, 20 if wide else 12)[0])
            tracks[track.number] = track
        elif kind == b"mdhd":
            track.timescale = struct.unpack_from(">I", body, 20 if wide else 12)[0]
        elif kind == b"hdlr":
            track.kind = body[8:12]
        elif kind == b"stsd":
            track.codec = _codec(body)
        elif kind == b"trex":
            number, _, duration, _, flags = struct.unpack_from(">5I", body, 4)
            tracks[number].default_duration, tracks[number].default_flags = duration, flags
    if {track.kind for track in tracks.values()} - {b"vide", b"soun"} or len(tracks) > 2:
        raise EncodeError(technical="more than one picture and one sound track")
    return tracks


def _codec(stsd: bytes) -> str:
    (name, entry), *more = _boxes(stsd[8:])
    if more:
        raise EncodeError(technical="two sample descriptions in one track")
    if name == b"avc1":
        inner = dict(_boxes(entry[78:]))
        _only(inner, _INSIDE_VIDEO_ENTRY)
        return f"avc1.{inner[b'avcC'][1:4].hex()}"
    if name == b"mp4a":
        inner = dict(_boxes(entry[28:]))
        _only(inner, _INSIDE_AUDIO_ENTRY)
        return f"mp4a.40.{_audio_object_type(inner[b'esds'][4:])}"
    raise EncodeError(technical=f"unexpected codec {name!r}")


def _only(inner: dict[bytes, bytes], allowed: set[bytes]) -> None:
    if unknown := set(inner) - allowed:
        raise EncodeError(technical=f"boxes {unknown!r} in a sample description")


def _audio_object_type(descriptor: bytes) -> int:
    """Find DecoderSpecificInfo (tag 5) and return the MPEG-4 audio object type (14496-3, 1.6.2.1)."""
    skip = {3: 3, 4: 13}
    offset = 0
    while offset < len(descriptor):
        tag = descriptor[offset]
        offset += 1
        while descriptor[offset] & 0x80:
            offset += 1
        offset += 1
        if tag == 5:
            return descriptor[offset] >> 3
        offset += skip[tag]
    raise ValueError("no audio configuration")


def _read_fragment(moof: bytes, tracks: dict[int, _Track], total: int) -> Fragment:
    start = duration = 0.0
    keyframe = False
    seen_picture = False
    for kind, traf in _boxes(moof):
        _allow(kind)
        if kind != b"traf":
            continue
        head = dict(_boxes(traf))
        track = tracks[struct.unpack_from(">I", head[b"tfhd"], 4)[0]]
        base = head[b"tfdt"]
        decode_time = int.from_bytes(base[4 : 12 if base[0] else 8], "big")
        length, first_flags = _read_runs(traf, head[b"tfhd"], track)
        if track.kind == b"vide":
            seen_picture = True
            start = decode_time * 1000 / track.timescale
            duration = length * 1000 / track.timescale
            keyframe = not first_flags & _NO_SYNC
        elif not seen_picture:
            start = decode_time * 1000 / track.timescale
    return Fragment(total, round(start, 3), round(duration, 3), keyframe and seen_picture)


def _read_runs(traf: bytes, tfhd: bytes, track: _Track) -> tuple[int, int]:
    """Return the track's duration in the fragment (in its timescale) and its first sample's flags."""
    flags = int.from_bytes(tfhd[1:4], "big")
    offset = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    default_duration, default_flags = track.default_duration, track.default_flags
    if flags & 0x8:
        default_duration = struct.unpack_from(">I", tfhd, offset)[0]
        offset += 4
    if flags & 0x10:
        offset += 4
    if flags & 0x20:
        default_flags = struct.unpack_from(">I", tfhd, offset)[0]
    total, first = 0, None
    for kind, body in _boxes(traf):
        _allow(kind)
        if kind != b"trun":
            continue
        run = int.from_bytes(body[1:4], "big")
        count = struct.unpack_from(">I", body, 4)[0]
        at = 8 + (4 if run & 0x1 else 0)
        run_first = default_flags
        if run & 0x4:
            run_first = struct.unpack_from(">I", body, at)[0]
            at += 4
        fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if run & bit]
        if run & 0x400 and count:
            run_first = struct.unpack_from(">I", body, at + 4 * fields.index(0x400))[0]
        first = run_first if first is None else first
        if run & 0x100:
            total += sum(struct.unpack_from(">I", body, at + 4 * len(fields) * n)[0] for n in range(count))
        else:
            total += default_duration * count
    return total, default_flags if first is None else first
