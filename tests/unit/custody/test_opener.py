"""Release rule (c) on a real keeper: what the evidence can't say, the keys process finds out itself."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from tests.factories.grantcase import APPROVER, ASKER, CLIP, KEYHOLDER, RELEASE, STRANGER, WITNESS, Case
from tests.factories.logs import MemoryLog
from tests.unit.custody.conftest import House

from reelm.custody import errors
from reelm.custody import opening_errors as refused
from reelm.custody.fields import seal_field
from reelm.custody.grantproof import staff_id
from reelm.custody.opening_schemas import GrantOpening
from reelm.custody.service import KeysClient
from reelm.kit.errors import NotFoundError, SignInRequiredError
from reelm.realm import charter
from reelm.realm.schemas import Edition, Keyholder, Keyholders, Operator, RealmDocument, WitnessPolicies
from reelm.realm.service import RealmService
from reelm.settings import DatabaseSettings, Settings
from reelm_audit.tlog.note import Ed25519Signer

ORIGIN = "reelm.example/ledger"
MINE, THEIRS = staff_id(ASKER.public_key), staff_id(APPROVER.public_key)


def realm_of(house: House, **changed: Any) -> RealmService:
    document = RealmDocument(
        name="A realm",
        edition=Edition("Reelm", "reelm", "#000", "#fff", ["en"]),
        operator=Operator("An operator"),
        owners=[],
        storage=[],
        keyholders=Keyholders(1, [Keyholder("operator", "operator", KEYHOLDER.vkey)]),
        witness_policies=WitnessPolicies(release=RELEASE, public=RELEASE),
    )
    settings = Settings(house.folder, DatabaseSettings("nowhere"))
    return RealmService(msgspec.structs.replace(document, **changed), settings)


@dataclass
class Office:
    """A realm with a charter, one member of staff asking, and one person whose data it is about."""

    house: House
    web: KeysClient
    person: UUID
    persons_token: str
    asker: UUID
    token: str

    def case(self, **changed: Any) -> Case:
        keeper = self.house.keeper
        assert keeper is not None
        assert self.house.realm is not None
        log = MemoryLog(ORIGIN, witnesses=[WITNESS])
        log.key = Ed25519Signer(ORIGIN, keeper.store.secret("log", 0, bytes))
        key = keeper.store.find_ledger_key(self.person)
        said = {"charter": self.house.realm.charter_digest}
        entries = {name: {**said, **changed.pop(name, {})} for name in ("request", "approval", "use")}
        return Case(
            ledger_key=key or bytes(32),
            person_id=self.person,
            log=log,
            now=self.house.clock.now(),
            token=self.token,
            **entries,
            **changed,
        )

    async def open(self, asked: GrantOpening) -> Any:
        return await self.web.open_under_grant(asked)


@pytest_asyncio.fixture
async def office(house: House) -> Office:
    house.realm = realm_of(house)
    await house.stop()
    await house.start()
    web = house.client()
    person, persons_token = await house.person(web)
    asker, token = await house.person(web, "an operator's own")
    await house.client("sequencer").log_vkey(ORIGIN)
    house.rows.staff = {MINE: asker, THEIRS: house.ids.new()}
    key = await web.person_key(persons_token)
    house.rows.granted["identity", person] = {
        f"{name}_sealed": seal_field(key, "person_details", f"{name}_sealed", person, value)
        for name, value in (("birth_date", "1990-01-02"), ("country", "DE"), ("email", "lina@example.org"))
    } | {"phone_sealed": None}
    return Office(house, web, person, persons_token, asker, token)


async def test_identity_opens_once_and_is_counted(office: Office) -> None:
    asked = office.case().build()
    opened = await office.open(asked)
    assert opened.identity is not None
    assert (opened.identity.birth_date, opened.identity.email, opened.identity.phone) == (
        "1990-01-02",
        "lina@example.org",
        None,
    )
    assert (opened.ties, opened.watched, opened.clips, opened.clip_key) == (None, None, None, None)
    for _ in range(2):
        with pytest.raises(refused.GrantUsedBeforeError):
            await office.open(asked)
        await office.house.stop()
        await office.house.start()  # also across a restart, with the charter read again
    office.house.clock.advance(dt.timedelta(hours=1))
    assert office.house.keeper is not None
    await office.house.keeper.tell_the_ledger()
    told = [msgspec.json.decode(entry) for entry in office.house.rows.released.values()]
    assert sum(entry["counts"].get("grant", 0) for entry in told) == 1
    assert sum(entry["counts"].get("session", 0) for entry in told) == 1


async def test_two_at_once_open_once(office: Office) -> None:
    asked = office.case().build()
    outcomes = await asyncio.gather(*(office.open(asked) for _ in range(8)), return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert {type(o) for o in outcomes if isinstance(o, Exception)} == {refused.GrantUsedBeforeError}


async def test_rows_come_in_pages_and_by_name_only(office: Office) -> None:
    when = office.house.clock.now()
    rows = [
        {"kind": "following", "handle": f"p{n}", "display_name": f"P {n}", "requested": False, "since": when}
        for n in range(130)
    ]
    office.house.rows.granted["ties", office.person] = rows
    asked = office.case(what="social").build()
    first = await office.open(asked)
    second = await office.open(msgspec.structs.replace(asked, page=1))
    assert [tie.handle for tie in first.ties + second.ties] == [row["handle"] for row in rows]
    assert (first.more, second.more) == (True, False)
    with pytest.raises(refused.GrantUsedBeforeError):
        await office.open(msgspec.structs.replace(asked, page=1))


async def test_a_clip_s_key_goes_on_while_the_grant_does(office: Office) -> None:
    house, when = office.house, office.house.clock.now()
    fresh = await office.web.new_clip_key(office.persons_token, CLIP)
    house.rows.keys[CLIP] = (office.person, fresh.wrapped)
    house.rows.granted["clip", CLIP] = {
        "id": CLIP,
        "status": "ready",
        "caption": "for friends",
        "audience": "friends",
        "draft": False,
        "created_at": when,
        "published_at": when,
        "media": {"renditions": []},
        "wrapped_key": fresh.wrapped,
    }
    asked = office.case(what="clip", clip_id=CLIP).build()
    for _ in range(3):
        opened = await office.open(asked)
        assert opened.clip_key == fresh.key
        assert opened.clips[0].media == '{"renditions":[]}'
        house.clock.advance(dt.timedelta(minutes=13))
    house.clock.advance(dt.timedelta(minutes=5))
    with pytest.raises(refused.GrantOverError):
        await office.open(asked)
    # The ledger hears of one opening, and how often it went on.
    house.clock.advance(dt.timedelta(hours=1))
    assert house.keeper is not None
    await house.keeper.tell_the_ledger()
    counts = msgspec.json.decode(next(iter(house.rows.released.values())))["counts"]
    assert (counts["grant"], counts["grant_again"]) == (1, 2)


async def test_a_clip_that_was_not_begun_in_time_needs_another_use(office: Office) -> None:
    house = office.house
    fresh = await office.web.new_clip_key(office.persons_token, CLIP)
    house.rows.keys[CLIP] = (office.person, fresh.wrapped)
    house.rows.granted["clip", CLIP] = {"wrapped_key": fresh.wrapped}
    asked = office.case(what="clip", clip_id=CLIP).build()
    house.clock.advance(dt.timedelta(minutes=6))
    with pytest.raises(refused.GrantOverError):
        await office.open(asked)


async def test_a_clip_that_is_somebody_else_s_is_not_there(office: Office) -> None:
    house = office.house
    other, token = await house.person(office.web, "somebody else's")
    fresh = await office.web.new_clip_key(token, CLIP)
    house.rows.keys[CLIP] = (other, fresh.wrapped)
    house.rows.granted["clip", CLIP] = {"wrapped_key": fresh.wrapped}
    with pytest.raises(NotFoundError):
        await office.open(office.case(what="clip", clip_id=CLIP).build())


async def test_only_the_session_of_whoever_asked(office: Office) -> None:
    asked = office.case().build()
    with pytest.raises(refused.GrantSessionError):
        await office.open(msgspec.structs.replace(asked, token=office.persons_token))
    with pytest.raises(SignInRequiredError):
        await office.open(msgspec.structs.replace(asked, token="nobody's"))
    office.house.rows.staff = {MINE: office.house.rows.staff[THEIRS], THEIRS: office.asker}
    with pytest.raises(refused.GrantSessionError):
        await office.open(asked)


@pytest.mark.parametrize("gone", [MINE, THEIRS])
async def test_who_left_opens_nothing_more(office: Office, gone: str) -> None:
    asked = office.case().build()
    staff = dict(office.house.rows.staff)
    del office.house.rows.staff[gone]
    with pytest.raises(refused.GrantStaffUnknownError):
        await office.open(asked)
    office.house.rows.staff = staff
    # The table may say anything: what the ledger says counts.
    for place in (asked.use.index + 1, None, asked.approval.index - 1):
        office.house.rows.ledger = [(place, {"kind": "staff.left", "staff": gone})]
        with pytest.raises(refused.GrantStaffUnknownError):
            await office.open(asked)
    # Who left and was enrolled again is there again.
    office.house.rows.ledger = [(0, {"kind": "staff.left", "staff": gone})]
    assert await office.open(asked)


@pytest.mark.parametrize("kind", ["grant.expired", "grant.denied"])
async def test_what_was_ended_opens_nothing_more(office: Office, kind: str) -> None:
    asked = office.case().build()
    for place in (asked.approval.index + 1, None):
        office.house.rows.ledger = [(place, {"kind": kind, "request": asked.request.index})]
        with pytest.raises(refused.GrantOverError):
            await office.open(asked)
    office.house.rows.ledger = [(None, {"kind": kind, "request": asked.request.index + 1})]
    assert await office.open(asked)


async def test_nothing_opens_of_somebody_who_is_gone(office: Office) -> None:
    asked = office.case().build()
    await office.web.erase(office.persons_token, password="correct horse")
    with pytest.raises(refused.GrantOtherPersonError):
        await office.open(asked)


async def test_nothing_opens_without_a_ledger_or_a_charter(house: House) -> None:
    web = house.client()
    _, token = await house.person(web)
    case = Case(token=token, now=house.clock.now())
    with pytest.raises(refused.GrantNotLoggedError):
        await web.open_under_grant(case.build())
    await house.client("sequencer").log_vkey(ORIGIN)
    with pytest.raises(refused.GrantOtherCharterError):
        await web.open_under_grant(case.build())


async def test_only_the_web_process_may_ask(office: Office) -> None:
    asked = office.case().build()
    for caller in ("worker", "sequencer"):
        with pytest.raises(errors.CallerRefusedError):
            await office.house.client(caller).open_under_grant(asked)


# --- the charter ----------------------------------------------------------------------------------------------


async def test_a_charter_swapped_under_a_running_process_changes_nothing(office: Office) -> None:
    asked = office.case().build()
    (office.house.folder / "realm.json").write_text("{}")
    assert await office.open(asked)


async def test_a_changed_charter_counts_once_its_keyholders_have_signed_it(office: Office) -> None:
    house = office.house
    stolen = Keyholders(1, [Keyholder("operator", "operator", STRANGER.vkey)])
    house.realm = realm_of(house, keyholders=stolen)
    _sign(house, house.realm, STRANGER)
    await house.stop()
    await house.start()
    with pytest.raises(refused.GrantOtherCharterError):
        await office.open(office.case().build())
    # Everything else goes on.
    assert await office.web.person_key(office.persons_token)
    house.realm = realm_of(house, name="A realm with another name")
    _sign(house, house.realm, KEYHOLDER)
    await house.stop()
    await house.start()
    assert await office.open(office.case().build())


async def test_keyholders_hand_over_only_with_the_signatures_of_both_sides(office: Office) -> None:
    house = office.house
    assert await _pinned_keyholders(house) == [KEYHOLDER.vkey]
    house.realm = realm_of(house, keyholders=Keyholders(1, [Keyholder("trustee", "trustee", STRANGER.vkey)]))
    _sign(house, house.realm, KEYHOLDER)  # whoever takes over hasn't said so
    assert await _pinned_keyholders(house) == [KEYHOLDER.vkey]
    _sign(house, house.realm, KEYHOLDER, STRANGER)
    assert await _pinned_keyholders(house) == [STRANGER.vkey]
    # And back again only with the new one's.
    house.realm = realm_of(house)
    _sign(house, house.realm, KEYHOLDER)
    await house.stop()
    await house.start()
    with pytest.raises(refused.GrantOtherCharterError):
        await office.open(office.case().build())


async def test_a_veto_that_is_not_lifted_keeps_the_charter_before(office: Office) -> None:
    house = office.house
    trustee = Keyholder("trustee", "trustee", STRANGER.vkey, veto=["ages"])
    members = [*realm_of(house).document.keyholders.members, trustee]
    house.realm = realm_of(house, keyholders=Keyholders(1, members))
    _sign(house, house.realm, KEYHOLDER)
    assert await _pinned_keyholders(house) == [KEYHOLDER.vkey, STRANGER.vkey]
    pinned = house.realm.charter_digest
    house.realm = realm_of(house, keyholders=Keyholders(1, members), minimum_age=18)
    _sign(house, house.realm, KEYHOLDER)
    assert await _pinned_digest(house) == pinned
    _sign(house, house.realm, KEYHOLDER, STRANGER)
    assert await _pinned_digest(house) == house.realm.charter_digest


async def _pinned_keyholders(house: House) -> list[str]:
    await _restart(house)
    assert house.keeper is not None
    pin = house.keeper.store.find_charter_pin()
    assert pin is not None
    return pin.keyholders


async def _pinned_digest(house: House) -> str:
    await _restart(house)
    assert house.keeper is not None
    pin = house.keeper.store.find_charter_pin()
    assert pin is not None
    return pin.digest


async def _restart(house: House) -> None:
    await house.stop()
    await house.start()


def _sign(house: House, realm: RealmService, *by: Ed25519Signer) -> None:
    lines = [charter.signed_by(each, realm.document) for each in by]
    (house.folder / charter.SIGNATURES_FILE).write_bytes(msgspec.json.encode(lines))
