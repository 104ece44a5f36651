"""Live streams: what the database hints at, read with each person's own rights and sent as server-sent events.

One listening connection a process (`kit.listen`) feeds every open stream. A hint wakes the streams of the person
it is for; each reads the rows with that person's ticket, so row-level security decides what it may send. Hints of
the same thing that pile up while a stream writes become one.

Hints about messages are passed on as they are, without a question to the database: that a conversation went on to a
number, or that somebody in it types. What is in it, the client fetches with its own rights. `missed` says that such
hints may have been lost here, and that the client has to look for itself, as it does when it comes back.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec

from reelm.accounts.service import Visitor
from reelm.clips.service import ClipsService
from reelm.custody.service import KeysClient
from reelm.kit.database import CONNECTION_LOST, Database
from reelm.kit.errors import NotFoundError, OverloadedError, SignInRequiredError
from reelm.kit.listen import Listener
from reelm.notices.errors import TooManyStreamsError
from reelm.notices.service import NoticesService

PING_SECONDS = 15.0
PER_PERSON = 8
RESUMED_NOTICES = 50
_RETRY_MILLISECONDS = 3000


class _MessageHint(msgspec.Struct, frozen=True):
    """A conversation has entries, or changes, up to this number."""

    conversation_id: UUID
    last_seq: int


class _TypingHint(msgspec.Struct, frozen=True):
    """Somebody is writing in a conversation."""

    conversation_id: UUID
    person_id: UUID


class _OpenStream:
    """What one connection has still to send. Touched by the event loop's thread alone."""

    __slots__ = (
        "clips",
        "ended",
        "missed",
        "notices",
        "talks",
        "talks_missed",
        "typing",
        "unread",
        "visitor",
        "woken",
    )

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.woken = asyncio.Event()
        self.notices: set[UUID] = set()
        self.clips: set[UUID] = set()
        self.talks: dict[UUID, int] = {}
        self.typing: dict[tuple[UUID, UUID], None] = {}
        self.talks_missed = False
        self.unread = False
        self.missed = False
        self.ended = False

    def end(self) -> None:
        self.ended = True
        self.woken.set()

    def take_hints(self) -> bytes:
        """Return what was heard of conversations, as events; it is heard no longer."""
        if not (self.talks or self.typing or self.talks_missed):
            return b""
        events = [_event("missed", {})] if self.talks_missed else []
        events += [_event("message", _MessageHint(talk, seq)) for talk, seq in self.talks.items()]
        events += [_event("typing", _TypingHint(talk, person)) for talk, person in self.typing]
        self.talks_missed = False
        self.talks.clear()
        self.typing.clear()
        return b"".join(events)

    def looks(self) -> bool:
        """Whether something was heard that has to be read."""
        return bool(self.notices or self.clips or self.unread or self.missed)


class Streams:
    """The open streams of this process."""

    def __init__(
        self,
        listener: Listener,
        database: Database,
        keys: KeysClient,
        notices: NoticesService,
        clips: ClipsService,
        *,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._database = database
        self._keys = keys
        self._notices = notices
        self._clips = clips
        self._ping_seconds = ping_seconds
        self._open: dict[UUID, set[_OpenStream]] = defaultdict(set)
        self._closing = False
        listener.on("notice", self._heard_notice)
        listener.on("clip", self._heard_clip)
        listener.on("message", self._heard_message)
        listener.on("typing", self._heard_typing)
        listener.on("session_revoked", self._heard_revoked)
        listener.on_return(self._heard_again)

    def close(self) -> None:
        """End every stream, so that the server can stop in order."""
        self._closing = True
        for stream in self._all():
            stream.end()

    def open_count(self) -> int:
        return sum(len(streams) for streams in self._open.values())

    def _all(self) -> list[_OpenStream]:
        return [stream for streams in self._open.values() for stream in streams]

    # --- hints ------------------------------------------------------------------------------------------

    def _heard_notice(self, payload: str) -> None:
        person, _, what = payload.partition(" ")
        for stream in self._open.get(UUID(person), ()):
            if what == "-":
                stream.unread = True
            else:
                stream.notices.add(UUID(what))
            stream.woken.set()

    def _heard_clip(self, payload: str) -> None:
        person, _, clip = payload.partition(" ")
        for stream in self._open.get(UUID(person), ()):
            stream.clips.add(UUID(clip))
            stream.woken.set()

    def _heard_message(self, payload: str) -> None:
        person, talk, seq = payload.split(" ")
        for stream in self._open.get(UUID(person), ()):
            talk_id = UUID(talk)
            stream.talks[talk_id] = max(int(seq), stream.talks.get(talk_id, 0))
            stream.woken.set()

    def _heard_typing(self, payload: str) -> None:
        person, talk, who = payload.split(" ")
        for stream in self._open.get(UUID(person), ()):
            stream.typing[UUID(talk), UUID(who)] = None
            stream.woken.set()

    def _heard_revoked(self, payload: str) -> None:
        session_id = UUID(payload)
        self._keys.forget(session_id)
        for stream in self._all():
            if stream.visitor.session_id == session_id:
                stream.end()

    def _heard_again(self) -> None:
        """Hints were lost while the listening connection was down: every stream looks for itself."""
        for stream in self._all():
            stream.missed = True
            stream.talks_missed = True
            stream.woken.set()

    # --- streams ----------------------------------------------------------------------------------------

    def open(self, visitor: Visitor, last_event_id: UUID | None) -> AsyncIterator[bytes]:
        """Return a person's stream as chunks of `text/event-stream`; it is theirs until they leave.

        `last_event_id` is the newest notice they have. Raises `TooManyStreamsError`.
        """
        if len(self._open.get(visitor.person_id, ())) >= PER_PERSON:
            raise TooManyStreamsError(retry_after_seconds=60)
        return self._run(_OpenStream(visitor), last_event_id)

    async def _run(self, stream: _OpenStream, newest: UUID | None) -> AsyncIterator[bytes]:
        person_id = stream.visitor.person_id
        self._open[person_id].add(stream)
        try:
            stream.unread = True
            stream.missed = newest is not None
            stream.woken.set()
            yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
            while not self._over(stream):
                hints_only = False
                try:
                    async with asyncio.timeout(self._ping_seconds):
                        await stream.woken.wait()
                    hints_only = not stream.looks()
                except TimeoutError:
                    yield b": ping\n\n"
                if self._over(stream):
                    return
                if hints_only:
                    stream.woken.clear()
                    if hints := stream.take_hints():
                        yield hints
                    continue
                try:
                    body, newest = await self._news(stream, newest)
                except SignInRequiredError:
                    return
                except (OverloadedError, *CONNECTION_LOST):
                    # The database or the keys process restarts. The client comes back, and resumes.
                    return
                if body:
                    yield body
        finally:
            self._open[person_id].discard(stream)
            if not self._open[person_id]:
                del self._open[person_id]

    def _over(self, stream: _OpenStream) -> bool:
        return stream.ended or self._closing

    async def _news(self, stream: _OpenStream, newest: UUID | None) -> tuple[bytes, UUID | None]:
        """Read what the stream was hinted at; return it as events, and the newest notice sent.

        Raises `SignInRequiredError` when the session has ended, and `OverloadedError`.
        """
        session = await self._keys.resolve(stream.visitor.token)
        visitor = Visitor(session.person_id, session.session_id, session.ticket, stream.visitor.token)
        stream.woken.clear()
        ids, stream.notices = stream.notices, set()
        clip_ids, stream.clips = stream.clips, set()
        missed, stream.missed = stream.missed, False
        unread, stream.unread = stream.unread or bool(ids) or missed, False
        hints = stream.take_hints()
        if not (ids or clip_ids or missed or unread):
            return hints, newest
        events = [hints]
        async with self._database.transaction(visitor.ticket) as uow:
            found = await self._notices.some(uow, visitor, ids) if ids else []
            if missed and newest is not None:
                later = await self._notices.since(uow, visitor, newest, RESUMED_NOTICES)
                known = {notice.id for notice in later}
                found = later + [notice for notice in found if notice.id not in known and notice.id > newest]
            for notice in found:
                events.append(_event("notice", notice, notice.id))
                newest = notice.id if newest is None else max(newest, notice.id)
            if unread:
                events.append(_event("unread", await self._notices.unread(uow, visitor)))
            for clip_id in clip_ids:
                with contextlib.suppress(NotFoundError):
                    events.append(_event("clip", await self._clips.progress(uow, clip_id)))
        return b"".join(events), newest


def _event(name: str, data: object, event_id: UUID | None = None) -> bytes:
    """Write one server-sent event (HTML standard, "Server-sent events"); JSON has no line breaks."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
