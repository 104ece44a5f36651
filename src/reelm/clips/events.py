"""What happens to clips, told to the rooms above."""

from uuid import UUID

from reelm.kit.events import DomainEvent


class ClipPublished(DomainEvent, frozen=True):
    """A clip came before its audience for the first time."""

    clip_id: UUID
    author_id: UUID


class ClipOpened(DomainEvent, frozen=True):
    """A clip is before everyone, complete: for the first time, or again after it was kept from some."""

    clip_id: UUID
    author_id: UUID


class ClipChanged(DomainEvent, frozen=True):
    """What a clip that is before everyone says of itself changed: words, labels, what others may do with it."""

    clip_id: UUID
    author_id: UUID


class ClipClosed(DomainEvent, frozen=True):
    """A clip that was before everyone is so no more: fewer people see it, or it is gone."""

    clip_id: UUID
    author_id: UUID


class ClipReady(DomainEvent, frozen=True):
    """A clip can be played: by its audience, or (a draft, a clip with an hour) by its author."""

    clip_id: UUID
    author_id: UUID


class ClipFailed(DomainEvent, frozen=True):
    """A clip could not be made; `code` says why. Not told when its author stopped it."""

    clip_id: UUID
    author_id: UUID
    code: str


class ClipMentioned(DomainEvent, frozen=True):
    """A published clip's caption names people who were not told before."""

    clip_id: UUID
    author_id: UUID
    person_ids: tuple[UUID, ...]


class ClipLiked(DomainEvent, frozen=True):
    """`person_id` likes a clip."""

    person_id: UUID
    clip_id: UUID
    author_id: UUID


class ClipUnliked(DomainEvent, frozen=True):
    """`person_id` took a like back."""

    person_id: UUID
    clip_id: UUID
    author_id: UUID


class ClipReposted(DomainEvent, frozen=True):
    """`person_id` passed a clip on."""

    person_id: UUID
    clip_id: UUID
    author_id: UUID


class ClipUnreposted(DomainEvent, frozen=True):
    """`person_id` no longer passes a clip on."""

    person_id: UUID
    clip_id: UUID
    author_id: UUID
