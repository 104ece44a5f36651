"""The way in: other realms' deliveries, and public documents and files for whoever asks by their address.

    POST /inbox                            a signed delivery (`arriving`)
    GET  /people/<id>[/outbox|/followers]  /clips/<id>  /comments/<id>     what anybody may see
    GET  /.well-known/webfinger            RFC 7033
    GET  /media/<clip>/<file>  /media/avatars/<file>    files of public clips, for the signed requests of known realms

Addresses may also be asked with what their realm's addresses begin with in front (`/us/people/<id>`).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
import structlog

from reelm.border import documents
from reelm.border.arriving import Arriving, Senders, TurnedAwayError
from reelm.border.constitution import Constitution
from reelm.border.counting import Counting, refusal
from reelm.border.documents import Here
from reelm.border.listening import Asked, Listening, Reply
from reelm.border.repository_public import PublicReader
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import NotFoundError, OverloadedError, ReelmError, TooManyRequestsError
from reelm.kit.ids import Ids
from reelm.kit.limits import Limit, RateLimiter
from reelm.ledger.service import LedgerService
from reelm.settings import Settings

KNOCKS = Limit(burst=400, seconds_each=0.05)
DOCUMENTS = Limit(burst=400, seconds_each=0.02)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_THING = re.compile(rf"/(people|clips|comments)/({_UUID})(/outbox|/followers)?")
_FILE = re.compile(rf"/media/({_UUID})/([0-9a-f]{{64}}\.[a-z0-9]{{2,5}})")
_AVATAR = re.compile(r"/media/avatars/([0-9a-f]{32,64}\.[a-z0-9]{2,5})")
_ACCOUNT = re.compile(r"(?:acct:)?@?([A-Za-z0-9_.]{3,24})@([A-Za-z0-9.:\[\]-]{1,255})")
_ACTIVITY, _JRD, _PROBLEM = "application/activity+json", "application/jrd+json", "application/problem+json"
_TYPES = {
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "m3u8": "application/vnd.apple.mpegurl",
}
_log = structlog.get_logger("reelm.border")


class Inbound:
    """The listener of the border process; `port` is the one that was opened."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ledger: LedgerService,
        constitution: Constitution,
        counting: Counting,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._settings = settings
        self._database = database
        self._constitution = constitution
        self._counting = counting
        self._limits = RateLimiter(clock, factor=settings.limit_factor)
        self._senders = Senders(database, clock, self._limits)
        self._arriving = Arriving(database, ledger, constitution, counting, self._senders, clock, ids)
        self._listening = Listening(self.answer, settings.border.host, settings.border.port)

    @property
    def port(self) -> int:
        return self._listening.port

    async def run(self) -> None:
        """Serve until cancelled. Raises OSError where the port is taken."""
        await self.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    async def start(self) -> None:
        """Open the port. Raises OSError."""
        await self._listening.start()
        _log.info("border.listens", port=self.port)

    async def stop(self) -> None:
        """Let what is being answered be answered; five seconds at most."""
        await self._listening.stop()

    async def answer(self, asked: Asked) -> Reply:
        """Answer one request; what fails unforeseen is said to be ours."""
        try:
            return await self._routed(asked)
        except TurnedAwayError as error:
            self._counting.refused(refusal("in", "crossing", error.peer, "request", error.reason))
            return self._turned_away(asked, error)
        except TooManyRequestsError as error:
            return _problem(429, "too_many", error.retry_after_seconds)
        except OverloadedError as error:
            return _problem(503, "busy", error.retry_after_seconds or 5)
        except NotFoundError:
            return _problem(404, "not_found")
        except ReelmError as error:
            return _problem(error.status, error.code.rpartition(".")[2])

    def _turned_away(self, asked: Asked, error: TurnedAwayError) -> Reply:
        """Whoever is nobody may knock only so often; a known realm at the same address isn't held back by it."""
        if not error.peer:
            try:
                self._limits.spend("knocks", asked.address, KNOCKS)
            except TooManyRequestsError as many:
                return _problem(429, "too_many", many.retry_after_seconds)
        return _problem(error.status, error.reason, error.wait)

    async def _routed(self, asked: Asked) -> Reply:
        path, _, query = asked.target.partition("?")
        prefix = urlsplit(self._constitution.now().ids).path.rstrip("/")
        if prefix and path.startswith(prefix + "/"):
            path = path[len(prefix) :]
        if path == "/inbox":
            return await self._inbox(asked)
        if asked.method not in {"GET", "HEAD"}:
            return _problem(405, "method")
        if not path.startswith("/media/"):
            self._limits.spend("documents", asked.address, DOCUMENTS)
        if path == "/.well-known/webfinger":
            return await self._webfinger(query)
        if path.startswith("/media/"):
            return await self._file(asked, path)
        match = _THING.fullmatch(path)
        if match is None:
            raise NotFoundError
        return await self._document(asked, match, query)

    async def _inbox(self, asked: Asked) -> Reply:
        if asked.method != "POST":
            return _problem(405, "method")
        taken = await self._arriving.take(asked, self._settings.border_url)
        return Reply(
            202,
            msgspec.json.encode({"taken": taken.taken, "refused": taken.refused}),
            {"Content-Type": "application/json", "Cache-Control": "no-store"},
        )

    # --- documents ----------------------------------------------------------------------------------------

    async def _document(self, asked: Asked, match: re.Match[str], query: str) -> Reply:
        kind, thing_id, part = match[1], UUID(match[2]), match[3] or ""
        readers: dict[tuple[str, str], Callable[..., Awaitable[dict[str, Any]]]] = {
            ("people", ""): self._person,
            ("people", "/outbox"): self._outbox,
            ("people", "/followers"): self._followers,
            ("clips", ""): self._video,
            ("comments", ""): self._note,
        }
        read = readers.get((kind, part))
        if read is None:
            raise NotFoundError
        async with self._database.transaction() as uow:
            document = await read(uow, thing_id, query)
        page = document.get("url")
        if isinstance(page, str) and _wants_a_page(asked.headers.get("accept", "")):
            return Reply(307, headers={"Location": page, "Vary": "Accept"})
        body = msgspec.json.encode(documents.alone(document))
        return Reply(
            200,
            body,
            {"Content-Type": _ACTIVITY, "Cache-Control": "public, max-age=60", "Vary": "Accept"},
        )

    async def _person(self, uow: UnitOfWork, person_id: UUID, query: str) -> dict[str, Any]:
        found = await PublicReader(uow).find_person(person_id)
        if found is None:
            raise NotFoundError
        return documents.person(self._here(), found)

    async def _followers(self, uow: UnitOfWork, person_id: UUID, query: str) -> dict[str, Any]:
        found = await PublicReader(uow).find_person(person_id)
        if found is None:
            raise NotFoundError
        return documents.followers(self._here(), found)

    async def _outbox(self, uow: UnitOfWork, person_id: UUID, query: str) -> dict[str, Any]:
        reader = PublicReader(uow)
        if await reader.find_person(person_id) is None:
            raise NotFoundError
        page = parse_qs(query).get("page", [""])[0]
        if not page:
            return documents.outbox(self._here(), person_id, await reader.count_videos(person_id))
        if page != "first" and not re.fullmatch(_UUID, page):
            raise NotFoundError
        before = None if page == "first" else UUID(page)
        videos = await reader.list_videos(person_id, before, documents.PAGE)
        return documents.outbox_page(self._here(), person_id, page, videos)

    async def _video(self, uow: UnitOfWork, clip_id: UUID, query: str) -> dict[str, Any]:
        found = await PublicReader(uow).find_video(clip_id)
        if found is None:
            raise NotFoundError
        return documents.video(self._here(), found)

    async def _note(self, uow: UnitOfWork, comment_id: UUID, query: str) -> dict[str, Any]:
        found = await PublicReader(uow).find_note(comment_id)
        if found is None:
            raise NotFoundError
        return documents.note(self._here(), found)

    async def _webfinger(self, query: str) -> Reply:
        asked = parse_qs(query, max_num_fields=16).get("resource", [""])[0]
        here = self._here()
        match = _ACCOUNT.fullmatch(asked)
        # Somebody is asked for at this realm's name, or at a host that is this realm's.
        if match is None or match[2].lower() not in self._own_hosts(here):
            raise NotFoundError
        async with self._database.transaction() as uow:
            found = await PublicReader(uow).find_by_handle(match[1].casefold())
        if found is None:
            raise NotFoundError
        body = msgspec.json.encode(documents.webfinger(here, found, match[2].lower()))
        return Reply(
            200,
            body,
            {
                "Content-Type": _JRD,
                "Access-Control-Allow-Origin": "*",
                "Cache-Control": "public, max-age=60",
            },
        )

    # --- files --------------------------------------------------------------------------------------------

    async def _file(self, asked: Asked, path: str) -> Reply:
        sender = await self._senders.who(asked, self._settings.border_url, body=False)
        avatar = _AVATAR.fullmatch(path)
        match = _FILE.fullmatch(path)
        if avatar:
            name = f"avatars/{avatar[1]}"
        elif match:
            await self._check_public(UUID(match[1]), match[2])
            name = f"public/{match[1]}/{match[2]}"
        else:
            raise NotFoundError
        file = self._settings.blobs / name
        length = _size(file)
        if asked.method == "GET":
            self._counting.connection("fetch", sender.realm, length, 0)
        kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        headers = {"Content-Type": kind, "Cache-Control": "private, max-age=3600"}
        return Reply(200, headers=headers, file=file, length=length)

    async def _check_public(self, clip_id: UUID, name: str) -> None:
        async with self._database.transaction() as uow:
            clip = await PublicReader(uow).find_video(clip_id)
        if clip is None or name not in documents.files_of(clip.media):
            raise NotFoundError

    # --- names --------------------------------------------------------------------------------------------

    def _here(self) -> Here:
        terms = self._constitution.now()
        web = (terms.document.web or self._settings.web.origin).rstrip("/")
        border = (terms.document.border or self._settings.border_url).rstrip("/")
        return Here(terms.realm, terms.ids, web, border)

    def _own_hosts(self, here: Here) -> set[str]:
        places = [urlsplit(each) for each in (here.ids, here.web, here.border)]
        hosts = {name for each in places for name in (each.hostname or "", each.netloc.lower())}
        return {here.realm, *hosts} - {""}


def _size(path: Path) -> int:
    try:
        if not path.is_file():
            raise NotFoundError
        return path.stat().st_size
    except OSError as error:
        raise NotFoundError from error


def _wants_a_page(accept: str) -> bool:
    return "text/html" in accept and "json" not in accept


def _problem(status: int, reason: str, wait: int | None = None) -> Reply:
    body = msgspec.json.encode(
        {"type": "about:blank", "title": "This can't be done.", "status": status, "code": f"border.{reason}"}
    )
    headers = {"Content-Type": _PROBLEM, "Cache-Control": "no-store"}
    if wait is not None:
        headers["Retry-After"] = str(wait)
    return Reply(status, body, headers)
