"""What people here do, told to the realms it concerns: each event becomes a wish to cross, in the same transaction.

A handler runs with the rights of the person who acts. An act towards another realm needs that person's consent: where
there is none it raises `ConsentNeededError`, and the act is undone. What is for everyone (public clips, profiles of
those who are followed from elsewhere) goes without one, since everyone may see it; a private account's goes nowhere.
"""

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from reelm.accounts.service import AccountsService, PersonErased, PersonRecord, ProfileChanged
from reelm.border.service import BorderOutbox, Document
from reelm.clips.service import (
    ClipChanged,
    ClipClosed,
    ClipLiked,
    ClipOpened,
    ClipReposted,
    ClipUnliked,
    ClipUnreposted,
    find_public,
    list_public_of,
)
from reelm.comments.service import Commented, CommentLiked, CommentRemoved, CommentUnliked
from reelm.federation import vocabulary as say
from reelm.federation.addresses import Addresses, Kind
from reelm.federation.errors import ConsentNeededError
from reelm.federation.repository import FederationReader, FederationWriter
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.events import EventBus
from reelm.social.service import FollowAccepted, Followed, FollowEnded

_OBJECT: dict[Kind, str] = say.FORMER
NEWEST_CLIPS = 20


class Sender:
    """Asks the border for what shall cross. For the web process and the worker alike."""

    def __init__(
        self, outbox: BorderOutbox, accounts: AccountsService, addresses: Addresses, clock: Clock
    ) -> None:
        self._outbox = outbox
        self._accounts = accounts
        self._at = addresses
        self._clock = clock

    def subscribe(self, bus: EventBus) -> None:
        """Hear what the rooms below have to say. Called once, by entrypoints."""
        bus.on(ClipOpened, self._on_opened)
        bus.on(ClipChanged, self._on_changed)
        bus.on(ClipClosed, self._on_closed)
        bus.on(ProfileChanged, self._on_profile)
        bus.on(PersonErased, self._on_erased)
        bus.on(Followed, self._on_followed)
        bus.on(FollowAccepted, self._on_accepted)
        bus.on(FollowEnded, self._on_follow_ended)
        bus.on(ClipLiked, self._on_liked)
        bus.on(ClipUnliked, self._on_unliked)
        bus.on(ClipReposted, self._on_reposted)
        bus.on(ClipUnreposted, self._on_unreposted)
        bus.on(Commented, self._on_commented)
        bus.on(CommentRemoved, self._on_comment_removed)
        bus.on(CommentLiked, self._on_comment_liked)
        bus.on(CommentUnliked, self._on_comment_unliked)

    # --- what is for everyone ---------------------------------------------------------------------------

    async def _on_opened(self, uow: UnitOfWork, event: ClipOpened) -> None:
        for peer in await FederationReader(uow).peers_following():
            await self.send_clip(uow, peer, event.clip_id)

    async def send_clip(self, uow: UnitOfWork, peer: str, clip_id: UUID, act: str = "Create") -> None:
        """Tell a realm of a clip that is before everyone, and of its author first."""
        clip = await find_public(uow, clip_id)
        if clip is None:
            return
        author = await self._accounts.get_by_id(uow, clip.author_id)
        if author.realm is not None or author.private:
            return
        await self._introduce(uow, peer, author)
        document = say.video_document(self._at, clip, self._clock.now())
        await self._outbox.ask(uow, peer, act, "Video", "publish", author.id, clip.id, document)

    async def _on_changed(self, uow: UnitOfWork, event: ClipChanged) -> None:
        for peer in await FederationReader(uow).peers_with(event.clip_id):
            await self.send_clip(uow, peer, event.clip_id, "Update")

    async def _on_closed(self, uow: UnitOfWork, event: ClipClosed) -> None:
        await self._withdraw(uow, "clip", event.clip_id, event.author_id)

    async def _on_profile(self, uow: UnitOfWork, event: ProfileChanged) -> None:
        person = await self._accounts.get_by_id(uow, event.person_id)
        reader = FederationReader(uow)
        for peer in sorted({*await reader.peers_following(), *await reader.peers_with(person.id)}):
            await self._send_person(uow, peer, person)

    async def _introduce(self, uow: UnitOfWork, peer: str, person: PersonRecord) -> None:
        """Let a realm know whoever acts or publishes there, unless it does."""
        if peer not in await FederationReader(uow).peers_with(person.id):
            await self._send_person(uow, peer, person)

    async def _send_person(self, uow: UnitOfWork, peer: str, person: PersonRecord) -> None:
        document = say.person_document(self._at, person, self._clock.now())
        await self._outbox.ask(uow, peer, "Update", "Person", "profile", person.id, person.id, document)

    async def withdraw_from(
        self, uow: UnitOfWork, peer: str, kind: Kind, thing_id: UUID, author_id: UUID
    ) -> bool:
        """Withdraw one of the subject's things from one realm; false where it never went."""
        if not await FederationWriter(uow).take_back(thing_id, peer, "Create"):
            return False
        await self._send_gone(uow, peer, kind, thing_id, author_id, author_id)
        return True

    async def _withdraw(self, uow: UnitOfWork, kind: Kind, thing_id: UUID, author_id: UUID) -> None:
        for peer in await FederationReader(uow).peers_with(thing_id):
            await self.withdraw_from(uow, peer, kind, thing_id, author_id)

    async def _send_gone(
        self, uow: UnitOfWork, peer: str, kind: Kind, thing_id: UUID, author_id: UUID, by_id: UUID
    ) -> None:
        document = say.tombstone(self._at, kind, thing_id, author_id, self._clock.now())
        await self._outbox.ask(uow, peer, "Delete", "Tombstone", "publish", by_id, thing_id, document)

    async def _on_erased(self, uow: UnitOfWork, event: PersonErased) -> None:
        """Every realm that heard of the person hears that they are gone; the line itself names nobody."""
        writer = FederationWriter(uow)
        peers = {*await writer.peers_following(), *await writer.leave_peers()}
        document = say.tombstone(self._at, "person", event.person_id, event.person_id, self._clock.now())
        for peer in sorted(peers):
            await self._outbox.ask(uow, peer, "Delete", "Tombstone", "publish", None, None, document)

    # --- ties -------------------------------------------------------------------------------------------

    async def _on_followed(self, uow: UnitOfWork, event: Followed) -> None:
        await self._act(uow, "Follow", event.follower_id, event.followee_id, "person", event.followee_id)

    async def _on_accepted(self, uow: UnitOfWork, event: FollowAccepted) -> None:
        people = await self._accounts.people(uow, event.follower_ids)
        for follower in people.values():
            if follower.realm is not None:
                await self.accept(uow, event.followee_id, follower.id, follower.realm)

    async def accept(self, uow: UnitOfWork, followee_id: UUID, follower_id: UUID, peer: str) -> None:
        """Tell a realm that somebody of it may follow somebody of this one, and what there is to see."""
        await self._answer(uow, "Accept", followee_id, follower_id, peer)
        person = await self._accounts.get_by_id(uow, followee_id)
        if person.private:
            return
        reader = FederationReader(uow)
        for clip_id in reversed(await list_public_of(uow, followee_id, NEWEST_CLIPS)):
            if peer not in await reader.peers_with(clip_id):
                await self.send_clip(uow, peer, clip_id)

    async def _answer(
        self,
        uow: UnitOfWork,
        answer: Literal["Accept", "Reject"],
        followee_id: UUID,
        follower_id: UUID,
        peer: str,
    ) -> None:
        follower = await FederationReader(uow).find_uri(follower_id)
        if follower is None:
            return
        document = say.answer_document(answer, self._at.person(followee_id), follower, self._clock.now())
        await self._outbox.ask(uow, peer, answer, "Follow", "interact", followee_id, follower_id, document)

    async def _on_follow_ended(self, uow: UnitOfWork, event: FollowEnded) -> None:
        if event.by_follower:
            await self._undo(uow, "Follow", event.follower_id, event.followee_id, event.followee_id)
            return
        found = await self._accounts.people(uow, [event.follower_id])
        for follower in found.values():
            if follower.realm is not None:
                await self._answer(uow, "Reject", event.followee_id, follower.id, follower.realm)

    # --- marks ------------------------------------------------------------------------------------------

    async def _on_liked(self, uow: UnitOfWork, event: ClipLiked) -> None:
        await self._act(uow, "Like", event.person_id, event.author_id, "clip", event.clip_id)

    async def _on_unliked(self, uow: UnitOfWork, event: ClipUnliked) -> None:
        await self._undo(uow, "Like", event.person_id, event.author_id, event.clip_id)

    async def _on_reposted(self, uow: UnitOfWork, event: ClipReposted) -> None:
        await self._act(uow, "Announce", event.person_id, event.author_id, "clip", event.clip_id)

    async def _on_unreposted(self, uow: UnitOfWork, event: ClipUnreposted) -> None:
        await self._undo(uow, "Announce", event.person_id, event.author_id, event.clip_id)

    async def _on_comment_liked(self, uow: UnitOfWork, event: CommentLiked) -> None:
        await self._act(uow, "Like", event.person_id, event.author_id, "comment", event.comment_id)

    async def _on_comment_unliked(self, uow: UnitOfWork, event: CommentUnliked) -> None:
        await self._undo(uow, "Like", event.person_id, event.author_id, event.comment_id)

    async def _abroad(self, uow: UnitOfWork, person_id: UUID) -> str | None:
        found = await self._accounts.people(uow, [person_id])
        return found[person_id].realm if person_id in found else None

    async def _require_consent(self, uow: UnitOfWork, person_id: UUID, peer: str) -> None:
        if await FederationReader(uow).has_consent(person_id, peer):
            return
        peers = await self._outbox.peers(uow)
        name = peers[peer].name if peer in peers else peer
        raise ConsentNeededError(fields={"realm": peer, "name": name})

    async def _act(
        self, uow: UnitOfWork, mark: say.Mark, actor_id: UUID, towards_id: UUID, kind: Kind, thing_id: UUID
    ) -> None:
        """Tell the realm of `towards_id` what `actor_id` does there, if it is another one."""
        peer = await self._abroad(uow, towards_id)
        if peer is None:
            return
        await self._require_consent(uow, actor_id, peer)
        uri = await FederationReader(uow).find_uri(thing_id)
        if uri is None:
            return
        await self._introduce(uow, peer, await self._accounts.get_by_id(uow, actor_id))
        document = say.act_document(mark, self._at.person(actor_id), uri, self._clock.now())
        await self._outbox.ask(uow, peer, mark, _OBJECT[kind], "interact", actor_id, thing_id, document)

    async def _undo(
        self, uow: UnitOfWork, mark: say.Mark, actor_id: UUID, towards_id: UUID, thing_id: UUID
    ) -> None:
        peer = await self._abroad(uow, towards_id)
        if peer is None or not await FederationWriter(uow).take_back(thing_id, peer, mark):
            return
        uri = await FederationReader(uow).find_uri(thing_id)
        if uri is not None:
            document = say.undo_document(mark, self._at.person(actor_id), uri, self._clock.now())
            await self._outbox.ask(uow, peer, "Undo", mark, "interact", actor_id, thing_id, document)

    # --- comments ---------------------------------------------------------------------------------------

    async def _on_commented(self, uow: UnitOfWork, event: Commented) -> None:
        """To the clip's realm, if it is another one; else to all realms that have the clip."""
        author = await self._accounts.get_by_id(uow, event.author_id)
        home = await self._abroad(uow, event.clip_author_id)
        if home is not None:
            await self._require_consent(uow, author.id, home)
            await self._send_comment(uow, [home], author, event)
        elif not author.private:
            await self._send_comment(
                uow, await FederationReader(uow).peers_with(event.clip_id), author, event
            )

    async def _send_comment(
        self, uow: UnitOfWork, peers: Iterable[str], author: PersonRecord, event: Commented
    ) -> None:
        reader = FederationReader(uow)
        clip_uri = await reader.find_uri(event.clip_id) or self._at.clip(event.clip_id)
        parent_uri = None
        if event.parent_id is not None:
            parent_uri = await reader.find_uri(event.parent_id) or self._at.comment(event.parent_id)
        document: Document = say.note_document(
            self._at, event.comment_id, author.id, clip_uri, parent_uri, event.text, self._clock.now()
        )
        for peer in peers:
            await self._introduce(uow, peer, author)
            await self._outbox.ask(
                uow, peer, "Create", "Note", "interact", author.id, event.comment_id, document
            )

    async def _on_comment_removed(self, uow: UnitOfWork, event: CommentRemoved) -> None:
        if await FederationReader(uow).find_uri(event.comment_id) is not None:
            return
        if event.by_id == event.author_id:
            await self._withdraw(uow, "comment", event.comment_id, event.author_id)
            return
        for peer in await FederationReader(uow).peers_with(event.comment_id):
            await self._send_gone(uow, peer, "comment", event.comment_id, event.author_id, event.by_id)
