"""The worker's part: weights follow what people do, and tags without clips are forgotten."""

import datetime as dt

import pytest

from factories.clips import put_clip
from reelm.kit.clock import FixedClock
from reelm.kit.database import Database
from reelm.search.tasks import WordKeeper


@pytest.fixture
async def database(realm):
    opened = await Database.open(realm.settings.database, "reelm_worker", size=1)
    yield opened
    await opened.close()


async def test_weights_follow_what_people_do(database, sign_up, admin):
    clock = FixedClock(dt.datetime.now(dt.UTC).replace(hour=12))
    keeper = WordKeeper(database, clock)
    await keeper.weigh()
    ada = await sign_up()
    clip = await put_clip(admin, ada.id, "weighed #weighedtag")

    async def weight(reference):
        return await admin.fetchval("SELECT weight FROM search_words WHERE reference = $1", reference)

    assert await weight(clip) == 0
    await admin.execute(
        "UPDATE clip_counters SET likes = 512, changed_at = $2 WHERE clip_id = $1::text::uuid",
        clip,
        clock.now(),
    )
    clock.advance(dt.timedelta(minutes=1))
    assert await keeper.weigh() >= 1
    assert await weight(clip) == 40
    await admin.execute("DELETE FROM clips WHERE id = $1::text::uuid", clip)
    assert await weight("weighedtag") is not None
    clock.advance(dt.timedelta(days=1))
    await keeper.weigh()
    assert await weight("weighedtag") is None


async def test_the_web_process_may_not_weigh(web_role):
    with pytest.raises(Exception, match="permission denied"):
        await web_role.fetch("SELECT reelm.weigh_words(NULL)")
