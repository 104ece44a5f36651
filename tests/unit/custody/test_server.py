"""The socket itself: who may connect, and what a broken or greedy caller can do."""

import asyncio
import multiprocessing
import os
import struct
from pathlib import Path

import msgspec
import pytest
from tests.unit.custody.conftest import House

from reelm.custody import schemas
from reelm.custody.errors import BusyError, KeysUnavailableError
from reelm.kit.errors import SignInRequiredError

LENGTH = struct.Struct(">I")


async def _raw(house: House, *frames: bytes, hello: bool = True) -> bytes:
    """Send frames by hand; return all that comes back until the server closes."""
    reader, writer = await asyncio.open_unix_connection(house.address)
    try:
        if hello:
            greeting = msgspec.msgpack.encode(schemas.Hello("web"))
            writer.write(LENGTH.pack(len(greeting)) + greeting)
        for frame in frames:
            writer.write(frame)
        await writer.drain()
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_another_user_is_refused(house: House) -> None:
    await house.stop()
    house.uids = frozenset({os.getuid() + 1})
    await house.start()
    with pytest.raises(KeysUnavailableError):
        await house.client(patience_seconds=0).ping()


def _knock_as(uid: int, address: str, answers: "multiprocessing.Queue[str]") -> None:
    import socket

    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        try:
            line.connect(address)
            line.sendall(LENGTH.pack(1) + b"\x00")
            answers.put(repr(line.recv(100)))
        except OSError as error:
            answers.put(type(error).__name__)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("open_socket", [False, True])
async def test_a_real_other_user_gets_nothing(house: House, open_socket: bool) -> None:
    """Refused by the socket's mode; and, were that opened, by the peer's uid."""
    house.folder.chmod(0o711)
    if open_socket:
        Path(house.address).chmod(0o777)  # noqa: ASYNC240 - a moment
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    stranger = spawn.Process(target=_knock_as, args=(65534, house.address, answers))
    await asyncio.to_thread(stranger.start)
    answer = await asyncio.to_thread(answers.get, True, 20)
    await asyncio.to_thread(stranger.join)
    assert answer in (
        {"b''", "ConnectionResetError", "BrokenPipeError"} if open_socket else {"PermissionError"}
    )


async def test_malformed_frames_end_their_connection_only(house: House) -> None:
    client = house.client()
    _, token = await house.person(client)
    resolve = msgspec.msgpack.encode(schemas.Call(1, schemas.Resolve(token)))
    junk = [
        LENGTH.pack(0xFFFFFFFF) + b"x" * 100,
        LENGTH.pack(3) + b"\xc1\xc1\xc1",
        LENGTH.pack(2) + b"\x92",
        LENGTH.pack(len(resolve)) + resolve[:-1],
        LENGTH.pack(200) + b"short",
        LENGTH.pack(9) + msgspec.msgpack.encode({"a": {"b": "cd"}}),
        msgspec.msgpack.encode(schemas.Call(1, schemas.Ping())),
    ]
    for frames in junk:
        await _raw(house, frames)
        await _raw(house, frames, hello=False)
    # A call before the hello is not answered.
    assert await _raw(house, LENGTH.pack(len(resolve)) + resolve, hello=False) == b""
    assert (await client.resolve(token)).person_id


async def test_a_call_without_rights_or_out_of_turn_is_answered_by_a_fault(house: House) -> None:
    client = house.client()
    for token in ("", "x" * 10_000, "\ud800", "日本"):
        with pytest.raises((SignInRequiredError, ValueError)):
            await client.resolve(token)
    with pytest.raises(ValueError, match="too large"):
        await client.resolve("x" * 300_000)


async def test_many_calls_at_once_are_answered_or_pushed_back(house: House) -> None:
    client = house.client()
    person_id = house.ids.new()
    await client.enrol(person_id, password="correct horse")
    outcomes = await asyncio.gather(
        *(client.sign_in(person_id, "correct horse", "x", address=str(n), name=str(n)) for n in range(400)),
        return_exceptions=True,
    )
    begun = [outcome for outcome in outcomes if isinstance(outcome, schemas.SignedIn)]
    pushed_back = [outcome for outcome in outcomes if not isinstance(outcome, schemas.SignedIn)]
    assert begun
    assert pushed_back
    assert all(getattr(outcome, "status", 0) in {429, 503} for outcome in pushed_back)
    assert any(isinstance(outcome, BusyError) for outcome in pushed_back)
    await client.ping()


async def test_no_message_shows_what_it_carries(house: House) -> None:
    secret = "correct horse"
    for message in (
        schemas.SignIn(None, "lina", secret, "x"),
        schemas.Call(1, schemas.Enrol(None, secret)),
        schemas.KeyBytes(secret.encode()),
        schemas.Fault("a.b", secret, {}, None),
    ):
        assert secret not in repr(message)
        assert secret not in str([message])


async def test_nothing_secret_is_logged(
    house: House, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    client = house.client()
    assert house.keeper is not None
    person_id, token = await house.person(client)
    key = await client.person_key(token)

    async def fail(_: object) -> None:
        raise RuntimeError(f"leaks {token}")

    house.keeper._server._handlers[schemas.PersonKey] = fail  # type: ignore[assignment]
    with pytest.raises(Exception, match="busy"):
        await client.person_key(token)
    await _raw(house, LENGTH.pack(3) + b"\xc1\xc1\xc1")
    captured = capsys.readouterr()
    logged = caplog.text + captured.out + captured.err
    assert "keys.failed" in logged
    assert "keys.malformed" in logged
    for secret in (token, "correct horse", key.hex(), repr(key), person_id.hex):
        assert secret not in logged


async def test_sessions_are_remembered_through_a_short_restart(house: House) -> None:
    client = house.client()
    _, token = await house.person(client)
    await client.resolve(token)
    await house.stop()
    fresh = house.client(patience_seconds=0)
    with pytest.raises(KeysUnavailableError):
        await fresh.resolve(token)
    waiting = asyncio.create_task(client.resolve(token))
    await asyncio.sleep(0)
    await house.start()
    assert (await waiting).person_id
