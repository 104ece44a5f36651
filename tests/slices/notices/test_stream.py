"""The live stream, over a real connection."""

import asyncio

import httpx

from conftest import PASSWORD, eventually
from factories.clips import put_clip
from factories.streams import listening


async def test_a_notice_arrives_live_with_the_count(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    clip = await put_clip(admin, ada.id)
    async with listening(ada) as heard:
        assert heard.events == [("unread", {"count": 0}, None)]
        await ben.put(f"/clips/{clip}/like")
        _, notice, event_id = await heard.until("notice")
        assert (notice["kind"], notice["actor"]["handle"], notice["id"]) == ("like", ben.handle, event_id)
        await heard.until("unread", lambda data: data["count"] == 1)
        await ada.put("/notices/read", {"up_to": event_id})
        await heard.until("unread", lambda data: data["count"] == 0 and heard.events[-1][1]["count"] == 0)


async def test_nobody_hears_what_is_for_another(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    clip = await put_clip(admin, ada.id)
    async with listening(ada) as hers, listening(ben) as his:
        await ben.put(f"/clips/{clip}/like")
        await hers.until("notice")
        assert [kind for kind, *_ in his.events] == ["unread"]


async def test_a_stream_goes_on_where_it_was_cut(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    clip = await put_clip(admin, ada.id)
    async with listening(ada) as heard:
        await ben.put(f"/clips/{clip}/like")
        *_, last = await heard.until("notice")
    await ben.put(f"/clips/{clip}/repost")
    await ben.put(f"/people/{ada.handle}/follow")
    async with listening(ada, **{"Last-Event-ID": last}) as heard:
        assert [data["kind"] for kind, data, _ in heard.events if kind == "notice"] == ["repost", "follow"]
    async with listening(ada, **{"Last-Event-ID": "nonsense"}) as heard:
        assert [kind for kind, *_ in heard.events] == ["unread"]


async def test_how_a_clip_gets_on_is_for_its_author(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    clip = await put_clip(admin, ada.id)
    async with listening(ada) as hers, listening(ben) as his:
        await admin.execute(
            "UPDATE clips SET stage = 'encoding', percent = 40 WHERE id = $1::text::uuid", clip
        )
        _, progress, _ = await hers.until("clip")
        assert progress == {
            "clip_id": clip,
            "status": "ready",
            "stage": "encoding",
            "percent": 40,
            "failure": None,
        }
        await ben.put(f"/clips/{clip}/like")
        await hers.until("notice")
        assert [kind for kind, *_ in his.events] == ["unread"]


async def test_signing_out_ends_the_stream(sign_up):
    ada = await sign_up()
    async with listening(ada) as heard:
        assert (await ada.delete("/sessions/current")).status_code == 204
        async with asyncio.timeout(10):
            await heard.ended.wait()


async def test_a_session_ended_elsewhere_ends_its_stream_and_no_other(sign_up, client):
    ada = await sign_up()
    signed_in = await client.post("/api/v1/sessions", json={"handle": ada.handle, "password": PASSWORD})
    client.cookies.clear()
    async with listening(ada) as heard:
        other = {"authorization": f"Bearer {signed_in.json()['token']}"}
        assert (await client.delete("/api/v1/sessions/current", headers=other)).status_code == 204
        clip_by = await sign_up()
        await clip_by.put(f"/people/{ada.handle}/follow")
        await heard.until("notice")
        assert not heard.ended.is_set()


async def test_one_person_has_only_so_many_streams(sign_up):
    ada = await sign_up()
    async with httpx.AsyncClient(base_url=ada.client.base_url, timeout=60) as own:
        opened = []
        for _ in range(8):
            request = own.build_request("GET", "/api/v1/stream", headers=ada.headers)
            response = await own.send(request, stream=True)
            assert response.status_code == 200
            opened.append(response)
        refused = await ada.get("/stream")
        assert (refused.status_code, refused.json()["code"]) == (429, "notices.too_many_streams")
        for response in opened:
            await response.aclose()

        async def free_again():
            request = own.build_request("GET", "/api/v1/stream", headers=ada.headers)
            response = await own.send(request, stream=True)
            await response.aclose()
            return response.status_code == 200

        await eventually(free_again)


async def test_hints_lost_with_the_listening_connection_are_made_up_for(sign_up, admin):
    ada, ben = await sign_up(), await sign_up()
    clip = await put_clip(admin, ada.id)
    async with listening(ada) as heard:
        await ben.put(f"/clips/{clip}/like")
        await heard.until("notice", lambda data: data["kind"] == "like")
        ended = await admin.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reelm listener'"
        )
        assert ended
        await ben.put(f"/clips/{clip}/repost")
        await heard.until("notice", lambda data: data["kind"] == "repost")
        assert [data["kind"] for kind, data, _ in heard.events if kind == "notice"] == ["like", "repost"]
