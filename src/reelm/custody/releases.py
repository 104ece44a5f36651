"""Releases: every key that leaves the keys process, and the rule that lets it.

(a) a live session opens its own person's data key, and the keys of clips that the database shows that person;
(b) a job ticket opens what its purpose declares: for the one person, the one clip, until it expires.
Rules (c), grants, and (d), reported messages, are in `opener` and `disclosures`; there no key leaves at all.
A ledger key never leaves. Anything not named here is refused.
"""

import datetime as dt
from uuid import UUID

from reelm.custody import schemas
from reelm.custody.contacts import blind_index
from reelm.custody.counts import SESSION, VIEWING, Counts
from reelm.custody.door import ENROL_PURPOSE, SESSION_PURPOSE, Door
from reelm.custody.envelope import context, new_key, seal, unseal
from reelm.custody.errors import SealBrokenError, TicketRefusedError
from reelm.custody.keystore import Keystore, PersonRow
from reelm.custody.messages import Handlers
from reelm.custody.purposes import Purpose, Purposes
from reelm.custody.repository import RealmRows
from reelm.custody.tickets import SUBJECT_TTL, JobTicket, mint_job, mint_subject, verify_job, verify_subject
from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError
from reelm.kit.limits import Limit, RateLimiter

_BLIND_LIMIT = Limit(burst=300, seconds_each=0.05)
_BLIND_NAMES: tuple[schemas.ContactKind, ...] = ("email", "phone")
_WRAPPED_IN: dict[schemas.FileKind, str] = {
    "clip": "clip_keys",
    "upload": "uploads",
    "export": "exports",
}


def _file_context(kind: schemas.FileKind, file_id: UUID, person_id: UUID) -> bytes:
    return context(_WRAPPED_IN[kind], "wrapped_key", file_id.bytes, person_id.bytes)


def fresh_file_key(person: PersonRow, kind: schemas.FileKind, file_id: UUID) -> schemas.FreshKey:
    """Make a key for a file and wrap it under its person's data key."""
    key = new_key()
    return schemas.FreshKey(key, seal(person.data_key, key, _file_context(kind, file_id, person.person_id)))


def open_file_key(person: PersonRow, kind: schemas.FileKind, file_id: UUID, wrapped: bytes) -> bytes:
    """Open a wrapped key. Raises NotFoundError for another person's, another file's or a broken one."""
    try:
        return unseal(person.data_key, wrapped, _file_context(kind, file_id, person.person_id))
    except SealBrokenError:
        raise NotFoundError from None


class Releases:
    """Decides about keys; `Door` decides about people."""

    def __init__(
        self,
        store: Keystore,
        door: Door,
        purposes: Purposes,
        rows: RealmRows,
        counts: Counts,
        clock: Clock,
    ) -> None:
        self._store = store
        self._door = door
        self._purposes = purposes
        self._rows = rows
        self.counts = counts
        self._clock = clock
        self._limits = RateLimiter(clock)
        now = int(clock.now().timestamp())
        self._job_secret = store.secret("job", now, new_key)
        self._blind = {kind: store.secret(f"blind {kind}", now, new_key) for kind in _BLIND_NAMES}

    def handlers(self) -> Handlers:
        return {
            schemas.Withdraw: self.withdraw,
            schemas.PersonKey: self.person_key,
            schemas.MintJobTicket: self.mint_job_ticket,
            schemas.ScheduleTicket: self.schedule_ticket,
            schemas.OpenJob: self.open_job,
            schemas.BlindIndex: self.blind_index,
            schemas.NewFileKey: self.new_file_key,
            schemas.OwnFileKey: self.own_file_key,
            schemas.ClipKey: self.clip_key,
        }

    async def person_key(self, asked: schemas.PersonKey) -> schemas.KeyBytes:
        _, person, _ = self._door.live(asked.token)
        self.counts.add(SESSION)
        return schemas.KeyBytes(person.data_key)

    async def withdraw(self, asked: schemas.Withdraw) -> schemas.Done:
        """Undo an enrolment, with its ticket, before the first sign-in, and only if no row of it was kept.

        A sign-up that was committed, and whose answer was lost on the way, keeps its keys.
        """
        secret = self._door.subject_secret
        person_id = verify_subject(secret, asked.enrol_ticket, ENROL_PURPOSE, self._clock.now())
        person = self._store.find_person(person_id)
        if person is not None and not person.confirmed and not await self._rows.list_existing([person_id]):
            await self._door.destroy(person_id)
        return schemas.Done()

    async def blind_index(self, asked: schemas.BlindIndex) -> schemas.KeyBytes:
        """Limited for the whole realm: who can ask often enough can test every telephone number there is."""
        self._limits.spend("blind", asked.kind, _BLIND_LIMIT)
        return schemas.KeyBytes(blind_index(self._blind[asked.kind], asked.kind, asked.value))

    # --- files --------------------------------------------------------------------------------------------

    async def new_file_key(self, asked: schemas.NewFileKey) -> schemas.FreshKey:
        _, person, _ = self._door.live(asked.token)
        return fresh_file_key(person, asked.kind, asked.file_id)

    async def own_file_key(self, asked: schemas.OwnFileKey) -> schemas.KeyBytes:
        _, person, _ = self._door.live(asked.token)
        key = open_file_key(person, asked.kind, asked.file_id, asked.wrapped)
        self.counts.add(SESSION)
        return schemas.KeyBytes(key)

    async def clip_key(self, asked: schemas.ClipKey) -> schemas.KeyBytes:
        """The database is asked as the viewer. Raises NotFoundError for what the viewer can't see."""
        row, _, _ = self._door.live(asked.token)
        expires_at = self._clock.now() + SUBJECT_TTL
        ticket = mint_subject(self._door.subject_secret, row.person_id, SESSION_PURPOSE, expires_at)
        found = await self._rows.find_clip_key(ticket, asked.clip_id)
        author = self._store.find_person(found[0]) if found else None
        if found is None or author is None:
            raise NotFoundError
        key = open_file_key(author, "clip", asked.clip_id, found[1])
        self.counts.add(VIEWING)
        return schemas.KeyBytes(key)

    # --- jobs ---------------------------------------------------------------------------------------------

    async def mint_job_ticket(self, asked: schemas.MintJobTicket) -> schemas.Ticket:
        """Raises TicketRefusedError for a purpose that is not declared."""
        _, person, _ = self._door.live(asked.token)
        purpose = self._purposes.get(asked.purpose)
        if purpose.erases:
            raise TicketRefusedError
        seconds = max(1, min(asked.ttl_seconds, purpose.ttl_seconds))
        return self.job_ticket(asked.purpose, person.person_id, asked.clip_id, seconds)

    async def schedule_ticket(self, asked: schemas.ScheduleTicket) -> schemas.Ticket:
        """A ticket without a session; raises TicketRefusedError unless the purpose says that it has a schedule."""
        purpose = self._purposes.get(asked.purpose)
        if not purpose.schedule or self._store.find_person(asked.person_id) is None:
            raise TicketRefusedError
        if purpose.columns and not purpose.schedule_opens_columns:
            raise TicketRefusedError
        return self.job_ticket(asked.purpose, asked.person_id, asked.clip_id, purpose.ttl_seconds)

    def job_ticket(self, purpose: str, person_id: UUID, clip_id: UUID | None, seconds: int) -> schemas.Ticket:
        expires_at = self._clock.now() + dt.timedelta(seconds=seconds)
        return schemas.Ticket(mint_job(self._job_secret, JobTicket(person_id, purpose, clip_id, expires_at)))

    def read_job(self, job_ticket: str) -> tuple[JobTicket, Purpose]:
        """Return what a live job ticket says, and its purpose. Raises TicketRefusedError."""
        ticket = verify_job(self._job_secret, job_ticket, self._clock.now())
        return ticket, self._purposes.get(ticket.purpose)

    def live_job(self, job_ticket: str) -> tuple[JobTicket, Purpose, PersonRow]:
        """The same with the ticket's person. Raises TicketRefusedError for somebody who is gone."""
        ticket, purpose = self.read_job(job_ticket)
        person = self._store.find_person(ticket.person_id)
        if person is None:
            raise TicketRefusedError("This person is gone.")
        return ticket, purpose, person

    def subject_of(self, ticket: JobTicket) -> tuple[str, dt.datetime]:
        """Return a subject ticket for the job's person and purpose, and until when it is good."""
        expires_at = min(self._clock.now() + SUBJECT_TTL, ticket.expires_at).replace(microsecond=0)
        secret = self._door.subject_secret
        return mint_subject(secret, ticket.person_id, ticket.purpose, expires_at), expires_at

    async def open_job(self, asked: schemas.OpenJob) -> schemas.JobKeys:
        """Raises TicketRefusedError for another purpose or clip, an expired ticket, or an erased person.

        What erases a person goes on reaching the rows of one who is gone, and gets no key.
        """
        ticket, purpose = self.read_job(asked.job_ticket)
        if ticket.purpose != asked.purpose or ticket.clip_id != asked.clip_id:
            raise TicketRefusedError
        subject, expires_at = self.subject_of(ticket)
        if purpose.erases:
            return schemas.JobKeys(ticket.person_id, subject, expires_at, None, None, None)
        _, _, person = self.live_job(asked.job_ticket)
        clip_key = upload_key = None
        if purpose.clip_key and ticket.clip_id is not None:
            found = await self._rows.find_clip_key(subject, ticket.clip_id)
            if found is not None and found[0] == person.person_id:
                clip_key = open_file_key(person, "clip", ticket.clip_id, found[1])
        if (purpose.clip_key or purpose.own_clips) and asked.upload is not None:
            upload_key = open_file_key(person, "upload", *asked.upload)
        data_key = person.data_key if purpose.columns else None
        self.counts.add(ticket.purpose, sum(key is not None for key in (data_key, clip_key, upload_key)))
        return schemas.JobKeys(person.person_id, subject, expires_at, data_key, clip_key, upload_key)
