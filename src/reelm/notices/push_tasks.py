"""The jobs that tell devices: each at least once, through the border, and not in quiet hours.

A push waits in `pushes` until its service has taken it. Whoever sends it takes it for half a minute first; a worker
that is killed in between leaves it to the next one, which sends it again under the same topic. A push service then
replaces the one it still holds (RFC 8030, 5.4), and a device replaces the notification that it shows already: nothing
is lost, and nothing is shown twice.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from uuid import UUID

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from reelm.accounts.service import AccountsService
from reelm.border.service import BorderClient, BorderForbiddenError, Said
from reelm.custody.service import KeysClient, SealBrokenError, TicketRefusedError, open_field
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.kit.ids import Ids
from reelm.kit.jobs import Job, RunAgainError, enqueue
from reelm.notices.digest import Digests
from reelm.notices.kinds import DEFAULTS, SORT_OF
from reelm.notices.push import TABLE, UNTOLD
from reelm.notices.push_sealing import Device, Told, authorization, device_keys, seal
from reelm.notices.quiet import Quiet, next_loud, young_nights
from reelm.notices.repository_push import PushReader, PushWriter
from reelm.notices.schemas_push import DeviceKeys, PushRecord, SettingsRecord, SubscriptionRecord

PUSH = "notices.push"
PURPOSE = "push_deliver"
TTL_SECONDS = 24 * 3600
LEASE = dt.timedelta(seconds=30)
CALL_SECONDS = 20.0
AT_ONCE = 4
# Shorter than a ticket lives.
LONGEST_TURN = dt.timedelta(minutes=2)
LATE = dt.timedelta(minutes=2)
KEPT = dt.timedelta(days=1)
FIRST_SECONDS, LONGEST_WAIT = 5, dt.timedelta(hours=1)
# How often in a row a service may say no before its device is taken off.
MOST_FAILURES = 5
_NO_MORE = {404, 410}
Handler = Callable[[bytes, int], Awaitable[None]]
_log = structlog.get_logger("reelm.worker")


class PushJob(Job, frozen=True):
    """Tell a person's devices what waits for them."""

    person_id: UUID


class _Hand(msgspec.Struct, frozen=True):
    """What the worker has while it acts for a person."""

    person_id: UUID
    ticket: str
    data_key: bytes
    chosen: SettingsRecord
    young: bool
    devices: dict[UUID, SubscriptionRecord]

    def quiet_for(self, device: SubscriptionRecord) -> list[Quiet]:
        """Return all that holds for a device: what was chosen, and of somebody young the nights in any case."""
        chosen = self.chosen
        windows = (
            young_nights({device.time_zone, chosen.time_zone} - {"UTC"} or {"UTC"}) if self.young else []
        )
        if chosen.quiet_from is not None and chosen.quiet_to is not None:
            windows.append(Quiet(chosen.quiet_from, chosen.quiet_to, chosen.time_zone))
        return windows


class PushTasks:
    """What the worker does about devices."""

    def __init__(
        self,
        database: Database,
        keys: KeysClient,
        border: BorderClient,
        accounts: AccountsService,
        key: ec.EllipticCurvePrivateKey,
        sender: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._keys = keys
        self._border = border
        self._accounts = accounts
        self._key = key
        self._sender = sender
        self._clock = clock
        self._digests = Digests(database, keys, clock, ids)
        self.handlers: dict[str, tuple[Handler, int]] = {PUSH: (self._push, AT_ONCE)}

    def schedules(self) -> list[tuple[float, Callable[[], Awaitable[object]]]]:
        """Return what is to be done from time to time: every how many seconds, and what."""
        return [(60, self.find_late), (60, self._digests.tell_due), (3600, self.forget)]

    async def find_late(self) -> int:
        """Add a job for whom something waits that should have gone: a restored database has no queue."""
        async with self._database.transaction() as uow:
            people = await PushReader(uow).list_due_people(self._clock.now() - LATE)
            for person_id in people:
                await enqueue(uow, PUSH, PushJob(person_id), once_key=f"push late {person_id}")
        return len(people)

    async def forget(self) -> None:
        """Forget what could not be told within a day."""
        async with self._database.transaction() as uow:
            await PushWriter(uow).forget(self._clock.now() - KEPT)

    # --- one person ---------------------------------------------------------------------------------------

    async def _push(self, payload: bytes, tries: int) -> None:
        person_id = msgspec.json.decode(payload, type=PushJob).person_id
        try:
            due = await self.tell(person_id)
        except OverloadedError as error:
            raise RunAgainError(_wait(tries), error.code) from error
        if due is None:
            return
        # One job for each moment at which something is due, however much waits for it: a night may bring a lot.
        wait = max((due - self._clock.now()).total_seconds(), 1.0)
        async with self._database.transaction() as uow:
            key = f"push {person_id} {due:%Y%m%d%H%M%S}"
            await enqueue(uow, PUSH, PushJob(person_id), delay_seconds=wait, once_key=key)

    async def tell(self, person_id: UUID) -> dt.datetime | None:
        """Send all that is due to somebody's devices; return when the rest is, if there is any."""
        hand = await self._hand(person_id)
        if hand is None:
            return None
        until = self._clock.now() + LONGEST_TURN
        while (now := self._clock.now()) < until:
            async with self._database.transaction(hand.ticket) as uow:
                push = await PushWriter(uow).take_due(person_id, now, now + LEASE)
            if push is None:
                break
            await self._tell_one(hand, push)
        async with self._database.transaction(hand.ticket) as uow:
            return await PushReader(uow).next_due(person_id)

    async def _hand(self, person_id: UUID) -> _Hand | None:
        """Return what is needed to act for a person; None when their keys are gone."""
        try:
            job = await self._keys.schedule_ticket(PURPOSE, person_id)
            opened = await self._keys.job_keys(job, PURPOSE)
        except TicketRefusedError:
            return None
        if opened.data_key is None:
            return None
        async with self._database.transaction(opened.ticket) as uow:
            reader = PushReader(uow)
            chosen = await reader.find_settings(person_id) or UNTOLD
            young = await reader.is_young()
            devices = {each.id: each for each in await reader.list_devices(person_id)}
        return _Hand(person_id, opened.ticket, opened.data_key, chosen, young, devices)

    async def _tell_one(self, hand: _Hand, push: PushRecord) -> None:
        row = hand.devices.get(push.subscription_id)
        if row is None:
            return
        now = self._clock.now()
        loud = next_loud(now, hand.quiet_for(row))
        if loud > now:
            await self._put_off(hand, push, loud, push.tries)
            return
        told = await self._content(hand, push)
        device = _opened(hand, row)
        if told is None or device is None:
            await self._told(hand, push)
            return
        try:
            said = await self._deliver(device, told, push)
        except BorderForbiddenError as error:
            # Not a matter of time: it isn't listed any more, or lies where nothing is sent.
            _log.warning("push.forbidden", reason=error.reason)
            await self._failed(hand, push, row)
        except (OverloadedError, TimeoutError):
            await self._put_off(hand, push, now + _wait(push.tries), push.tries + 1)
        else:
            await self._answered(hand, push, row, said)

    async def _deliver(self, device: Device, told: Told, push: PushRecord) -> Said:
        now = self._clock.now()
        async with asyncio.timeout(CALL_SECONDS):
            return await self._border.deliver(
                device.endpoint,
                "push",
                seal(told, device),
                authorization=authorization(self._key, device.endpoint, self._sender, now),
                topic=push.topic.hex,
                ttl_seconds=TTL_SECONDS,
            )

    async def _answered(self, hand: _Hand, push: PushRecord, row: SubscriptionRecord, said: Said) -> None:
        if 200 <= said.status < 300:
            async with self._database.transaction(hand.ticket) as uow:
                writer = PushWriter(uow)
                await writer.told(push)
                if row.failures:
                    await writer.note_failures(hand.person_id, row.id, 0)
        elif said.status in _NO_MORE:
            async with self._database.transaction(hand.ticket) as uow:
                await PushWriter(uow).remove_device(hand.person_id, row.id)
        elif said.status in {408, 429} or said.status >= 500:
            now = self._clock.now()
            due = max(now + _wait(push.tries), _asked_to_wait(said.headers, now))
            await self._put_off(hand, push, due, push.tries + 1)
        else:
            _log.warning("push.refused", status=said.status)
            await self._failed(hand, push, row)

    async def _failed(self, hand: _Hand, push: PushRecord, row: SubscriptionRecord) -> None:
        """This one comes to nothing; a device that never takes anything is taken off."""
        async with self._database.transaction(hand.ticket) as uow:
            writer = PushWriter(uow)
            if row.failures + 1 >= MOST_FAILURES:
                await writer.remove_device(hand.person_id, row.id)
                return
            await writer.note_failures(hand.person_id, row.id, row.failures + 1)
            await writer.told(push)

    async def _told(self, hand: _Hand, push: PushRecord) -> None:
        async with self._database.transaction(hand.ticket) as uow:
            await PushWriter(uow).told(push)

    async def _put_off(self, hand: _Hand, push: PushRecord, due: dt.datetime, tries: int) -> None:
        """Try again later; what is a day old is told no more."""
        if due - push.made_at > KEPT:
            await self._told(hand, push)
            return
        async with self._database.transaction(hand.ticket) as uow:
            await PushWriter(uow).put_off(push, due, tries)

    # --- what is told -------------------------------------------------------------------------------------

    async def _content(self, hand: _Hand, push: PushRecord) -> Told | None:
        """Return what the device is told; None when it was read meanwhile, taken back, or is not wanted any more."""
        sort = SORT_OF.get(push.kind, "other")
        if hand.chosen.kinds.get(sort, DEFAULTS[sort]) != "push":
            return None
        counts: dict[str, int] = {}
        name = handle = ""
        async with self._database.transaction(hand.ticket) as uow:
            if push.notice_id is not None:
                unread = await PushReader(uow).list_unread(hand.person_id, [push.notice_id])
                if push.notice_id not in unread:
                    return None
                counts = unread[push.notice_id] or {}
            elif not await PushReader(uow).has_news_of(UUID(push.about)):
                return None
            if hand.chosen.show_names and push.actor_id is not None:
                card = (await self._accounts.cards(uow, [push.actor_id])).get(push.actor_id)
                if card is not None:
                    name, handle = card.display_name, card.handle
        return Told(1, push.kind, push.about, push.number, name, handle, counts)


def _opened(hand: _Hand, row: SubscriptionRecord) -> Device | None:
    """Open where a device is told; None for what was put there by other means than ours."""
    try:
        endpoint = open_field(hand.data_key, TABLE, "endpoint_sealed", hand.person_id, row.endpoint_sealed)
        keys = msgspec.json.decode(
            open_field(hand.data_key, TABLE, "keys_sealed", hand.person_id, row.keys_sealed), type=DeviceKeys
        )
        return Device(endpoint, *device_keys(keys.p256dh, keys.auth))
    except (SealBrokenError, msgspec.MsgspecError, ValueError):
        _log.warning("push.device_does_not_open")
        return None


def _wait(tries: int) -> dt.timedelta:
    return min(LONGEST_WAIT, dt.timedelta(seconds=FIRST_SECONDS * (1 << min(tries, 12))))


def _asked_to_wait(headers: Mapping[str, str], now: dt.datetime) -> dt.datetime:
    """Return when a service wants to be asked again; a day at most."""
    asked = headers.get("retry-after", "")
    try:
        when = now + dt.timedelta(seconds=int(asked)) if asked.isdigit() else parsedate_to_datetime(asked)
    except ValueError:
        return now
    return min(when, now + KEPT)
