"""HTTP of the messages room: the visitor's devices, history and settings, and other people's devices."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.messages.errors import IdentityExistsError, TooManyDevicesError, UnknownDeviceError
from reelm.messages.schemas import (
    Claim,
    ClaimOut,
    Device,
    DeviceNew,
    DevicesOut,
    HistoriesOut,
    HistoryNew,
    HistoryOut,
    Identity,
    IdentityNew,
    KeyPackages,
    MessageSettings,
    PackagesLeft,
    PersonDevices,
)
from reelm.messages.service import DevicesService

IDENTITIES = Limit(burst=10, seconds_each=60)
DEVICES = Limit(burst=20, seconds_each=60)
PACKAGES = Limit(burst=30, seconds_each=10)
CLAIMS = Limit(burst=60, seconds_each=10)
LOOKS = Limit(burst=200, seconds_each=1)
HISTORIES = Limit(burst=200, seconds_each=0.5)
HistoryLimit = Annotated[int, Parameter(ge=1, le=200)]
Before = Annotated[int | None, Parameter(ge=1, le=2**53)]


@get("/me/messages/identity", responses=problems(*SIGNED_IN), tags=["messages"])
async def get_identity(visitor: Visitor, uow: UnitOfWork, devices: DevicesService) -> Identity:
    """Return the key that vouches for the visitor's devices, and these."""
    return await devices.identity(uow, visitor)


@put("/me/messages/identity", responses=problems(*SIGNED_IN, IdentityExistsError), tags=["messages"])
async def set_identity(
    data: IdentityNew, visitor: Visitor, uow: UnitOfWork, devices: DevicesService, limiter: RateLimiter
) -> Identity:
    """Set the visitor's identity key. Another one in place of the old one ends all devices."""
    limiter.spend("identity", str(visitor.person_id), IDENTITIES)
    return await devices.set_identity(uow, visitor, data)


@get("/me/devices", responses=problems(*SIGNED_IN), tags=["messages"])
async def list_devices(visitor: Visitor, uow: UnitOfWork, devices: DevicesService) -> DevicesOut:
    """List the devices on which the visitor reads messages."""
    return DevicesOut(await devices.list_own(uow, visitor))


@post(
    "/me/devices", responses=problems(*SIGNED_IN, TooManyDevicesError, UnknownDeviceError), tags=["messages"]
)
async def add_device(
    data: DeviceNew, visitor: Visitor, uow: UnitOfWork, devices: DevicesService, limiter: RateLimiter
) -> Device:
    """Add a device that the visitor's identity key vouches for."""
    limiter.spend("device", str(visitor.person_id), DEVICES)
    return await devices.add(uow, visitor, data)


@delete("/me/devices/{device_id:uuid}", responses=problems(*ITEM), tags=["messages"])
async def end_device(device_id: UUID, visitor: Visitor, uow: UnitOfWork, devices: DevicesService) -> None:
    """End a device; the other devices take it out of the conversations."""
    await devices.end(uow, visitor, device_id)


@put("/me/devices/{device_id:uuid}/key-packages", responses=problems(*ITEM), tags=["messages"])
async def put_packages(
    device_id: UUID,
    data: KeyPackages,
    visitor: Visitor,
    uow: UnitOfWork,
    devices: DevicesService,
    limiter: RateLimiter,
) -> PackagesLeft:
    """Keep key packages with which a device can be added while it is away."""
    limiter.spend("packages", str(visitor.person_id), PACKAGES)
    return await devices.put_packages(uow, visitor, device_id, data)


@get("/me/devices/{device_id:uuid}/key-packages", responses=problems(*ITEM), tags=["messages"])
async def count_packages(
    device_id: UUID, visitor: Visitor, uow: UnitOfWork, devices: DevicesService
) -> PackagesLeft:
    """Say how many one-time key packages a device has left."""
    return await devices.packages_left(uow, visitor, device_id)


@get("/people/{handle:str}/devices", responses=problems(*ITEM), tags=["messages"])
async def list_devices_of(
    handle: str, visitor: Visitor, uow: UnitOfWork, devices: DevicesService, limiter: RateLimiter
) -> PersonDevices:
    """List the devices of somebody whom the visitor may write to, or is in a conversation with."""
    limiter.spend("devices", str(visitor.person_id), LOOKS)
    return await devices.of_person(uow, handle)


@post("/key-packages/claims", status_code=200, responses=problems(*SIGNED_IN), tags=["messages"])
async def claim_packages(
    data: Claim, visitor: Visitor, uow: UnitOfWork, devices: DevicesService, limiter: RateLimiter
) -> ClaimOut:
    """Claim a key package of every device of some people, to add them to a conversation."""
    limiter.spend("claim", str(visitor.person_id), CLAIMS)
    return await devices.claim(uow, data.people)


@get("/me/messages/history", responses=problems(*SIGNED_IN), tags=["messages"])
async def list_histories(visitor: Visitor, uow: UnitOfWork, devices: DevicesService) -> HistoriesOut:
    """List of which conversations the visitor's devices kept what they opened."""
    return await devices.histories(uow, visitor)


@put(
    "/me/messages/history/{conversation_id:uuid}",
    status_code=204,
    responses=problems(*ITEM),
    tags=["messages"],
)
async def keep_history(
    conversation_id: UUID,
    data: HistoryNew,
    visitor: Visitor,
    uow: UnitOfWork,
    devices: DevicesService,
    limiter: RateLimiter,
) -> None:
    """Keep what a device opened, sealed for the visitor's next device; what is there already stays."""
    limiter.spend("history", str(visitor.person_id), HISTORIES)
    await devices.keep_history(uow, visitor, conversation_id, data)


@get(
    "/me/messages/history/{conversation_id:uuid}",
    responses=problems(*ITEM),
    tags=["messages"],
)
async def get_history(
    conversation_id: UUID,
    visitor: Visitor,
    uow: UnitOfWork,
    devices: DevicesService,
    before: Before = None,
    limit: HistoryLimit = 50,
) -> HistoryOut:
    """Return what the visitor's devices opened of a conversation, newest first."""
    return await devices.history(uow, visitor, conversation_id, before, limit)


@delete(
    "/me/messages/history/{conversation_id:uuid}",
    responses=problems(*ITEM),
    tags=["messages"],
)
async def remove_history(
    conversation_id: UUID, visitor: Visitor, uow: UnitOfWork, devices: DevicesService
) -> None:
    """Delete what the visitor's devices kept of a conversation."""
    await devices.remove_history(uow, visitor, conversation_id)


@get("/me/messages/settings", responses=problems(*SIGNED_IN), tags=["messages"])
async def get_settings(visitor: Visitor, uow: UnitOfWork, devices: DevicesService) -> MessageSettings:
    """Return who may write to the visitor, and what they show of reading and typing."""
    return await devices.settings(uow, visitor)


@put("/me/messages/settings", responses=problems(*SIGNED_IN), tags=["messages"])
async def put_settings(
    data: MessageSettings, visitor: Visitor, uow: UnitOfWork, devices: DevicesService
) -> MessageSettings:
    """Change them. Under sixteen, only friends write to one, whatever is asked for."""
    return await devices.set_settings(uow, visitor, data)


HANDLERS = [
    get_identity,
    set_identity,
    list_devices,
    add_device,
    end_device,
    put_packages,
    count_packages,
    list_devices_of,
    claim_packages,
    list_histories,
    keep_history,
    get_history,
    remove_history,
    get_settings,
    put_settings,
]
