"""The jobs of the federation room, run by the worker at least once each; every one may be run again."""

import datetime as dt
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from reelm.border.service import (
    Arrival,
    ArrivalDesk,
    BorderClient,
    BorderForbiddenError,
    BorderOutbox,
    UnknownAddressError,
)
from reelm.federation import jobs
from reelm.federation import vocabulary as say
from reelm.federation.addresses import Addresses
from reelm.federation.placing import Placer, WrongFileError
from reelm.federation.reading import UnreadableError
from reelm.federation.repository import ArrivalWriter, FederationWriter
from reelm.federation.taking import LATER, TakingIn
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.kit.jobs import RunAgainError
from reelm.media.service import MediaError, PictureUnsuitableError

Handler = Callable[[bytes, int], Awaitable[None]]
_AT_ONCE = 200
_MEDIA_TRIES = 12
_AGAIN = dt.timedelta(seconds=2)
_LONGEST = dt.timedelta(hours=1)
_log = structlog.get_logger("reelm.worker")


class FederationTasks:
    """What each job does, and what is due from time to time."""

    def __init__(
        self,
        database: Database,
        desk: ArrivalDesk,
        outbox: BorderOutbox,
        border: BorderClient,
        taking: TakingIn,
        placer: Placer,
        addresses: Addresses,
    ) -> None:
        self._database = database
        self._desk = desk
        self._outbox = outbox
        self._border = border
        self._taking = taking
        self._placer = placer
        self._at = addresses
        # Name → what it does, and how many may run at once: arrivals one after the other, in their order.
        self.handlers: dict[str, tuple[Handler, int]] = {
            jobs.TAKE_IN: (self._take_in, 1),
            jobs.MEDIA: (self._media, 1),
            jobs.AVATAR: (self._avatar, 1),
            jobs.FOUND: (self._found, 2),
        }

    def schedules(self) -> list[tuple[float, Callable[[], Awaitable[object]]]]:
        """Return what is to be done from time to time: every how many seconds, and what."""
        return [(30, self.take_in), (3600, self.tell_views), (3600, self.forget)]

    # --- arrivals ---------------------------------------------------------------------------------------

    async def _take_in(self, payload: bytes, tries: int) -> None:
        if await self.take_in():
            raise RunAgainError(_AGAIN, "something waits for what comes before it")

    async def take_in(self) -> int:
        """Take in all that is held; return how much of it has to wait."""
        while True:
            async with self._database.transaction() as uow:
                held = await self._desk.held(uow, _AT_ONCE)
            waiting = 0
            for arrival in held:
                waiting += await self._take_one(arrival)
            if waiting or len(held) < _AT_ONCE:
                return waiting

    async def _take_one(self, arrival: Arrival) -> bool:
        """Take in one arrival; true when it is to be tried again."""
        try:
            async with self._database.transaction() as uow:
                if not await self._desk.hold(uow, arrival):
                    return False
                said = await self._taking.take(uow, arrival)
                if said != LATER:
                    await self._desk.settle(uow, arrival, None if said == "taken" else said)
                    if said != "taken":
                        _log.warning("federation.refused", peer=arrival.peer, act=arrival.act, reason=said)
                    return False
        except OverloadedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever somebody else sent, the next one is to be taken in
            _log.exception("federation.failed", peer=arrival.peer, act=arrival.act)
            said = type(error).__name__
        async with self._database.transaction() as uow:
            return await self._desk.put_off(uow, arrival, said)

    # --- files ------------------------------------------------------------------------------------------

    async def _media(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=jobs.MediaJob)
        try:
            await self._placer.place(job.clip_id)
        except (WrongFileError, BorderForbiddenError) as error:
            _log.warning("federation.no_file", reason=str(error))
        except MediaError as error:
            if error.retryable and tries < _MEDIA_TRIES:
                raise RunAgainError(_later(tries), error.code) from error
            _log.warning("federation.no_film", code=error.code, technical=error.technical)
        except OverloadedError as error:
            if tries >= _MEDIA_TRIES:
                _log.warning("federation.given_up", code=error.code)
                return
            raise RunAgainError(_later(tries), error.code) from error

    async def _avatar(self, payload: bytes, tries: int) -> None:
        job = msgspec.json.decode(payload, type=jobs.AvatarJob)
        try:
            await self._placer.place_avatar(job.person_id, job.url)
        except (BorderForbiddenError, PictureUnsuitableError) as error:
            _log.warning("federation.no_picture", reason=str(error))
        except OverloadedError as error:
            if tries >= _MEDIA_TRIES:
                _log.warning("federation.given_up", code=error.code)
                return
            raise RunAgainError(_later(tries), error.code) from error

    # --- people looked for ------------------------------------------------------------------------------

    async def _found(self, payload: bytes, tries: int) -> None:
        """Take in somebody by address. The border is asked again: what another process says is no evidence."""
        job = msgspec.json.decode(payload, type=jobs.FoundJob)
        try:
            found = await self._border.lookup(job.address)
        except (UnknownAddressError, BorderForbiddenError, OverloadedError):
            return
        if found.document.get("id") != found.uri:
            return
        try:
            async with self._database.transaction() as uow:
                await self._taking.person(
                    uow, ArrivalWriter(uow, None), found.document, found.peer, was_looked_for=True
                )
        except UnreadableError as error:
            _log.warning("federation.refused", peer=found.peer, act="lookup", reason=str(error))

    # --- from time to time ------------------------------------------------------------------------------

    async def tell_views(self) -> int:
        """Tell other realms how many people here watched their clips, where it were enough; return how many clips."""
        async with self._database.transaction() as uow:
            writer = FederationWriter(uow)
            watched = await writer.watched_from_abroad()
            for peer, uri, clip_id, people in watched:
                document = say.views_document(self._at, uri, people)
                await self._outbox.ask(uow, peer, "Update", "Collection", "publish", None, None, document)
                await writer.note_views_told(clip_id, people)
        return len(watched)

    async def forget(self) -> None:
        """Forget arrivals that were settled long ago."""
        async with self._database.transaction() as uow:
            await self._desk.forget(uow)


def _later(tries: int) -> dt.timedelta:
    return min(_LONGEST, dt.timedelta(seconds=2 * 2 ** min(tries, 12)))
