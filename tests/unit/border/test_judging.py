"""Each object of a delivery is judged by itself: the table of hostile ones, and whatever else can be thought up."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.deliveries import TABLE, base, made, named
from tests.factories.foreign import Foreign, parcel

from reelm.border.classify import fields_in_force
from reelm.border.judging import Frame, Judged, judge
from reelm.border.parcel import ParcelError, read_batch, read_parcel

OURS = "https://id.here.example/home"
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
ABROAD = Foreign("abroad", "", None, bytes(32))  # type: ignore[arg-type]
FRAME = Frame(ABROAD.ids, ABROAD.web, ABROAD.border, OURS, NOW)
KINDS = ["video", "person", "note", "follow", "like", "announce", "undo", "accept", "delete", "move", "views"]
REASONS = {
    "unknown_act", "unknown_type", "unknown_field", "sealed_field", "class", "incomplete", "forged", "elsewhere",
    "value",
}  # fmt: skip


def judged(activity: Any) -> Judged:
    return judge(activity, FRAME, fields_in_force())


@pytest.mark.parametrize("row", TABLE["objects"], ids=named(TABLE["objects"]))
def test_the_table(row: dict[str, Any]) -> None:
    verdict = judged(made(row, ABROAD, OURS))
    assert verdict.reason == row["reason"]
    if row["reason"]:
        # What is told of it are names from our own lists, or names of fields; never what they held.
        assert verdict.act == "unknown" or verdict.act[0].isupper()
        assert verdict.object_type == "unknown" or verdict.object_type in fields_in_force().types


@pytest.mark.parametrize("kind", KINDS)
def test_no_sealed_field_passes_wherever_it_is_put(kind: str) -> None:
    sealed = [name.removeprefix("*.") for name in fields_in_force().rows if name.startswith("*.")]
    assert {"email", "phone", "address", "friends", "contacts"} <= set(sealed)
    for name in sealed:
        act = base(ABROAD, OURS, kind)
        for place in _objects_in(act):
            place[name] = "x"
            assert judged(act).reason in {"sealed_field", "unknown_field"}, (kind, name)
            del place[name]


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_speaks_for_another_realm(kind: str) -> None:
    """Put an address of ours, or of a third realm, wherever an act names its origin."""
    for foreign in (OURS, "https://id.other.example/x", ABROAD.ids + "x"):
        for name in ("id", "actor"):
            act = base(ABROAD, OURS, kind)
            act[name] = act[name].replace(ABROAD.ids, foreign)
            assert judged(act).reason == "forged", (kind, name, foreign)
        act = base(ABROAD, OURS, kind)
        about = act["object"]
        if isinstance(about, dict) and kind not in {"undo", "accept", "views"}:
            about["id"] = about["id"].replace(ABROAD.ids, foreign)
            assert judged(act).reason == "forged", (kind, foreign)


def _objects_in(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(found for each in list(value.values()) for found in _objects_in(each))]
    if isinstance(value, list):
        return [found for each in value for found in _objects_in(each)]
    return []


_TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "Create",
            "Video",
            "Follow",
            "Undo",
            "Person",
            f"{ABROAD.ids}/people/{uuid4()}",
            f"{OURS}/clips/{uuid4()}",
        ]
    ),
)
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), _TEXTS)
_NAMES = st.one_of(
    st.sampled_from(sorted({name.partition(".")[2] for name in fields_in_force().rows})), st.text(max_size=12)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_NAMES, inner, max_size=5)),
    max_leaves=20,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=8))
def test_whatever_is_sent_there_is_a_verdict(activity: dict[str, Any]) -> None:
    assert judged(activity).reason in REASONS


@settings(max_examples=400)
@given(st.sampled_from(KINDS), st.data())
def test_whatever_is_changed_there_is_a_verdict_and_no_forged_author(kind: str, data: Any) -> None:
    act = base(ABROAD, OURS, kind)
    places = _objects_in(act)
    place = data.draw(st.sampled_from(places))
    place[data.draw(st.one_of(st.sampled_from(sorted(place)), _NAMES))] = data.draw(_VALUES)
    verdict = judged(act)
    assert verdict.reason in REASONS | {""}
    if verdict.reason:
        return
    assert act["id"].startswith(ABROAD.ids + "/acts/")
    assert act["actor"].startswith(ABROAD.ids + "/")
    about = act["object"]
    if act["type"] in {"Create", "Update", "Delete"}:
        assert about.get("attributedTo", act["actor"]) == act["actor"]
        assert about["id"].startswith(ABROAD.ids + "/") or about["id"].endswith("/views")


# --- the body -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "x", "00" * 32, "00" * 32 + " ", "00" * 32 + " -1", "00" * 32 + " 01"]
)
def test_a_batch_is_named_exactly(header: str) -> None:
    with pytest.raises(ParcelError):
        read_batch(header)


def test_a_parcel_is_read_back() -> None:
    acts = [base(ABROAD, OURS, kind) for kind in KINDS]
    body, root = parcel(acts)
    read = read_parcel(body, bytes.fromhex(root))
    assert [item.activity for item in read.items] == acts


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with pytest.raises(ParcelError):
        read_parcel(body, bytes(32))


@settings(max_examples=300)
@given(st.data())
def test_no_change_of_a_parcel_goes_unseen(data: Any) -> None:
    """Flip, cut or put in bytes anywhere: it is refused, or it is the very same delivery."""
    body, root = parcel([base(ABROAD, OURS, "video")])
    at = data.draw(st.integers(0, len(body) - 1))
    length = data.draw(st.integers(0, 3))
    changed = body[:at] + data.draw(st.binary(max_size=3)) + body[at + length :]
    try:
        read = read_parcel(changed, bytes.fromhex(root))
    except ParcelError:
        return
    again, _ = parcel([item.activity for item in read.items])
    assert len(again) == len(body)


@given(_VALUES)
def test_any_json_is_read_or_refused(value: Any) -> None:
    body, root = parcel([value])
    if isinstance(value, dict):
        read = read_parcel(body, bytes.fromhex(root))
        assert judged(read.items[0].activity).reason in REASONS
        return
    with pytest.raises(ParcelError) as refused:
        read_parcel(body, bytes.fromhex(root))
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("depth", [13, 14, 1000])
def test_depth_is_counted_before_anything_recurses(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    body = b'{"@context":' + b"[" * depth + b"]" * depth + b"}"
    with pytest.raises(ParcelError) as refused:
        read_parcel(body, bytes(32))
    assert refused.value.reason == ("malformed" if depth < 16 else "too_deep")


def test_brackets_in_texts_are_no_depth() -> None:
    act = base(ABROAD, OURS, "video")
    act["object"]["content"] = '[{"\\' * 200
    body, root = parcel([act])
    assert read_parcel(body, bytes.fromhex(root)).items[0].activity == act
