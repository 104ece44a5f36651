"""Decisions about devices: whose they are, what others learn of them, and what they keep here for each other."""

import hashlib
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reelm.accounts.service import AccountsService, Visitor
from reelm.kit.clock import Clock
from reelm.kit.database import Record, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.messages.errors import IdentityExistsError, TooManyDevicesError, UnknownDeviceError
from reelm.messages.repository_devices import DevicesReader, DevicesWriter
from reelm.messages.schemas import (
    Claimed,
    ClaimOut,
    Device,
    DeviceNew,
    HistoriesOut,
    HistoryCount,
    HistoryItem,
    HistoryNew,
    HistoryOut,
    Identity,
    IdentityNew,
    KeyPackages,
    MessageSettings,
    PackagesLeft,
    PersonDevices,
    PublicDevice,
)
from reelm.messages.wire import read, write

MOST_DEVICES = 8
MOST_PACKAGES = 100
_CERTIFIED = b"reelm-device-v1\x00"
# The encodings of the points of edwards25519 whose order divides eight, without their sign.
_SMALL_ORDER = {
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
}


class DevicesService:
    """A person's devices, their history and settings; and the devices of people one may write to."""

    def __init__(self, accounts: AccountsService, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    # --- identity and devices ---------------------------------------------------------------------------

    async def identity(self, uow: UnitOfWork, visitor: Visitor) -> Identity:
        found = await DevicesReader(uow).find_identity(visitor.person_id)
        devices = await self.list_own(uow, visitor)
        if found is None:
            return Identity(None, None, devices)
        return Identity(write(found["identity_key"]), found["made_at"], devices)

    async def set_identity(self, uow: UnitOfWork, visitor: Visitor, data: IdentityNew) -> Identity:
        """Keep the visitor's identity key; another one ends all devices. Raises `IdentityExistsError`."""
        key = read(data.identity_key, "identity_key")
        check_key(key)
        now = self._clock.now()
        writer = DevicesWriter(uow)
        if not await writer.add_identity(visitor.person_id, key, now):
            known = await writer.find_identity(visitor.person_id, lock=True)
            if known is None:
                raise NotFoundError
            if known["identity_key"] != key:
                if data.replaces is None or read(data.replaces, "replaces") != known["identity_key"]:
                    raise IdentityExistsError(fields={"identity_key": "another"})
                await writer.end_devices(visitor.person_id)
                await writer.change_identity(visitor.person_id, key, now)
        return await self.identity(uow, visitor)

    async def list_own(self, uow: UnitOfWork, visitor: Visitor) -> list[Device]:
        return [_device(row) for row in await DevicesReader(uow).list_devices(visitor.person_id)]

    async def add(self, uow: UnitOfWork, visitor: Visitor, data: DeviceNew) -> Device:
        """Add a device that the visitor's identity key vouches for. The same again is answered as it was.

        Raises `InvalidRequestError` without such a certificate, `TooManyDevicesError`, and `UnknownDeviceError` for
        an id that is taken.
        """
        writer = DevicesWriter(uow)
        identity = await writer.find_identity(visitor.person_id, lock=True)
        if identity is None:
            raise InvalidRequestError(fields={"certificate": "no_identity"})
        key, certificate = read(data.signature_key, "signature_key"), read(data.certificate, "certificate")
        check_certificate(identity["identity_key"], visitor.person_id, data.id, key, certificate)
        known = await writer.find_device(visitor.person_id, data.id)
        if known is None:
            if len(await writer.list_devices(visitor.person_id)) >= MOST_DEVICES:
                raise TooManyDevicesError
            label = read(data.label, "label", empty=True)
            if not await writer.add_device(
                visitor.person_id, data.id, key, certificate, label, self._clock.now()
            ):
                raise UnknownDeviceError(fields={"id": "taken"})
            known = await writer.find_device(visitor.person_id, data.id)
        if known is None or known["signature_key"] != key:
            raise UnknownDeviceError(fields={"id": "taken"})
        return _device(known)

    async def end(self, uow: UnitOfWork, visitor: Visitor, device_id: UUID) -> None:
        """End a device; its key packages and welcomes go, and conversations hear of it. Raises `NotFoundError`."""
        if not await DevicesWriter(uow).end_device(visitor.person_id, device_id):
            raise NotFoundError

    # --- key packages -----------------------------------------------------------------------------------

    async def packages_left(self, uow: UnitOfWork, visitor: Visitor, device_id: UUID) -> PackagesLeft:
        """Say how many one-time packages a device has. Raises `NotFoundError`."""
        await self._require(uow, visitor, device_id)
        await DevicesWriter(uow).note_seen(visitor.person_id, device_id, self._clock.now().date())
        return PackagesLeft(await DevicesReader(uow).count_packages(device_id))

    async def put_packages(
        self, uow: UnitOfWork, visitor: Visitor, device_id: UUID, data: KeyPackages
    ) -> PackagesLeft:
        """Keep key packages of a device; those that are there already stay once. Raises `NotFoundError`."""
        await self._require(uow, visitor, device_id)
        writer = DevicesWriter(uow)
        if data.packages:
            packages = {hashlib.sha256(raw).digest(): raw for raw in _packages(data.packages)}
            await writer.add_packages(
                visitor.person_id, device_id, list(packages), list(packages.values()), MOST_PACKAGES
            )
        if data.last_resort is not None:
            raw = read(data.last_resort, "last_resort")
            await writer.set_last_resort(visitor.person_id, device_id, hashlib.sha256(raw).digest(), raw)
        return await self.packages_left(uow, visitor, device_id)

    async def _require(self, uow: UnitOfWork, visitor: Visitor, device_id: UUID) -> None:
        if await DevicesReader(uow).find_device(visitor.person_id, device_id) is None:
            raise NotFoundError

    # --- other people's devices -------------------------------------------------------------------------

    async def of_person(self, uow: UnitOfWork, handle: str) -> PersonDevices:
        """Return somebody's devices. Raises `NotFoundError` for whom the visitor can't write to, or has none."""
        person = await self._accounts.get_by_handle(uow, handle)
        rows = await DevicesReader(uow).list_of(person.id)
        if not rows:
            raise NotFoundError
        devices = [
            PublicDevice(row["id"], write(row["signature_key"]), write(row["certificate"]))
            for row in rows
            if row["id"] is not None
        ]
        return PersonDevices(person.id, person.handle, write(rows[0]["identity_key"]), devices)

    async def claim(self, uow: UnitOfWork, handles: list[str]) -> ClaimOut:
        """Claim a key package of every device of these people."""
        people = {
            person.id: person.handle
            for person in await self._accounts.people_by_handles(uow, [h.lstrip("@") for h in handles])
        }
        rows = await DevicesWriter(uow).claim(list(people)) if people else []
        claimed = [
            Claimed(row["person_id"], people[row["person_id"]], row["device_id"], write(row["package"]))
            for row in rows
        ]
        found = {each.handle.casefold() for each in claimed}
        without = [handle for handle in handles if handle.lstrip("@").casefold() not in found]
        return ClaimOut(claimed, without)

    # --- history and settings ---------------------------------------------------------------------------

    async def keep_history(
        self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, data: HistoryNew
    ) -> None:
        await DevicesWriter(uow).add_history(
            visitor.person_id,
            conversation_id,
            [item.seq for item in data.items],
            [read(item.body, "items") for item in data.items],
            self._clock.now(),
        )

    async def history(
        self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID, before: int | None, limit: int
    ) -> HistoryOut:
        rows = await DevicesReader(uow).list_history(visitor.person_id, conversation_id, before, limit + 1)
        items = [HistoryItem(row["seq"], write(row["body_sealed"]), row["at"]) for row in rows[:limit]]
        return HistoryOut(items, last=len(rows) <= limit)

    async def histories(self, uow: UnitOfWork, visitor: Visitor) -> HistoriesOut:
        rows = await DevicesReader(uow).count_histories(visitor.person_id)
        return HistoriesOut(
            [HistoryCount(row["conversation_id"], row["count"], row["last_seq"]) for row in rows]
        )

    async def remove_history(self, uow: UnitOfWork, visitor: Visitor, conversation_id: UUID) -> None:
        await DevicesWriter(uow).remove_history(visitor.person_id, conversation_id)

    async def settings(self, uow: UnitOfWork, visitor: Visitor) -> MessageSettings:
        """Return the visitor's settings, as far as their age lets them apply."""
        reader = DevicesReader(uow)
        row = await reader.find_settings(visitor.person_id)
        found = MessageSettings(**dict(row)) if row else MessageSettings()
        if found.who_may_write in {"everyone", "followed"} and await reader.is_young():
            return MessageSettings(found.read_receipts, found.typing, "friends")
        return found

    async def set_settings(self, uow: UnitOfWork, visitor: Visitor, data: MessageSettings) -> MessageSettings:
        await DevicesWriter(uow).set_settings(
            visitor.person_id, data.read_receipts, data.typing, data.who_may_write
        )
        return await self.settings(uow, visitor)


def check_certificate(
    identity_key: bytes, person_id: UUID, device_id: UUID, signature_key: bytes, certificate: bytes
) -> None:
    """Check that a person's identity key vouches for a device's. Raises `InvalidRequestError`."""
    message = _CERTIFIED + person_id.bytes + device_id.bytes + signature_key
    try:
        Ed25519PublicKey.from_public_bytes(identity_key).verify(certificate, message)
    except (InvalidSignature, ValueError) as error:
        raise InvalidRequestError(fields={"certificate": "unsuitable"}) from error


def check_key(identity_key: bytes) -> None:
    """Refuse points of small order, under which signatures of nobody hold. Raises `InvalidRequestError`."""
    if identity_key[:31] + bytes([identity_key[31] & 0x7F]) in _SMALL_ORDER:
        raise InvalidRequestError(fields={"identity_key": "unsuitable"})


def _packages(texts: list[str]) -> list[bytes]:
    return [read(text, "packages") for text in texts]


def _device(row: Record) -> Device:
    return Device(
        id=row["id"],
        signature_key=write(row["signature_key"]),
        certificate=write(row["certificate"]),
        label=write(row["label_sealed"]),
        made_at=row["made_at"],
        seen_on=row["seen_on"],
    )
