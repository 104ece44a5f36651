"""The border's socket: who may ask for what, and what is said to others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import eventually

from reelm.border import messages
from reelm.border.client import BorderClient
from reelm.border.errors import BorderForbiddenError, BorderUnavailableError, UnknownAddressError
from reelm.border.server import MAY_ASK, BorderServer
from reelm.kit.clock import SystemClock
from reelm.settings import BORDER_CALLERS, BorderCaller

SECRETS: dict[BorderCaller, str] = {caller: f"secret of {caller}" for caller in BORDER_CALLERS}


async def there(address: str) -> bool:
    return await asyncio.to_thread(Path(address).exists)


class Errand:
    """Answers what it is asked, and remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    async def control(self, caller: BorderCaller, asked: messages.Control) -> messages.Said:
        self.asked.append((caller, asked))
        if asked.url.endswith("/broken"):
            raise ValueError("what was being handled")
        return messages.Said(200, asked.body or b"")

    async def lookup(self, caller: BorderCaller, asked: messages.Lookup) -> messages.Found:
        raise UnknownAddressError


@contextlib.asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[str, Errand]]:
    address = str(folder / "border.sock")
    errand = Errand()
    server = BorderServer(
        address,
        {messages.Control: errand.control, messages.Lookup: errand.lookup},
        SECRETS,
        SystemClock(),
    )
    running = asyncio.ensure_future(server.run())
    await eventually(lambda: there(address), seconds=5)
    try:
        yield address, errand
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert not await there(address)


async def test_who_shows_its_secret_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as (address, errand):
        client = BorderClient(address, "sequencer", SECRETS["sequencer"], tmp_path)
        said = await asyncio.gather(*(client.control("POST", "http://w/x", bytes([n])) for n in range(20)))
        assert [each.body for each in said] == [bytes([n]) for n in range(20)]
        assert len(errand.asked) == 20


async def test_who_has_no_secret_is_not(tmp_path: Path) -> None:
    async with served(tmp_path) as (address, errand):
        for secret in ("", "guessed", SECRETS["web"]):
            with pytest.raises(BorderUnavailableError):
                await BorderClient(address, "sequencer", secret, tmp_path).control("GET", "http://w/x")
        assert not errand.asked


@pytest.mark.parametrize("caller", BORDER_CALLERS)
async def test_each_asks_only_for_what_it_may(tmp_path: Path, caller: BorderCaller) -> None:
    async with served(tmp_path) as (address, errand):
        client = BorderClient(address, caller, SECRETS[caller], tmp_path)
        if messages.Control in MAY_ASK[caller]:
            await client.control("GET", "http://w/x")
        else:
            with pytest.raises(BorderForbiddenError):
                await client.control("GET", "http://w/x")
            assert not errand.asked
    assert messages.Fetch not in MAY_ASK["web"], "a page that is asked for must not make the realm fetch"


async def test_refusals_are_said_by_name_and_failures_without_their_words(tmp_path: Path) -> None:
    async with served(tmp_path) as (address, _):
        with pytest.raises(UnknownAddressError):
            await BorderClient(address, "web", SECRETS["web"], tmp_path).lookup("@lea@us")
        client = BorderClient(address, "sequencer", SECRETS["sequencer"], tmp_path)
        with pytest.raises(BorderUnavailableError) as failed:
            await client.control("GET", "http://w/broken")
        assert "handled" not in str(failed.value)


async def test_a_second_border_does_not_take_the_first_one_s_place(tmp_path: Path) -> None:
    async with served(tmp_path) as (address, _):
        second = BorderServer(address, {}, SECRETS, SystemClock())
        with pytest.raises(OSError, match="already"):
            await second.run()
        await BorderClient(address, "cli", SECRETS["cli"], tmp_path).control("GET", "http://w/x")


async def test_what_is_no_message_ends_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async with served(tmp_path) as (address, _):
        for junk in (b"\xff" * 64, b"\x00\x00\x00\x02\xc1\xc1", b"\x7f\xff\xff\xff", b""):
            reader, writer = await asyncio.open_unix_connection(address)
            writer.write(junk)
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()
        await BorderClient(address, "cli", SECRETS["cli"], tmp_path).control("GET", "http://w/x")
