"""The life of a grant: only what the table names, from nowhere but where it says, and never back."""

import datetime as dt
import re
from pathlib import Path
from typing import get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.custody.grants import entries, states
from reelm.custody.grants.rows import GrantRecord, StaffRecord
from reelm.custody.grants.states import TRANSITIONS, Act, GrantState, after, state_now
from reelm_audit.tlog import canonical

STATES: tuple[GrantState, ...] = get_args(GrantState)
ACTS: tuple[Act, ...] = get_args(Act)
GRANT = {
    "id": UUID(int=1),
    "asked_key": "",
    "state": "asked",
    "classes": ["identity"],
    "reason": "legal",
    "words": "",
    "country": "FR",
    "emergency": False,
    "document": b"",
    "document_nonce": b"",
    "request": b"",
    "request_leaf": 7,
    "created_at": dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
}
STAFF = StaffRecord(
    "0" * 16, UUID(int=2), bytes(32), "FR", "enrolled", dt.datetime(2026, 11, 22, tzinfo=dt.UTC), *[None] * 4
)
moments = st.integers(1_767_225_600, 1_900_000_000).map(
    lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC)
)


@given(st.lists(st.sampled_from(ACTS), max_size=30))
def test_no_row_of_acts_uses_a_grant_that_was_not_signed_and_approved(acts: list[Act]) -> None:
    state: GrantState = "draft"
    happened: list[Act] = []
    for act in acts:
        then = after(state, act)
        if then is None:
            continue
        if act == "use":
            assert happened[:2] == ["sign", "approve"]
            assert not {"deny", "close", "run_out", "leave_unanswered"} & set(happened)
        state = then
        happened.append(act)
    if state == "approved":
        assert "approve" in happened


@pytest.mark.parametrize("over", ["denied", "expired", "closed"])
def test_nothing_leads_out_of_what_is_over(over: GrantState) -> None:
    assert not [act for act in ACTS if after(over, act) is not None]


def test_every_state_is_reached_and_every_act_leads_somewhere() -> None:
    assert set(TRANSITIONS.values()) | {"draft"} == set(STATES)
    assert {act for _, act in TRANSITIONS} == set(ACTS)


@given(moments, st.timedeltas(dt.timedelta(days=-2), dt.timedelta(days=2)))
def test_the_clock_ends_what_no_schedule_has_noted(at: dt.datetime, later: dt.timedelta) -> None:
    now = at + later
    assert state_now("approved", None, at, now) == ("expired" if now >= at else "approved")
    assert state_now("asked", at, None, now) == ("denied" if now >= at else "asked")
    for over in ("draft", "denied", "expired", "closed"):
        assert state_now(over, at, at, now) == over


@given(moments, st.integers(1, states.MINUTES_MAX))
def test_a_grant_lasts_the_minutes_that_were_asked_for_from_the_minute_it_names(
    now: dt.datetime, minutes: int
) -> None:
    """Not a minute more: the keys process refuses what was approved for longer."""
    grant = msgspec.convert(
        {**dict.fromkeys(GrantRecord.__struct_fields__), **GRANT, "minutes": minutes},
        GrantRecord,
        strict=False,
    )
    entry = canonical.decode(entries.approved(now, "0" * 64, STAFF, grant, "FR"))
    at, expires = (dt.datetime.fromisoformat(entry[name]) for name in ("at", "expires_at"))
    assert expires - at == dt.timedelta(minutes=minutes)
    assert dt.timedelta() <= now - at < dt.timedelta(minutes=1)
    assert entries.expiry(canonical.encode(entry)) == expires


def test_the_database_knows_the_same_states() -> None:
    declared = (Path(states.__file__).parents[2] / "models" / "custody.py").read_text()
    found = re.search(r"state IN \(('draft'[^)]*)\)", declared)
    assert found is not None
    assert {name.strip(" '") for name in found.group(1).split(",")} == set(STATES)


def test_the_database_lets_rows_go_where_the_table_leads() -> None:
    sql = (Path(states.__file__).parents[2] / "models" / "grants.sql").read_text()
    listed = re.search(r"ALL \(ARRAY\[\s*([^\]]*)\]\) THEN\s+RAISE EXCEPTION 'a grant does not go", sql)
    assert listed is not None
    found = {tuple(each.split()) for each in re.findall(r"'([a-z]+ [a-z]+)'", listed.group(1))}
    assert found == {(before, then) for (before, _), then in TRANSITIONS.items() if before != then}
