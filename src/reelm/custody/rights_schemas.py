"""The words of the keys protocol about people's rights: the jobs that export, import and erase."""

from uuid import UUID

from reelm.custody.messages import FileKind, Message, PasskeyAnswer, Request

MAX_CLIPS = 100


class JobClipKeys(Request, frozen=True):
    """The keys of clips of the ticket's own person."""

    job_ticket: str
    clip_ids: list[UUID]


class JobFileKey(Request, frozen=True):
    """A fresh key for a file of the ticket's person, with its wrapped form."""

    job_ticket: str
    kind: FileKind
    file_id: UUID


class ErasureTicket(Request, frozen=True):
    """A ticket to erase the session's person, who has to prove who they are."""

    token: str
    password: str | None = None
    passkey: PasskeyAnswer | None = None


class EraseByJob(Request, frozen=True):
    """Destroy every key, credential and session of the ticket's person; again and again does no harm."""

    job_ticket: str


RightsRequest = JobClipKeys | JobFileKey | ErasureTicket | EraseByJob


class ClipKeyLines(Message, frozen=True):
    """Clips and their keys; clips that are not the person's own, or have no key, are left out."""

    items: list[tuple[UUID, bytes]]
