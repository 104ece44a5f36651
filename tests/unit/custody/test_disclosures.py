"""Release rule (d) on a real keeper: a report opens for enrolled staff, as it was made, and for nobody else."""

import base64
import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from tests.factories.grantcase import ASKER, KEYHOLDER, STRANGER, enrolment, sign
from tests.unit.custody.conftest import House
from tests.unit.custody.test_opener import MINE, realm_of

from reelm.custody.disclosure_schemas import Disclosed, DisclosedItem
from reelm.custody.errors import AboutYourselfError, StaffUnknownError
from reelm.custody.fields import seal_field
from reelm.custody.service import KeysClient
from reelm.kit.errors import NotFoundError, SignInRequiredError

REPORT, OTHER_REPORT, SENDER = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0x5E)
WHEN = dt.datetime(2026, 11, 22, 11, 0, tzinfo=dt.UTC)


@dataclass
class Desk:
    """A realm with a charter, one member of staff, and one person who reported something."""

    house: House
    web: KeysClient
    reporter: UUID
    reporters_token: str
    asker: UUID
    token: str

    async def report(self, report_id: UUID = REPORT, **changed: Any) -> Disclosed:
        item = DisclosedItem(7, SENDER, WHEN, '{"text":"words"}', "k", "c")
        made = Disclosed(report_id, self.reporter, UUID(int=1), "threat", "a note", WHEN, [item])
        made = msgspec.structs.replace(made, **changed)
        await self.keep(report_id, msgspec.json.encode(made).decode())
        return made

    async def keep(self, report_id: UUID, text: str, column: str = "report_sealed") -> None:
        key = await self.web.person_key(self.reporters_token)
        sealed = seal_field(key, "message_reports", column, self.reporter, text)
        self.house.rows.disclosed[report_id] = (self.reporter, sealed)


@pytest_asyncio.fixture
async def desk(house: House) -> Desk:
    house.realm = realm_of(house)
    await house.stop()
    await house.start()
    web = house.client()
    reporter, reporters_token = await house.person(web)
    asker, token = await house.person(web, "an operator's own")
    house.rows.staff = {MINE: asker}
    house.rows.ledger = [(3, enrolment(ASKER))]
    return Desk(house, web, reporter, reporters_token, asker, token)


async def test_a_report_opens_as_it_was_made_and_is_counted(desk: Desk) -> None:
    made = await desk.report()
    await desk.report(OTHER_REPORT, note="another")
    for _ in range(2):
        assert await desk.web.open_disclosure(desk.token, REPORT) == made
    assert desk.house.rows.opened_reports == [(REPORT, MINE)] * 2
    desk.house.clock.advance(dt.timedelta(hours=1))
    assert desk.house.keeper is not None
    await desk.house.keeper.tell_the_ledger()
    counts = msgspec.json.decode(next(iter(desk.house.rows.released.values())))["counts"]
    assert counts["disclosure"] == 2


async def test_the_session_decides_who_asks(desk: Desk) -> None:
    await desk.report()
    with pytest.raises(SignInRequiredError):
        await desk.web.open_disclosure("no token", REPORT)
    with pytest.raises(NotFoundError):
        await desk.web.open_disclosure(desk.reporters_token, REPORT)
    with pytest.raises(NotFoundError):
        await desk.web.open_disclosure(desk.token, OTHER_REPORT)
    assert desk.house.rows.opened_reports == []


_FORGED = base64.b64encode(STRANGER.public_key).decode()


@pytest.mark.parametrize(
    "ledger",
    [
        pytest.param([], id="never enrolled"),
        pytest.param([(None, enrolment(ASKER))], id="not in its place yet"),
        pytest.param([(3, enrolment(ASKER, by=STRANGER))], id="by a keyholder of its own"),
        pytest.param([(3, {**enrolment(ASKER), "keyholder": STRANGER.vkey})], id="another keyholder named"),
        pytest.param([(3, {**enrolment(ASKER), "country": "FR"})], id="changed afterwards"),
        pytest.param([(3, {**enrolment(STRANGER), "staff": MINE})], id="another key under this name"),
        pytest.param(
            [(3, sign({**enrolment(ASKER), "key": _FORGED}, KEYHOLDER))], id="a key of another name"
        ),
        pytest.param([(3, enrolment(STRANGER))], id="somebody else"),
        pytest.param([(3, enrolment(ASKER)), (9, {"kind": "staff.left", "staff": MINE})], id="left"),
        pytest.param([(3, enrolment(ASKER)), (None, {"kind": "staff.left", "staff": MINE})], id="leaving"),
    ],
)
async def test_only_a_keyholders_word_makes_staff(desk: Desk, ledger: list[Any]) -> None:
    await desk.report()
    desk.house.rows.ledger = ledger
    with pytest.raises(StaffUnknownError):
        await desk.web.open_disclosure(desk.token, REPORT)
    assert desk.house.rows.opened_reports == []


async def test_who_came_back_reads_again(desk: Desk) -> None:
    made = await desk.report()
    desk.house.rows.ledger = [
        (3, enrolment(ASKER)),
        (5, {"kind": "staff.left", "staff": MINE}),
        (8, enrolment(ASKER)),
    ]
    assert await desk.web.open_disclosure(desk.token, REPORT) == made


async def test_nobody_opens_what_is_about_themselves(desk: Desk) -> None:
    item = DisclosedItem(7, desk.asker, WHEN, "{}", "k", "c")
    await desk.report(items=[DisclosedItem(6, SENDER, WHEN, "{}", "k", "c"), item])
    with pytest.raises(AboutYourselfError):
        await desk.web.open_disclosure(desk.token, REPORT)
    assert desk.house.rows.opened_reports == []


async def test_what_is_in_another_place_does_not_open(desk: Desk) -> None:
    made = await desk.report()
    desk.house.rows.disclosed[OTHER_REPORT] = desk.house.rows.disclosed[REPORT]
    with pytest.raises(NotFoundError):
        await desk.web.open_disclosure(desk.token, OTHER_REPORT)
    _, sealed = desk.house.rows.disclosed[REPORT]
    desk.house.rows.disclosed[REPORT] = (desk.asker, sealed)
    with pytest.raises(NotFoundError):
        await desk.web.open_disclosure(desk.token, REPORT)
    for text, column in (
        ("not JSON", "report_sealed"),
        (msgspec.json.encode(made).decode(), "another_column"),
        (msgspec.json.encode(msgspec.structs.replace(made, reporter_id=SENDER)).decode(), "report_sealed"),
    ):
        await desk.keep(REPORT, text, column)
        with pytest.raises(NotFoundError):
            await desk.web.open_disclosure(desk.token, REPORT)
    assert desk.house.rows.opened_reports == []


async def test_without_a_charter_nothing_opens(house: House) -> None:
    web = house.client()
    asker, token = await house.person(web, "an operator's own")
    house.rows.staff = {MINE: asker}
    house.rows.ledger = [(3, enrolment(ASKER))]
    with pytest.raises(StaffUnknownError):
        await web.open_disclosure(token, REPORT)
