"""The gate: what every request passes before and after the application.

Steps: a request id; refusal of oversized bodies, announced or not, and of unsafe requests that a browser made
for another site; the application; security headers, the release, the access metric. What the API answers is
kept by nobody unless it says otherwise itself. HEAD is answered as GET would be, without the body (RFC 9110 §9.3.2),
but where the application means something of its own by it.
"""

import secrets
from typing import Any
from urllib.parse import urlsplit

import msgspec

from reelm.accounts.service import SESSION_COOKIE
from reelm.kit.clock import Clock
from reelm.kit.errors import BodyTooLargeError, ForeignOriginError, ReelmError
from reelm.kit.http import PROBLEM_TYPE, problem_of
from reelm.kit.metrics import RequestMeter
from reelm.settings import Settings

_SAFE = {"GET", "HEAD", "OPTIONS"}
_JSON_BODY_BYTES = 1_000_000
_KEPT_BY_NOBODY = (b"cache-control", b"private, no-store")
_OWN_HEAD = ("/api/v1/uploads", "/api/v1/stream", "/media/")
_LARGE = ("/api/v1/uploads", "/api/v1/me/avatar")
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; connect-src 'self'; worker-src 'self' blob:; font-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: Any, settings: Settings, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._origin = settings.web.origin
        self._meter = RequestMeter()
        common = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", b"geolocation=(), camera=(self), microphone=(self)"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"reelm-release", settings.release.encode()),
        ]
        if settings.web.secure:
            common.append((b"strict-transport-security", b"max-age=31536000"))
        # Whoever checks the ledger may do it from a page of their own.
        self._open = [*common, (b"access-control-allow-origin", b"*")]
        self._page = [*common, (b"content-security-policy", _POLICY.format(ancestors="'none'").encode())]
        self._embed = [*common, (b"content-security-policy", _POLICY.format(ancestors="*").encode())]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        own = self._headers_for(scope["path"])
        api = scope["path"].startswith("/api/")
        bare = scope["method"] == "HEAD" and not scope["path"].startswith(_OWN_HEAD)
        if bare:
            scope = {**scope, "method": "GET"}
        began = self._clock.monotonic()
        status = 500

        async def answer(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", []), *own, (b"x-request-id", request_id.encode())]
                if api and not any(name.lower() == b"cache-control" for name, _ in headers):
                    headers.append(_KEPT_BY_NOBODY)
                message = {**message, "headers": headers}
            elif bare and message["type"] == "http.response.body":
                if message.get("more_body"):
                    return
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await _refuse(answer, refusal, request_id)
            else:
                await self._app(scope, _counted(scope, receive), answer)
        finally:
            self._meter.count(scope["method"], status, self._clock.monotonic() - began)

    def _headers_for(self, path: str) -> list[tuple[bytes, bytes]]:
        if path.startswith("/ledger/"):
            return self._open
        return self._embed if path.startswith("/embed/") else self._page

    def _refusal(self, scope: Any) -> ReelmError | None:
        if scope["method"] in _SAFE:
            return None
        headers = {name: value for name, value in scope["headers"]}  # noqa: C416 - the last of a name wins
        length = headers.get(b"content-length", b"0")
        if not scope["path"].startswith(_LARGE) and (not length.isdigit() or int(length) > _JSON_BODY_BYTES):
            return BodyTooLargeError()
        if b"authorization" in headers:
            return None
        # Without the cookie, too: another site must not sign somebody in as somebody else. What is no browser
        # says nothing of where it comes from, and carries no cookie that it was not given.
        browser = b"sec-fetch-site" in headers or b"origin" in headers
        if not browser and SESSION_COOKIE.encode() not in headers.get(b"cookie", b""):
            return None
        return None if self._same_origin(headers) else ForeignOriginError()

    def _same_origin(self, headers: dict[bytes, bytes]) -> bool:
        """Trust the browser's own word (Fetch Metadata), else compare Origin with this site's."""
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            return site in {b"same-origin", b"none"}
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        return bool(origin) and (origin == self._origin or urlsplit(origin).netloc == host != "")


def _counted(scope: Any, receive: Any) -> Any:
    """Take no more of a body than an address is meant for, also when its length was not announced."""
    if scope["method"] in _SAFE or scope["path"].startswith(_LARGE):
        return receive
    left = _JSON_BODY_BYTES

    async def receive_some() -> Any:
        nonlocal left
        message = await receive()
        left -= len(message.get("body") or b"")
        if left < 0:
            raise BodyTooLargeError
        return message

    return receive_some


async def _refuse(send: Any, error: ReelmError, request_id: str) -> None:
    body = msgspec.json.encode(problem_of(error, request_id))
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [
                (b"content-type", PROBLEM_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
