"""Taking in what other realms sent: one arrival, one transaction, in the order of arrival.

What an arrival may do is decided by functions in the database (`models/federation.sql`): they know which realm it
came from, and let nobody but people of that realm act. Here it is read, and who lives here is told.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from reelm.accounts.service import AccountsService
from reelm.border.service import Arrival
from reelm.clips.service import enqueue_erase
from reelm.comments.service import normal_text
from reelm.federation import jobs
from reelm.federation.addresses import Addresses
from reelm.federation.reading import (
    Activity,
    UnreadableError,
    activity_in,
    at_home,
    clip_in,
    file_in,
    moment_in,
    person_in,
    picture_in,
    uri_in,
)
from reelm.federation.repository import ArrivalWriter
from reelm.federation.sending import Sender
from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import InvalidRequestError
from reelm.kit.ids import Ids
from reelm.kit.jobs import enqueue
from reelm.kit.words import bigrams, fold, mentions_in

_MARKS = {("Like", "clip"): "like", ("Announce", "clip"): "repost", ("Like", "comment"): "comment_like"}
# What was done, or had been done before.
TAKEN = {"taken", "known", "undone", "accepted", "requested", "rejected", "still_accepted", "still_requested"}
# The one it is by may be in an arrival that is still on its way.
LATER = "author"


class TakingIn:
    """Takes in one arrival at a time."""

    def __init__(
        self, accounts: AccountsService, sender: Sender, addresses: Addresses, clock: Clock, ids: Ids
    ) -> None:
        self._accounts = accounts
        self._sender = sender
        self._at = addresses
        self._clock = clock
        self._ids = ids

    async def take(self, uow: UnitOfWork, arrival: Arrival) -> str:
        """Do what the arrival says; return `taken`, or why it is not taken in one word."""
        writer = ArrivalWriter(uow, arrival.id)
        try:
            activity = activity_in(arrival.act, arrival.document)
            said = await self._do(uow, writer, arrival.peer, activity)
        except UnreadableError as error:
            return f"unreadable:{error}"
        except InvalidRequestError:
            return "unreadable:content"
        return "taken" if said in TAKEN else said

    async def _do(self, uow: UnitOfWork, writer: ArrivalWriter, peer: str, activity: Activity) -> str:
        match activity.act:
            case "Create" | "Update":
                said = await self._made(uow, writer, peer, activity)
            case "Delete":
                said = await self._gone(uow, writer, activity)
            case "Follow":
                said = await self._followed(uow, writer, peer, activity, undone=False)
            case "Like" | "Announce":
                said = await self._marked(writer, activity, activity.act, activity.uri, undone=False)
            case "Undo":
                said = await self._undone(uow, writer, peer, activity)
            case "Accept" | "Reject":
                said = await self._answered(writer, activity)
            case _:
                said = "act"
        return said

    # --- what was made, changed, taken away -------------------------------------------------------------

    async def _made(self, uow: UnitOfWork, writer: ArrivalWriter, peer: str, activity: Activity) -> str:
        document = activity.thing
        if isinstance(document, str):
            raise UnreadableError("object")
        match activity.kind:
            case "Person":
                return "taken" if await self.person(uow, writer, document, peer) else "person"
            case "Video":
                return await self._clip(uow, writer, peer, activity.actor, document)
            case "Note":
                return await self._comment(uow, writer, peer, activity.actor, document)
            case "Collection":
                return await self._views(writer, document)
            case _:
                return "kind"

    async def person(
        self,
        uow: UnitOfWork,
        writer: ArrivalWriter,
        document: dict[str, Any],
        peer: str,
        *,
        was_looked_for: bool = False,
    ) -> UUID | None:
        """Take in a person of `peer`, by what it sent or answered to who looked for them."""
        uri, said, picture = uri_in(document, "id"), person_in(document), picture_in(document)
        words = fold(f"{said['handle']} {peer} {said['name']}")
        as_of = moment_in(document, "updated", "published", now=self._clock.now())
        fresh, pairs = self._ids.new(), bigrams(words)
        if was_looked_for:
            person_id = await writer.found(peer, uri, fresh, said, words, pairs, as_of)
        else:
            person_id = await writer.person(uri, fresh, said, words, pairs, as_of)
        if person_id is not None:
            await enqueue(uow, jobs.AVATAR, jobs.AvatarJob(person_id, picture))
        return person_id

    async def _clip(
        self, uow: UnitOfWork, writer: ArrivalWriter, peer: str, actor: str, document: dict[str, Any]
    ) -> str:
        now = self._clock.now()
        if await writer.find_thing(actor) is None:
            return LATER
        link = file_in(document)
        clip_id = await writer.clip(
            uri_in(document, "id"),
            actor,
            self._ids.new(),
            said := clip_in(document, self._at.realm, peer),
            {**link, "said": said},
            moment_in(document, "published", now=now),
            moment_in(document, "updated", "published", now=now),
        )
        if clip_id is None:
            return "clip"
        known = await writer.find_of("clip", clip_id)
        if known is None or (known.media or {}).get("placed") != link["digest"]:
            job = jobs.MediaJob(clip_id)
            await enqueue(uow, jobs.MEDIA, job, once_key=f"{jobs.MEDIA} {clip_id} {link['digest']}")
        return "taken"

    async def _comment(
        self, uow: UnitOfWork, writer: ArrivalWriter, peer: str, actor: str, document: dict[str, Any]
    ) -> str:
        clip_id = await self._here(writer, uri_in(document, "context"), "clip")
        answers = uri_in(document, "inReplyTo")
        if clip_id is None:
            return "clip"
        parent_id = await self._here(writer, answers, "comment")
        text = at_home(normal_text(str(document.get("content", ""))), self._at.realm, peer)
        comment_id = self._ids.new()
        made_at = moment_in(document, "published", now=self._clock.now())
        said = await writer.comment(
            uri_in(document, "id"), actor, comment_id, clip_id, parent_id, text, made_at
        )
        if said == "taken":
            await self._tell_of_comment(uow, writer, actor, text, clip_id, comment_id, answers)
        return said

    async def _tell_of_comment(
        self,
        uow: UnitOfWork,
        writer: ArrivalWriter,
        actor: str,
        text: str,
        clip_id: UUID,
        comment_id: UUID,
        answers: str,
    ) -> None:
        """Tell each person once: that they were answered, else mentioned, else that their clip was commented."""
        clip_author, parent_author = await writer.authors(clip_id, answers_id := self._own_comment(answers))
        mentioned = await self._accounts.people_by_handles(uow, mentions_in(text))
        told: set[UUID] = set()
        audiences: list[tuple[str, Sequence[UUID]]] = [
            ("reply", [parent_author] if parent_author and answers_id else []),
            ("mention", [person.id for person in mentioned]),
            ("comment", [clip_author] if clip_author else []),
        ]
        for kind, people in audiences:
            fresh = [person_id for person_id in dict.fromkeys(people) if person_id not in told]
            await self._tell(writer, actor, kind, fresh, clip_id, comment_id)
            told.update(fresh)

    def _own_comment(self, uri: str) -> UUID | None:
        found = self._at.own(uri)
        return found[1] if found and found[0] == "comment" else None

    async def _tell(
        self,
        writer: ArrivalWriter,
        actor: str,
        kind: str,
        people: Sequence[UUID],
        clip_id: UUID | None = None,
        comment_id: UUID | None = None,
    ) -> None:
        if people:
            told = [(person_id, self._ids.new()) for person_id in people]
            await writer.tell(actor, kind, told, clip_id, comment_id)

    async def _views(self, writer: ArrivalWriter, document: dict[str, Any]) -> str:
        clip = self._at.own(uri_in(document, "id").removesuffix("/views"))
        people = document.get("totalItems")
        if clip is None or clip[0] != "clip" or not isinstance(people, int):
            raise UnreadableError("totalItems")
        return await writer.views(clip[1], people)

    async def _gone(self, uow: UnitOfWork, writer: ArrivalWriter, activity: Activity) -> str:
        values = activity.thing if isinstance(activity.thing, dict) else {}
        at = moment_in(values, "deleted", now=self._clock.now())
        for clip_id in await writer.withdraw(activity.uri, activity.actor, at):
            await enqueue_erase(uow, clip_id)
        return "taken"

    # --- acts -------------------------------------------------------------------------------------------

    async def _here(self, writer: ArrivalWriter, uri: str, kind: str) -> UUID | None:
        """Return what an address means here: something of this realm, or something foreign that is here."""
        own = self._at.own(uri)
        if own is not None:
            return own[1] if own[0] == kind else None
        known = await writer.find_thing(uri)
        return known.thing_id if known and known.kind == kind else None

    async def _followed(
        self, uow: UnitOfWork, writer: ArrivalWriter, peer: str, activity: Activity, *, undone: bool
    ) -> str:
        thing = activity.thing if isinstance(activity.thing, str) else activity.uri
        own = self._at.own(thing)
        if own is None or own[0] != "person":
            return "thing"
        said = await writer.follow(activity.actor, own[1], undone=undone)
        if said in {"accepted", "requested"}:
            kind = "follow" if said == "accepted" else "follow_request"
            await self._tell(writer, activity.actor, kind, [own[1]])
        follower = await writer.find_thing(activity.actor)
        if said in {"accepted", "still_accepted"} and follower is not None:
            await self._sender.accept(uow, own[1], follower.thing_id, peer)
        return said

    async def _marked(
        self, writer: ArrivalWriter, activity: Activity, act: str, uri: str, *, undone: bool
    ) -> str:
        own = self._at.own(uri)
        mark = _MARKS.get((act, own[0])) if own else None
        if own is None or mark is None:
            return "thing"
        said = await writer.mark(activity.actor, mark, own[1], undone=undone)
        if said == "taken" and not undone and mark != "comment_like":
            author, _ = await writer.authors(own[1], None)
            await self._tell(writer, activity.actor, mark, [author] if author else [], own[1])
        return said

    async def _undone(self, uow: UnitOfWork, writer: ArrivalWriter, peer: str, activity: Activity) -> str:
        inner = activity.thing
        if not isinstance(inner, dict) or inner.get("actor") != activity.actor:
            raise UnreadableError("object")
        if inner.get("type") == "Follow":
            follow = Activity("Follow", activity.actor, uri_in(inner, "object"), None)
            return await self._followed(uow, writer, peer, follow, undone=True)
        return await self._marked(
            writer, activity, str(inner.get("type")), uri_in(inner, "object"), undone=True
        )

    async def _answered(self, writer: ArrivalWriter, activity: Activity) -> str:
        inner = activity.thing
        if (
            not isinstance(inner, dict)
            or inner.get("type") != "Follow"
            or inner.get("object") != activity.actor
        ):
            raise UnreadableError("object")
        follower = self._at.own(inner.get("actor"))
        if follower is None or follower[0] != "person":
            return "thing"
        accepted = activity.act == "Accept"
        said = await writer.answer(activity.actor, follower[1], accepted=accepted)
        if said == "accepted":
            await self._tell(writer, activity.actor, "follow_accepted", [follower[1]])
        return said
