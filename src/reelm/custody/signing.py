"""What the keys process signs in the realm's name: checkpoints of its log, and manifests of people's exports.

Both keys are made here, sealed under the key-encryption key, and never leave. They differ, so that neither kind of
signature can be passed off as the other.
"""

import re
from urllib.parse import urlsplit

from reelm.custody import ledger_schemas
from reelm.custody.door import Door
from reelm.custody.envelope import new_key
from reelm.custody.errors import CheckpointRefusedError, TicketRefusedError
from reelm.custody.keystore import Keystore
from reelm.custody.marks import LogHead
from reelm.custody.messages import Handlers
from reelm.custody.releases import Releases
from reelm.kit.clock import Clock
from reelm.kit.errors import InvalidRequestError
from reelm_audit.tlog import checkpoint
from reelm_audit.tlog.note import Ed25519Signer, NoteError, Verifier, sign_note

_DIGEST = re.compile("[0-9a-f]{64}")


def export_name(origin: str) -> str:
    """The name of the key that signs exports of the realm at this web address."""
    return f"{urlsplit(origin).netloc or 'localhost'}/export"


class LogSigner:
    """Signs the log's checkpoints, and never two that contradict each other."""

    def __init__(self, store: Keystore, door: Door, clock: Clock) -> None:
        self._store = store
        self._door = door
        self._secret = store.secret("log", int(clock.now().timestamp()), new_key)

    def handlers(self) -> Handlers:
        return {
            ledger_schemas.SignCheckpoint: self.sign_checkpoint,
            ledger_schemas.LogVkey: self.log_vkey,
        }

    def verifier(self) -> Verifier | None:
        """What checks the log's signatures; None until its origin is known."""
        head = self._store.find_log_head()
        return None if head is None else Ed25519Signer(head.origin, self._secret).verifier

    async def log_vkey(self, asked: ledger_schemas.LogVkey) -> ledger_schemas.VerifierKey:
        """Raises CheckpointRefusedError for another origin than the first one named."""
        try:
            signer = Ed25519Signer(asked.origin, self._secret)
        except NoteError as error:
            raise CheckpointRefusedError(f"{error}.") from None
        if not await self._door.write(self._store.advance_log_head, LogHead(asked.origin)):
            raise CheckpointRefusedError("This store signs for another log.")
        return ledger_schemas.VerifierKey(signer.vkey)

    async def sign_checkpoint(self, asked: ledger_schemas.SignCheckpoint) -> ledger_schemas.SignedLine:
        """Sign, in this order: 1. read strictly, 2. compare with the past and record, durably, 3. sign.

        A crash between 2 and 3 loses nothing: the same text is signed when it is asked for again. Raises
        CheckpointRefusedError.
        """
        try:
            wanted = checkpoint.parse(asked.text)
        except NoteError as error:
            raise CheckpointRefusedError(f"{error}.") from None
        if wanted.text() != asked.text:
            raise CheckpointRefusedError("This is not how a checkpoint is written.")
        head = LogHead(wanted.origin, wanted.size, wanted.root)
        if not await self._door.write(self._store.advance_log_head, head):
            raise CheckpointRefusedError("It contradicts what was signed before.")
        return ledger_schemas.SignedLine(
            Ed25519Signer(wanted.origin, self._secret).signature_line(asked.text)
        )


class ExportSigner:
    """Signs the digest of what a person takes with them, so that another realm can tell where it comes from."""

    def __init__(self, store: Keystore, door: Door, releases: Releases, clock: Clock, *, name: str) -> None:
        self._door = door
        self._releases = releases
        self._signer = Ed25519Signer(name, store.secret("export", int(clock.now().timestamp()), new_key))

    def handlers(self) -> Handlers:
        return {
            ledger_schemas.SignExport: self.sign_export,
            ledger_schemas.ExportVkey: self.export_vkey,
        }

    async def export_vkey(self, _: ledger_schemas.ExportVkey) -> ledger_schemas.VerifierKey:
        return ledger_schemas.VerifierKey(self._signer.vkey)

    async def sign_export(self, asked: ledger_schemas.SignExport) -> ledger_schemas.SignedNote:
        """Raises TicketRefusedError for a job whose purpose signs no exports."""
        if asked.job_ticket:
            _, purpose, _ = self._releases.live_job(asked.job_ticket)
            if not purpose.signs_exports:
                raise TicketRefusedError
        else:
            self._door.live(asked.token)
        if not _DIGEST.fullmatch(asked.manifest_digest):
            raise InvalidRequestError(fields={"manifest_digest": "malformed"})
        text = f"reelm-export/v1\n{asked.manifest_digest}\n"
        return ledger_schemas.SignedNote(sign_note(text, self._signer))
