"""What somebody discloses is believed only if the commitment that came with the message is one to it."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.franked import Franked, franked, text_of

from reelm.messages.reports_franking import NotTheMessage, disclosed
from reelm_audit.tlog import canonical

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(_TEXT.filter(lambda name: name != "fk"), _VALUES, max_size=6),
    st.binary(min_size=32, max_size=32),
)
def test_whatever_was_sent_can_be_shown_in_any_spelling(content, key):
    sent = Franked(content, key)
    told = text_of(key)
    for spelled in (
        json.dumps(content),
        json.dumps(dict(reversed(content.items())), indent=2, ensure_ascii=False),
        json.dumps({**content, "fk": told}),
    ):
        assert disclosed(spelled, told, sent.commitment) == canonical.encode(content).decode()


@given(st.integers(0, 255), st.data())
def test_nothing_else_can(bit, data):
    sent = franked("bonjour")
    commitment = bytearray(sent.commitment)
    commitment[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotTheMessage):
        disclosed(json.dumps(sent.content), text_of(sent.key), bytes(commitment))
    key = bytearray(sent.key)
    key[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotTheMessage):
        disclosed(json.dumps(sent.content), text_of(bytes(key)), sent.commitment)
    name = data.draw(st.sampled_from(sorted(sent.content)))
    with pytest.raises(NotTheMessage):
        disclosed(json.dumps({**sent.content, name: "other"}), text_of(sent.key), sent.commitment)


def test_what_can_be_read_in_two_ways_is_refused():
    sent = franked("one")
    key = text_of(sent.key)
    plain = json.dumps(sent.content)
    twice = plain[:-1] + ', "text": "two"}'
    assert json.loads(twice)["text"] == "two"
    for payload in (
        twice,
        plain.replace('"text": "one"', '"text": "two", "text": "one"'),
        "[]",
        '"text"',
        "{",
        "",
        "[" * 5000,
        '{"v": 1.5}',
        '{"v": NaN}',
        '{"v": 9007199254740993}',
        '{"v": "\\ud800"}',
        json.dumps({**sent.content, "fk": text_of(bytes(32))}),
    ):
        with pytest.raises(NotTheMessage):
            disclosed(payload, key, sent.commitment)
    for wrong in (
        "",
        "!" * 43,
        base64.b64encode(b"\xff" * 32).decode(),
        text_of(sent.key[:31]),
        text_of(sent.key + b"x"),
    ):
        with pytest.raises(NotTheMessage):
            disclosed(plain, wrong, sent.commitment)
    assert disclosed(plain, key, sent.commitment)
