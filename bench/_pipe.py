"""Chromium over its own debugging pipe, with nothing switched on that is not asked for.

A test driver keeps every response of a page in the page's own process, for whoever may ask; beside that, memory
that the player keeps can't be seen. Here nobody asks: only the commands sent below run.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Any, Self

import psutil
from tests.browser.phone import PHONE, chromium

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"),
    "--autoplay-policy=no-user-gesture-required",
)
_STEPS, _STEP_S = 5, 0.008
# The browser reads its commands from descriptor 3 and answers on 4.
_AS_3_AND_4 = (
    "import fcntl, os, sys; reads, writes = (fcntl.fcntl(int(one), fcntl.F_DUPFD, 100) for one in sys.argv[1:3]);"
    " os.dup2(reads, 3); os.dup2(writes, 4); os.execv(sys.argv[3], sys.argv[3:])"
)


class PipedPage:
    """One page at phone size, driven through the pipe. Blocking; not for use from several threads."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="reelm-bench-browser-")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        size = f"--window-size={PHONE[0]},{PHONE[1]}"
        command = [chromium(), *_FLAGS, size, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _AS_3_AND_4, str(to_read), str(to_write), *command],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._last, self._rest, self._session = 0, b"", ""
        page = next(one for one in self._send("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attached = self._send("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        self._send("Emulation.setTouchEmulationEnabled", enabled=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, url: str) -> None:
        self._send("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """The expression's value, awaited where it is a promise."""
        found = self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return found["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = 20.0) -> None:
        if not self.waits_for(expression, timeout_s):
            raise TimeoutError(expression)

    def waits_for(self, expression: str, timeout_s: float) -> bool:
        """Whether it came true in time."""
        until = time.monotonic() + timeout_s
        while not self.evaluate(expression):
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def swipe(self, dy: int) -> None:
        """Draw a finger over the picture, `dy` px down (upwards negative)."""
        x, y = 180, 520 if dy < 0 else 140
        self._send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        for step in range(1, _STEPS + 1):
            point = {"x": x, "y": y + dy * step / _STEPS}
            self._send("Input.dispatchTouchEvent", type="touchMove", touchPoints=[point])
            time.sleep(_STEP_S)
        self._send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def size(self) -> tuple[float, float]:
        """MB of the page's processes (PSS) and of its JavaScript heap, after collecting garbage."""
        self._send("HeapProfiler.collectGarbage")
        heap = self._send("Runtime.getHeapUsage")["usedSize"]
        family = psutil.Process(self._process.pid).children(recursive=True)
        pages = [one for one in family if "--type=renderer" in one.cmdline()]
        return sum(one.memory_full_info().pss for one in pages) / 1e6, heap / 1e6

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") != self._last:
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            found: dict[str, Any] = answer["result"]
            return found

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            came = os.read(self._from, 65536)
            if not came:
                raise RuntimeError("the browser has gone")
            self._rest += came
        line, self._rest = self._rest.split(b"\0", 1)
        read: dict[str, Any] = json.loads(line)
        return read
