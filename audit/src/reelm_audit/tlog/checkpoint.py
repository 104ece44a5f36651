"""C2SP checkpoints: a log's name, size and root, as the text of a signed note; no extension lines.

The origin is the name of the log's key: its address without the scheme.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reelm_audit.tlog.encoding import MAX_SIZE, b64decode, b64encode, decimal, is_name
from reelm_audit.tlog.merkle import EMPTY_ROOT, HASH_BYTES
from reelm_audit.tlog.note import NoteError, NoteVerifier, OpenedNote, Verifier, open_note


class CheckpointError(NoteError):
    """A text is not a checkpoint, or not this log's."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: `size` entries whose Merkle tree has this `root`."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not is_name(self.origin):
            raise CheckpointError("an origin is the name of a key")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise CheckpointError("a checkpoint has a size and a root of 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError("an empty log has one root only")

    def text(self) -> str:
        """Return the text that is signed, with its final newline."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root)}\n"


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint that its log has signed, with the note that says so."""

    checkpoint: Checkpoint
    note: OpenedNote


def parse(text: str) -> Checkpoint:
    """Read a checkpoint's text; raises `CheckpointError`."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise CheckpointError("a checkpoint has three lines")
    try:
        return Checkpoint(lines[0], decimal(lines[1]), b64decode(lines[2], HASH_BYTES))
    except CheckpointError:
        raise
    except ValueError as error:
        raise CheckpointError(f"the checkpoint is malformed: {error}") from error


def open_checkpoint(
    note: str | bytes, log: Verifier | Sequence[Verifier], others: Iterable[NoteVerifier] = ()
) -> OpenedCheckpoint:
    """Verify that `log` (one of its keys) signed this checkpoint of its own, and `others` where they signed."""
    keys = [log] if isinstance(log, Verifier) else list(log)
    opened = open_note(note, [*keys, *others])
    signed = [key for key in keys if opened.signed_by(key)]
    if not signed:
        raise CheckpointError("the log itself has not signed this checkpoint")
    checkpoint = parse(opened.text)
    if any(checkpoint.origin != key.name for key in signed):
        raise CheckpointError("the checkpoint is of another log")
    return OpenedCheckpoint(checkpoint, opened)
