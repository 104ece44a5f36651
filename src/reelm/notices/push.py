"""Decisions about devices that are told, and about what is told when."""

import asyncio
import contextlib
import hashlib
import ipaddress
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from reelm.accounts.service import Visitor
from reelm.border.service import is_listed
from reelm.custody.service import KeysClient, open_field, seal_field
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError, OverloadedError
from reelm.kit.ids import Ids
from reelm.kit.listen import Listener
from reelm.notices.errors import PushServiceUnknownError, TooManyDevicesError
from reelm.notices.kinds import DEFAULTS, NEVER_OFF, Choice
from reelm.notices.push_key import read_public
from reelm.notices.push_sealing import device_keys
from reelm.notices.quiet import DIGEST_AT, minute_of, next_time, shown_minute, zone
from reelm.notices.repository_push import PushReader, PushWriter
from reelm.notices.schemas_push import (
    DEVICES,
    NewNoticeSettings,
    NewSubscription,
    NoticeSettings,
    PushDevice,
    PushDevices,
    PushKey,
    QuietHours,
    SettingsRecord,
    SubscriptionRecord,
)
from reelm.settings import Settings

TABLE = "push_subscriptions"
_MARK_DIGITS = 16


class PushService:
    """The visitor's devices, and their choices."""

    def __init__(self, settings: Settings, keys: KeysClient, clock: Clock, ids: Ids) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._ids = ids

    def key(self) -> PushKey:
        """Return what a browser needs to subscribe."""
        return PushKey(read_public(self._settings), list(self._settings.border.delivery))

    # --- devices ----------------------------------------------------------------------------------------

    async def put_device(self, uow: UnitOfWork, visitor: Visitor, asked: NewSubscription) -> PushDevice:
        """Add the visitor's device, or renew it. Raises `PushServiceUnknownError`, `TooManyDevicesError`."""
        self._check_endpoint(asked.endpoint)
        try:
            device_keys(asked.sealing_keys.p256dh, asked.sealing_keys.auth)
        except ValueError as error:
            raise InvalidRequestError(fields={"sealing_keys": "not_a_key"}) from error
        _check_zone(asked.time_zone)
        writer = PushWriter(uow)
        index = hashlib.sha256(asked.endpoint.encode()).digest()
        known = await writer.list_devices(visitor.person_id)
        if len(known) >= DEVICES and index not in {each.endpoint_index for each in known}:
            raise TooManyDevicesError
        data_key = await self._keys.person_key(visitor.token)

        def sealed(column: str, value: str) -> bytes:
            return seal_field(data_key, TABLE, column, visitor.person_id, value)

        await writer.take_over(index)
        await writer.put_device(
            visitor.person_id,
            self._ids.new(),
            visitor.session_id,
            sealed("endpoint_sealed", asked.endpoint),
            index,
            sealed("keys_sealed", msgspec.json.encode(asked.sealing_keys).decode()),
            sealed("label_sealed", asked.label.strip()),
            asked.time_zone,
            self._clock.now(),
        )
        devices = await writer.list_devices(visitor.person_id)
        return _shown(
            next(each for each in devices if each.endpoint_index == index), data_key, visitor.person_id
        )

    def _check_endpoint(self, endpoint: str) -> None:
        """It is at a service that the operator listed, and encrypted; in clear only in a network of one's own."""
        try:
            parts = urlsplit(endpoint)
            host, _ = parts.hostname or "", parts.port
        except ValueError as error:
            raise PushServiceUnknownError from error
        if not endpoint.isascii() or parts.username is not None or not endpoint.isprintable():
            raise PushServiceUnknownError
        if not is_listed(host, self._settings.border.delivery):
            raise PushServiceUnknownError
        if parts.scheme != "https" and not (parts.scheme == "http" and self._is_own(host)):
            raise PushServiceUnknownError

    def _is_own(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in ipaddress.ip_network(each) for each in self._settings.border.allow)

    async def list_devices(self, uow: UnitOfWork, visitor: Visitor) -> PushDevices:
        devices = await PushReader(uow).list_devices(visitor.person_id)
        if not devices:
            return PushDevices([])
        data_key = await self._keys.person_key(visitor.token)
        return PushDevices([_shown(each, data_key, visitor.person_id) for each in devices])

    async def remove_device(self, uow: UnitOfWork, visitor: Visitor, device_id: UUID) -> None:
        """Raises NotFoundError."""
        if not await PushWriter(uow).remove_device(visitor.person_id, device_id):
            raise NotFoundError

    # --- choices ----------------------------------------------------------------------------------------

    async def choices(self, uow: UnitOfWork, visitor: Visitor) -> NoticeSettings:
        """Return what the visitor chose, and what holds where they chose nothing."""
        reader = PushReader(uow)
        row = await reader.find_settings(visitor.person_id) or UNTOLD
        return _choices(row, nights_quiet=await reader.is_young())

    async def choose(self, uow: UnitOfWork, visitor: Visitor, asked: NewNoticeSettings) -> NoticeSettings:
        """Keep what the visitor chose."""
        kinds = _checked(asked.kinds)
        _check_zone(asked.quiet.time_zone)
        begins, ends = asked.quiet.begins, asked.quiet.ends
        if (begins is None) != (ends is None) or (begins is not None and begins == ends):
            raise InvalidRequestError(fields={"quiet": "from_and_to"})
        now = self._clock.now()
        row = SettingsRecord(
            kinds,
            minute_of(begins) if begins else None,
            minute_of(ends) if ends else None,
            asked.quiet.time_zone,
            asked.digest,
            asked.show_names,
        )
        due = next_time(now, DIGEST_AT, row.time_zone) if row.digest == "daily" else None
        writer = PushWriter(uow)
        await writer.put_settings(visitor.person_id, row, due)
        return _choices(row, nights_quiet=await writer.is_young())


UNTOLD = SettingsRecord({}, None, None, "UTC", "off", show_names=False)


def end_with_sessions(listener: Listener, database: Database) -> None:
    """Take a device off when its session ends: whoever lost a telephone signs it out, and it is told no more."""
    under_way: set[asyncio.Task[None]] = set()

    async def end(session_id: UUID) -> None:
        # A hint may be lost; the device itself takes itself off when somebody signs out on it.
        with contextlib.suppress(OverloadedError):
            async with database.transaction() as uow:
                await PushWriter(uow).end_sessions([session_id])

    def heard(payload: str) -> None:
        task = asyncio.create_task(end(UUID(payload)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    listener.on("session_revoked", heard)


def _choices(row: SettingsRecord, *, nights_quiet: bool) -> NoticeSettings:
    begins, ends = row.quiet_from, row.quiet_to
    return NoticeSettings(
        {**DEFAULTS, **row.kinds},
        QuietHours(
            begins=None if begins is None else shown_minute(begins),
            ends=None if ends is None else shown_minute(ends),
            time_zone=row.time_zone,
        ),
        row.digest,
        row.show_names,
        nights_quiet,
    )


def _checked(kinds: dict[str, Choice]) -> dict[str, Choice]:
    for sort, choice in kinds.items():
        if sort not in DEFAULTS:
            raise InvalidRequestError(fields={"kinds": "unknown"})
        if choice == "off" and sort in NEVER_OFF:
            raise InvalidRequestError(fields={f"kinds.{sort}": "always_told"})
    return kinds


def _check_zone(name: str) -> None:
    try:
        zone(name)
    except ValueError as error:
        raise InvalidRequestError(fields={"time_zone": "unknown"}) from error


def _shown(device: SubscriptionRecord, data_key: bytes, person_id: UUID) -> PushDevice:
    endpoint = open_field(data_key, TABLE, "endpoint_sealed", person_id, device.endpoint_sealed)
    return PushDevice(
        device.id,
        open_field(data_key, TABLE, "label_sealed", person_id, device.label_sealed),
        urlsplit(endpoint).hostname or "",
        device.endpoint_index.hex()[:_MARK_DIGITS],
        device.made_at,
        device.seen_at,
    )
