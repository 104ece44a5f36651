"""Canonical JSON: one spelling, and no other is read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelm_audit.tlog import canonical
from reelm_audit.tlog.canonical import CanonicalError

SAME = settings(derandomize=True, database=None, deadline=None, max_examples=150)
characters = st.characters(exclude_categories=["Cs"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(characters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters), inner, max_size=4),
    max_leaves=20,
)


@SAME
@given(values)
def test_what_is_encoded_reads_as_it_was_and_is_the_only_spelling(value):
    data = canonical.encode(value)
    assert canonical.decode(data) == value
    assert json.loads(data) == value
    assert canonical.encode(canonical.decode(data)) == data


@SAME
@given(values, st.integers(0, 3))
def test_any_other_spelling_is_refused(value, indent):
    other = json.dumps(value, indent=indent).encode()
    if other != canonical.encode(value):
        with pytest.raises(CanonicalError):
            canonical.decode(other)


def test_rfc_8785_s_example_of_sorting():
    """Names are sorted by UTF-16 code units: the smiling face, beyond the first plane, comes before U+FB33."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    data = canonical.encode(dict.fromkeys(names, 0))
    assert list(json.loads(data)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert canonical.decode(data) == dict.fromkeys(names, 0)


def test_rfc_8785_s_example_of_texts():
    assert canonical.encode('\u20ac$\u000f\nA\'B"\\\\"/') == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    assert canonical.encode("\b\t\n\f\r\x7f\u2028") == '"\\b\\t\\n\\f\\r\x7f\u2028"'.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"", b" 1", b"1 ", b"1\n", b"01", b"+1", b"-0", b"1.0", b"1e2", b"NaN", b"Infinity", b"-Infinity",
        b"9007199254740992", b"-9007199254740992", b"1" * 5000, b'{"a":1,"a":1}', b'{"a":1,"a":2}',
        b'{"b":1,"a":2}', b'{"a": 1}', b"[1, 2]", b"[1,]", b'"\\u0041"', b'"\\/"', b'"\\u00e9"', b'"\\ud83d\\ude00"',
        b'"\\ud800"', b'"\xff"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf1", b'"\x01"', b"'a'", b"{a:1}", b"nul", b"1\x00",
        '"a"'.encode("utf-16"), b'"\\u000A"', b'"\\u000a"',
        b"[" * 100_000, b"[" * 100 + b"]" * 100,
    ],
)  # fmt: skip
def test_what_python_would_forgive_is_refused(data):
    with pytest.raises(CanonicalError):
        canonical.decode(data)


@pytest.mark.parametrize(
    "value", [1.0, 2**53, -(2**53), "\ud800", {1: 2}, {"\ud800": 1}, b"a", {1}, object()]
)
def test_what_has_no_form_is_refused(value):
    with pytest.raises(CanonicalError):
        canonical.encode({"value": value})
    with pytest.raises(CanonicalError):
        canonical.encode([value])


def test_what_is_too_deep_is_refused():
    value: list[object] = []
    for _ in range(canonical.MAX_DEPTH):
        value = [value]
    with pytest.raises(CanonicalError, match="deep"):
        canonical.encode(value)
