"""Hints about conversations on the live stream: passed on at once, to those they are for, and told as lost when they are."""

from conftest import eventually
from factories.streams import listening


async def hint(admin, person, talk, seq):
    await admin.execute("SELECT pg_notify('message', $1)", f"{person.id} {talk} {seq}")


async def test_a_hint_is_passed_on_to_whom_it_is_for(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    talk = "018f0000-0000-7000-8000-00000000000a"
    async with listening(ada) as hers, listening(ben) as his:
        await hint(admin, ada, talk, 7)
        kind, data, event_id = await hers.until("message")
        assert (kind, data, event_id) == ("message", {"conversation_id": talk, "last_seq": 7}, None)
        await admin.execute("SELECT pg_notify('typing', $1)", f"{ada.id} {talk} {ben.id}")
        _, data, _ = await hers.until("typing")
        assert data == {"conversation_id": talk, "person_id": ben.id}
        await hint(admin, ben, talk, 9)
        await his.until("message", lambda data: data["last_seq"] == 9)
        assert [kind for kind, *_ in his.events] == ["unread", "message"]
        assert "missed" not in [kind for kind, *_ in hers.events]


async def test_hints_that_pile_up_keep_the_highest_number(sign_up, admin):
    ada = await sign_up()
    talk = "018f0000-0000-7000-8000-00000000000b"
    async with listening(ada) as heard:
        numbers = list(range(1, 200))
        async with admin.transaction():
            for seq in reversed(numbers):
                await hint(admin, ada, talk, seq)
        await heard.until("message", lambda data: data["last_seq"] == numbers[-1])
        await hint(admin, ada, talk, 500)
        await heard.until("message", lambda data: data["last_seq"] == 500)
        assert len([kind for kind, *_ in heard.events if kind == "message"]) < len(numbers)


async def test_lost_hints_are_told_as_lost(sign_up, admin):
    ada = await sign_up()
    async with listening(ada) as heard:
        ended = await admin.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reelm listener'"
        )
        assert ended
        await heard.until("missed")

        async def hears_again():
            await hint(admin, ada, "018f0000-0000-7000-8000-00000000000d", 3)
            return any(kind == "message" for kind, *_ in heard.events)

        await eventually(hears_again)
