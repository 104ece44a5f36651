"""C2SP tlog-witness: the texts of add-checkpoint, and a witness's decision about one.

A request is `old <size>`, at most 63 lines of a consistency proof, a blank line, and the checkpoint as it was signed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.checkpoint import parse as parse_checkpoint
from reelm_audit.tlog.encoding import b64decode, b64encode, decimal
from reelm_audit.tlog.merkle import HASH_BYTES, ProofError, verify_consistency
from reelm_audit.tlog.note import NoteError, SignatureLine, Verifier, parse_lines, parse_note

ADD_CHECKPOINT = "add-checkpoint"
MAX_PROOF_LINES = 63
MAX_REQUEST_BYTES = 256_000
SIZE_TYPE = "text/x.tlog.size"


class WitnessError(ValueError):
    """A witness's request or answer can't be read."""


class RefusedError(Exception):
    """A witness does not cosign; `status` is HTTP's, and `size` (of a 409) is what it has cosigned last."""

    def __init__(self, status: int, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.size = status, reason, size


@dataclass(frozen=True)
class AddCheckpoint:
    """A request to cosign `note`, shown by `proof` to extend what the witness saw last, at size `old`."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Return the request's body."""
        if len(self.proof) > MAX_PROOF_LINES:
            raise WitnessError("the proof is too long")
        return f"old {self.old}\n" + "".join(f"{b64encode(each)}\n" for each in self.proof) + "\n" + self.note


def parse_request(body: bytes) -> AddCheckpoint:
    """Read a request's body; raises `WitnessError`."""
    if len(body) > MAX_REQUEST_BYTES:
        raise WitnessError("the request is too long")
    try:
        return _parse_request(body.decode("utf-8"))
    except WitnessError:
        raise
    except ValueError as error:
        raise WitnessError(f"the request is malformed: {error}") from error


def _parse_request(body: str) -> AddCheckpoint:
    head, blank, note = body.partition("\n\n")
    first, *lines = head.split("\n")
    if not first.startswith("old ") or not blank:
        raise WitnessError("a request begins with the old size, and has a blank line before the checkpoint")
    if len(lines) > MAX_PROOF_LINES:
        raise WitnessError("the proof is too long")
    return AddCheckpoint(decimal(first[4:]), tuple(b64decode(line, HASH_BYTES) for line in lines), note)


def judge(
    request: AddCheckpoint, logs: Mapping[str, Sequence[Verifier]], seen: Mapping[str, Checkpoint]
) -> Checkpoint:
    """Decide about a request; return the checkpoint to persist and cosign, or raise `RefusedError`.

    `logs` are the keys of the logs witnessed, by origin; `seen` the last checkpoint cosigned of each. Nothing
    may change in between: the caller holds a lock from before this until the checkpoint returned is on disk.
    """
    try:
        origin = parse_note(request.note).text.partition("\n")[0]
    except NoteError as error:
        raise RefusedError(400, str(error)) from error
    keys = logs.get(origin)
    if not keys:
        raise RefusedError(404, "this log is not known here")
    try:
        checkpoint = open_checkpoint(request.note, keys).checkpoint
    except NoteError as error:
        raise RefusedError(403 if _is_checkpoint(request.note) else 400, str(error)) from error
    if request.old > checkpoint.size:
        raise RefusedError(400, "the old size is larger than the checkpoint")
    last = seen.get(origin)
    known_size = last.size if last else 0
    if request.old != known_size:
        raise RefusedError(409, "another size was cosigned last", known_size)
    if last is None or last.size == 0:
        if request.proof:
            raise RefusedError(422, "nothing is to be proved from size 0")
        return checkpoint
    try:
        verify_consistency(last.size, last.root, checkpoint.size, checkpoint.root, request.proof)
    except ProofError as error:
        raise RefusedError(422, str(error)) from error
    return checkpoint


def _is_checkpoint(note: str) -> bool:
    try:
        parse_checkpoint(parse_note(note).text)
    except NoteError:
        return False
    return True


def parse_cosignatures(body: bytes) -> tuple[SignatureLine, ...]:
    """Read the body of a 200: one or more signature lines, not verified yet."""
    try:
        return parse_lines(body.decode("utf-8"))
    except (NoteError, UnicodeDecodeError) as error:
        raise WitnessError(f"the answer is malformed: {error}") from error


def size_text(size: int) -> str:
    """Return the body of a 409."""
    return f"{size}\n"


def parse_size(body: bytes) -> int:
    """Read the body of a 409."""
    if not body.endswith(b"\n"):
        raise WitnessError("a size ends in a newline")
    try:
        return decimal(body[:-1].decode("ascii"))
    except ValueError as error:
        raise WitnessError("the answer holds no size") from error


def checkpoint_path(origin: str) -> str:
    """Return where a witness shows what it cosigned last of a log, below its address."""
    return f"{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"
