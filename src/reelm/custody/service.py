"""The client of `reelm keys`: all that other rooms and processes may ask of custody.

Web and worker hold one `KeysClient` each. Every method raises the typed errors of `custody.errors`;
`KeysUnavailableError` (503 with Retry-After) while the keys process restarts.
"""

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from reelm.custody import schemas
from reelm.custody.backup_calls import BackupCalls
from reelm.custody.backup_keys import BackupOpener, open_stream, seal_stream
from reelm.custody.calls import Body
from reelm.custody.contacts import normal_contact
from reelm.custody.disclosure_calls import DisclosureCalls
from reelm.custody.disclosure_schemas import Disclosed, DisclosedItem
from reelm.custody.epochs import export_epoch, open_snapshot
from reelm.custody.errors import (
    AboutYourselfError,
    ElementUnsuitableError,
    EnoughEvaluatedError,
    EpochGoneError,
    ProofRequiredError,
    SealBrokenError,
    SignInRefusedError,
    StaffUnknownError,
    TicketRefusedError,
)
from reelm.custody.farewell_calls import FarewellCalls
from reelm.custody.fields import open_field, seal_field
from reelm.custody.grants.counts import GrantCounts
from reelm.custody.grants.deciding import GrantsService
from reelm.custody.grants.errors import NotEnrolledError
from reelm.custody.grants.events import DataOpened, EmergencyBegun
from reelm.custody.grants.openings import OpeningsService
from reelm.custody.grants.staff import StaffService
from reelm.custody.grants.upkeep import GrantKeeper
from reelm.custody.grants.uses import GrantUses, OpenedClip
from reelm.custody.ledger_calls import LedgerCalls
from reelm.custody.link import KeysLink
from reelm.custody.matching_calls import MatchingCalls
from reelm.custody.matching_schemas import ELEMENT_BYTES, MOST_ELEMENTS, Evaluated, PublicKey
from reelm.custody.opening_calls import OpeningCalls
from reelm.custody.opening_errors import GrantRefusedError
from reelm.custody.opening_schemas import GrantOpening, LoggedEntry, OpenedData
from reelm.custody.promise_calls import PromiseCalls
from reelm.custody.promising import receipt_key_of
from reelm.custody.release_calls import ReleaseCalls
from reelm.custody.schemas import (
    Challenge,
    Enrolment,
    FreshKey,
    JobKeys,
    PasskeyAnswer,
    PasskeyLine,
    Session,
    SessionLine,
    SignedIn,
    Visitor,
)
from reelm.kit.clock import Clock

__all__ = [
    "ELEMENT_BYTES",
    "MOST_ELEMENTS",
    "AboutYourselfError",
    "BackupOpener",
    "Challenge",
    "DataOpened",
    "Disclosed",
    "DisclosedItem",
    "ElementUnsuitableError",
    "EmergencyBegun",
    "EnoughEvaluatedError",
    "Enrolment",
    "EpochGoneError",
    "Evaluated",
    "FreshKey",
    "GrantCounts",
    "GrantKeeper",
    "GrantOpening",
    "GrantRefusedError",
    "GrantUses",
    "GrantsService",
    "JobKeys",
    "KeysClient",
    "LoggedEntry",
    "NotEnrolledError",
    "OpenedClip",
    "OpenedData",
    "OpeningsService",
    "PasskeyAnswer",
    "PasskeyLine",
    "ProofRequiredError",
    "PublicKey",
    "SealBrokenError",
    "Session",
    "SessionLine",
    "SignInRefusedError",
    "SignedIn",
    "StaffService",
    "StaffUnknownError",
    "TicketRefusedError",
    "Visitor",
    "export_epoch",
    "normal_contact",
    "open_field",
    "open_snapshot",
    "open_stream",
    "receipt_key_of",
    "seal_field",
    "seal_stream",
]

REMEMBER = dt.timedelta(seconds=20)
_REMEMBERED = 50_000


class KeysClient(
    ReleaseCalls,
    OpeningCalls,
    LedgerCalls,
    FarewellCalls,
    BackupCalls,
    PromiseCalls,
    MatchingCalls,
    DisclosureCalls,
):
    """Asks the keys process. Make it inside the running event loop; `close` it at the end.

    `resolve` remembers a session for 20 seconds. A revocation forgets it at once: in this process, and by the
    keys process's own notice in every other process of this machine; further machines call `forget` for each
    id they hear on PostgreSQL's channel `session_revoked`.
    """

    def __init__(
        self,
        address: str,
        clock: Clock,
        *,
        caller: schemas.Caller = "web",
        secret: str = "",
        patience_seconds: float = 5.0,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._sessions: OrderedDict[bytes, tuple[float, Session]] = OrderedDict()
        self._tokens: dict[UUID, bytes] = {}
        self._forgotten = 0
        self._link = KeysLink(
            address,
            caller,
            clock,
            secret=secret,
            patience_seconds=patience_seconds,
            on_revoked=self._forget_all_of,
            on_lost=self.forget_everything,
        )

    async def close(self) -> None:
        await self._link.close()

    async def ping(self) -> None:
        """Raises KeysUnavailableError when the keys process does not answer."""
        await self._ask(schemas.Ping(), schemas.Done)

    async def _ask(self, request: schemas.AnyRequest, kind: type[Body], *, repeatable: bool = True) -> Body:
        return msgspec.msgpack.decode(await self._link.ask(request, repeatable=repeatable), type=kind)

    # --- enrolment and signing in -------------------------------------------------------------------------

    async def enrol(
        self, person_id: UUID | None, *, password: str | None = None, passkey: PasskeyAnswer | None = None
    ) -> Enrolment:
        """Make a person's keys and credentials.

        With a passkey the person is the one the options were made for, and `person_id` may be None. The answer's
        data key seals the identity columns of the sign-up, its `ticket` is their subject. If the sign-up fails
        afterwards, `withdraw`; what is forgotten is swept within two days.
        """
        return await self._ask(schemas.Enrol(person_id, password, passkey), Enrolment)

    async def withdraw(self, enrolment: Enrolment) -> None:
        """Undo an enrolment that was not followed by a sign-in yet."""
        await self._ask(schemas.Withdraw(enrolment.ticket), schemas.Done)

    async def passkey_sign_up_options(
        self, person_id: UUID, handle: str, display_name: str = ""
    ) -> Challenge:
        """Options for the first passkey of a person about to be enrolled."""
        return await self._ask(schemas.SignUpOptions(person_id, handle, display_name), Challenge)

    async def passkey_sign_in_options(self) -> Challenge:
        return await self._ask(schemas.SignInOptions(), Challenge)

    async def sign_in(
        self,
        person_id: UUID | None,
        password: str,
        client: str,
        *,
        name: str = "",
        address: str = "",
        device: str = "",
    ) -> SignedIn:
        """Check a password and begin a session. Raises SignInRefusedError or TooManyRequestsError.

        `person_id` is None when nobody has the `name` that was typed: the same time is spent and the same limits
        hold. `address` is the client's network address; `device` is what an earlier sign-in on this device
        returned (a long-lived cookie): it keeps the owner from being shut out while a stranger guesses.
        """
        request = schemas.SignIn(person_id, name, password, client, address, device)
        return self._begun(await self._ask(request, SignedIn, repeatable=False))

    async def sign_in_passkey(self, passkey: PasskeyAnswer, client: str) -> SignedIn:
        """Check a passkey and begin a session of whoever owns it. Raises PasskeyRefusedError."""
        return self._begun(
            await self._ask(schemas.SignInPasskey(passkey, client), SignedIn, repeatable=False)
        )

    def _begun(self, signed_in: SignedIn) -> SignedIn:
        self._remember(signed_in.token, signed_in.session)
        return signed_in

    # --- sessions -----------------------------------------------------------------------------------------

    async def resolve(self, token: str) -> Session:
        """Return the live session of a token. Raises SignInRequiredError."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._sessions.get(digest)
        if known is not None and self._clock.monotonic() < known[0]:
            return known[1]
        forgotten = self._forgotten
        session = await self._ask(schemas.Resolve(token), Session)
        if forgotten == self._forgotten:
            self._remember(token, session)
        return session

    def _remember(self, token: str, session: Session) -> None:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        self._sessions[digest] = (self._clock.monotonic() + REMEMBER.total_seconds(), session)
        self._sessions.move_to_end(digest)
        self._tokens[session.session_id] = digest
        while len(self._sessions) > _REMEMBERED:
            _, (_, old) = self._sessions.popitem(last=False)
            self._tokens.pop(old.session_id, None)
            self.forget_receipt_key(old.session_id)

    def forget(self, session_id: UUID) -> None:
        """Forget a session that ended elsewhere."""
        self._forgotten += 1
        self.forget_receipt_key(session_id)
        digest = self._tokens.pop(session_id, None)
        if digest is not None:
            self._sessions.pop(digest, None)

    def _forget_all_of(self, session_ids: Sequence[UUID]) -> None:
        for session_id in session_ids:
            self.forget(session_id)

    def forget_everything(self) -> None:
        """Forget every session: notices may have been missed."""
        self._forgotten += 1
        self._sessions.clear()
        self._tokens.clear()
        self.forget_receipt_keys()

    def times_forgotten(self) -> int:
        return self._forgotten

    async def list_sessions(self, token: str) -> list[SessionLine]:
        return (await self._ask(schemas.SessionsOf(token), schemas.SessionLines)).items

    async def revoke(self, token: str, session_id: UUID | None = None) -> None:
        """End one session of the same person, the token's own by default. Raises NotFoundError."""
        self._forget_all_of((await self._revoked(schemas.Revoke(token, session_id))).session_ids)

    async def revoke_others(self, token: str) -> int:
        """End every other session of the person; return how many."""
        gone = await self._revoked(schemas.RevokeAll(token, keep_current=True))
        self._forget_all_of(gone.session_ids)
        return len(gone.session_ids)

    async def revoke_all(self, token: str) -> int:
        """End every session of the person, this one too; return how many."""
        gone = await self._revoked(schemas.RevokeAll(token, keep_current=False))
        self._forget_all_of(gone.session_ids)
        return len(gone.session_ids)

    async def _revoked(self, request: schemas.AnyRequest) -> schemas.RevokedSessions:
        return await self._ask(request, schemas.RevokedSessions, repeatable=False)

    # --- credentials --------------------------------------------------------------------------------------

    async def change_password(
        self, token: str, current: str | None, new: str, *, passkey: PasskeyAnswer | None = None
    ) -> None:
        """Set a new password, proven by the present one or by a fresh passkey sign-in; ends other sessions."""
        self._forget_all_of(
            (await self._revoked(schemas.ChangePassword(token, current, new, passkey))).session_ids
        )

    async def passkey_options(
        self,
        token: str,
        handle: str,
        display_name: str = "",
        *,
        password: str | None = None,
        passkey: PasskeyAnswer | None = None,
    ) -> Challenge:
        """Options for one more passkey of the session's person.

        Raises ProofRequiredError in a session older than 15 minutes unless a password or passkey comes with it.
        """
        return await self._ask(
            schemas.AddPasskeyOptions(token, handle, display_name, password, passkey), Challenge
        )

    async def add_passkey(self, token: str, passkey: PasskeyAnswer, label: str) -> PasskeyLine:
        """Store one more passkey. Raises PasskeyRefusedError."""
        return await self._ask(schemas.AddPasskey(token, passkey, label), PasskeyLine, repeatable=False)

    async def list_passkeys(self, token: str) -> list[PasskeyLine]:
        return (await self._ask(schemas.PasskeysOf(token), schemas.PasskeyLines)).items

    async def remove_passkey(self, token: str, passkey_id: UUID) -> None:
        """Raises NotFoundError, or LastCredentialError for the only way to sign in."""
        await self._ask(schemas.RemovePasskey(token, passkey_id), schemas.Done, repeatable=False)

    @staticmethod
    def passkey_answer(challenge_id: UUID, credential: dict[str, Any]) -> PasskeyAnswer:
        """Put together what the browser returned."""
        return PasskeyAnswer(challenge_id, credential)
