"""Canonical JSON (RFC 8785) of objects, arrays, strings, whole numbers, true, false and null.

There is exactly one spelling of a value, so that a signature or hash over bytes is one over the value. Floating point
is refused, as are whole numbers that a double can't hold exactly (beyond 2^53, on either side).
"""

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64


class CanonicalError(ValueError):
    """A value has no canonical form, or bytes are not in it."""


def encode(value: Any) -> bytes:
    """Return the canonical bytes of a value made of dict, list, tuple, str, int, bool and None."""
    parts: list[str] = []
    _write(value, parts, 0)
    try:
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("a text holds half a character (a lone surrogate)") from error


def decode(data: bytes) -> Any:
    """Read canonical bytes; any other spelling, a name given twice, or a float raises `CanonicalError`."""
    try:
        value = json.loads(
            data.decode("utf-8"), parse_int=_integer, parse_float=_refuse, parse_constant=_refuse
        )
        shallow = data.count(b"[") + data.count(b"{") <= MAX_DEPTH
        again = _encode_ascii(value) if shallow and data.isascii() else encode(value)
    except CanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        raise CanonicalError("this is not JSON") from error
    if again != data:  # a name given twice is lost on the way, so this refuses it too
        raise CanonicalError("this JSON is not in its canonical form")
    return value


def _write(value: Any, parts: list[str], depth: int) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is None or isinstance(value, bool):
        parts.append("null" if value is None else "true" if value else "false")
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise CanonicalError("the number is too large")
        parts.append(int.__repr__(value))
    elif depth >= MAX_DEPTH:
        raise CanonicalError("the value is too deep")
    elif isinstance(value, Mapping):
        _write_object(value, parts, depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        separator = "["
        for item in value:
            parts.append(separator)
            _write(item, parts, depth + 1)
            separator = ","
        parts.append("]" if separator == "," else "[]")
    else:
        raise CanonicalError(f"a {type(value).__name__} has no canonical form")


def _write_object(value: Mapping[Any, Any], parts: list[str], depth: int) -> None:
    if not all(isinstance(name, str) for name in value):
        raise CanonicalError("a name is a text")
    separator = "{"
    for name in sorted(value, key=_utf16):
        parts.append(separator)
        parts.append(encode_basestring(name))
        parts.append(":")
        _write(value[name], parts, depth)
        separator = ","
    parts.append("}" if separator == "," else "{}")


def _utf16(name: str) -> bytes:
    """Sort as RFC 8785 says: by UTF-16 code units, which differs from code points beyond the first plane."""
    return name.encode("utf-16-be", errors="surrogatepass")


# What was read from ASCII holds only what the standard encoder writes canonically, faster.
_ASCII = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _encode_ascii(value: Any) -> bytes:
    return _ASCII.encode(value).encode("utf-8")


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 17 else MAX_INTEGER + 1
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise CanonicalError("the number is too large")
    return value


def _refuse(text: str) -> Any:
    raise CanonicalError("floating point has no place here")
