"""HTTP of devices that are told, and of what is told when."""

from uuid import UUID

from litestar import Router, delete, get, put

from reelm.accounts.service import Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.notices.errors import PushServiceUnknownError, TooManyDevicesError
from reelm.notices.push import PushService
from reelm.notices.schemas_push import (
    NewNoticeSettings,
    NewSubscription,
    NoticeSettings,
    PushDevice,
    PushDevices,
    PushKey,
)

DEVICE_CHANGES = Limit(burst=30, seconds_each=20)


@get("/push/key", responses=problems(*SIGNED_IN), tags=["notices"])
async def push_key(visitor: Visitor, push: PushService) -> PushKey:
    """Tell a browser what it needs to subscribe, and to which push services this realm sends."""
    return push.key()


@get("/me/push", responses=problems(*SIGNED_IN), tags=["notices"])
async def list_push_devices(visitor: Visitor, uow: UnitOfWork, push: PushService) -> PushDevices:
    """List the devices on which the visitor is told."""
    return await push.list_devices(uow, visitor)


@put(
    "/me/push",
    responses=problems(*SIGNED_IN, InvalidRequestError, PushServiceUnknownError, TooManyDevicesError),
    tags=["notices"],
)
async def put_push_device(
    data: NewSubscription, visitor: Visitor, uow: UnitOfWork, push: PushService, limiter: RateLimiter
) -> PushDevice:
    """Be told on this device; the same device again renews it."""
    limiter.spend("push devices", str(visitor.person_id), DEVICE_CHANGES)
    return await push.put_device(uow, visitor, data)


@delete(
    "/me/push/{push_device_id:uuid}",
    status_code=204,
    responses=problems(*SIGNED_IN, NotFoundError),
    tags=["notices"],
)
async def remove_push_device(
    push_device_id: UUID, visitor: Visitor, uow: UnitOfWork, push: PushService
) -> None:
    """Be told no more on a device."""
    await push.remove_device(uow, visitor, push_device_id)


@get("/me/notice-settings", responses=problems(*SIGNED_IN), tags=["notices"])
async def get_notice_settings(visitor: Visitor, uow: UnitOfWork, push: PushService) -> NoticeSettings:
    """What is told where, and when not."""
    return await push.choices(uow, visitor)


@put("/me/notice-settings", responses=problems(*SIGNED_IN, InvalidRequestError), tags=["notices"])
async def put_notice_settings(
    data: NewNoticeSettings, visitor: Visitor, uow: UnitOfWork, push: PushService
) -> NoticeSettings:
    """Choose what is told where, and when not."""
    return await push.choose(uow, visitor, data)


router = Router(
    "/api/v1",
    route_handlers=[
        push_key,
        list_push_devices,
        put_push_device,
        remove_push_device,
        get_notice_settings,
        put_notice_settings,
    ],
)
