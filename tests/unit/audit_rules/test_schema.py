"""The checker of entries' forms: as strict as the declarations they come from, and equally strict on both its paths."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.ledgers import Script, fields_of

from reelm.ledger.entries import AnyEntry
from reelm_audit.rules import form
from reelm_audit.rules.form import FormError
from reelm_audit.rules.schema import SchemaError, compile_schema
from reelm_audit.tlog import canonical

FORMS = form.load()
GOOD = Script(seed=21).life(600, milestones=True).entries
DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEntry)


def test_the_schemas_are_the_declarations() -> None:
    declared = {str(kind.__struct_config__.tag): msgspec.json.schema(kind) for kind in get_args(AnyEntry)}
    text = form.resources.files("reelm_audit").joinpath("schemas.json").read_text()
    assert json.loads(text) == json.loads(json.dumps(declared))
    assert FORMS.kinds == declared.keys()


def test_what_a_realm_writes_is_read_on_both_paths_alike() -> None:
    kinds = set()
    for data in GOOD:
        assert FORMS.read(data) == FORMS._read_slowly(data) == fields_of(data)
        kinds.add(fields_of(data)["kind"])
    assert kinds == FORMS.kinds


_values: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**53 - 1),
    st.text(max_size=8),
    st.sampled_from(["identity", "refused", "FR", "", "é", 'a"b', "a" * 64, "2026-01-05T08:00Z", "0" * 16]),
    st.lists(st.sampled_from(["identity", "a" * 64, "x"]), max_size=5),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 9), max_size=2),
)


@settings(max_examples=600, deadline=None)
@given(
    data=st.sampled_from(GOOD),
    field=st.text(max_size=6) | st.none(),
    value=_values,
    drop=st.booleans(),
    n=st.integers(0),
)
def test_a_bent_entry_is_read_exactly_if_the_server_would_have_written_it(
    data: bytes, field: str | None, value: Any, n: int, *, drop: bool
) -> None:
    entry = fields_of(data)
    name = field if field is not None else sorted(entry)[n % len(entry)]
    if drop and name in entry:
        del entry[name]
    else:
        entry[name] = value
    bent = canonical.encode(entry)
    try:
        read: object = FORMS.read(bent)
    except FormError:
        read = None
    try:
        written = DECODER.decode(bent).to_bytes() == bent
    except msgspec.DecodeError:
        written = False
    assert (read is not None) == written, (bent, read)


@settings(max_examples=300, deadline=None)
@given(data=st.sampled_from(GOOD), position=st.integers(0), byte=st.integers(0, 255))
def test_a_changed_byte_is_never_read_as_something_it_does_not_spell(
    data: bytes, position: int, byte: int
) -> None:
    bent = bytearray(data)
    bent[position % len(bent)] = byte
    try:
        entry = FORMS.read(bytes(bent))
    except FormError:
        return
    assert canonical.encode(entry) == bytes(bent)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date"},
        {"type": "number"},
        {"oneOf": [{"type": "string"}]},
        {"$ref": "#/$defs/Nowhere"},
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    ],
)
def test_a_schema_that_is_not_understood_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        compile_schema(schema, {})
