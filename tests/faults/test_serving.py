"""A web process ends politely: what runs is finished, endless streams are told, nothing new is taken."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.timeout(60)

_SERVER = """
import asyncio, os, signal, sys
from pathlib import Path
from reelm.entrypoints import process, serving
from reelm.settings import DatabaseSettings, Settings, WebSettings

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/slow":
        Path(sys.argv[2]).touch()
        await asyncio.sleep(1.0)
    if scope["path"] == "/api/v1/stream":
        await send({"type": "http.response.body", "body": b"hello", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body", "body": b" bye"})
        return
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

listener = serving.listen("127.0.0.1", int(sys.argv[1]))
settings = Settings(Path("."), DatabaseSettings(""), WebSettings(listener=listener.fileno()))
pids = [process.fork_function(lambda: serving.serve(app, settings), title="web") for _ in range(2)]
listener.close()
signal.signal(signal.SIGTERM, lambda *_: [os.kill(pid, signal.SIGTERM) for pid in pids if alive(pid)])
def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
print("started", flush=True)
for _ in pids:
    os.wait()
"""


class Server:
    """Two web processes on one listening socket."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.busy = folder / "busy"
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(self.port), str(self.busy)], stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"started\n"

    def pids(self, tries: int = 40) -> set[int]:
        return {int(httpx.get(self.url, verify=False).text) for _ in range(tries)}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.process.kill()
    made.process.wait()
    assert made.process.stdout is not None
    made.process.stdout.close()


def test_running_requests_are_finished_and_new_ones_refused(server: Server) -> None:
    answers: list[httpx.Response] = []
    slow = threading.Thread(target=lambda: answers.append(httpx.get(server.url + "/slow", timeout=10)))
    slow.start()
    while not server.busy.exists():
        time.sleep(0.005)
    server.process.send_signal(signal.SIGTERM)
    slow.join()
    assert answers[0].status_code == 200
    assert answers[0].text.isdigit()
    assert server.process.wait(10) == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url, timeout=2)


def test_an_endless_stream_is_told_and_does_not_hold_up_the_stop(server: Server) -> None:
    with httpx.stream("GET", server.url + "/api/v1/stream", timeout=10) as stream:
        pieces = stream.iter_text()
        assert next(pieces) == "hello"
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert "".join(pieces) == " bye"
    assert server.process.wait(10) == 0
    assert time.monotonic() - began < 5


def test_while_one_process_is_gone_the_other_answers_everything(server: Server) -> None:
    known = server.pids()
    victim = known.pop()
    os.kill(victim, signal.SIGKILL)
    refused = 0
    seen = set()
    for _ in range(60):
        try:
            seen.add(int(httpx.get(server.url, timeout=5, verify=False).text))
        except httpx.TransportError:
            refused += 1  # it was in the victim's hands when that was killed
    assert refused <= 2
    assert victim not in seen
    assert seen
    with contextlib.suppress(ProcessLookupError):
        for pid in seen:
            os.kill(pid, signal.SIGTERM)
    assert server.process.wait(10) == 0
