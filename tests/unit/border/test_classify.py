"""Classes of fields: what has no row stays, what never crosses is found wherever it is put, and what is left is whole."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.border.classify import ORDER, fields_in_force, most_guarded, names_to_tell, read_fields
from reelm.ledger.entries import DataClassName

REPOSITORY = Path(__file__).parents[3]
FIELDS = fields_in_force()
NOTE = {
    "id": "https://id.test/us/comments/1",
    "type": "Note",
    "attributedTo": "https://id.test/us/people/1",
    "content": "hello",
    "context": "https://id.test/world/clips/1",
    "inReplyTo": "https://id.test/world/clips/1",
}


def test_the_published_rows_are_the_ones_in_force() -> None:
    packaged = REPOSITORY / "src" / "reelm" / "border" / "fields.json"
    published = REPOSITORY / "spec" / "border" / "fields.json"
    assert packaged.read_bytes() == published.read_bytes()
    assert set(ORDER) == set(get_args(DataClassName))
    assert list(json.loads(packaged.read_bytes())) == sorted(FIELDS.rows)


def test_every_kind_says_its_type_and_what_it_may_be_sent_for() -> None:
    for kind in FIELDS.types:
        assert FIELDS.rows[f"{kind}.type"].required
        assert FIELDS.purpose_of({"type": kind}) in {"publish", "interact", "profile"}
    for name, row in FIELDS.rows.items():
        assert (row.purpose == "never") == name.startswith("*.")


def test_a_whole_object_is_classified_and_kept() -> None:
    found = FIELDS.classify(NOTE, "Create", "Note")
    assert (found.unknown, found.never) == (set(), {})
    assert set(found.classes) == {"public"}
    left = FIELDS.reduced(NOTE, {"public"})
    assert left.document == NOTE
    assert left.removed == []


@pytest.mark.parametrize("name", sorted(each[2:] for each in FIELDS.rows if each.startswith("*.")))
@pytest.mark.parametrize("where", ["beside", "within", "deep"])
def test_what_never_crosses_is_found_wherever_it_is(name: str, where: str) -> None:
    inner: dict[str, Any] = {"type": "Mention", "href": "https://x", name: "x"}
    document: dict[str, Any] = {
        "beside": {**NOTE, name: ["x"]},
        "within": {**NOTE, "tag": [inner]},
        "deep": {**NOTE, "tag": [{"type": "Mention", "href": "https://x", "name": {"a": [inner]}}]},
    }[where]
    assert name in FIELDS.classify(document, "Create", "Note").never


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "id", "name", "tag", "email", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["type", "id", "content", "tag", "phone", "contentMap", "odd"]), VALUES, max_size=6
    )
)
def test_nothing_without_a_row_gets_through(changes: dict[str, Any]) -> None:
    """Whatever is put into an object: what classification passes has a row for each field at every depth."""
    document = {**NOTE, **changes}
    found = FIELDS.classify(document, "Create", "Note")
    if found.unknown or found.never:
        return
    left = FIELDS.reduced(document, {"public"})

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, dict):
            for name, each in value.items():
                row = FIELDS.rows[f"{value['type']}.{name}"]
                assert row.data_class == "public"
                if not row.plain_map:
                    walk(each)

    if left.document is not None:
        walk(left.document)


def test_a_class_that_may_not_go_takes_its_fields_with_it() -> None:
    rows = read_fields(
        json.dumps(
            {
                "Note.type": {"class": "public", "purpose": "interact", "required": True},
                "Note.content": {"class": "public", "purpose": "interact", "required": True},
                "Note.mood": {"class": "derived", "purpose": "interact"},
                "Note.tag": {"class": "public", "purpose": "interact"},
                "Mention.type": {"class": "public", "purpose": "interact", "required": True},
                "Mention.href": {"class": "social", "purpose": "interact", "required": True},
            }
        ).encode()
    )
    note = {"type": "Note", "content": "x", "mood": "glad", "tag": [{"type": "Mention", "href": "y"}]}
    left = rows.reduced(note, {"public"})
    assert left.document == {"type": "Note", "content": "x"}
    assert left.removed == ["Mention.href", "Note.mood", "Note.tag"]
    assert rows.reduced(note, {"derived"}).document is None


def test_an_act_is_of_what_it_is_done_to() -> None:
    undo = {
        "type": "Undo",
        "actor": "https://id.test/us/people/1",
        "object": {"type": "Like", "actor": "https://id.test/us/people/1", "object": "https://x"},
    }
    assert not FIELDS.classify(undo, "Undo", "Like").unknown
    assert FIELDS.classify(undo, "Undo", "Follow").unknown == {"type"}
    assert FIELDS.classify(NOTE, "Create", "Video").unknown == {"type"}


def test_names_are_told_only_as_names() -> None:
    assert names_to_tell({"email", "a b", "x" * 65, "é", ""}) == ["email", "unreadable"]
    assert most_guarded({"public", "social"}) == "social"
    assert most_guarded({"identity", "private", "public"}) == "identity"
