"""Farewells: what people take with them and how they go. The jobs of the room `rights` ask here.

Erasing needs a proof beside the session, given once: it makes the ticket with which the job comes back, as often as
it must, until nothing is left.
"""

from reelm.custody import rights_schemas, schemas
from reelm.custody.credentials import Credentials
from reelm.custody.door import Door
from reelm.custody.errors import TicketRefusedError
from reelm.custody.keystore import Keystore
from reelm.custody.messages import Handlers
from reelm.custody.purposes import Purposes
from reelm.custody.releases import Releases, fresh_file_key, open_file_key
from reelm.custody.repository import RealmRows
from reelm.kit.errors import InvalidRequestError, NotFoundError

ERASE_PURPOSE = "rights_erase"


class Farewells:
    """Keys for exports and imports, and the end of all keys of a person."""

    def __init__(
        self,
        store: Keystore,
        door: Door,
        credentials: Credentials,
        releases: Releases,
        purposes: Purposes,
        rows: RealmRows,
    ) -> None:
        self._store = store
        self._door = door
        self._credentials = credentials
        self._releases = releases
        self._purposes = purposes
        self._rows = rows

    def handlers(self) -> Handlers:
        return {
            schemas.Erase: self.erase,
            rights_schemas.ErasureTicket: self.erasure_ticket,
            rights_schemas.EraseByJob: self.erase_by_job,
            rights_schemas.JobClipKeys: self.job_clip_keys,
            rights_schemas.JobFileKey: self.job_file_key,
        }

    async def erase(self, asked: schemas.Erase) -> schemas.Done:
        """Raises ProofRequiredError, SignInRefusedError or PasskeyRefusedError."""
        session, person, _ = self._door.live(asked.token)
        await self._credentials.prove(session, person, asked.password, asked.passkey)
        await self._door.destroy(person.person_id)
        return schemas.Done()

    async def erasure_ticket(self, asked: rights_schemas.ErasureTicket) -> schemas.Ticket:
        """Raises ProofRequiredError, SignInRefusedError or PasskeyRefusedError."""
        session, person, _ = self._door.live(asked.token)
        await self._credentials.prove(session, person, asked.password, asked.passkey)
        seconds = self._purposes.get(ERASE_PURPOSE).ttl_seconds
        return self._releases.job_ticket(ERASE_PURPOSE, person.person_id, None, seconds)

    async def erase_by_job(self, asked: rights_schemas.EraseByJob) -> schemas.Done:
        """Raises TicketRefusedError unless the ticket's purpose erases."""
        ticket, purpose = self._releases.read_job(asked.job_ticket)
        if not purpose.erases:
            raise TicketRefusedError
        await self._door.destroy(ticket.person_id)
        return schemas.Done()

    async def job_clip_keys(self, asked: rights_schemas.JobClipKeys) -> rights_schemas.ClipKeyLines:
        """Raises TicketRefusedError unless the ticket's purpose opens all clips of its person."""
        ticket, purpose, person = self._releases.live_job(asked.job_ticket)
        if not purpose.own_clips:
            raise TicketRefusedError
        if len(asked.clip_ids) > rights_schemas.MAX_CLIPS:
            raise InvalidRequestError(fields={"clip_ids": "too_many"})
        subject, _ = self._releases.subject_of(ticket)
        keys = []
        for clip_id, author_id, wrapped in await self._rows.list_clip_keys(subject, asked.clip_ids):
            if author_id != person.person_id:
                continue
            try:
                keys.append((clip_id, open_file_key(person, "clip", clip_id, wrapped)))
            except NotFoundError:
                continue
        self._releases.counts.add(ticket.purpose, len(keys))
        return rights_schemas.ClipKeyLines(keys)

    async def job_file_key(self, asked: rights_schemas.JobFileKey) -> schemas.FreshKey:
        """Raises TicketRefusedError unless the ticket's purpose opens all clips of its person."""
        _, purpose, person = self._releases.live_job(asked.job_ticket)
        if not purpose.own_clips:
            raise TicketRefusedError
        return fresh_file_key(person, asked.kind, asked.file_id)
