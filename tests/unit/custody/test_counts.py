"""Counts of released keys: complete, once an hour, across restarts."""

import datetime as dt

import msgspec
from tests.unit.custody.conftest import House
from tests.unit.custody.test_opener import realm_of

from reelm.custody.keystore import Keystore
from reelm.kit.errors import OverloadedError


def _told(house: House) -> dict[str, dict[str, int]]:
    entries = [msgspec.json.decode(entry) for entry in house.rows.released.values()]
    assert len({entry["hour"] for entry in entries}) == len(entries)
    return {entry["hour"]: entry["counts"] for entry in entries}


async def _begin(house: House) -> None:
    house.realm = realm_of(house)
    await house.stop()
    await house.start()


async def test_every_release_is_told_by_purpose_once_the_hour_is_over(house: House) -> None:
    await _begin(house)
    web, worker = house.client(), house.client("worker")
    person, token = await house.person(web)
    for _ in range(3):
        await web.person_key(token)
    clip = house.ids.new()
    fresh = await web.new_clip_key(token, clip)
    house.rows.keys[clip] = (person, fresh.wrapped)
    house.rows.seen_by[person] = {clip}
    await web.clip_key(token, clip)
    process = await web.mint_job_ticket(token, "media_process", clip)
    await worker.job_keys(process, "media_process", clip)
    export = await web.mint_job_ticket(token, "rights_export")
    await worker.job_keys(export, "rights_export")
    await worker.job_clip_keys(export, [clip])
    notice = await web.mint_job_ticket(token, "notice_deliver")
    await worker.job_keys(notice, "notice_deliver")  # opens nothing, so nothing is released
    assert house.keeper is not None
    await house.keeper.tell_the_ledger()
    assert _told(house) == {}
    house.clock.advance(dt.timedelta(hours=1))
    await house.keeper.tell_the_ledger()
    await house.keeper.tell_the_ledger()
    assert _told(house) == {
        "2026-11-21T12:00Z": {"session": 3, "viewing": 1, "media_process": 1, "rights_export": 2}
    }


async def test_an_hour_without_releases_is_told_too(house: House) -> None:
    await _begin(house)
    assert house.keeper is not None
    for _ in range(3):
        await house.keeper.tell_the_ledger()
        house.clock.advance(dt.timedelta(hours=1))
    await house.keeper.tell_the_ledger()
    assert _told(house) == {f"2026-11-21T{hour}:00Z": {} for hour in (12, 13, 14)}


async def test_counts_outlive_the_process(house: House) -> None:
    await _begin(house)
    web = house.client()
    _, token = await house.person(web)
    for _ in range(4):
        await web.person_key(token)
        await house.stop()
        await house.start()
    house.clock.advance(dt.timedelta(hours=2))
    assert house.keeper is not None
    await house.keeper.tell_the_ledger()
    assert _told(house)["2026-11-21T12:00Z"] == {"session": 4}


async def test_telling_twice_leaves_one_entry(house: House) -> None:
    """The ledger has it, and the process died before it had noted that."""
    await _begin(house)
    web = house.client()
    _, token = await house.person(web)
    await web.person_key(token)
    house.clock.advance(dt.timedelta(hours=1))
    assert house.keeper is not None
    forget = Keystore.forget_counts
    Keystore.forget_counts = lambda *_: None  # type: ignore[method-assign]
    try:
        await house.keeper.tell_the_ledger()
    finally:
        Keystore.forget_counts = forget  # type: ignore[method-assign]
    await house.stop()
    await house.start()
    house.clock.advance(dt.timedelta(minutes=5))
    await house.keeper.tell_the_ledger()
    assert _told(house)["2026-11-21T12:00Z"] == {"session": 1}
    assert not [hour for hour, _ in house.keeper.store.list_counts(before=10**9) if hour % 24 == 12]


async def test_a_ledger_that_does_not_answer_is_told_later(house: House) -> None:
    await _begin(house)
    web = house.client()
    _, token = await house.person(web)
    await web.person_key(token)
    house.clock.advance(dt.timedelta(hours=1))
    assert house.keeper is not None
    answering = house.rows.add_released

    async def silent(*_: object) -> None:
        raise OverloadedError

    house.rows.add_released = silent  # type: ignore[method-assign]
    try:
        await house.keeper.tell_the_ledger()
    except OverloadedError:
        pass
    else:
        raise AssertionError
    house.rows.add_released = answering  # type: ignore[method-assign]
    await house.keeper.tell_the_ledger()
    assert _told(house)["2026-11-21T12:00Z"] == {"session": 1}
