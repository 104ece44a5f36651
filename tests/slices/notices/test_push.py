"""Devices are told: sealed for their browser, signed by the realm, through the border, and nothing else is said."""

from typing import Any

import httpx
from tests.conftest import eventually
from tests.factories.push import Browser, PushSite, claims_of

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
