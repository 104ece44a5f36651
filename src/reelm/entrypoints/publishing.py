"""`reelm clip add`: publish a file over the HTTP API, as a phone does: sign in, upload by tus, make the clip.

It holds no more than one piece of the file in memory, and resumes an upload that breaks.
"""

import base64
import hashlib
import http.client
import json
import mimetypes
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from reelm.entrypoints.folder import StartError

_PIECE_BYTES = 8 * 2**20
_TRIES = 5
_POLL_SECONDS = 0.5
_WAIT_SECONDS = 1800.0
_TUS = {"Tus-Resumable": "1.0.0"}


class Client:
    """A small client of one realm's API; every call opens a connection of its own."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._secure = parts.scheme == "https"
        self._place = parts.netloc
        self._token = ""

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, headers (names in lower case) and body of the answer. Raises OSError."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._place, timeout=60)
        own = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            connection.request(method, path, body, {**own, **(headers or {})})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The JSON answer. Raises StartError with the realm's own words when it refuses."""
        data = None if body is None else json.dumps(body).encode()
        status, _, answer = self.call(method, path, data, {"Content-Type": "application/json"})
        if status >= 400:
            raise _refused(status, answer)
        return json.loads(answer) if answer else None

    def sign_in(self, handle: str, password: str) -> None:
        session = self.ask("POST", "/api/v1/sessions", {"handle": handle, "password": password})
        self._token = session["token"]

    def upload(self, file: Path, advance: Callable[[int], None]) -> str:
        """Upload `file` piece by piece, asking where to go on after a break; the upload's id."""
        size = file.stat().st_size
        location = self._create(file, size)
        offset = 0
        failures = 0
        with file.open("rb") as source:
            while offset < size:
                source.seek(offset)
                try:
                    offset = self._send(location, offset, source.read(_PIECE_BYTES))
                    failures = 0
                except OSError:
                    failures += 1
                    if failures >= _TRIES:
                        raise
                    time.sleep(0.2 * 2**failures)
                    offset = self._offset(location)
                advance(offset)
        return location.rstrip("/").rpartition("/")[2]

    def _create(self, file: Path, size: int) -> str:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        about = {"filename": file.name, "filetype": kind}
        encoded = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in about.items()
        )
        headers = {**_TUS, "Upload-Length": str(size), "Upload-Metadata": encoded}
        status, found, answer = self.call("POST", "/api/v1/uploads", b"", headers)
        if status != 201:
            raise _refused(status, answer)
        return urlsplit(found["location"]).path

    def _send(self, location: str, offset: int, piece: bytes) -> int:
        checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {
            **_TUS,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {checksum}",
        }
        status, found, answer = self.call("PATCH", location, piece, headers)
        if status in {409, 460, 500, 502, 503, 504}:
            raise ConnectionError(f"the realm answered {status}")
        if status != 204:
            raise _refused(status, answer)
        return int(found["upload-offset"])

    def _offset(self, location: str) -> int:
        status, found, answer = self.call("HEAD", location, headers=_TUS)
        if status >= 400:
            raise _refused(status, answer)
        return int(found["upload-offset"])

    def wait_until_processed(self, clip_id: str) -> Any:
        """The clip, once it's no longer being processed. Raises StartError after half an hour."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            clip = self.ask("GET", f"/api/v1/clips/{clip_id}")
            if clip["status"] != "processing":
                return clip
            time.sleep(_POLL_SECONDS)
        raise StartError(f"The clip {clip_id} is still being processed.", "Look at it later in the app.")


def publish(
    base: str, file: Path, *, handle: str, password: str, caption: str = "", quiet: bool = False
) -> dict[str, Any]:
    """Publish `file` as `handle` and wait until it plays; the clip, with its `url` for people.

    Raises StartError when the realm can't be reached or refuses.
    """
    client = Client(base)
    columns = (
        "[progress.description]{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    try:
        client.sign_in(handle, password)
        with Progress(*columns, console=Console(file=sys.stderr), disable=quiet, transient=True) as progress:
            task = progress.add_task("Uploading", total=file.stat().st_size)
            upload_id = client.upload(file, lambda offset: progress.update(task, completed=offset))
            progress.update(task, description="Processing")
            clip = client.ask("POST", "/api/v1/clips", {"upload_id": upload_id, "caption": caption})
            clip = client.wait_until_processed(clip["id"])
    except OSError as error:
        raise StartError(f"No realm answers at {base}.", f"({error})") from error
    return {**clip, "url": f"{base.rstrip('/')}/c/{clip['id']}"}


def _refused(status: int, answer: bytes) -> StartError:
    try:
        problem = json.loads(answer)
        words = str(problem.get("detail") or problem["title"])
        details = ", ".join(f"{name}: {code}" for name, code in (problem.get("fields") or {}).items())
    except (ValueError, KeyError, AttributeError):
        words, details = f"The realm answered {status}.", ""
    return StartError(words, details)
