"""HTTP of the messages room: conversations and their logs."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.params import Parameter

from reelm.accounts.service import Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT, Page
from reelm.messages.errors import (
    EpochPassedError,
    NotAcceptedError,
    NotAdminError,
    NotPossibleError,
    PairExistsError,
    TooManyPeopleError,
    TooManyRequestsADayError,
    UnknownDeviceError,
)
from reelm.messages.routes_devices import HANDLERS
from reelm.messages.schemas import (
    CommitNew,
    CommitOut,
    Conversation,
    ConversationNew,
    EntriesOut,
    GroupInfo,
    MessageNew,
    MessageOut,
    MuteIn,
    ReadIn,
    Welcome,
)
from reelm.messages.service import MessagesService

BEGINNINGS = Limit(burst=30, seconds_each=20)
COMMITS = Limit(burst=120, seconds_each=2)
SENDS = Limit(burst=120, seconds_each=0.5)
SIGNS = Limit(burst=120, seconds_each=1)
PageLimit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]
EntryLimit = Annotated[int, Parameter(ge=1, le=200)]
Seq = Annotated[int, Parameter(ge=0, le=2**53)]
BEGINS = (
    *SIGNED_IN,
    NotPossibleError,
    PairExistsError,
    TooManyPeopleError,
    TooManyRequestsADayError,
    UnknownDeviceError,
)


@get("/conversations", responses=problems(*SIGNED_IN), tags=["messages"])
async def list_conversations(
    visitor: Visitor,
    uow: UnitOfWork,
    messages: MessagesService,
    kind: Literal["all", "requests"] = "all",
    limit: PageLimit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Page[Conversation]:
    """List the visitor's conversations, the one last written in first; what strangers ask stands apart."""
    state = "requested" if kind == "requests" else "member"
    return await messages.list_conversations(uow, visitor, state, limit, cursor)


@post("/conversations", responses=problems(*BEGINS), tags=["messages"])
async def begin_conversation(
    data: ConversationNew, visitor: Visitor, uow: UnitOfWork, messages: MessagesService, limiter: RateLimiter
) -> Response[Conversation]:
    """Begin a conversation. The same id again is answered with 200."""
    limiter.spend("conversation", str(visitor.person_id), BEGINNINGS)
    conversation, new = await messages.begin(uow, visitor, data)
    return Response(conversation, status_code=201 if new else 200)


@get("/conversations/{conversation_id:uuid}", responses=problems(*ITEM), tags=["messages"])
async def get_conversation(
    conversation_id: UUID, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> Conversation:
    """Return a conversation that the visitor is in, or was asked into."""
    return await messages.get(uow, visitor, conversation_id)


@delete("/conversations/{conversation_id:uuid}", responses=problems(*ITEM), tags=["messages"])
async def leave_conversation(
    conversation_id: UUID, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> None:
    """Leave a conversation, or turn a request down."""
    await messages.leave(uow, conversation_id)


@post(
    "/conversations/{conversation_id:uuid}/accept",
    status_code=200,
    responses=problems(*ITEM),
    tags=["messages"],
)
async def accept_conversation(
    conversation_id: UUID, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> Conversation:
    """Accept a request; again is fine."""
    return await messages.accept(uow, visitor, conversation_id)


@put(
    "/conversations/{conversation_id:uuid}/mute",
    status_code=204,
    responses=problems(*ITEM),
    tags=["messages"],
)
async def mute_conversation(
    conversation_id: UUID, data: MuteIn, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> None:
    """Keep a conversation silent until a time, or no longer."""
    await messages.mute(uow, visitor, conversation_id, data.until)


@put(
    "/conversations/{conversation_id:uuid}/read",
    status_code=204,
    responses=problems(*ITEM),
    tags=["messages"],
)
async def mark_read(
    conversation_id: UUID, data: ReadIn, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> None:
    """Note how far the visitor has read; it never goes back."""
    await messages.mark_read(uow, conversation_id, data.seq)


@post(
    "/conversations/{conversation_id:uuid}/typing",
    status_code=204,
    responses=problems(*ITEM),
    tags=["messages"],
)
async def tell_typing(
    conversation_id: UUID, visitor: Visitor, uow: UnitOfWork, messages: MessagesService, limiter: RateLimiter
) -> None:
    """Tell the others that the visitor is typing, if both sides show it."""
    limiter.spend("typing", str(visitor.person_id), SIGNS)
    await messages.tell_typing(uow, conversation_id)


@get("/conversations/{conversation_id:uuid}/group-info", responses=problems(*ITEM), tags=["messages"])
async def get_group_info(
    conversation_id: UUID, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> GroupInfo:
    """Return what another device of a member joins with from outside."""
    return await messages.group_info(uow, visitor, conversation_id)


@get("/conversations/{conversation_id:uuid}/welcome", responses=problems(*ITEM), tags=["messages"])
async def get_welcome(
    conversation_id: UUID, device_id: UUID, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> Welcome:
    """Return what lets one of the visitor's devices in; it stays until the device says that it has it."""
    return await messages.welcome(uow, conversation_id, device_id)


@delete(
    "/conversations/{conversation_id:uuid}/welcome",
    responses=problems(*ITEM),
    tags=["messages"],
)
async def drop_welcome(
    conversation_id: UUID, device_id: UUID, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> None:
    """Say that a device has what lets it in; again is fine."""
    await messages.drop_welcome(uow, conversation_id, device_id)


@post(
    "/conversations/{conversation_id:uuid}/commits",
    responses=problems(*BEGINS, NotFoundError, EpochPassedError, NotAcceptedError, NotAdminError),
    tags=["messages"],
)
async def commit_conversation(
    conversation_id: UUID,
    data: CommitNew,
    visitor: Visitor,
    uow: UnitOfWork,
    messages: MessagesService,
    limiter: RateLimiter,
) -> CommitOut:
    """Change who is in a conversation. Of two at once one wins; the other fetches what is new, and tries again."""
    limiter.spend("commit", str(visitor.person_id), COMMITS)
    return await messages.change(uow, visitor, conversation_id, data)


@get("/conversations/{conversation_id:uuid}/messages", responses=problems(*ITEM), tags=["messages"])
async def list_messages(
    conversation_id: UUID,
    visitor: Visitor,
    uow: UnitOfWork,
    messages: MessagesService,
    after: Seq = 0,
    limit: EntryLimit = 200,
) -> EntriesOut:
    """Return what comes after `after`, in order; what is older than 30 days is gone."""
    return await messages.entries(uow, visitor, conversation_id, after, limit)


@post(
    "/conversations/{conversation_id:uuid}/messages",
    responses=problems(*ITEM, EpochPassedError, NotAcceptedError, NotPossibleError, UnknownDeviceError),
    tags=["messages"],
)
async def send_message(
    conversation_id: UUID,
    data: MessageNew,
    visitor: Visitor,
    uow: UnitOfWork,
    messages: MessagesService,
    limiter: RateLimiter,
) -> MessageOut:
    """Send what was sealed in the present epoch. The same id from the same device again makes nothing twice."""
    limiter.spend("message", str(visitor.person_id), SENDS)
    return await messages.send(uow, visitor, conversation_id, data)


@delete(
    "/conversations/{conversation_id:uuid}/messages/{seq:int}", responses=problems(*ITEM), tags=["messages"]
)
async def unsend_message(
    conversation_id: UUID, seq: Seq, visitor: Visitor, uow: UnitOfWork, messages: MessagesService
) -> None:
    """Empty a message of one's own; that something was there stays."""
    await messages.unsend(uow, conversation_id, seq)


router = Router(
    "/api/v1",
    route_handlers=[
        *HANDLERS,
        list_conversations,
        begin_conversation,
        get_conversation,
        leave_conversation,
        accept_conversation,
        mute_conversation,
        mark_read,
        tell_typing,
        get_group_info,
        get_welcome,
        drop_welcome,
        commit_conversation,
        list_messages,
        send_message,
        unsend_message,
    ],
)
