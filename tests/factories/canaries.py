"""Words that nobody else would ever write, and a search that finds them in whatever form they were kept or sent.

A canary is looked for as text in UTF-8 and UTF-16, in hexadecimal, in base64 and base64url at each of the three
alignments, as JSON and addresses escape it, and as the plain digests that an app could have sent in its place. What is
compressed (gzip, zlib, raw deflate as HTTP announces it) is opened first, wherever in the bytes it begins. Nothing here
can open Zstandard or Brotli, nor does anything here write them: who reads traffic fails at what it can't open.
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import numpy as np

_DIGESTS = ("md5", "sha1", "sha256", "sha512")
_COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_OPENED_BYTES = 32 << 20
_TRIED = 4096
"""Of what looks like something compressed, a first piece says whether it is."""
_CHUNK = 8 << 20
_SHORTEST = 6
"""A form shorter than this would be found by chance in what is encrypted."""


@dataclass(frozen=True)
class Canary:
    """Something to look for. `also` are other ways in which people write it, such as a number without its plus."""

    name: str
    text: str
    also: tuple[str, ...] = ()
    digests: bool = False
    raw: bytes = b""
    """What the text stands for, where it is a way to write bytes, such as a key."""

    @cached_property
    def forms(self) -> dict[str, bytes]:
        """What to look for, by the name of the form."""
        found: dict[str, bytes] = {}
        for number, words in enumerate((self.text, *self.also)):
            suffix = f" of “{words}”" if number else ""
            found |= {how + suffix: form for how, form in _forms_of_text(words).items()}
            if self.digests:
                found |= {how + suffix: form for how, form in _digests(words).items()}
        if self.raw:
            found |= {f"bytes, {how}": form for how, form in forms_of_bytes(self.raw).items()}
        seen: set[bytes] = set()
        return {
            how: form
            for how, form in found.items()
            if len(form) >= _SHORTEST and not (form in seen or seen.add(form))  # type: ignore[func-returns-value]
        }


@dataclass
class Found:
    """Where a canary was, and how it was written."""

    canary: str
    form: str
    where: str

    def __str__(self) -> str:
        return f"{self.canary} ({self.form}) in {self.where}"


def forms_of_bytes(data: bytes) -> dict[str, bytes]:
    """How bytes are usually written: as they are, hexadecimal, base64 at every alignment."""
    forms = {"as it is": data, "hex": data.hex().encode(), "HEX": data.hex().upper().encode()}
    for shift in range(3):
        # What stands before and after decides the characters at the ends: those are left out.
        whole = base64.b64encode(bytes(shift) + data)
        first, last = -(-shift * 4 // 3), (shift + len(data)) * 4 // 3
        middle = whole[first + (1 if shift else 0) : last].rstrip(b"=")
        forms[f"base64, {shift} bytes in"] = middle
        forms[f"base64url, {shift} bytes in"] = middle.replace(b"+", b"-").replace(b"/", b"_")
    return forms


def _forms_of_text(words: str) -> dict[str, bytes]:
    forms = forms_of_bytes(words.encode())
    for coding in ("utf-16-le", "utf-16-be"):
        forms |= {f"{coding}, {how}": form for how, form in forms_of_bytes(words.encode(coding)).items()}
    escaped = json.dumps(words)[1:-1].encode()
    return forms | {
        "escaped in JSON": escaped,
        "escaped in JSON twice": json.dumps(escaped.decode())[1:-1].encode(),
        "escaped in an address": quote(words, safe="").encode(),
        "escaped in a form": quote(words, safe=" ").replace(" ", "+").encode(),
    }


def _digests(words: str) -> dict[str, bytes]:
    """What a hashed upload would have sent."""
    found: dict[str, bytes] = {}
    for kind in _DIGESTS:
        digest = hashlib.new(kind, words.encode(), usedforsecurity=False).digest()
        encoded = {
            "as it is": digest,
            "hex": digest.hex().encode(),
            "base64": base64.b64encode(digest).rstrip(b"="),
            "base64url": base64.urlsafe_b64encode(digest).rstrip(b"="),
        }
        found |= {f"{kind}, {how}": form for how, form in encoded.items()}
    return found


def _opened(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Everything in these bytes that is compressed, opened; whatever only looks like it is passed over."""
    for match in _COMPRESSED.finditer(data):
        at = match.start()
        if opened := _inflate(data, at, 47):
            yield f"what is compressed at byte {at}", opened


def _inflate(data: bytes, at: int, window: int) -> bytes:
    """As much as can be opened, also of something that breaks off."""
    view = memoryview(data)[at:]
    try:
        if not zlib.decompressobj(window).decompress(view[:_TRIED], 64) and len(view) > _TRIED:
            return b""
    except zlib.error:
        return b""
    opener, opened, position = zlib.decompressobj(window), bytearray(), 0
    while position < len(view) and not opener.eof and len(opened) < _OPENED_BYTES:
        try:
            opened += opener.decompress(view[position : position + _TRIED])
        except zlib.error:
            break
        position += _TRIED
    return bytes(opened)


class _Forms:
    """All forms of all canaries, looked for at once: by their first four bytes, and then whole."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._by_start: dict[bytes, list[tuple[str, str, bytes]]] = {}
        self._first, self._second = np.zeros(1 << 16, bool), np.zeros(1 << 16, bool)
        for canary in canaries:
            for how, form in canary.forms.items():
                self._by_start.setdefault(form[:4], []).append((canary.name, how, form))
                self._first[int.from_bytes(form[:2], "big")] = True
                self._second[int.from_bytes(form[2:4], "big")] = True

    def found(self, data: bytes) -> Iterator[tuple[str, str]]:
        for start in range(0, len(data), _CHUNK):
            each = np.frombuffer(data[start : start + _CHUNK + 3], np.uint8).astype(np.uint16)
            if len(each) < 4:
                return
            pairs = (each[:-1] << 8) | each[1:]
            for place in np.flatnonzero(self._first[pairs[:-2]] & self._second[pairs[2:]]):
                at = start + int(place)
                for canary, how, form in self._by_start.get(data[at : at + 4], ()):
                    if data.startswith(form, at):
                        yield canary, how


@dataclass
class Search:
    """Looks for all canaries in bytes, and counts what it looked at."""

    canaries: list[Canary]
    found: list[Found] = field(default_factory=list)
    places: int = 0
    bytes_read: int = 0

    def __post_init__(self) -> None:
        self._forms = _Forms(self.canaries)

    def look(self, where: str, data: bytes, *, opened: bool = True) -> None:
        """Look into bytes, and into what is compressed in them."""
        self.places += 1
        self._look(where, data)
        if opened:
            for what, inner in _opened(data):
                self._look(f"{where}, {what}", inner)

    def look_into_deflated(self, where: str, data: bytes) -> None:
        """Look into raw deflate, which has no mark by which it could be told."""
        self._look(where, _inflate(data, 0, -15))

    def _look(self, where: str, data: bytes) -> None:
        self.bytes_read += len(data)
        for canary, how in dict.fromkeys(self._forms.found(data)):
            self.found.append(Found(canary, how, where))

    def look_into_files(self, folder: Path) -> None:
        """Every file below a folder, its name too."""
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            name = str(path.relative_to(folder))
            self.look(name, name.encode() + b"\n" + data)

    def names(self) -> set[str]:
        """Which canaries were found."""
        return {each.canary for each in self.found}

    def said(self, most: int = 20) -> str:
        """What was found, for people."""
        lines = [str(each) for each in self.found[:most]]
        return "\n".join(
            [*lines, f"… and {len(self.found) - most} more"] if len(self.found) > most else lines
        )


def forms_count(canaries: Iterable[Canary]) -> int:
    """How many different byte strings are looked for."""
    return sum(len(each.forms) for each in canaries)
