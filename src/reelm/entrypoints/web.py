"""The web process: the HTTP application of a realm, served from a forked child of the supervisor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from reelm import __version__
from reelm.accounts.routes import router as accounts_router
from reelm.accounts.service import SESSION_COOKIE, Visitor
from reelm.activity.routes import router as activity_router
from reelm.border.routes import router as border_router
from reelm.border.routes_network import router as network_router
from reelm.clips.routes import router as clips_router
from reelm.collections.routes import router as collections_router
from reelm.comments.routes import router as comments_router
from reelm.contacts.routes import router as contacts_router
from reelm.custody.routes import router as custody_router
from reelm.custody.service import KeysClient
from reelm.entrypoints.client_files import ClientFiles
from reelm.entrypoints.compose import Rooms
from reelm.entrypoints.fast import FastReads
from reelm.entrypoints.gate import Gate
from reelm.entrypoints.health import health, metrics
from reelm.entrypoints.openapi import Description
from reelm.federation.routes import router as federation_router
from reelm.feed.adjustments.routes import router as adjustments_router
from reelm.feed.controls.routes import router as controls_router
from reelm.feed.learning.routes import router as learning_router
from reelm.feed.lists.routes import router as lists_router
from reelm.feed.reach.routes import router as reach_router
from reelm.feed.receipts.routes import router as receipts_router
from reelm.feed.routes import router as feed_router
from reelm.kit import metrics as kit_metrics
from reelm.kit.clock import Clock, SystemClock
from reelm.kit.errors import ReelmError, SignInRequiredError
from reelm.kit.http import on_http_exception, on_reelm_error, on_undecodable, on_unexpected, unit_of_work
from reelm.kit.ids import Ids
from reelm.ledger.routes import files as ledger_files
from reelm.ledger.routes import router as ledger_router
from reelm.media.routes import media_files
from reelm.media.routes import router as media_router
from reelm.messages.routes import router as messages_router
from reelm.messages.routes_reports import router as message_reports_router
from reelm.notices.routes import router as notices_router
from reelm.notices.routes_push import router as push_router
from reelm.realm.routes import router as realm_router
from reelm.realm.routes_charter import router as charter_router
from reelm.rights.routes import router as rights_router
from reelm.search.routes import router as search_router
from reelm.settings import Settings
from reelm.social.routes import router as social_router
from reelm.social.routes_friends import router as friends_router
from reelm.sounds.routes import router as sounds_router

ROUTERS: list[Router] = [
    ledger_router,
    ledger_files,
    realm_router,
    charter_router,
    network_router,
    border_router,
    accounts_router,
    custody_router,
    social_router,
    friends_router,
    media_router,
    sounds_router,
    clips_router,
    comments_router,
    collections_router,
    activity_router,
    contacts_router,
    message_reports_router,
    messages_router,
    notices_router,
    push_router,
    search_router,
    feed_router,
    learning_router,
    lists_router,
    receipts_router,
    adjustments_router,
    reach_router,
    controls_router,
    rights_router,
    federation_router,
]
_ROOM_NAMES = (
    *("grant_counts", "grant_uses", "grants", "lent_clips", "openings", "staff"),
    *(
        "accounts",
        "activity",
        "adjustments",
        "blobs",
        "border_console",
        "charters",
        "clips",
        "clock",
        "collections",
        "comments",
        "contacts",
        "controls",
        "database",
        "federation",
        "feed",
        "friends",
        "lists",
        "ids",
        "keys",
        "ledger",
        "limiter",
    ),
    *(
        "devices",
        "media",
        "message_reports",
        "messages",
        "network",
        "notices",
        "push",
        "reach",
        "realm",
        "receipts",
        "rights",
        "search",
        "settings",
        "social",
        "sounds",
        "streams",
    ),
)


async def provide_guest(request: Request[Any, Any, Any], state: State) -> Visitor | None:
    """Say who asks, or None. A bearer token that is no longer good is refused; such a cookie is ignored."""
    keys: KeysClient = state.rooms.keys
    header = request.headers.get("authorization", "")
    if header:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise SignInRequiredError
        return await _resolve(keys, token.strip())
    token = request.cookies.get(SESSION_COOKIE, "")
    if not token:
        return None
    try:
        return await _resolve(keys, token)
    except SignInRequiredError:
        return None


async def _resolve(keys: KeysClient, token: str) -> Visitor:
    session = await keys.resolve(token)
    return Visitor(session.person_id, session.session_id, session.ticket, token)


async def provide_visitor(guest: Visitor | None) -> Visitor:
    """Return who asks. Raises `SignInRequiredError`."""
    if guest is None:
        raise SignInRequiredError
    return guest


async def provide_uow(state: State, guest: Visitor | None) -> AsyncIterator[Any]:
    """Open the request's transaction with the visitor's ticket."""
    async for uow in unit_of_work(state.rooms, guest.ticket if guest else None):
        yield uow


def _room(name: str) -> Provide:
    def provide(state: State) -> Any:
        return getattr(state.rooms, name)

    return Provide(provide, sync_to_thread=False)


class _Application(Litestar):
    """Litestar without what it adds for libraries that nothing here uses: megabytes in every web process."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None) -> Any:
    """Return the ASGI application; it connects when it starts up, and closes when it shuts down."""
    files = ClientFiles(settings)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.rooms = await Rooms.open(settings, clock, ids)
        try:
            await app.state.rooms.start()
            yield
        finally:
            await app.state.rooms.close()

    app = _Application(
        route_handlers=[*ROUTERS, media_files, health, metrics, *files.handlers()],
        lifespan=[lifespan],
        dependencies={
            "guest": Provide(provide_guest),
            "visitor": Provide(provide_visitor),
            "uow": Provide(provide_uow),
            **{name: _room(name) for name in _ROOM_NAMES},
        },
        exception_handlers={
            ReelmError: on_reelm_error,
            HTTPException: on_http_exception,
            NotFoundException: files.on_missing,
            UnicodeDecodeError: on_undecodable,
            Exception: on_unexpected,
        },
        openapi_config=OpenAPIConfig(
            title="Reelm",
            version=__version__,
            description="The API of a Reelm realm. Failures are problem details (RFC 9457) with a stable `code`.",
            path="/api",
            render_plugins=[Description(path="/openapi.json")],
        ),
        request_max_body_size=None,
        logging_config=None,
    )
    return Gate(FastReads(app), settings, clock or SystemClock())


def run(settings: Settings) -> int:
    """Serve until told to stop; return an exit code."""
    from reelm.entrypoints.serving import serve

    kit_metrics.prepare(settings.data / "run" / "metrics")
    return serve(create_app(settings), settings)
