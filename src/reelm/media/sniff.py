"""Name a container from its first bytes, before any decoder sees them.

The demuxer is always forced to what is found here, so nothing that looks like a playlist, a concat
script, a picture or plain text ever reaches FFmpeg's own guessing.
"""

from typing import Literal

from reelm.media.errors import EmptyFileError, NotAVideoError, PlaylistRefusedError

Container = Literal["mov", "matroska", "mpegts", "mpeg", "avi"]
HEAD_BYTES = 4096
_MOV_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_PICTURE_BRANDS = {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"heim", b"heis", b"crx "}
_LISTS = (
    b"#EXTM3U",
    b"ffconcat",
    b"[playlist]",
    b"<MPD",
    b"<smil",
    b"<SmoothStreamingMedia",
    b"<asx",
    b"[Ref",
)
_TEXT_WINDOW = 1024


def sniff(head: bytes) -> Container:
    """Return the demuxer's name for a file that starts with `head` (HEAD_BYTES of it, or all).

    Raises EmptyFileError, PlaylistRefusedError or NotAVideoError.
    """
    if not head:
        raise EmptyFileError
    text = head[:_TEXT_WINDOW].removeprefix(b"\xef\xbb\xbf").lstrip()
    if any(text[: len(mark)].lower() == mark.lower() for mark in _LISTS):
        raise PlaylistRefusedError
    if text[:5].lower() == b"<?xml" and any(mark.lower() in text.lower() for mark in _LISTS):
        raise PlaylistRefusedError
    if text[:5] == b"file " or b"\nfile " in text:
        raise PlaylistRefusedError
    if head[4:8] in _MOV_BOXES:
        if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
            raise NotAVideoError("This file is a picture. Please choose a video.")
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return "avi"
    if head[:4] == b"\x00\x00\x01\xba":
        return "mpeg"
    if _is_transport_stream(head):
        return "mpegts"
    raise NotAVideoError


def _is_transport_stream(head: bytes) -> bool:
    """MPEG-TS has 0x47 every 188 bytes; cameras' M2TS every 192, after four bytes of time."""
    for first, step in ((0, 188), (4, 192)):
        marks = head[first::step]
        if len(marks) >= 4 and set(marks) == {0x47}:
            return True
    return False
