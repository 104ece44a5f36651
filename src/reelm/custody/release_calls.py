"""The part of the client that is about keys: a person's own, of files, and of jobs (release rules a and b)."""

from uuid import UUID

from reelm.custody import schemas
from reelm.custody.calls import Calls
from reelm.custody.schemas import FreshKey, JobKeys


class ReleaseCalls(Calls):
    """What `KeysClient` can ask for keys."""

    async def person_key(self, token: str) -> bytes:
        """Rule (a): the data key of the session's own person, for `seal_field` and `open_field`."""
        return (await self._ask(schemas.PersonKey(token), schemas.KeyBytes)).key

    async def blind_index(self, kind: schemas.ContactKind, value: str) -> bytes:
        """The look-up value of a contact. Raises ContactUnsuitableError or TooManyRequestsError."""
        return (await self._ask(schemas.BlindIndex(kind, value), schemas.KeyBytes)).key

    async def new_clip_key(self, token: str, clip_id: UUID) -> FreshKey:
        """A key for a clip's files and its wrapped form for `clip_keys`; the caller stores the row."""
        return await self._ask(schemas.NewFileKey(token, "clip", clip_id), FreshKey)

    async def new_upload_key(self, token: str, upload_id: UUID) -> FreshKey:
        """A key for an upload's parts and its wrapped form for `uploads`."""
        return await self._ask(schemas.NewFileKey(token, "upload", upload_id), FreshKey)

    async def upload_key(self, token: str, upload_id: UUID, wrapped: bytes) -> bytes:
        """Open the key of the session's person's own upload. Raises NotFoundError for anyone else's."""
        return await self.own_file_key(token, "upload", upload_id, wrapped)

    async def own_file_key(self, token: str, kind: schemas.FileKind, file_id: UUID, wrapped: bytes) -> bytes:
        """Open the wrapped key of a file of the session's own person. Raises NotFoundError for anyone else's."""
        return (await self._ask(schemas.OwnFileKey(token, kind, file_id, wrapped), schemas.KeyBytes)).key

    async def clip_key(self, token: str, clip_id: UUID) -> bytes:
        """The key of a clip the session's person can see. Raises NotFoundError."""
        return (await self._ask(schemas.ClipKey(token, clip_id), schemas.KeyBytes)).key

    # --- jobs ---------------------------------------------------------------------------------------------

    async def mint_job_ticket(
        self, token: str, purpose: str, clip_id: UUID | None = None, ttl_seconds: int = 86_400
    ) -> str:
        """Rule (b): a ticket to put into a job's arguments; lives at most as long as the purpose allows."""
        request = schemas.MintJobTicket(token, purpose, clip_id, ttl_seconds)
        return (await self._ask(request, schemas.Ticket)).ticket

    async def schedule_ticket(self, purpose: str, person_id: UUID, clip_id: UUID | None = None) -> str:
        """A ticket for a purpose declared to run by schedule; the worker only. Raises TicketRefusedError."""
        return (await self._ask(schemas.ScheduleTicket(purpose, person_id, clip_id), schemas.Ticket)).ticket

    async def job_keys(
        self,
        job_ticket: str,
        purpose: str,
        clip_id: UUID | None = None,
        *,
        upload: tuple[UUID, bytes] | None = None,
    ) -> JobKeys:
        """What a job may use, for five minutes at a time: ask again for longer work. The worker only.

        `purpose` and `clip_id` are what the worker is about to do; a ticket for anything else is refused.
        `upload` is the id and wrapped key of the upload that the clip is made from.
        """
        return await self._ask(schemas.OpenJob(job_ticket, purpose, clip_id, upload), JobKeys)
