"""Decisions about people: joining, signing in, what they say of themselves, whom they block.

The only file of this room that others import.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Collection
from uuid import UUID

import msgspec

from reelm.accounts.errors import (
    BirthDateUnsuitableError,
    HandleTakenError,
    HandleUnsuitableError,
    InvitationRefusedError,
    KeyReusedError,
    TooYoungError,
)
from reelm.accounts.events import Blocked, PersonErased, PrivacyChanged, ProfileChanged
from reelm.accounts.repository import AccountsReader, AccountsWriter
from reelm.accounts.schemas import (
    ChallengeOut,
    Me,
    MeChange,
    PasskeyAnswerIn,
    PersonCard,
    PersonCounts,
    PersonRecord,
    SignIn,
    SignUp,
)
from reelm.border.service import LivesElsewhereError, NetworkService
from reelm.custody.service import KeysClient, PasskeyAnswer, SignedIn, Visitor, open_field, seal_field
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import InvalidRequestError, NotFoundError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.kit.words import bigrams, fold
from reelm.realm.service import RealmService, age, age_band

__all__ = [
    "SESSION_COOKIE",
    "AccountsService",
    "Blocked",
    "KeyReusedError",
    "LivesElsewhereError",
    "Me",
    "MeChange",
    "PersonCard",
    "PersonCounts",
    "PersonErased",
    "PersonRecord",
    "PrivacyChanged",
    "ProfileChanged",
    "Visitor",
]

SESSION_COOKIE = "reelm_session"
_HANDLE = re.compile(r"[a-z0-9][a-z0-9_.]{1,22}[a-z0-9_]")
_RESERVED = {
    "admin",
    "administrator",
    "api",
    "help",
    "me",
    "official",
    "operator",
    "reelm",
    "root",
    "staff",
    "support",
}
_OLDEST = 120


class AccountsService:
    """People and their own settings."""

    def __init__(
        self,
        keys: KeysClient,
        realm: RealmService,
        database: Database,
        events: EventBus,
        clock: Clock,
        ids: Ids,
        network: NetworkService,
    ) -> None:
        self._keys = keys
        self._network = network
        self._realm = realm
        self._database = database
        self._events = events
        self._clock = clock
        self._ids = ids

    # --- joining and signing in -------------------------------------------------------------------------

    async def sign_up(self, data: SignUp) -> Me:
        """Make an account; return all that the person is told about it.

        Steps: check what can be checked, first of all that people of this country live in this realm; custody
        makes keys and credential; the rows are written with the ticket that comes with them, in a transaction of
        its own; when that fails custody undoes its part.
        """
        handle_key = handle_key_of(data.handle)
        self._check_birth_date(data)
        async with self._database.transaction() as uow:
            await self._network.check_residence(uow, data.country)
            if await AccountsReader(uow).find_by_handle(handle_key):
                raise HandleTakenError(fields={"handle": "taken"})
        person_id = None if data.passkey else self._ids.new()
        enrolment = await self._keys.enrol(
            person_id, password=data.password, passkey=_passkey(data.passkey) if data.passkey else None
        )
        try:
            async with self._database.transaction(enrolment.ticket) as uow:
                await self._write_person(uow, enrolment.person_id, enrolment.data_key, data)
                return await self._open_me(uow, enrolment.person_id, enrolment.data_key)
        except BaseException:
            await self._keys.withdraw(enrolment)
            raise

    def _check_birth_date(self, data: SignUp) -> None:
        today = self._clock.now().date()
        if data.birth_date > today or age(data.birth_date, today) > _OLDEST:
            raise BirthDateUnsuitableError(fields={"birth_date": "unsuitable"})
        if not self._realm.admits_age(data.birth_date, today):
            raise TooYoungError(fields={"birth_date": "too_young"})

    async def _write_person(self, uow: UnitOfWork, person_id: UUID, data_key: bytes, data: SignUp) -> None:
        today = self._clock.now().date()
        writer = AccountsWriter(uow)
        name = (data.display_name or data.handle).strip() or data.handle

        def sealed(column: str, value: str) -> bytes:
            return seal_field(data_key, "person_details", column, person_id, value)

        details = {
            "person_id": person_id,
            "birth_date_sealed": sealed("birth_date_sealed", data.birth_date.isoformat()),
            "country_sealed": sealed("country_sealed", data.country),
            "age_band": age_band(data.birth_date, today),
            "jurisdiction": data.country,
            "language": self._realm.language(data.language),
        }
        for kind, value in (("email", data.email), ("phone", data.phone)):
            if value:
                details[f"{kind}_sealed"] = sealed(f"{kind}_sealed", value)
                details[f"{kind}_index"] = await self._keys.blind_index(kind, value)  # type: ignore[arg-type]
        await writer.add(
            {
                "id": person_id,
                "handle": data.handle,
                "handle_key": handle_key_of(data.handle),
                "display_name": name,
                "bio": "",
                "private": self._realm.private_at_first(data.birth_date, today),
            },
            details,
        )
        await self._index(writer, person_id, data.handle, name)
        if data.invitation:
            digest = hashlib.sha256(data.invitation.encode()).digest()
            if not await writer.take_invitation(digest, self._clock.now()):
                raise InvitationRefusedError

    async def _index(self, writer: AccountsWriter, person_id: UUID, handle: str, name: str) -> None:
        key = fold(f"{handle} {name}")
        await writer.put_words(person_id, key, bigrams(key), "")

    async def sign_in(self, data: SignIn, client: str, address: str, device: str) -> tuple[SignedIn, Visitor]:
        """Begin a session; return what custody says of it, and the visitor.

        Raises custody's `SignInRefusedError`, always the same for an unknown name and a wrong password.
        """
        if data.passkey is not None:
            signed_in = await self._keys.sign_in_passkey(_passkey(data.passkey), client)
        elif data.handle and data.password:
            key = data.handle.strip().lstrip("@").casefold()
            async with self._database.transaction() as uow:
                person = await AccountsReader(uow).find_by_handle(key)
            signed_in = await self._keys.sign_in(
                person.id if person else None,
                data.password,
                client,
                name=key,
                address=address,
                device=device,
            )
        else:
            raise InvalidRequestError(fields={"password": "missing"})
        session = signed_in.session
        visitor = Visitor(session.person_id, session.session_id, session.ticket, signed_in.token)
        return signed_in, visitor

    async def passkey_sign_up_options(self, handle: str) -> ChallengeOut:
        """Begin a sign-up with a passkey. Raises `HandleTakenError`."""
        key = handle_key_of(handle)
        async with self._database.transaction() as uow:
            if await AccountsReader(uow).find_by_handle(key):
                raise HandleTakenError(fields={"handle": "taken"})
        challenge = await self._keys.passkey_sign_up_options(self._ids.new(), handle, handle)
        return ChallengeOut(challenge.challenge_id, challenge.options)

    # --- oneself ----------------------------------------------------------------------------------------

    async def me(self, uow: UnitOfWork, visitor: Visitor) -> Me:
        """Return everything about the visitor, opened with their key."""
        return await self._open_me(uow, visitor.person_id, await self._keys.person_key(visitor.token))

    async def _open_me(self, uow: UnitOfWork, person_id: UUID, data_key: bytes) -> Me:
        row = await AccountsReader(uow).get_own(person_id)
        if row is None:
            raise NotFoundError

        def opened(column: str) -> str | None:
            value = row[column]
            if value is None:
                return None
            return open_field(data_key, "person_details", column, person_id, value)

        return Me(
            id=row["id"],
            handle=row["handle"],
            display_name=row["display_name"],
            bio=row["bio"],
            avatar_url=f"/media/avatars/{row['avatar']}" if row["avatar"] else None,
            language=row["language"],
            country=opened("country_sealed") or "",
            birth_date=dt.date.fromisoformat(opened("birth_date_sealed") or ""),
            age_band=row["age_band"],
            private=row["private"],
            email=opened("email_sealed"),
            phone=opened("phone_sealed"),
            role=row["role"],
            counts=PersonCounts(row["followers"], row["following"], row["clips"], row["likes"]),
            created_at=row["created_at"],
        )

    async def change_me(self, uow: UnitOfWork, visitor: Visitor, change: MeChange) -> Me:
        """Change what the visitor says of themselves; what is UNSET stays.

        Raises `LivesElsewhereError` for a country whose people live in another realm: whoever moves house there
        moves realm, with what is theirs.
        """
        if change.country is not msgspec.UNSET:
            await self._network.check_residence(uow, change.country)
        writer = AccountsWriter(uow)
        public = {
            name: value.strip() if isinstance(value, str) else value
            for name in ("display_name", "bio", "private")
            if (value := getattr(change, name)) is not msgspec.UNSET
        }
        if public.get("display_name") == "":
            raise InvalidRequestError(fields={"display_name": "missing"})
        await writer.change("people", visitor.person_id, public)
        await writer.change("person_details", visitor.person_id, await self._details(visitor, change))
        if "display_name" in public:
            person = await self.get_by_id(uow, visitor.person_id)
            await self._index(writer, person.id, person.handle, person.display_name)
        if change.private is not msgspec.UNSET:
            await self._events.publish(uow, PrivacyChanged(visitor, change.private))
        if public:
            await self._events.publish(uow, ProfileChanged(visitor.person_id))
        return await self.me(uow, visitor)

    async def _details(self, visitor: Visitor, change: MeChange) -> dict[str, object]:
        details: dict[str, object] = {}
        if change.language is not msgspec.UNSET:
            details["language"] = self._realm.language(change.language)
        sealed = {
            name: value
            for name in ("country", "email", "phone")
            if (value := getattr(change, name)) is not msgspec.UNSET
        }
        if not sealed:
            return details
        data_key = await self._keys.person_key(visitor.token)
        for name, value in sealed.items():
            column = f"{name}_sealed"
            text = value.strip() if value else None
            details[column] = (
                seal_field(data_key, "person_details", column, visitor.person_id, text) if text else None
            )
            if name == "country":
                details["jurisdiction"] = text
            else:
                details[f"{name}_index"] = await self._keys.blind_index(name, text) if text else None  # type: ignore[arg-type]
        return details

    async def bring_profile(self, uow: UnitOfWork, person_id: UUID, change: MeChange) -> None:
        """Say of a person what they said of themselves elsewhere: name, bio, language; private, never open."""
        writer = AccountsWriter(uow)
        public = {
            name: value.strip() if isinstance(value, str) else value
            for name in ("display_name", "bio", "private")
            if (value := getattr(change, name)) not in {msgspec.UNSET, "", False}
        }
        await writer.change("people", person_id, public)
        if change.language is not msgspec.UNSET:
            await writer.change(
                "person_details", person_id, {"language": self._realm.language(change.language)}
            )
        person = await self.get_by_id(uow, person_id)
        await self._index(writer, person.id, person.handle, person.display_name)

    async def bring_avatar(self, uow: UnitOfWork, person_id: UUID, name: str) -> None:
        """Name the blob that shows a person, unless one does already."""
        person = await self.get_by_id(uow, person_id)
        if person.avatar_url is None:
            await AccountsWriter(uow).change("people", person_id, {"avatar": name})

    async def set_avatar(self, uow: UnitOfWork, visitor: Visitor, name: str | None) -> None:
        """Name the blob that shows the visitor; None takes the picture away."""
        await AccountsWriter(uow).change("people", visitor.person_id, {"avatar": name})
        await self._events.publish(uow, ProfileChanged(visitor.person_id))

    async def language(self, uow: UnitOfWork, visitor: Visitor) -> str:
        """Return the language the visitor chose."""
        return await AccountsReader(uow).get_language(visitor.person_id)

    async def avatars_in_use(self, uow: UnitOfWork, names: Collection[str]) -> set[str]:
        """Return those of the pictures `names` that somebody shows; the rest belongs to nobody."""
        return set(await AccountsReader(uow).list_avatars(names))

    async def role(self, uow: UnitOfWork, visitor: Visitor) -> str:
        return await AccountsReader(uow).get_role(visitor.person_id)

    # --- others -----------------------------------------------------------------------------------------

    async def get_by_handle(self, uow: UnitOfWork, handle: str) -> PersonRecord:
        """Return a person the subject may see. Raises `NotFoundError`, also for whom they are blocked by."""
        person = await AccountsReader(uow).find_by_handle(handle.lstrip("@").casefold())
        if person is None:
            raise NotFoundError
        return person

    async def get_by_id(self, uow: UnitOfWork, person_id: UUID) -> PersonRecord:
        people = await AccountsReader(uow).list_by_ids([person_id])
        if not people:
            raise NotFoundError
        return people[0]

    async def people(self, uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, PersonRecord]:
        """Return the people of `ids` that the subject may see, by id."""
        if not ids:
            return {}
        return {person.id: person for person in await AccountsReader(uow).list_by_ids(set(ids))}

    async def cards(self, uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, PersonCard]:
        """Return the cards of the people of `ids` that the subject may see, by id."""
        return {person_id: person.card() for person_id, person in (await self.people(uow, ids)).items()}

    async def people_by_handles(self, uow: UnitOfWork, handles: Collection[str]) -> list[PersonRecord]:
        """Return those of `handles` who exist for the subject."""
        if not handles:
            return []
        return await AccountsReader(uow).list_by_handles({handle.casefold() for handle in handles})

    # --- blocks -----------------------------------------------------------------------------------------

    async def block(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> None:
        """Block a person; ties between the two end. Blocking again is fine."""
        other = await self.get_by_handle(uow, handle)
        if other.id == visitor.person_id:
            raise InvalidRequestError("You can't block yourself.", fields={"handle": "oneself"})
        await AccountsWriter(uow).block(visitor.person_id, other.id)
        await self._events.publish(uow, Blocked(visitor.person_id, other.id))

    async def unblock(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> None:
        other = await self.get_by_handle(uow, handle)
        await AccountsWriter(uow).unblock(visitor.person_id, other.id)

    async def list_blocks(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[PersonCard]:
        """Page through whom the visitor blocks, newest first."""
        before = decode_cursor(cursor, dt.datetime)
        rows = await AccountsReader(uow).list_blocked(visitor.person_id, before, limit + 1)
        cards = await self.cards(uow, [person_id for person_id, _ in rows])
        items = [cards[person_id] for person_id, _ in rows[:limit] if person_id in cards]
        return Page(items, encode_cursor(rows[limit - 1][1]) if len(rows) > limit else None)

    async def is_blocking(self, uow: UnitOfWork, visitor: Visitor, other: UUID) -> bool:
        return await AccountsReader(uow).is_blocking(visitor.person_id, other)

    # --- retries ----------------------------------------------------------------------------------------

    async def answered(
        self, uow: UnitOfWork, visitor: Visitor, key: str | None, request: object
    ) -> UUID | None:
        """Return what an earlier request with this Idempotency-Key made, if there was one.

        Raises `KeyReusedError` when the key came with another request.
        """
        if not key:
            return None
        found = await AccountsReader(uow).find_answer(visitor.person_id, key[:200])
        if found is None:
            return None
        if found[0] != _digest(request):
            raise KeyReusedError
        return found[1]

    async def remember(
        self, uow: UnitOfWork, visitor: Visitor, key: str | None, request: object, reference: UUID
    ) -> None:
        """Keep what a request with an Idempotency-Key made, in the same transaction as the thing itself."""
        if key:
            await AccountsWriter(uow).remember_answer(
                visitor.person_id, key[:200], _digest(request), reference
            )


def handle_key_of(handle: str) -> str:
    """Return the form by which handles are compared. Raises `HandleUnsuitableError`."""
    key = handle.casefold()
    if not _HANDLE.fullmatch(key) or ".." in key or key in _RESERVED:
        raise HandleUnsuitableError(fields={"handle": "unsuitable"})
    return key


def _passkey(answer: PasskeyAnswerIn) -> PasskeyAnswer:
    return PasskeyAnswer(answer.challenge_id, answer.credential)


def _digest(request: object) -> bytes:
    return hashlib.sha256(msgspec.json.encode(request)).digest()
