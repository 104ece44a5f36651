"""Pushes at the border's own way out: where they may go, and that a listed name leads to no private address."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.factories.border import OwnBorder, made_counting
from tests.factories.push import PushSite, push_site, text_of

from reelm.border import messages
from reelm.border.addresses import Network, networks
from reelm.border.constitution import Constitution
from reelm.border.errands import Errands
from reelm.border.errors import BorderForbiddenError
from reelm.border.key import read_or_make
from reelm.border.outward import Outward
from reelm.border.signing import Signing
from reelm.kit.clock import SystemClock
from reelm.kit.ids import SystemIds
from reelm.notices.push_key import public_text
from reelm.notices.push_sealing import Device, Told, authorization, device_keys, seal
from reelm.settings import BorderCaller

SENDER = "https://realm.example"
KEY, BROWSER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
OWN = networks(("127.0.0.0/8",))


@pytest.fixture
async def site() -> AsyncIterator[PushSite]:
    with push_site() as made:
        yield made


def errands(
    border: OwnBorder, delivery: tuple[str, ...], private: tuple[Network, ...], **more: Any
) -> Errands:
    clock = SystemClock()
    counting = made_counting(border.settings, border.database)
    key: Path = border.settings.border_folder / "push.pub"
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_text(public_text(KEY))
    return Errands(
        Outward(clock, private=private, on_counted=counting.connection, **more),
        Signing(read_or_make(border.settings.data, "us"), clock),
        border.database,
        Constitution(border.settings),
        counting,
        border.settings.border_folder,
        delivery,
        clock,
        SystemIds(clock),
        push_key=key,
        sender=SENDER,
    )


def push(url: str) -> messages.Deliver:
    device = Device(url, *device_keys(public_text(BROWSER), text_of(b"0" * 16)))
    said = authorization(KEY, url, SENDER, SystemClock().now())
    return messages.Deliver(url, "push", seal(Told(1, "like"), device), said, "0" * 32, 60)


async def test_a_push_goes_to_a_listed_service(border: OwnBorder, site: PushSite) -> None:
    said = await errands(border, ("127.0.0.1",), OWN).deliver("worker", push(site.url + "/ok/one"))
    assert (said.status, said.body) == (201, b"")
    busy = await errands(border, ("127.0.0.1",), OWN).deliver("worker", push(site.url + "/busy/one"))
    assert (busy.status, busy.headers) == (429, {"retry-after": "1"})


@pytest.mark.parametrize("caller", ["web", "sequencer", "cli"])
async def test_nobody_but_the_worker_sends(border: OwnBorder, site: PushSite, caller: BorderCaller) -> None:
    with pytest.raises(BorderForbiddenError):
        await errands(border, ("127.0.0.1",), OWN).deliver(caller, push(site.url + "/ok/one"))
    assert site.asked() == []


async def test_a_listed_address_is_not_reached_in_a_network_that_is_not(
    border: OwnBorder, site: PushSite
) -> None:
    with pytest.raises(BorderForbiddenError) as refused:
        await errands(border, ("127.0.0.1",), ()).deliver("worker", push(site.url + "/ok/one"))
    assert refused.value.reason == "private_address"
    assert site.asked() == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd00::1"])
async def test_a_listed_name_leads_to_no_private_address(
    border: OwnBorder, site: PushSite, address: str
) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(0)
        return [address]

    sending = errands(border, ("push.example",), (), resolver=resolve)
    with pytest.raises(BorderForbiddenError) as refused:
        await sending.deliver("worker", push(f"https://push.example:{site.port}/ok/one"))
    assert refused.value.reason == "private_address"
    assert site.asked() == []


async def test_in_clear_nothing_goes_to_the_public_network(border: OwnBorder) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(0)
        return ["198.41.0.4"]

    sending = errands(border, ("push.example",), (), resolver=resolve)
    with pytest.raises(BorderForbiddenError) as refused:
        await sending.deliver("worker", push("http://push.example/ok/one"))
    assert refused.value.reason == "unencrypted"
