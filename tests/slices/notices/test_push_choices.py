"""What is told where, and when not: each person's choice, kept by the database and by the clock on the wall."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
from tests.conftest import RunningRealm, eventually, years_ago
from tests.factories.clips import put_clip
from tests.factories.push import Browser, PushSite, choose, subscribed, told_of, waiting

from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.notices.digest import Digests
from reelm.notices.kinds import DEFAULTS, SORT_OF
from reelm.notices.quiet import zone
from reelm.notices.schemas import NoticeKind


async def test_that_somebody_opened_ones_data_is_always_told(arrive: Any) -> None:
    ada = await arrive()
    asked = {
        "kinds": {"opened": "off"},
        "quiet": {"from": None, "to": None, "time_zone": "UTC"},
        "digest": "off",
    }
    said = await ada.put("/me/notice-settings", asked)
    assert said.status_code == 422
    assert said.json()["fields"] == {"kinds.opened": "always_told"}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"kinds": {"nothing": "push"}}, {"kinds": "unknown"}),
        ({"quiet": {"from": "22:00", "to": None, "time_zone": "UTC"}}, {"quiet": "from_and_to"}),
        ({"quiet": {"from": "22:00", "to": "22:00", "time_zone": "UTC"}}, {"quiet": "from_and_to"}),
        ({"quiet": {"from": None, "to": None, "time_zone": "Europe/Nowhere"}}, {"time_zone": "unknown"}),
        ({"quiet": {"from": "25:00", "to": "07:00", "time_zone": "UTC"}}, None),
        ({"digest": "hourly"}, None),
    ],
)
async def test_what_can_t_be_chosen(
    arrive: Any, change: dict[str, Any], fields: dict[str, str] | None
) -> None:
    ada = await arrive()
    asked = {"kinds": {}, "quiet": {"from": None, "to": None, "time_zone": "UTC"}, "digest": "off", **change}
    said = await ada.put("/me/notice-settings", asked)
    assert said.status_code == 422
    assert fields is None or said.json()["fields"] == fields


def hours_around_now() -> tuple[str, str]:
    now = dt.datetime.now(dt.UTC)
    return (now - dt.timedelta(hours=2)).strftime("%H:%M"), (now + dt.timedelta(hours=2)).strftime("%H:%M")


async def test_in_quiet_hours_it_waits_for_their_end(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site)
    ada, lin = await subscribed(arrive, browser), await arrive()
    begins, ends = hours_around_now()
    await choose(ada, quiet={"from": begins, "to": ends, "time_zone": "UTC"})
    await lin.put(f"/people/{ada.handle}/follow")

    async def put_off() -> bool:
        rows = await waiting(seen, ada.id)
        return len(rows) == 1 and rows[0]["due_at"] > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=90)

    await eventually(put_off)
    assert browser.told() == []
    ((kind, due_at, tries),) = await waiting(seen, ada.id)
    assert (kind, due_at.strftime("%H:%M"), tries) == ("follow", ends, 0)


async def test_a_night_of_notices_is_one_job_in_the_morning(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site)
    ada = await subscribed(arrive, browser)
    begins, ends = hours_around_now()
    await choose(ada, quiet={"from": begins, "to": ends, "time_zone": "UTC"}, kinds={"like": "push"})
    clips = [await put_clip(seen, ada.id, "mine") for _ in range(4)]
    lin = await arrive()
    for clip in clips:
        assert (await lin.put(f"/clips/{clip}/like")).status_code == 200

    async def jobs() -> Any:
        return await seen.fetch(
            "SELECT status, execute_after > now() + interval '90 minutes' AS later FROM pgqueuer "
            "WHERE entrypoint = 'notices.push' AND convert_from(payload, 'UTF8') LIKE '%' || $1 || '%'",
            ada.id,
        )

    async def one_is_left() -> bool:
        rows = await waiting(seen, ada.id)
        left = await jobs()
        # Jobs that ran at the same time may look once more when the other's lease is over; in the morning it is one.
        settled = all(due_at > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=90) for _, due_at, _ in rows)
        return len(rows) == 4 and settled and [each["later"] for each in left].count(True) == 1

    await eventually(one_is_left)
    assert browser.told() == []


async def test_what_was_turned_off_meanwhile_is_not_told(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site, way="busy")
    ada, lin = await subscribed(arrive, browser), await arrive()
    await lin.put(f"/people/{ada.handle}/follow")
    await eventually(lambda: told_of(browser))
    await choose(ada, kinds={"follow": "app"})

    async def over() -> bool:
        return await waiting(seen, ada.id) == []

    await eventually(over)
    assert len(browser.told()) == 1


async def test_somebody_under_16_is_told_nothing_at_night(arrive: Any, site: PushSite, seen: Any) -> None:
    """Wherever it is two in the morning now, there the telephone is."""
    east = (2 - dt.datetime.now(dt.UTC).hour) % 24
    browser = Browser(site, time_zone=f"Etc/GMT-{east}" if east <= 14 else f"Etc/GMT+{24 - east}")
    ada = await subscribed(arrive, browser, birth_date=years_ago(14))
    lin = await arrive()
    chosen = await choose(ada, quiet={"from": None, "to": None, "time_zone": "UTC"})
    assert chosen["nights_quiet"] is True
    await lin.put(f"/people/{ada.handle}/follow")

    async def put_off() -> bool:
        rows = await waiting(seen, ada.id)
        return len(rows) == 1 and rows[0]["due_at"] > dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)

    await eventually(put_off)
    ((_, due_at, _),) = await waiting(seen, ada.id)
    assert due_at.astimezone(zone(browser.time_zone)).strftime("%H:%M") == "07:00"
    assert browser.told() == []


async def test_the_digest_is_told_once_in_the_app_and_as_one_push(
    arrive: Any, site: PushSite, seen: Any, pushing: RunningRealm
) -> None:
    browser = Browser(site)
    ada = await subscribed(arrive, browser)
    await choose(ada, digest="daily")
    clip = await put_clip(seen, ada.id, "mine")
    for _ in range(3):
        lin = await arrive()
        await lin.put(f"/people/{ada.handle}/follow")
        await lin.put(f"/clips/{clip}/like")
    due = await seen.fetchval("SELECT digest_due_at FROM notice_settings WHERE person_id = $1", ada.id)
    assert due.strftime("%H:%M") == "18:00"
    assert await waiting(seen, ada.id) == []
    await seen.execute(
        "UPDATE notice_settings SET digest_due_at = now() - interval '1 minute' WHERE person_id = $1", ada.id
    )
    async with digests(pushing) as told:
        # Two at once, and the worker's own besides: one of them tells it.
        await asyncio.gather(told.tell_due(), told.tell_due())
    (content,) = await eventually(lambda: told_of(browser))
    assert content == {"v": 1, "kind": "digest", "counts": {"follow": 3, "like": 3}}
    items = (await ada.get("/notices?limit=50")).json()["items"]
    (digest,) = [each for each in items if each["kind"] == "digest"]
    assert (digest["counts"], digest["actor"]) == ({"follow": 3, "like": 3}, None)
    assert len(items) == 7
    assert await seen.fetchval(
        "SELECT digest_due_at > now() FROM notice_settings WHERE person_id = $1", ada.id
    )


@contextlib.asynccontextmanager
async def digests(realm: RunningRealm) -> AsyncIterator[Digests]:
    settings, clock = realm.settings, SystemClock()
    database = await Database.open(settings.database, "reelm_worker", size=3)
    keys = KeysClient(settings.keys_address, clock, caller="worker", secret=settings.caller_secrets["worker"])
    try:
        yield Digests(database, keys, clock, SystemIds(clock))
    finally:
        await keys.close()
        await database.close()


async def test_the_database_and_the_code_sort_kinds_alike(seen: Any) -> None:
    for kind, sort in {**SORT_OF, "never heard of": "other"}.items():
        assert await seen.fetchval("SELECT reelm.notice_sort($1)", kind) == sort
    nobody = uuid.uuid4()
    for sort, choice in DEFAULTS.items():
        kind = next((kind for kind, its in SORT_OF.items() if its == sort), "anything")
        assert await seen.fetchval("SELECT reelm.notice_choice($1, $2)", nobody, kind) == choice
    assert set(get_args(NoticeKind)) <= set(SORT_OF)
