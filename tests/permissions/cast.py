"""The people and things of the permission table, put there by SQL so that a thousand questions take seconds."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import PASSWORD, Person
from tests.factories.clips import IDS, put_clip, put_sound
from tests.factories.publishing import begin

# What has to be written beside the audience to make a clip of each kind.
UNPUBLISHED = {"draft", "processing", "failed", "waits"}
_STATES = {
    "draft": "status = 'draft', draft = true",
    "processing": "status = 'processing'",
    "failed": "status = 'failed', failure_code = 'media.unreadable'",
    "waits": "publish_at = now() + interval '1 day'",
}


@dataclass
class Cast:
    """Everybody of the table, and what they have."""

    admin: Any
    people: dict[str, Person | None]
    authors: dict[str, Person]
    talker: Person
    clips: dict[str, str] = field(default_factory=dict)

    def person(self, column: str, visibility: str = "everyone") -> Person | None:
        """Who asks; the owner is the author of the clip in question."""
        return self.author(visibility) if column == "owner" else self.people[column]

    def author(self, visibility: str) -> Person:
        return self.authors["private_account" if visibility == "private_account" else "open"]

    async def tie(self) -> None:
        """Put everybody in relation again, whatever was done since."""
        everybody = [
            uuid.UUID(p.id) for p in [*self.people.values(), *self.authors.values(), self.talker] if p
        ]
        await self.admin.execute(
            "DELETE FROM follows WHERE follower_id = ANY ($1) OR followee_id = ANY ($1)", everybody
        )
        await self.admin.execute(
            "DELETE FROM blocks WHERE person_id = ANY ($1) OR blocked_id = ANY ($1)", everybody
        )
        follower, friend, blocked = (
            self._id(self.people[name]) for name in ("follower", "friend", "blocked")
        )
        ties = []
        for author in map(self._id, self.authors.values()):
            ties += [
                (follower, author, "accepted"),
                (friend, author, "accepted"),
                (author, friend, "accepted"),
            ]
            ties.append((self._id(self.talker), author, "requested"))
            await self.admin.execute(
                "INSERT INTO blocks (person_id, blocked_id) VALUES ($1, $2)", author, blocked
            )
        await self.admin.executemany(
            "INSERT INTO follows (follower_id, followee_id, state) VALUES ($1, $2, $3)", ties
        )

    @staticmethod
    def _id(person: Person | None) -> uuid.UUID:
        assert person is not None
        return uuid.UUID(person.id)

    async def clip(self, visibility: str, caption: str = "") -> str:
        """Put a clip of this kind."""
        author = self.author(visibility)
        audience = {"private_account": "followers"}.get(visibility, visibility)
        if visibility in UNPUBLISHED:
            audience = "everyone"
        made = await put_clip(
            self.admin, author.id, caption, audience=audience, published=visibility not in UNPUBLISHED
        )
        if visibility in _STATES:
            await self.admin.execute(f"UPDATE clips SET {_STATES[visibility]} WHERE id = $1", uuid.UUID(made))
        return made

    async def comment(self, clip_id: str, text: str = "hello") -> str:
        """Put a comment of somebody who is none of the columns."""
        made = IDS.new()
        await self.admin.execute(
            "INSERT INTO comments (id, clip_id, author_id, text) VALUES ($1, $2, $3, $4)",
            *(made, uuid.UUID(clip_id), uuid.UUID(self.talker.id), text),
        )
        return str(made)

    async def sound(self, clip_id: str, visibility: str, title: str = "A sound") -> str:
        """Put the sound of a clip, used by that clip."""
        made = await put_sound(self.admin, self.author(visibility).id, clip_id, title)
        await self.admin.execute(
            "UPDATE clips SET sound_id = $1 WHERE id = $2", uuid.UUID(made), uuid.UUID(clip_id)
        )
        return made

    async def upload(self, size: int) -> str:
        """Begin an upload of the owner's, the only one."""
        await self.admin.execute("DELETE FROM uploads WHERE person_id = $1", self._id(self.authors["open"]))
        return (await begin(self.authors["open"], size, filename="clip.mp4")).id


async def make_cast(admin: Any, sign_up: Any) -> Cast:
    people: dict[str, Person | None] = {"anonymous": None}
    for name in ("other", "blocked", "follower", "friend", "staff"):
        people[name] = await sign_up()
    authors = {"open": await sign_up(), "private_account": await sign_up()}
    staff, hermit = people["staff"], authors["private_account"]
    assert staff is not None
    await admin.execute(
        "UPDATE person_details SET role = 'operator' WHERE person_id = $1", uuid.UUID(staff.id)
    )
    await admin.execute("UPDATE people SET private = true WHERE id = $1", uuid.UUID(hermit.id))
    cast = Cast(admin, people, authors, await sign_up())
    await cast.tie()
    return cast


async def signed_in_again(person: Person) -> Person:
    """The same person in a further session, to be ended."""
    answer = await person.client.post(
        "/api/v1/sessions", json={"handle": person.handle, "password": PASSWORD}
    )
    person.client.cookies.clear()
    assert answer.status_code == 201, answer.text
    return Person(person.client, person.id, person.handle, answer.json()["token"])
