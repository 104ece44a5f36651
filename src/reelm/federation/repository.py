"""SQL of the federation room: addresses of foreign things, consents, and the calls that take in what arrived."""

import datetime as dt
from typing import Any
from uuid import UUID

from reelm.federation.addresses import Kind
from reelm.federation.schemas import ConsentRow, ForeignThing, StandingAct
from reelm.kit.database import Record, UnitOfWork

_THING = "uri, kind, thing_id, peer, media"


def _thing(row: Record | None) -> ForeignThing | None:
    return ForeignThing(row["uri"], row["kind"], row["thing_id"], row["peer"], row["media"]) if row else None


class FederationReader:
    """Reads what is known of other realms' things, and the subject's consents."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_uri(self, thing_id: UUID) -> str | None:
        """Return the address of something foreign that is here."""
        uri: str | None = await self._uow.fetch_value(
            "SELECT uri FROM foreign_things WHERE thing_id = $1 AND gone_at IS NULL", thing_id
        )
        return uri

    async def find_thing(self, uri: str) -> ForeignThing | None:
        return _thing(
            await self._uow.fetch_row(
                f"SELECT {_THING} FROM foreign_things WHERE uri = $1 AND gone_at IS NULL", uri
            )
        )

    async def find_of(self, kind: Kind, thing_id: UUID) -> ForeignThing | None:
        return _thing(
            await self._uow.fetch_row(
                f"SELECT {_THING} FROM foreign_things WHERE thing_id = $1 AND kind = $2 AND gone_at IS NULL",
                thing_id,
                kind,
            )
        )

    async def has_consent(self, person_id: UUID, peer: str) -> bool:
        found: bool = await self._uow.fetch_value(
            "SELECT EXISTS (SELECT 1 FROM consents WHERE person_id = $1 AND peer = $2)", person_id, peer
        )
        return found

    async def list_consents(self, person_id: UUID) -> list[ConsentRow]:
        rows = await self._uow.fetch(
            "SELECT peer, given_at FROM consents WHERE person_id = $1 ORDER BY peer", person_id
        )
        return [ConsentRow(row["peer"], row["given_at"]) for row in rows]

    async def peers_following(self) -> list[str]:
        """Return the realms in which somebody follows the subject."""
        rows = await self._uow.fetch("SELECT reelm.peers_following() AS peer")
        return sorted(row["peer"] for row in rows)

    async def peers_with(self, thing_id: UUID) -> list[str]:
        """Return the realms that have a thing of the subject's, or a public clip."""
        rows = await self._uow.fetch("SELECT reelm.peers_with($1) AS peer", thing_id)
        return sorted(row["peer"] for row in rows)

    async def standing_acts(self, peer: str) -> list[StandingAct]:
        """Return the subject's acts that stand in a realm, latest first."""
        rows = await self._uow.fetch("SELECT act, object_type, thing_id FROM reelm.standing_acts($1)", peer)
        return [StandingAct(*row.values()) for row in rows]

    async def watched_from_abroad(self) -> list[tuple[str, str, UUID, int]]:
        """Return foreign clips watched by enough people since the last count: realm, address, id, people."""
        rows = await self._uow.fetch("SELECT peer, uri, clip_id, people FROM reelm.watched_from_abroad()")
        return [(row["peer"], row["uri"], row["clip_id"], row["people"]) for row in rows]


class FederationWriter(FederationReader):
    """Writes consents; takes back what waits to cross."""

    async def add_consent(self, person_id: UUID, peer: str) -> None:
        await self._uow.execute(
            "INSERT INTO consents (person_id, peer) VALUES ($1, $2) ON CONFLICT DO NOTHING", person_id, peer
        )

    async def remove_consent(self, person_id: UUID, peer: str) -> None:
        await self._uow.execute("DELETE FROM consents WHERE person_id = $1 AND peer = $2", person_id, peer)

    async def take_back(self, thing_id: UUID, peer: str, done: str) -> bool:
        """Take back what waits of an act; return whether it is over there, so that it has to be undone."""
        undo: bool = await self._uow.fetch_value("SELECT reelm.take_back($1, $2, $3)", thing_id, peer, done)
        return undo

    async def leave_peers(self) -> list[str]:
        """Take back all that waits, in an erasure; return the realms that have heard of the subject."""
        rows = await self._uow.fetch("SELECT reelm.leave_peers() AS peer")
        return [row["peer"] for row in rows]

    async def note_views_told(self, clip_id: UUID, people: int) -> None:
        await self._uow.execute("SELECT reelm.note_views_told($1, $2)", clip_id, people)

    async def place_clip(
        self, clip_id: UUID, record: dict[str, Any], digest: str, said: dict[str, Any]
    ) -> bool:
        """Show a foreign clip, whose bytes are here now; false when it is wanted no more."""
        placed: bool = await self._uow.fetch_value(
            "SELECT reelm.place_clip($1, $2, $3, $4)", clip_id, record, digest, said
        )
        return placed

    async def place_avatar(self, person_id: UUID, name: str | None) -> bool:
        """Show a foreign person by a picture that is here now; false where that changes nothing."""
        placed: bool = await self._uow.fetch_value("SELECT reelm.place_avatar($1, $2)", person_id, name)
        return placed


class ArrivalWriter(FederationReader):
    """Takes in one arrival: every call says which, and is answered `taken` or why not."""

    def __init__(self, uow: UnitOfWork, arrival_id: UUID | None) -> None:
        super().__init__(uow)
        self._arrival_id = arrival_id

    async def person(
        self, uri: str, fresh: UUID, said: dict[str, Any], words: str, pairs: list[str], as_of: dt.datetime
    ) -> UUID | None:
        made: UUID | None = await self._uow.fetch_value(
            "SELECT reelm.take_in_person($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self._arrival_id,
            uri,
            fresh,
            said["handle"],
            said["name"],
            said["bio"],
            said["private"],
            words,
            pairs,
            as_of,
        )
        return made

    async def found(
        self,
        peer: str,
        uri: str,
        fresh: UUID,
        said: dict[str, Any],
        words: str,
        pairs: list[str],
        as_of: dt.datetime,
    ) -> UUID | None:
        """Take in somebody who was looked for by address."""
        made: UUID | None = await self._uow.fetch_value(
            "SELECT reelm.take_in_found($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            peer,
            uri,
            fresh,
            said["handle"],
            said["name"],
            said["bio"],
            said["private"],
            words,
            pairs,
            as_of,
        )
        return made

    async def clip(
        self,
        uri: str,
        author_uri: str,
        fresh: UUID,
        said: dict[str, Any],
        link: dict[str, Any],
        made_at: dt.datetime,
        as_of: dt.datetime,
    ) -> UUID | None:
        made: UUID | None = await self._uow.fetch_value(
            "SELECT reelm.take_in_clip($1, $2, $3, $4, $5, $6, $7, $8)",
            self._arrival_id,
            uri,
            author_uri,
            fresh,
            said,
            link,
            made_at,
            as_of,
        )
        return made

    async def comment(
        self,
        uri: str,
        author_uri: str,
        fresh: UUID,
        clip_id: UUID,
        parent_id: UUID | None,
        text: str,
        made_at: dt.datetime,
    ) -> str:
        said: str = await self._uow.fetch_value(
            "SELECT reelm.take_in_comment($1, $2, $3, $4, $5, $6, $7, $8)",
            self._arrival_id,
            uri,
            author_uri,
            fresh,
            clip_id,
            parent_id,
            text,
            made_at,
        )
        return said

    async def mark(self, actor_uri: str, mark: str, thing_id: UUID, *, undone: bool) -> str:
        said: str = await self._uow.fetch_value(
            "SELECT reelm.take_in_mark($1, $2, $3, $4, $5)",
            self._arrival_id,
            actor_uri,
            mark,
            thing_id,
            undone,
        )
        return said

    async def follow(self, actor_uri: str, followee_id: UUID, *, undone: bool) -> str:
        said: str = await self._uow.fetch_value(
            "SELECT reelm.take_in_follow($1, $2, $3, $4)", self._arrival_id, actor_uri, followee_id, undone
        )
        return said

    async def answer(self, actor_uri: str, follower_id: UUID, *, accepted: bool) -> str:
        said: str = await self._uow.fetch_value(
            "SELECT reelm.answer_follow($1, $2, $3, $4)", self._arrival_id, actor_uri, follower_id, accepted
        )
        return said

    async def views(self, clip_id: UUID, people: int) -> str:
        said: str = await self._uow.fetch_value(
            "SELECT reelm.take_in_views($1, $2, $3)", self._arrival_id, clip_id, people
        )
        return said

    async def authors(self, clip_id: UUID, comment_id: UUID | None) -> tuple[UUID | None, UUID | None]:
        """Return who made a clip and a comment, for telling them; None where there is none any more."""
        row = await self._uow.fetch_row(
            "SELECT clip_author, comment_author FROM reelm.authors_for($1, $2, $3)",
            self._arrival_id,
            clip_id,
            comment_id,
        )
        return (row["clip_author"], row["comment_author"]) if row else (None, None)

    async def withdraw(self, uri: str, actor_uri: str, at: dt.datetime) -> list[UUID]:
        """Return the clips whose bytes are to go."""
        rows = await self._uow.fetch(
            "SELECT reelm.withdraw_thing($1, $2, $3, $4) AS id", self._arrival_id, uri, actor_uri, at
        )
        return [row["id"] for row in rows]

    async def tell(
        self,
        actor_uri: str,
        kind: str,
        told: list[tuple[UUID, UUID]],
        clip_id: UUID | None,
        comment_id: UUID | None,
    ) -> None:
        """Let people who live here hear of it: (person, id of the notice)."""
        await self._uow.execute(
            "SELECT reelm.tell_from_abroad($1, $2, $3, $4, $5, $6, $7)",
            self._arrival_id,
            actor_uri,
            kind,
            [person_id for person_id, _ in told],
            [notice_id for _, notice_id in told],
            clip_id,
            comment_id,
        )
