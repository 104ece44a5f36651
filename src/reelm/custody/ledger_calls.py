"""The part of the client that is about the ledger: signatures, references, openings."""

from collections.abc import Sequence
from uuid import UUID

from reelm.custody import ledger_schemas
from reelm.custody.calls import Calls
from reelm.custody.ledger_schemas import MAX_REFERENCES


class LedgerCalls(Calls):
    """What `KeysClient` can ask about the ledger."""

    async def sign_checkpoint(self, text: str) -> str:
        """The log's signature line on a checkpoint, with its newline; the sequencer only.

        What is about to be signed is recorded first, durably. Raises CheckpointRefusedError for a smaller size
        than was signed before, for the same size with another root, and for another origin.
        """
        return (await self._ask(ledger_schemas.SignCheckpoint(text), ledger_schemas.SignedLine)).line

    async def log_vkey(self, origin: str) -> str:
        """The log's verifier key; the sequencer only. The first origin named stays the only one."""
        return (await self._ask(ledger_schemas.LogVkey(origin), ledger_schemas.VerifierKey)).vkey

    async def references(self, kind: str, items: Sequence[tuple[UUID, bytes]]) -> list[tuple[str, bytes]]:
        """For each person and document a fresh reference (hexadecimal) and the nonce that opens it later.

        The nonce stays with the private row. Raises NotFoundError for a person who is gone.
        """
        lines: list[tuple[str, bytes]] = []
        for start in range(0, len(items), MAX_REFERENCES):
            request = ledger_schemas.References(kind, list(items[start : start + MAX_REFERENCES]))
            answer = await self._ask(request, ledger_schemas.ReferenceLines)
            lines += [(line.reference, line.nonce) for line in answer.items]
        return lines

    async def opening(self, token: str, nonce: bytes) -> str:
        """What opens a reference to the session's own person, hexadecimal. For their receipts."""
        return (await self._ask(ledger_schemas.Opening(token, nonce), ledger_schemas.Openings)).items[0]

    async def job_openings(self, job_ticket: str, nonces: Sequence[bytes]) -> list[str]:
        """The same in a job whose purpose opens references. The worker only."""
        opened: list[str] = []
        for start in range(0, len(nonces), MAX_REFERENCES):
            request = ledger_schemas.JobOpenings(job_ticket, list(nonces[start : start + MAX_REFERENCES]))
            opened += (await self._ask(request, ledger_schemas.Openings)).items
        return opened

    async def sign_export(self, manifest_digest: str, *, token: str = "", job_ticket: str = "") -> str:
        """A signed note over an export's manifest digest (SHA-256, hexadecimal), in a session or a fitting job.

        Its text is the line `reelm-export/v1` and the digest's line.
        """
        request = ledger_schemas.SignExport(token, job_ticket, manifest_digest)
        return (await self._ask(request, ledger_schemas.SignedNote)).note

    async def export_vkey(self) -> str:
        """The verifier key of this realm's exports."""
        return (await self._ask(ledger_schemas.ExportVkey(), ledger_schemas.VerifierKey)).vkey
