"""The jobs of the clips room: their names and payloads. A job carries the ticket that lets the worker act."""

from uuid import UUID

from reelm.kit.database import UnitOfWork
from reelm.kit.jobs import Job, enqueue

PREPARE = "clip.prepare"
LADDER = "clip.ladder"
SETTLE = "clip.settle"
COVER = "clip.cover"
TIDY = "clip.tidy"
ERASE = "clip.erase"
PRIVACY = "clip.privacy"

MEDIA_PROCESS = "media_process"
CLIP_PUBLISH = "clip_publish"
CLIP_ERASE = "clip_erase"


class ClipJob(Job, frozen=True, tag="clip"):
    """Work on one clip. `attempt` tells a later try from the one that was cancelled."""

    clip_id: UUID
    person_id: UUID
    ticket: str
    attempt: int = 1


class EraseJob(Job, frozen=True, tag="erase"):
    """The bytes of a clip whose row is gone."""

    clip_id: UUID
    upload_id: UUID | None


class PersonJob(Job, frozen=True, tag="person"):
    """Work on all clips of a person."""

    person_id: UUID


async def enqueue_clip(
    uow: UnitOfWork, name: str, job: ClipJob, *, priority: int = 0, delay_seconds: float = 0
) -> None:
    """Add a job on a clip, unless the same one waits or runs already."""
    # A settle that runs already may have read the row before this change: it gets a successor of its own.
    once = None if name in {SETTLE, COVER} else f"{name} {job.clip_id} {job.attempt}"
    await enqueue(uow, name, job, priority=priority, delay_seconds=delay_seconds, once_key=once)


async def enqueue_erase(uow: UnitOfWork, clip_id: UUID) -> None:
    """Let the bytes of a clip of another realm go, which that realm took back."""
    await enqueue(uow, ERASE, EraseJob(clip_id, None), delay_seconds=2)
