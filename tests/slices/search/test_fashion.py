"""What is in fashion, asked of the catalogue directly."""

import datetime as dt

import pytest

from factories.clips import put_clip, put_sound
from reelm.kit.clock import FixedClock, SystemClock
from reelm.kit.database import Database
from reelm.search.fashion import FRESH_SECONDS, WINDOW, FashionDesk
from reelm.search.repository import SearchReader


@pytest.fixture
async def catalog(realm):
    database = await Database.open(realm.settings.database, "reelm_catalog", size=2)
    yield database
    await database.close()


async def test_fresh_and_loved_things_come_first_and_old_ones_not_at_all(catalog, sign_up, admin):
    ada = await sign_up()
    loved = await put_clip(admin, ada.id, "#fashionloved")
    plain = await put_clip(admin, ada.id, "#fashionplain")
    aged = await put_clip(admin, ada.id, "#fashionaged")
    gone = await put_clip(admin, ada.id, "#fashiongone")
    hidden = await put_clip(admin, ada.id, "#fashionhidden", audience="friends")
    sound = await put_sound(admin, ada.id, loved, "In fashion")
    for clip, likes in ((loved, 1_000_000), (aged, 1_000_000), (gone, 1_000_000), (hidden, 1_000_000)):
        await admin.execute("UPDATE clip_counters SET likes = $2 WHERE clip_id = $1::text::uuid", clip, likes)
    await admin.execute("UPDATE clips SET sound_id = $2::text::uuid WHERE id = $1::text::uuid", loved, sound)
    for clip, days in ((aged, 6), (gone, 8)):
        await admin.execute(
            "UPDATE clips SET published_at = now() - make_interval(days => $2) WHERE id = $1::text::uuid",
            *(clip, days),
        )
    # The other tests' clips are in the realm, too: the list is asked for long enough to hold them all.
    now = SystemClock().now()
    async with catalog.transaction() as uow:
        fashion = await SearchReader(uow).fashion(now, now - WINDOW, 100_000)
    clips = [str(clip) for clip in fashion.clips]
    assert clips[0] == loved
    assert clips.index(loved) < clips.index(aged)
    assert plain in clips
    assert gone not in clips
    assert hidden not in clips
    assert fashion.tags.index("fashionloved") < fashion.tags.index("fashionplain")
    assert "fashionhidden" not in fashion.tags
    assert str(fashion.sounds[0]) == sound
    await admin.execute("DELETE FROM clips WHERE author_id = $1::text::uuid", ada.id)


async def test_it_is_worked_out_again_only_after_a_while(catalog, sign_up, admin):
    clock = FixedClock(dt.datetime.now(dt.UTC))
    desk = FashionDesk(catalog, clock)
    before = await desk.get()
    ada = await sign_up()
    clip = await put_clip(admin, ada.id, "new")
    await admin.execute("UPDATE clip_counters SET likes = 2000000 WHERE clip_id = $1::text::uuid", clip)
    assert await desk.get() is before
    clock.advance(dt.timedelta(seconds=FRESH_SECONDS + 5))
    assert await desk.get() is before
    assert desk._work is not None
    assert str((await desk._work).clips[0]) == clip
    assert str((await desk.get()).clips[0]) == clip
    await admin.execute("DELETE FROM clips WHERE author_id = $1::text::uuid", ada.id)
