"""Reads what a realm publishes, over HTTP, believing nothing of it: sizes and times have limits.

Redirects are not followed: a ledger is where its name says. A failure to reach the realm is a `CouldNotCheckError`,
never a finding.
"""

import hashlib
import http.client
import json
import time
import urllib.parse
from typing import Any

from reelm_audit.output import CouldNotCheckError
from reelm_audit.tlog.tiles import MAX_ENTRY_BYTES, TILE_BYTES, WIDTH, Tile

TIMEOUT_SECONDS = 15
ANSWER_SECONDS = 120
MAX_CHECKPOINT_BYTES = 1_000_000
MAX_DOCUMENT_BYTES = 4_000_000
MAX_BUNDLE_BYTES = WIDTH * (MAX_ENTRY_BYTES + 2)
MAX_JSON_BYTES = 4_000_000


class MissingError(Exception):
    """The realm answers that there is nothing at this address."""


class RealmClient:
    """One realm at its address, over one connection that is kept open."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urllib.parse.urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise CouldNotCheckError(f"{url} is not the address of a realm")
        self._prefix = parts.path.rstrip("/")
        self.url = f"{parts.scheme}://{parts.netloc}{self._prefix}"
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            self._connection = kind(parts.hostname, parts.port, timeout=timeout_seconds)
        except ValueError as error:
            raise CouldNotCheckError(f"{url} is not the address of a realm") from error
        self.releases: set[str] = set()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def checkpoint(self) -> bytes:
        """Return the last published checkpoint, as it was signed."""
        return self._need("/ledger/checkpoint", MAX_CHECKPOINT_BYTES)

    def tile(self, tile: Tile) -> bytes:
        """Return a tile or a bundle; where a partial one is gone, the full one that replaced it."""
        limit = MAX_BUNDLE_BYTES if tile.level is None else TILE_BYTES
        try:
            return self._get(f"/ledger/{tile.path}", limit)
        except MissingError:
            if tile.width == WIDTH:
                raise
            return self._get(f"/ledger/{Tile(tile.level, tile.index).path}", limit)

    def document(self, digest: str) -> bytes | None:
        """Return a published document that has this SHA-256; None if there is none, or one with another digest."""
        try:
            data = self._get(f"/ledger/document/{digest}.json", MAX_DOCUMENT_BYTES)
        except MissingError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def state(self) -> dict[str, Any]:
        """Return what the realm says of its own ledger."""
        return self.json("/api/v1/ledger")

    def json(self, path: str) -> dict[str, Any]:
        """Return a JSON object of the realm's interface."""
        try:
            value = json.loads(self._need(path, MAX_JSON_BYTES))
        except (ValueError, RecursionError) as error:
            raise CouldNotCheckError(f"{self.url}{path} does not answer as a realm does") from error
        if not isinstance(value, dict):
            raise CouldNotCheckError(f"{self.url}{path} does not answer as a realm does")
        return value

    def text(self, path: str) -> bytes | None:
        """Return a text of the realm's interface, or None where there is none."""
        try:
            return self._get(path, MAX_CHECKPOINT_BYTES)
        except MissingError:
            return None

    def _need(self, path: str, limit: int) -> bytes:
        try:
            return self._get(path, limit)
        except MissingError as error:
            raise CouldNotCheckError(f"there is no ledger at {self.url}") from error

    def _get(self, path: str, limit: int) -> bytes:
        for attempt in (1, 2):
            reused = self._connection.sock is not None
            try:
                return self._ask(path, limit)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                self._connection.close()
                if attempt == 2 or not reused:  # an idle connection may have been closed meanwhile: once more
                    raise CouldNotCheckError(f"{self.url} does not answer: {error}") from error
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                raise CouldNotCheckError(f"{self.url} can't be reached: {error}") from error
            except BaseException:
                self._connection.close()
                raise
        raise AssertionError("unreachable")

    def _ask(self, path: str, limit: int) -> bytes:
        self._connection.request("GET", self._prefix + path, headers={"Accept": "*/*"})
        answer = self._connection.getresponse()
        release = answer.headers.get("Reelm-Release")
        if release:
            self.releases.add(release)
        if answer.status in {404, 410}:
            self._body(answer, limit)
            raise MissingError(path)
        if answer.status != 200:
            raise CouldNotCheckError(f"{self.url}{path} answers {answer.status}")
        return self._body(answer, limit)

    def _body(self, answer: http.client.HTTPResponse, limit: int) -> bytes:
        deadline, parts, size = time.monotonic() + ANSWER_SECONDS, [], 0
        while part := answer.read1(65_536):
            parts.append(part)
            size += len(part)
            if size > limit:
                raise CouldNotCheckError(f"{self.url} answers with more than belongs there")
            if time.monotonic() > deadline:
                raise CouldNotCheckError(f"{self.url} answers too slowly")
        if answer.length:
            raise CouldNotCheckError(f"{self.url} broke off in the middle of an answer")
        answer.close()  # all is read, so the connection is free for the next request
        return b"".join(parts)
