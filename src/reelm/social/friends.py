"""Decisions about close friends and invites.

Close friends are a list that its owner alone sees. An invite is a code that makes two people friends: who made it
and who takes it have both agreed, so neither is asked again.
"""

import datetime as dt
import hashlib
from uuid import UUID

from reelm.accounts.service import AccountsService, PersonCard, Visitor
from reelm.custody.service import KeysClient, open_field, seal_field
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.social.errors import NotAFriendError, OneselfError, OwnInviteError, TooManyInvitesError
from reelm.social.repository import SocialReader, TieCursor
from reelm.social.repository_friends import FriendsReader, FriendsWriter, InviteRow
from reelm.social.schemas import Invite, InviteShown
from reelm.social.service import FollowAccepted, Followed, SocialService

INVITES_AT_ONCE = 10
_CODE_CHARS = 10
# Crockford's: no letter that is taken for a digit.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011", " -")
_CODE = ("friend_invites", "code_sealed")


class FriendsService:
    """Close friends and invites, as the web process needs them."""

    def __init__(
        self,
        accounts: AccountsService,
        social: SocialService,
        keys: KeysClient,
        events: EventBus,
        origin: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._accounts = accounts
        self._social = social
        self._keys = keys
        self._events = events
        self._origin = origin
        self._clock = clock
        self._ids = ids

    # --- close friends ----------------------------------------------------------------------------------

    async def add_close(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> None:
        """Put a friend on the list of close friends; nobody is told. Raises `NotAFriendError`."""
        other = await self._accounts.get_by_handle(uow, handle)
        if other.id == visitor.person_id:
            raise OneselfError(fields={"handle": "oneself"})
        tie = (await self._social.ties(uow, visitor, [other.id]))[other.id]
        if not tie.friend or other.realm is not None:
            raise NotAFriendError
        await FriendsWriter(uow).add_close(visitor.person_id, other.id)

    async def remove_close(self, uow: UnitOfWork, visitor: Visitor, handle: str) -> None:
        """Take somebody off the list; who isn't on it stays off. Nobody is told."""
        other = await self._accounts.get_by_handle(uow, handle)
        await FriendsWriter(uow).remove_close(visitor.person_id, [other.id])

    async def list_close(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[PersonCard]:
        """Page through the visitor's close friends, newest first."""
        before = decode_cursor(cursor, TieCursor)
        rows = await FriendsReader(uow).list_close(visitor.person_id, before, limit + 1)
        return await self._page(uow, rows, limit)

    async def list_friends(
        self, uow: UnitOfWork, visitor: Visitor, limit: int, cursor: str | None
    ) -> Page[PersonCard]:
        """Page through those whom the visitor follows and who follow back."""
        before = decode_cursor(cursor, TieCursor)
        rows = await FriendsReader(uow).list_friends(visitor.person_id, before, limit + 1)
        return await self._page(uow, rows, limit)

    async def _page(self, uow: UnitOfWork, rows: list[TieCursor], limit: int) -> Page[PersonCard]:
        cards = await self._accounts.cards(uow, [row.other for row in rows[:limit]])
        following = encode_cursor(rows[limit - 1]) if len(rows) > limit else None
        return Page([cards[row.other] for row in rows[:limit] if row.other in cards], following)

    # --- invites ----------------------------------------------------------------------------------------

    async def invite(self, uow: UnitOfWork, visitor: Visitor, days: int) -> Invite:
        """Make an invite. Raises `TooManyInvitesError`."""
        writer, now = FriendsWriter(uow), self._clock.now()
        if len(await writer.list_invites(visitor.person_id, now)) >= INVITES_AT_ONCE:
            raise TooManyInvitesError
        code = new_code(self._ids.token())
        data_key = await self._keys.person_key(visitor.token)
        row = InviteRow(
            self._ids.new(),
            seal_field(data_key, *_CODE, visitor.person_id, code),
            0,
            now,
            now + dt.timedelta(days=days),
        )
        await writer.add_invite(visitor.person_id, digest_of(code), row)
        return self._shown(row, code)

    async def list_invites(self, uow: UnitOfWork, visitor: Visitor) -> list[Invite]:
        """Return the visitor's invites that still hold, newest first."""
        rows = await FriendsReader(uow).list_invites(visitor.person_id, self._clock.now())
        if not rows:
            return []
        data_key = await self._keys.person_key(visitor.token)
        return [
            self._shown(row, open_field(data_key, *_CODE, visitor.person_id, row.code_sealed)) for row in rows
        ]

    async def revoke(self, uow: UnitOfWork, visitor: Visitor, invite_id: UUID) -> None:
        """Take an invite back. Raises `NotFoundError`."""
        if not await FriendsWriter(uow).remove_invite(visitor.person_id, invite_id):
            raise NotFoundError

    async def look(self, uow: UnitOfWork, guest: Visitor | None, code: str) -> InviteShown:
        """Return who invites. Raises `NotFoundError`, the same for every code that is none (any more)."""
        host_id = await FriendsReader(uow).find_host(digest_of(code), self._clock.now())
        if host_id is None:
            raise NotFoundError
        cards = await self._accounts.cards(uow, [host_id])
        if host_id not in cards:
            raise NotFoundError
        friends = False
        if guest is not None and guest.person_id != host_id:
            friends = (await self._social.ties(uow, guest, [host_id]))[host_id].friend
        return InviteShown(cards[host_id], guest is not None and guest.person_id == host_id, friends)

    async def accept(self, uow: UnitOfWork, visitor: Visitor, code: str) -> PersonCard:
        """Make the visitor and who invites friends; they may be so already.

        Raises `NotFoundError`, `OwnInviteError`.
        """
        shown = await self.look(uow, visitor, code)
        if shown.own:
            raise OwnInviteError
        host = await self._accounts.get_by_handle(uow, shown.person.handle)
        reader, me = SocialReader(uow), visitor.person_id
        followed, follows_me = await reader.find_state(me, host.id), await reader.find_state(host.id, me)
        if await FriendsWriter(uow).accept(digest_of(code), self._clock.now()) is None:
            raise NotFoundError
        if followed != "following":
            await self._events.publish(uow, Followed(me, host.id, "following"))
        if follows_me == "requested" or (followed == "following" and follows_me == "none"):
            await self._events.publish(uow, FollowAccepted((host.id,), me))
        return shown.person

    def _shown(self, row: InviteRow, code: str) -> Invite:
        return Invite(row.id, code, f"{self._origin}/i/{code}", row.uses, row.created_at, row.expires_at)


def new_code(token: str) -> str:
    """Return fifty of a token's unguessable bits as ten signs that can be read out."""
    bits = int.from_bytes(hashlib.sha256(token.encode()).digest()[:7], "big")
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(_CODE_CHARS))


def digest_of(code: str) -> bytes:
    """Return what an invite is found by, however its code was written down."""
    return hashlib.sha256(b"reelm/invite/v1\n" + code.upper().translate(_READ_AS).encode()).digest()
