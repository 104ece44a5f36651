"""Witnesses for tests: real processes of `reelm-audit witness serve`, and servers that answer by hand."""

import contextlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


class RealWitness:
    """A process of `reelm-audit witness serve`."""

    def __init__(self, folder: Path, name: str, log_vkey: str, port: int = 0) -> None:
        self._arguments = [
            *(sys.executable, "-m", "reelm_audit.cli", "witness", "serve", "--name", name),
            *("--key", str(folder / "key"), "--state", str(folder / "state"), "--log", log_vkey),
        ]
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.start(port)

    def start(self, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [*self._arguments, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.vkey = self.process.stdout.readline().strip()
        self.url = self.process.stdout.readline().split()[-1].rstrip("/")

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.stdout
        self.process.stdout.close()
        self.process.wait(10)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


Handle = Callable[[str, str, bytes], tuple[int, bytes] | None]


class HandMadeWitness:
    """A server that answers as a test says; None hangs up."""

    def __init__(self, handle: Handle) -> None:
        asked: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._answer("POST")

            def do_GET(self) -> None:
                self._answer("GET")

            def _answer(self, method: str) -> None:
                asked.append(f"{method} {self.path}")
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                made = handle(method, self.path, body)
                if made is None:
                    self.connection.close()
                    return
                self.send_response(made[0])
                self.send_header("content-length", str(len(made[1])))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(made[1])

            def log_message(self, *_: Any) -> None:
                return

        self.asked = asked
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def policy_of(*witnesses: tuple[str, str, str], quorum: str = "all") -> str:
    lines = [f"witness {name} {vkey} {url}" for name, vkey, url in witnesses]
    names = " ".join(name for name, _, _ in witnesses)
    return "\n".join([*lines, f"group both {quorum} {names}", "quorum both", ""])


def both(witnesses: list[RealWitness], quorum: str = "all") -> str:
    return policy_of(*((each.name, each.vkey, each.url) for each in witnesses), quorum=quorum)
