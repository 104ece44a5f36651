"""One of the cast at the realm's door: a signed-in client that waits politely when told to."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from reelm.entrypoints.publishing import Client

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

_TRIES = 40
_LONGEST_WAIT_SECONDS = 20.0
_PATIENCE_SECONDS = 900.0
_POLL_SECONDS = 0.4


class RefusedError(Exception):
    """The realm said no; `status` and the problem's dotted `code` say why."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(f"{words} ({status} {code})")
        self.status = status
        self.code = code


class Actor(Client):
    """A client that repeats what the realm was too busy for."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.now: dt.datetime | None = None

    def send(
        self, method: str, path: str, body: object = None, *, key: str = "", kind: str = "application/json"
    ) -> Any:
        """The JSON answer; waits and repeats when the realm is busy or away. Raises RefusedError or OSError.

        `key` makes a POST idempotent. `body` is sent as it is if it's bytes.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind} | ({"Idempotency-Key": key} if key else {})
        for attempt in range(_TRIES):
            try:
                status, found, answer = self.call(method, path, data, headers)
            except OSError:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(min(0.2 * 2**attempt, 5.0))
                continue
            self.now = parsedate_to_datetime(found["date"]) if "date" in found else self.now
            if status not in {429, 502, 503, 504}:
                break
            time.sleep(min(float(found.get("retry-after", "1")), _LONGEST_WAIT_SECONDS))
        if status >= http.client.BAD_REQUEST:
            problem = _problem(answer)
            raise RefusedError(
                status, str(problem.get("code", "")), str(problem.get("detail") or problem.get("title"))
            )
        return json.loads(answer) if answer else None

    def arrive(self, account: dict[str, str]) -> None:
        """Sign up with `account`, or if that's done already just sign in."""
        try:
            self.send("POST", "/api/v1/accounts", account)
        except RefusedError as refused:
            if refused.code != "accounts.handle_taken":
                raise
        self.come_back(account["handle"], account["password"])

    def come_back(self, handle: str, password: str) -> None:
        """Sign in as somebody who has an account."""
        session = self.send("POST", "/api/v1/sessions", {"handle": handle, "password": password})
        self._token = session["token"]

    def publish(self, file: Path, about: dict[str, Any]) -> str:
        """Upload a file and make a clip of it; the clip's id."""
        upload_id = self.upload(file, lambda _: None)
        clip_id: str = self.send("POST", "/api/v1/clips", {"upload_id": upload_id, **about})["id"]
        return clip_id

    def own_clips(self) -> dict[str, str]:
        """The ids of one's clips by caption, whatever their state."""
        found = {}
        for status in ("processing", "ready"):
            cursor = ""
            while True:
                page = self.send("GET", f"/api/v1/me/clips?status={status}&limit=50{cursor}")
                found.update({clip["caption"]: clip["id"] for clip in page["items"]})
                if not page["next_cursor"]:
                    break
                cursor = f"&cursor={page['next_cursor']}"
        return found

    def wait_until_ready(self, clip_id: str) -> dict[str, Any]:
        """The clip as soon as it plays. Raises RefusedError if it can't be made, or TimeoutError."""
        return self._wait(clip_id, lambda clip: clip["status"] == "ready")

    def wait_for_sound(self, clip_id: str) -> str:
        """The id of the sound that the clip brought along, which is made after the clip plays."""
        return str(self._wait(clip_id, lambda clip: clip["sound"] is not None)["sound"]["id"])

    def _wait(self, clip_id: str, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            clip: dict[str, Any] = self.send("GET", f"/api/v1/clips/{clip_id}")
            if enough(clip):
                return clip
            if clip["status"] == "failed":
                failure = clip["failure"] or {}
                raise RefusedError(0, str(failure.get("code")), str(failure.get("detail")))
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"the clip {clip_id} is still being made")


def _problem(answer: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(answer)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
