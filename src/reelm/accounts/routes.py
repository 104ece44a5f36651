"""HTTP of accounts: joining, signing in and out, oneself, passkeys, blocks."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.datastructures import Cookie
from litestar.params import Parameter

from reelm.accounts.errors import (
    BirthDateUnsuitableError,
    ContactTakenError,
    HandleTakenError,
    HandleUnsuitableError,
    InvitationRefusedError,
    TooYoungError,
)
from reelm.accounts.schemas import (
    ChallengeOut,
    Me,
    MeChange,
    PasskeyNew,
    PasskeyOptionsIn,
    PasskeyOut,
    PasskeysOut,
    PasswordChange,
    PersonCard,
    ProofIn,
    SessionOut,
    SessionsOut,
    SignedInOut,
    SignIn,
    SignUp,
)
from reelm.accounts.service import SESSION_COOKIE, AccountsService, LivesElsewhereError
from reelm.custody.service import (
    KeysClient,
    PasskeyAnswer,
    ProofRequiredError,
    SignInRefusedError,
    Visitor,
)
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.http import SIGNED_IN, address_of, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_LIMIT, Page
from reelm.settings import Settings

DEVICE_COOKIE = "reelm_device"
# Readable by the client, worth nothing to anyone: it spares the signed-out a question that can only be refused.
HINT_COOKIE = "reelm_here"
_SIGN_UPS = Limit(burst=20, seconds_each=30)
_SIGN_INS = Limit(burst=30, seconds_each=2)
_CONTACTS = Limit(burst=10, seconds_each=60)


@post(
    "/accounts",
    responses=problems(
        HandleTakenError,
        LivesElsewhereError,
        HandleUnsuitableError,
        TooYoungError,
        BirthDateUnsuitableError,
        ContactTakenError,
        InvitationRefusedError,
    ),
    tags=["accounts"],
)
async def sign_up(
    request: Request[Any, Any, Any],
    data: SignUp,
    accounts: AccountsService,
    limiter: RateLimiter,
    settings: Settings,
    database: Database,
) -> Me:
    """Make an account. Sign in afterwards with `POST /sessions`."""
    limiter.spend("sign_up", address_of(request, settings), _SIGN_UPS)
    return await accounts.sign_up(data)


@post("/accounts/passkey-options", status_code=200, responses=problems(HandleTakenError), tags=["accounts"])
async def sign_up_options(
    request: Request[Any, Any, Any],
    data: PasskeyOptionsIn,
    accounts: AccountsService,
    limiter: RateLimiter,
    settings: Settings,
) -> ChallengeOut:
    """Begin a sign-up with a passkey."""
    limiter.spend("sign_up", address_of(request, settings), _SIGN_UPS)
    return await accounts.passkey_sign_up_options(data.handle)


@post("/sessions", responses=problems(SignInRefusedError), tags=["sessions"])
async def sign_in(
    request: Request[Any, Any, Any],
    data: SignIn,
    accounts: AccountsService,
    database: Database,
    keys: KeysClient,
    limiter: RateLimiter,
    settings: Settings,
) -> Response[SignedInOut]:
    """Sign in. Answers with a bearer token, and sets the same as a cookie for browsers."""
    address = address_of(request, settings)
    limiter.spend("sign_in", address, _SIGN_INS)
    client = (request.headers.get("user-agent") or "unknown")[:200]
    device = request.cookies.get(DEVICE_COOKIE, "")[:200]
    signed_in, visitor = await accounts.sign_in(data, client, address, device)
    async with database.transaction(visitor.ticket) as uow:
        me = await accounts.me(uow, visitor)
    lasts = signed_in.session.expires_at
    return Response(
        SignedInOut(signed_in.token, lasts, me),
        status_code=201,
        headers={"cache-control": "no-store"},
        cookies=[
            _cookie(SESSION_COOKIE, signed_in.token, settings),
            _cookie(DEVICE_COOKIE, signed_in.device, settings, path="/api/v1/sessions"),
            _cookie(HINT_COOKIE, "1", settings, readable=True),
        ],
    )


def _cookie(name: str, value: str, settings: Settings, path: str = "/", *, readable: bool = False) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path=path,
        httponly=not readable,
        secure=settings.web.secure,
        samesite="lax",
        max_age=int(dt.timedelta(days=30 if value else 0).total_seconds()),
    )


@post("/sessions/passkey-options", status_code=200, responses=problems(), tags=["sessions"])
async def sign_in_options(
    request: Request[Any, Any, Any], keys: KeysClient, limiter: RateLimiter, settings: Settings
) -> ChallengeOut:
    """Begin signing in with a passkey."""
    limiter.spend("sign_in", address_of(request, settings), _SIGN_INS)
    challenge = await keys.passkey_sign_in_options()
    return ChallengeOut(challenge.challenge_id, challenge.options)


@get("/sessions", responses=problems(*SIGNED_IN), tags=["sessions"])
async def list_sessions(visitor: Visitor, keys: KeysClient) -> SessionsOut:
    """List where the visitor is signed in."""
    lines = await keys.list_sessions(visitor.token)
    return SessionsOut(
        [
            SessionOut(line.session_id, line.created_at, line.last_seen_at, line.client, line.current)
            for line in lines
        ]
    )


def _signed_out(settings: Settings) -> Response[None]:
    gone = [_cookie(SESSION_COOKIE, "", settings), _cookie(HINT_COOKIE, "", settings, readable=True)]
    return Response(None, status_code=204, cookies=gone)


@delete("/sessions/current", responses=problems(*SIGNED_IN), status_code=204, tags=["sessions"])
async def sign_out(visitor: Visitor, keys: KeysClient, settings: Settings) -> Response[None]:
    """Sign out here."""
    await keys.revoke(visitor.token)
    return _signed_out(settings)


@delete("/sessions", responses=problems(*SIGNED_IN), status_code=204, tags=["sessions"])
async def sign_out_everywhere(visitor: Visitor, keys: KeysClient, settings: Settings) -> Response[None]:
    """Sign out everywhere, here too."""
    await keys.revoke_all(visitor.token)
    return _signed_out(settings)


@delete("/sessions/{session_id:uuid}", responses=problems(*SIGNED_IN, NotFoundError), tags=["sessions"])
async def end_session(visitor: Visitor, session_id: UUID, keys: KeysClient) -> None:
    """Sign out in one other place."""
    await keys.revoke(visitor.token, session_id)


@get("/me", responses=problems(*SIGNED_IN), tags=["me"])
async def get_me(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    uow: UnitOfWork,
    accounts: AccountsService,
    settings: Settings,
) -> Response[Me]:
    """Return everything about oneself. A browser's cookie is given another thirty days, as the session is."""
    cookies = []
    if request.cookies.get(SESSION_COOKIE) == visitor.token:
        cookies = [
            _cookie(SESSION_COOKIE, visitor.token, settings),
            _cookie(HINT_COOKIE, "1", settings, readable=True),
        ]
    return Response(await accounts.me(uow, visitor), headers={"cache-control": "no-store"}, cookies=cookies)


@patch("/me", responses=problems(*SIGNED_IN, ContactTakenError, LivesElsewhereError), tags=["me"])
async def change_me(
    data: MeChange, visitor: Visitor, uow: UnitOfWork, accounts: AccountsService, limiter: RateLimiter
) -> Me:
    """Change what one says of oneself."""
    limiter.spend("change_me", str(visitor.person_id), _CONTACTS)
    return await accounts.change_me(uow, visitor, data)


@put("/me/password", status_code=204, responses=problems(*SIGNED_IN, SignInRefusedError), tags=["me"])
async def change_password(data: PasswordChange, visitor: Visitor, keys: KeysClient) -> None:
    """Set a new password; every other session ends."""
    answer = PasskeyAnswer(data.passkey.challenge_id, data.passkey.credential) if data.passkey else None
    await keys.change_password(visitor.token, data.current, data.new, passkey=answer)


@get("/me/passkeys", responses=problems(*SIGNED_IN), tags=["me"])
async def list_passkeys(visitor: Visitor, keys: KeysClient) -> PasskeysOut:
    """List the visitor's passkeys."""
    lines = await keys.list_passkeys(visitor.token)
    return PasskeysOut([PasskeyOut(line.passkey_id, line.label, line.created_at) for line in lines])


@post(
    "/me/passkeys/options",
    status_code=200,
    responses=problems(*SIGNED_IN, ProofRequiredError, SignInRefusedError),
    tags=["me"],
)
async def add_passkey_options(
    visitor: Visitor,
    uow: UnitOfWork,
    accounts: AccountsService,
    keys: KeysClient,
    data: ProofIn | None = None,
) -> ChallengeOut:
    """Begin adding a passkey. Later than 15 minutes after signing in, it takes a password or a passkey."""
    person = await accounts.get_by_id(uow, visitor.person_id)
    proof = data or ProofIn()
    answer = PasskeyAnswer(proof.passkey.challenge_id, proof.passkey.credential) if proof.passkey else None
    challenge = await keys.passkey_options(
        visitor.token, person.handle, person.display_name, password=proof.password, passkey=answer
    )
    return ChallengeOut(challenge.challenge_id, challenge.options)


@post("/me/passkeys", responses=problems(*SIGNED_IN), tags=["me"])
async def add_passkey(data: PasskeyNew, visitor: Visitor, keys: KeysClient) -> PasskeyOut:
    """Add a passkey."""
    answer = PasskeyAnswer(data.challenge_id, data.credential)
    line = await keys.add_passkey(visitor.token, answer, data.label)
    return PasskeyOut(line.passkey_id, line.label, line.created_at)


@delete("/me/passkeys/{passkey_id:uuid}", responses=problems(*SIGNED_IN, NotFoundError), tags=["me"])
async def remove_passkey(passkey_id: UUID, visitor: Visitor, keys: KeysClient) -> None:
    """Forget a passkey; never the only way to sign in."""
    await keys.remove_passkey(visitor.token, passkey_id)


@get("/me/blocks", responses=problems(*SIGNED_IN), tags=["me"])
async def list_blocks(
    visitor: Visitor,
    uow: UnitOfWork,
    accounts: AccountsService,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = 20,
    cursor: str | None = None,
) -> Page[PersonCard]:
    """List whom the visitor blocks, newest first."""
    return await accounts.list_blocks(uow, visitor, limit, cursor)


@put(
    "/people/{handle:str}/block",
    status_code=204,
    responses=problems(*SIGNED_IN, NotFoundError),
    tags=["people"],
)
async def block(handle: str, visitor: Visitor, uow: UnitOfWork, accounts: AccountsService) -> None:
    """Block a person: neither meets the other any more, and ties between them end."""
    await accounts.block(uow, visitor, handle)


@delete("/people/{handle:str}/block", responses=problems(*SIGNED_IN, NotFoundError), tags=["people"])
async def unblock(handle: str, visitor: Visitor, uow: UnitOfWork, accounts: AccountsService) -> None:
    """Lift a block."""
    await accounts.unblock(uow, visitor, handle)


router = Router(
    "/api/v1",
    route_handlers=[
        sign_up,
        sign_up_options,
        sign_in,
        sign_in_options,
        list_sessions,
        sign_out,
        sign_out_everywhere,
        end_session,
        get_me,
        change_me,
        change_password,
        list_passkeys,
        add_passkey_options,
        add_passkey,
        remove_passkey,
        list_blocks,
        block,
        unblock,
    ],
)
