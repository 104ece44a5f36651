"""The small rules: tickets, contacts, purposes, passwords, attempts."""

import datetime as dt
import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.custody.conftest import START

from reelm.custody import errors
from reelm.custody.attempts import PER_ADDRESS, PER_REALM, Attempts
from reelm.custody.contacts import blind_index, normal_email, normal_phone
from reelm.custody.envelope import new_key
from reelm.custody.passwords import Passwords
from reelm.custody.purposes import DECLARATION, Purpose, Purposes
from reelm.custody.tickets import (
    PURPOSE,
    JobTicket,
    mint_job,
    mint_subject,
    verify_job,
    verify_subject,
)
from reelm.kit.clock import FixedClock
from reelm.kit.errors import TooManyRequestsError

SECRET = new_key()
NAMES = st.from_regex(PURPOSE, fullmatch=True)
TIMES = st.integers(1, 10_000_000).map(lambda seconds: START + dt.timedelta(seconds=seconds))


@given(st.uuids(), NAMES, TIMES)
def test_a_subject_ticket_says_what_was_put_in(person: UUID, purpose: str, expires_at: dt.datetime) -> None:
    ticket = mint_subject(SECRET, person, purpose, expires_at)
    assert verify_subject(SECRET, ticket, purpose, START) == person
    for refused in (
        (SECRET, ticket, purpose, expires_at),
        (SECRET, ticket, purpose + "x", START),
        (new_key(), ticket, purpose, START),
    ):
        with pytest.raises(errors.TicketRefusedError):
            verify_subject(*refused)


@given(st.uuids(), NAMES, st.none() | st.uuids(), TIMES, st.data())
def test_a_job_ticket_with_any_character_changed_is_refused(
    person: UUID, purpose: str, clip: UUID | None, expires_at: dt.datetime, data: st.DataObject
) -> None:
    wanted = JobTicket(person, purpose, clip, expires_at)
    ticket = mint_job(SECRET, wanted)
    assert verify_job(SECRET, ticket, START) == wanted
    with pytest.raises(errors.TicketRefusedError):
        verify_job(SECRET, ticket, expires_at)
    place = data.draw(st.integers(0, len(ticket) - 1))
    other = data.draw(st.characters().filter(lambda c: c != ticket[place]))
    with pytest.raises(errors.TicketRefusedError):
        verify_job(SECRET, ticket[:place] + other + ticket[place + 1 :], START)


def test_one_kind_of_ticket_is_not_the_other() -> None:
    person, until = UUID(int=5), START + dt.timedelta(minutes=1)
    with pytest.raises(errors.TicketRefusedError):
        verify_job(SECRET, mint_subject(SECRET, person, "media_process", until), START)
    with pytest.raises(errors.TicketRefusedError):
        verify_subject(SECRET, mint_job(SECRET, JobTicket(person, "session", None, until)), "session", START)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Lina@Example.ORG", "lina@example.org"),
        ("  straße@example.org ", "strasse@example.org"),
        ("\uff4c\uff49\uff4e\uff41@example.org", "lina@example.org"),
        ("李娜@例子.中国", "李娜@例子.中国"),
    ],
)
def test_addresses_have_one_form(typed: str, normal: str) -> None:
    assert normal_email(typed) == normal


@pytest.mark.parametrize(
    "typed", ["", "lina", "@example.org", "a@b", "a@b..c", "a b@c.d", "a@" + "b" * 260 + ".c", "a@b.c\n@d"]
)
def test_what_can_not_be_an_address_is_refused(typed: str) -> None:
    with pytest.raises(errors.ContactUnsuitableError) as refused:
        normal_email(typed)
    assert refused.value.fields == {"email": "unsuitable"}


@pytest.mark.parametrize(
    "typed",
    [
        "+4930123456",
        "0049 30 123456",
        "+49 (30) 12-34.56",
        "\uff0b\uff14\uff19 30 123456",
        "+49\u00a030\u2011123456",
    ],
)
def test_numbers_have_one_form(typed: str) -> None:
    assert normal_phone(typed) == "+4930123456"


@pytest.mark.parametrize(
    "typed", ["", "030123456", "+0123456", "+123", "+1234567890123456", "+49a30123456", "++4930123456"]
)
def test_what_is_not_international_is_refused(typed: str) -> None:
    with pytest.raises(errors.ContactUnsuitableError):
        normal_phone(typed)


@given(st.text(max_size=60))
def test_normal_forms_are_stable(typed: str) -> None:
    for normal in (normal_email, normal_phone):
        try:
            once = normal(typed)
        except errors.ContactUnsuitableError:
            continue
        assert normal(once) == once


def test_the_kinds_of_contact_do_not_share_indexes() -> None:
    assert blind_index(SECRET, "email", "a@b.cd") != blind_index(new_key(), "email", "a@b.cd")


def test_the_declaration_is_published_and_opens_no_column_without_saying_so() -> None:
    published = Path(__file__).parents[3] / "spec" / "custody" / "purposes.json"
    assert json.loads(published.read_text()) == json.loads(DECLARATION.read_text())
    purposes = Purposes.read()
    for name in json.loads(DECLARATION.read_text())["purposes"]:
        assert purposes.get(name).about.endswith(".")
    with pytest.raises(errors.TicketRefusedError):
        purposes.get("undeclared")


@pytest.mark.parametrize(
    "wrong",
    [
        {"Bad Name": Purpose("x")},
        {"a.b": Purpose("x")},
        {"a": Purpose("x", columns=["email"])},
        {"a": Purpose("x", columns=["people.email"], schedule_opens_columns=True)},
        {"a": Purpose("x", schedule=True, schedule_opens_columns=True)},
        {"a": Purpose("x", erases=True, schedule=True)},
        {"a": Purpose("x", erases=True, columns=["people.email"])},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(wrong: dict[str, Purpose]) -> None:
    with pytest.raises(ValueError, match="purpose"):
        Purposes(wrong)


async def test_passwords_are_compared_in_their_normal_form() -> None:
    passwords = Passwords(memory_kib=64, time_cost=1)
    hashed = await passwords.hash("e\u0301ternel é")
    assert hashed.startswith("$argon2id$")
    assert await passwords.matches(hashed, "\u00e9ternel e\u0301")
    for wrong in ("eternel e", "", "x" * 10_000, "\ud800", "éternel é\x00"):
        assert not await passwords.matches(hashed, wrong)
    assert not await passwords.matches(None, "")
    assert not await passwords.matches("not a hash", "x")
    longest = "x" * 256
    hashed = await passwords.hash(longest)
    assert await passwords.matches(hashed, longest)
    assert not await passwords.matches(hashed, longest + "x")
    passwords.close()


async def test_nobody_costs_as_much_as_somebody() -> None:
    """The hash computed for an unknown person has the same parameters; time itself is not measured here."""
    passwords = Passwords()
    real = await passwords.hash("correct horse")
    assert passwords._nobody.split("$")[:4] == real.split("$")[:4]
    assert "m=19456,t=2,p=1" in real
    assert not passwords.outdated(real)
    assert Passwords(memory_kib=64, time_cost=1).outdated(real)
    passwords.close()


def test_the_realm_as_a_whole_is_limited() -> None:
    clock = FixedClock(START)
    attempts = Attempts(clock)
    heard = 0
    with pytest.raises(TooManyRequestsError):  # noqa: PT012 - it is the loop that is too much
        for number in range(1000):
            attempts.begin(f"name {number}", address=f"address {number}", device=None)
            heard += 1
    assert heard == PER_REALM.burst
    clock.advance(dt.timedelta(seconds=1))
    attempts.begin("name", address="address", device=None)


def test_one_address_trying_many_names_is_limited() -> None:
    attempts = Attempts(FixedClock(START))
    heard = 0
    with pytest.raises(TooManyRequestsError):  # noqa: PT012 - it is the loop that is too much
        for number in range(1000):
            attempts.begin(f"name {number}", address="bot", device=None)
            heard += 1
    assert heard == PER_ADDRESS.burst
    attempts.begin("lina", address="home", device=None)


def test_a_vouched_device_is_heard_while_the_realm_is_under_attack() -> None:
    attempts = Attempts(FixedClock(START))
    with pytest.raises(TooManyRequestsError):  # noqa: PT012 - it is the loop that is too much
        for number in range(1000):
            attempts.begin(f"name {number}", address=f"address {number}", device=None)
    for _ in range(10):
        attempts.begin("lina", address="home", device="her phone")
    with pytest.raises(TooManyRequestsError):
        attempts.begin("lina", address="home", device="her phone")


def test_right_passwords_do_not_count() -> None:
    attempts = Attempts(FixedClock(START))
    for _ in range(500):
        attempts.right(attempts.begin("lina", address="home", device=None))


@given(st.lists(st.tuples(st.integers(-100, 100), st.booleans()), max_size=60))
def test_a_bucket_never_grows_beyond_its_burst(steps: list[tuple[int, bool]]) -> None:
    """Also when the clock steps back, and when answers come late."""
    clock = FixedClock(START)
    attempts = Attempts(clock)
    for step, right in steps:
        clock.advance(dt.timedelta(seconds=step))
        try:
            counted = attempts.begin("lina", address="home", device=None)
        except TooManyRequestsError:
            continue
        if right:
            attempts.right(counted)
    clock.advance(dt.timedelta(days=1))
    heard = 0
    with pytest.raises(TooManyRequestsError):  # noqa: PT012 - it is the loop that is too much
        for _ in range(20):
            attempts.begin("lina", address="home", device=None)
            heard += 1
    assert heard == 8
