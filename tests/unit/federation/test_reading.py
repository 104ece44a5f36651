"""What arrives is read without trust: it is one of our things, or it is refused in one word."""

import contextlib
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.federation import reading

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["id", "type", "actor", "object", "attributedTo", "preferredUsername", "name", "summary", "content", "language",
     "label", "attachment", "published", "updated", "manuallyApprovesFollowers"]
)  # fmt: skip
DOCUMENTS = st.dictionaries(NAMES, ANYTHING, max_size=10)
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@given(st.sampled_from(["Create", "Like", "Delete"]), DOCUMENTS)
def test_whatever_it_is_it_is_read_or_refused(act: str, document: dict[str, Any]) -> None:
    for read in (
        lambda: reading.activity_in(act, document),
        lambda: reading.person_in(document),
        lambda: reading.clip_in(document, "world", "us"),
        lambda: reading.file_in(document),
        lambda: reading.moment_in(document, "updated", "published", now=NOW),
    ):
        with contextlib.suppress(reading.UnreadableError):
            read()


def test_an_activity_is_read_whole_or_as_its_object() -> None:
    note = {"type": "Note", "id": "n", "attributedTo": "a"}
    whole = {"type": "Create", "id": "x", "actor": "a", "object": note}
    assert reading.activity_in("Create", whole) == reading.activity_in("Create", note)
    assert reading.activity_in("Like", {"type": "Like", "actor": "a", "object": "c"}).uri == "c"


def test_nothing_comes_from_the_future() -> None:
    assert reading.moment_in({"updated": "2099-01-01T00:00:00Z"}, "updated", now=NOW) == NOW
    with pytest.raises(reading.UnreadableError):
        reading.moment_in({"updated": "2020-01-01T00:00:00"}, "updated", now=NOW)


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("hi @bob@world", "hi @bob"),
        ("hi @tim", "hi @tim@us"),
        ("hi @ann@kinora.", "hi @ann@kinora."),
        ("mail me@example", "mail me@example"),
        ("@a", "@a"),
    ],
)
def test_mentions_are_written_as_here(there: str, here: str) -> None:
    assert reading.at_home(there, "world", "us") == here


def test_names_have_no_signs_that_control() -> None:
    said = reading.person_in({"preferredUsername": "lea", "name": "a\u202eb\x00c\n d", "summary": "x" * 500})
    assert (said["name"], len(said["bio"])) == ("abc d", 300)
