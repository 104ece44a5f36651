"""The part of the client that is about people's rights: keys for exports and imports, and erasure."""

from collections.abc import Sequence
from uuid import UUID

from reelm.custody import rights_schemas, schemas
from reelm.custody.calls import Calls
from reelm.custody.messages import FileKind, FreshKey, PasskeyAnswer
from reelm.custody.rights_schemas import MAX_CLIPS


class FarewellCalls(Calls):
    """What `KeysClient` can ask for the room `rights`."""

    async def erase(
        self, token: str, *, password: str | None = None, passkey: PasskeyAnswer | None = None
    ) -> None:
        """Destroy all keys, credentials and sessions of the session's person. There is no way back.

        The password or a fresh passkey sign-in has to come with it. Raises ProofRequiredError,
        SignInRefusedError or PasskeyRefusedError.
        """
        await self._ask(schemas.Erase(token, password, passkey), schemas.Done, repeatable=False)
        self.forget_everything()

    async def erasure_ticket(
        self, token: str, *, password: str | None = None, passkey: PasskeyAnswer | None = None
    ) -> str:
        """A job ticket (purpose `rights_erase`, 30 days) for a person who has just proven who they are.

        It stays good when the person's keys are gone, so that the job can finish. Raises like `erase`.
        """
        request = rights_schemas.ErasureTicket(token, password, passkey)
        return (await self._ask(request, schemas.Ticket, repeatable=False)).ticket

    async def erase_by_job(self, job_ticket: str) -> None:
        """Destroy the keys of an erasure ticket's person. May be repeated. The worker only."""
        await self._ask(rights_schemas.EraseByJob(job_ticket), schemas.Done)

    async def job_clip_keys(self, job_ticket: str, clip_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """The keys of these clips of the ticket's own person; what is not theirs is left out. The worker only."""
        keys: dict[UUID, bytes] = {}
        for start in range(0, len(clip_ids), MAX_CLIPS):
            request = rights_schemas.JobClipKeys(job_ticket, list(clip_ids[start : start + MAX_CLIPS]))
            keys.update((await self._ask(request, rights_schemas.ClipKeyLines)).items)
        return keys

    async def job_file_key(self, job_ticket: str, kind: FileKind, file_id: UUID) -> FreshKey:
        """A fresh key for a file of the ticket's person, with its wrapped form for the row. The worker only."""
        return await self._ask(rights_schemas.JobFileKey(job_ticket, kind, file_id), FreshKey)
