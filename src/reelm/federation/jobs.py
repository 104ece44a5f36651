"""The jobs of the federation room: their names and payloads."""

from uuid import UUID

from reelm.kit.jobs import Job

TAKE_IN = "federation.take_in"
MEDIA = "federation.media"
FOUND = "federation.found"
AVATAR = "federation.avatar"


class MediaJob(Job, frozen=True, tag="foreign_media"):
    """Fetch the file of a foreign clip and make it this realm's own."""

    clip_id: UUID


class AvatarJob(Job, frozen=True, tag="foreign_avatar"):
    """Fetch the picture of a foreign person; without an address, show none."""

    person_id: UUID
    url: str | None


class FoundJob(Job, frozen=True, tag="found"):
    """Take in the person at an address that somebody looked for."""

    address: str
