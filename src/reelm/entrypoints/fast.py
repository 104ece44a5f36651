"""The hottest reads, answered before the framework: For You, and a public clip for somebody who is not signed in.

They say exactly what the routes in `feed` and `clips` would. Anything unusual (a query that is not plainly a limit
and a cursor, a session that is no good, an unknown clip, a failure) goes on to those routes, which say what is wrong;
only being too busy is answered here, since trying again would not make it better.
"""

import re
from typing import Any
from uuid import UUID

import msgspec

from reelm.accounts.service import SESSION_COOKIE, Visitor
from reelm.kit.errors import OverloadedError
from reelm.kit.http import PROBLEM_TYPE, problem_of
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT

_PREFIX = "/api/v1/clips/"
_LENGTH = len(_PREFIX) + 36
_FOR_YOU = "/api/v1/feeds/for-you"
_QUERY = re.compile(rb"(?:limit=([1-9][0-9]?))?(?:(?:^|(?<=[0-9])&)cursor=([A-Za-z0-9_-]{1,2000}))?")
_COOKIE = re.compile(rb"(?:^|; ?)" + SESSION_COOKIE.encode() + rb"=([A-Za-z0-9_-]{1,200})(?:;|$)")
_BEARER = re.compile(rb"[Bb]earer ([A-Za-z0-9_-]{1,200})")


class FastReads:
    """ASGI: answers what it can by itself, and passes everything else on."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        body, caching = None, b"no-cache"
        if path == _FOR_YOU:
            try:
                body, caching = await self._for_you(scope), b"no-store"
            except OverloadedError as error:
                await _refuse(send, error, scope.get("state", {}).get("request_id", ""))
                return
        elif len(path) == _LENGTH and path.startswith(_PREFIX):
            body = await self._clip(scope, path)
        if body is None:
            await self._app(scope, receive, send)
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", caching),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _clip(self, scope: Any, path: str) -> bytes | None:
        if scope["query_string"]:
            return None
        for name, value in scope["headers"]:
            if name == b"authorization" or (name == b"cookie" and b"reelm_session=" in value):
                return None
        try:
            clip_id = UUID(path[len(_PREFIX) :])
        except ValueError:
            return None
        body: bytes | None = await self._app.state.rooms.feed.clip_json(clip_id)
        return body

    async def _for_you(self, scope: Any) -> bytes | None:
        """Return the page, or None where the framework's route is to answer."""
        asked = _QUERY.fullmatch(scope["query_string"])
        if asked is None:
            return None
        limit = int(asked[1] or PAGE_DEFAULT)
        cursor = asked[2].decode() if asked[2] else None
        rooms = self._app.state.rooms
        if limit > PAGE_LIMIT:
            return None
        try:
            guest = await _guest(rooms, scope["headers"])
            uow = rooms.database.begin(guest.ticket if guest else None)
            try:
                page: bytes = await rooms.feed.for_you(uow, guest, limit, cursor)
            except BaseException:
                await uow.finish(commit=False)
                raise
            await uow.finish(commit=True)
        except OverloadedError:
            raise
        except Exception:  # noqa: BLE001 - the route meets it again, answers it and leaves its trace in the log
            return None
        return page


async def _refuse(send: Any, error: OverloadedError, request_id: str) -> None:
    body = msgspec.json.encode(problem_of(error, request_id))
    headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", str(error.retry_after_seconds or 1).encode()),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _UnusualError(Exception):
    """Headers that are not plainly those of one session, or of none."""


async def _guest(rooms: Any, headers: Any) -> Visitor | None:
    """Say who asks; raises `_UnusualError` and what keys raise."""
    header = cookie = None
    for name, value in headers:
        if name == b"authorization":
            if header is not None:
                raise _UnusualError
            header = value
        elif name == b"cookie":
            if cookie is not None:
                raise _UnusualError
            cookie = value
    if header is not None:
        found = _BEARER.fullmatch(header)
        if found is None:
            raise _UnusualError
    elif cookie is not None and SESSION_COOKIE.encode() in cookie:
        found = _COOKIE.search(cookie)
        if found is None or cookie.count(SESSION_COOKIE.encode()) != 1:
            raise _UnusualError
    else:
        return None
    token = found[1].decode()
    session = await rooms.keys.resolve(token)
    return Visitor(session.person_id, session.session_id, session.ticket, token)
