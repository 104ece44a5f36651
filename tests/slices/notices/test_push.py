"""Devices are told: sealed for their browser, signed by the realm, through the border, and nothing else is said."""

import datetime as dt
import hashlib
from typing import Any

import httpx
import pytest
from tests.conftest import eventually
from tests.factories.clips import put_clip
from tests.factories.push import Browser, PushSite, choose, claims_of, subscribed, told_of, waiting
from tests.factories.talking import befriend, writer

from reelm.border.pushing import BODY_BYTES


async def test_a_device_is_told_what_only_its_browser_opens(
    arrive: Any, site: PushSite, pushed: httpx.AsyncClient, seen: Any
) -> None:
    ada, lin = await arrive(), await arrive(display_name="Lin Wu")
    browser = Browser(site)
    said = await ada.put("/me/push", browser.subscription())
    assert said.status_code == 200, said.text
    assert (await lin.put(f"/people/{ada.handle}/follow")).status_code == 200

    async def told() -> list[dict[str, Any]]:
        return browser.told()

    (content,) = await eventually(told)
    assert content == {"v": 1, "kind": "follow"}
    (asked,) = site.asked(browser.path)
    key = (await ada.get("/push/key")).json()["public_key"]
    claims = claims_of(asked.headers["authorization"], key)
    assert set(claims) == {"aud", "exp", "sub"}
    assert (claims["aud"], claims["sub"]) == (site.url, str(pushed.base_url).rstrip("/"))
    # What anybody on the way sees: where, how much, and headers that are the same for all.
    assert len(asked.body) == BODY_BYTES
    assert set(asked.headers) == {
        "host", "connection", "accept-encoding", "user-agent", "content-length", "content-encoding", "content-type",
        "ttl", "topic", "urgency", "authorization",
    }  # fmt: skip
    assert (asked.headers["ttl"], asked.headers["urgency"]) == ("86400", "normal")
    everything = repr((asked.path, asked.headers, asked.body))
    for word in ("follow", lin.handle, lin.id, ada.handle, ada.id, "Lin"):
        assert word not in everything

    async def gone() -> bool:
        return await seen.fetchval("SELECT count(*) FROM pushes WHERE person_id = $1", ada.id) == 0

    await eventually(gone)


async def test_a_name_is_told_to_who_chose_to_be_shown_names(arrive: Any, site: PushSite) -> None:
    browser = Browser(site)
    ada, lin = await subscribed(arrive, browser), await arrive(display_name="Lin Wu")
    await choose(ada, show_names=True)
    await lin.put(f"/people/{ada.handle}/follow")
    (content,) = await eventually(lambda: told_of(browser))
    assert content == {"v": 1, "kind": "follow", "name": "Lin Wu", "handle": lin.handle}
    (asked,) = site.asked(browser.path)
    assert len(asked.body) == BODY_BYTES
    assert b"Lin" not in asked.body


async def test_each_kind_is_told_where_the_person_chose(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site)
    ada, lin = await subscribed(arrive, browser), await arrive()
    clip = await put_clip(seen, ada.id, "mine")
    await choose(ada, kinds={"follow": "off", "comment": "app", "like": "push"})
    await lin.put(f"/people/{ada.handle}/follow")
    await lin.post(f"/clips/{clip}/comments", {"text": "hello"})
    assert (await lin.put(f"/clips/{clip}/like")).status_code == 200
    (content,) = await eventually(lambda: told_of(browser))
    assert content == {"v": 1, "kind": "like", "about": str(clip)}
    kinds = [each["kind"] for each in (await ada.get("/notices")).json()["items"]]
    assert sorted(kinds) == ["comment", "like"]
    assert await waiting(seen, ada.id) == [] or (await waiting(seen, ada.id))[0]["kind"] == "like"


async def test_what_was_taken_back_in_time_is_not_told(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site, way="busy")
    ada, lin = await subscribed(arrive, browser), await arrive()
    await lin.put(f"/people/{ada.handle}/follow")
    # The service was busy at first: the push waits to be tried again.
    await eventually(lambda: told_of(browser))
    await lin.delete(f"/people/{ada.handle}/follow")

    async def over() -> bool:
        return await waiting(seen, ada.id) == []

    await eventually(over)
    assert len(browser.told()) == 1


async def test_a_busy_service_is_asked_again(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site, way="busy")
    ada, lin = await subscribed(arrive, browser), await arrive()
    await lin.put(f"/people/{ada.handle}/follow")

    async def twice() -> bool:
        return len(browser.told()) == 2

    await eventually(twice)
    first, second = site.asked(browser.path)
    assert first.headers["topic"] == second.headers["topic"]
    assert await seen.fetchval("SELECT count(*) FROM push_subscriptions WHERE person_id = $1", ada.id) == 1


async def test_a_device_that_is_gone_is_taken_off(arrive: Any, site: PushSite) -> None:
    gone, there = Browser(site, way="gone"), Browser(site)
    ada, lin = await subscribed(arrive, gone), await arrive()
    await ada.put("/me/push", there.subscription())
    await lin.put(f"/people/{ada.handle}/follow")
    assert await eventually(lambda: told_of(there))

    async def one_left() -> bool:
        items = (await ada.get("/me/push")).json()["items"]
        return len(items) == 1 and len(gone.told()) == 1

    await eventually(one_left)


async def test_a_device_whose_service_always_says_no_is_taken_off(
    arrive: Any, site: PushSite, seen: Any
) -> None:
    browser = Browser(site, way="no")
    ada = await subscribed(arrive, browser)
    await seen.execute("UPDATE push_subscriptions SET failures = 3 WHERE person_id = $1", ada.id)

    async def failures() -> int | None:
        found: int | None = await seen.fetchval(
            "SELECT failures FROM push_subscriptions WHERE person_id = $1", ada.id
        )
        return found

    async def one_more() -> bool:
        return await failures() == 4

    async def off() -> bool:
        return await failures() is None

    await (await arrive()).put(f"/people/{ada.handle}/follow")
    await eventually(one_more)
    await (await arrive()).put(f"/people/{ada.handle}/follow")
    await eventually(off)


async def test_a_redirect_is_not_followed(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site, way="away")
    ada, lin = await subscribed(arrive, browser), await arrive()
    await lin.put(f"/people/{ada.handle}/follow")

    async def noted() -> bool:
        return (
            await seen.fetchval("SELECT failures FROM push_subscriptions WHERE person_id = $1", ada.id) == 1
        )

    await eventually(noted)
    assert len(browser.told()) == 1
    assert site.asked("/ok/elsewhere") == []


HOSTILE = [
    "https://elsewhere.example/send",
    "https://push.example/send",
    "https://evilpush.example/send",
    "https://127.0.0.1@elsewhere.example/send",
    "https://user:word@127.0.0.1/send",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/send",
    "https://[::1]/send",
    "http://push.example/send",
    "http://a.push.example/send",
    "http://localhost:9/send",
    "ftp://127.0.0.1/send",
    "file:///etc/passwd/of-this-machine",
    "https://127.0.0.1:99999/send",
    "https://127.0.0.1/send\r\nX-More: 1",
    "https://127.0.0.1.elsewhere.example/send",
    "//127.0.0.1/send-it",
    "https:///127.0.0.1/send",
]


@pytest.mark.parametrize("endpoint", HOSTILE)
async def test_a_device_can_t_lead_anywhere_else(arrive: Any, site: PushSite, endpoint: str) -> None:
    ada = await arrive()
    said = await ada.put("/me/push", Browser(site).subscription(endpoint=endpoint))
    assert said.status_code == 403, said.text
    assert said.json()["code"] == "notices.push_service"
    assert (await ada.get("/me/push")).json() == {"items": []}


async def test_a_service_that_does_not_prove_its_name_is_told_nothing(
    arrive: Any, site: PushSite, seen: Any
) -> None:
    """It is listed and it is there, but nobody vouches for it: the push waits."""
    ada, lin = await arrive(), await arrive()
    endpoint = f"https://localhost:{site.port}/ok/never"
    assert (await ada.put("/me/push", Browser(site).subscription(endpoint=endpoint))).status_code == 200
    await lin.put(f"/people/{ada.handle}/follow")

    async def tried() -> bool:
        rows = await waiting(seen, ada.id)
        return bool(rows) and rows[0]["tries"] >= 1

    await eventually(tried)
    assert site.asked("/ok/never") == []


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": "A" * 87, "auth": "A" * 22},
        {"p256dh": "!" * 87, "auth": "A" * 22},
        {"p256dh": "A" * 10, "auth": "A" * 22},
        {"p256dh": "A" * 87, "auth": "A" * 22, "more": "A"},
    ],
)
async def test_keys_that_are_none_are_refused(arrive: Any, site: PushSite, keys: dict[str, str]) -> None:
    ada = await arrive()
    assert (await ada.put("/me/push", Browser(site).subscription(sealing_keys=keys))).status_code == 422


async def test_a_device_is_of_who_used_it_last(arrive: Any, site: PushSite) -> None:
    browser = Browser(site)
    ada, lin, mo = await subscribed(arrive, browser), await arrive(), await arrive()
    assert (await lin.put("/me/push", browser.subscription())).status_code == 200
    assert (await ada.get("/me/push")).json() == {"items": []}
    (device,) = (await lin.get("/me/push")).json()["items"]
    assert (device["label"], device["service"]) == ("My telephone", "127.0.0.1")
    assert device["mark"] == hashlib.sha256((site.url + browser.path).encode()).hexdigest()[:16]
    await mo.put(f"/people/{ada.handle}/follow")
    await mo.put(f"/people/{lin.handle}/follow")
    assert await eventually(lambda: told_of(browser)) == [{"v": 1, "kind": "follow"}]
    # Nobody else takes it off.
    assert (await ada.delete(f"/me/push/{device['id']}")).status_code == 404
    assert (await lin.delete(f"/me/push/{device['id']}")).status_code == 204
    assert (await lin.get("/me/push")).json() == {"items": []}


async def test_a_session_that_ends_takes_its_device_with_it(arrive: Any, site: PushSite, seen: Any) -> None:
    ada = await subscribed(arrive, Browser(site))
    assert (await ada.delete("/sessions/current")).status_code == 204

    async def off() -> bool:
        return (
            await seen.fetchval("SELECT count(*) FROM push_subscriptions WHERE person_id = $1", ada.id) == 0
        )

    await eventually(off)


async def test_what_is_kept_of_a_device_is_sealed(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site)
    ada = await subscribed(arrive, browser)
    row = await seen.fetchrow("SELECT * FROM push_subscriptions WHERE person_id = $1", ada.id)
    kept = repr(dict(row))
    subscription = browser.subscription()
    sealing = subscription["sealing_keys"]
    for word in (browser.name, "telephone", sealing["auth"], sealing["p256dh"]):
        assert word not in kept


async def test_what_left_is_counted_as_delivery(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site)
    ada, lin = await subscribed(arrive, browser), await arrive()
    await lin.put(f"/people/{ada.handle}/follow")
    await eventually(lambda: told_of(browser))

    async def counted() -> Any:
        return await seen.fetchrow(
            "SELECT sum(objects) AS objects, sum(bytes) AS bytes FROM border_counts "
            "WHERE kind = 'delivery' AND direction = 'out' AND peer = '127.0.0.1'"
        )

    async def as_many() -> bool:
        found = await counted()
        # One connection for each that came, and everything that went over it.
        return found["objects"] == len(site.asked()) and found["bytes"] > BODY_BYTES * len(site.asked())

    await eventually(as_many)


# --- messages -------------------------------------------------------------------------------------------------


async def test_a_message_is_told_without_a_word_of_it(arrive: Any, site: PushSite, seen: Any) -> None:
    browser = Browser(site)
    ada, lin = (
        await writer(await subscribed(arrive, browser)),
        await writer(await arrive(display_name="Lin Wu")),
    )
    await befriend(ada, lin)
    await eventually(lambda: told_of(browser))
    conversation = await lin.begin(ada)
    assert (await lin.send(conversation)).status_code in {200, 201}

    async def message() -> list[dict[str, Any]]:
        return [each for each in browser.told() if each["kind"] == "message"]

    (content,) = await eventually(message)
    assert content == {"v": 1, "kind": "message", "about": conversation}


async def test_a_muted_conversation_and_one_s_own_messages_are_not_told(
    arrive: Any, site: PushSite, seen: Any
) -> None:
    browser, others = Browser(site), Browser(site)
    ada, lin = await writer(await subscribed(arrive, browser)), await writer(await subscribed(arrive, others))
    await befriend(ada, lin)
    conversation = await lin.begin(ada)
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
    assert (await ada.person.put(f"/conversations/{conversation}/mute", {"until": until})).status_code in {
        200,
        204,
    }
    await lin.send(conversation)
    assert (await ada.send(conversation)).status_code in {200, 201}

    async def answered() -> list[dict[str, Any]]:
        return [each for each in others.told() if each["kind"] == "message"]

    await eventually(answered)
    assert [each for each in browser.told() if each["kind"] == "message"] == []
    kinds = await seen.fetch("SELECT kind FROM pushes WHERE person_id = $1", ada.id)
    assert "message" not in {row["kind"] for row in kinds}


async def test_a_request_is_told_as_one(arrive: Any, site: PushSite) -> None:
    browser = Browser(site)
    ada, lin = await writer(await subscribed(arrive, browser)), await writer(await arrive())
    conversation = await lin.begin(ada)
    (content,) = await eventually(lambda: told_of(browser))
    assert content == {"v": 1, "kind": "request", "about": conversation}
