"""C2SP tlog-proof: one entry's inclusion, to be kept and checked offline.

The extra data is not authenticated by the proof: what it says must be checked against the entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reelm_audit.tlog.encoding import MAX_SIZE, b64decode, b64encode, decimal
from reelm_audit.tlog.merkle import HASH_BYTES, ProofError, leaf_hash, verify_inclusion
from reelm_audit.tlog.note import Verifier
from reelm_audit.tlog.policy import Policy, Witnessed

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = 2_000_000
MAX_HASHES = 63


@dataclass(frozen=True)
class TlogProof:
    """That the entry at `index` is under the checkpoint in `note`, which is kept as it was signed."""

    index: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    def text(self) -> str:
        """Return the file a person keeps."""
        extra = "" if self.extra is None else f"extra {b64encode(self.extra)}\n"
        hashes = "".join(f"{b64encode(each)}\n" for each in self.hashes)
        return f"{FIRST_LINE}\n{extra}index {self.index}\n{hashes}\n{self.note}"

    def verify(self, entry: bytes, policy: Policy, log: Verifier | Sequence[Verifier] = ()) -> Witnessed:
        """Verify that `entry` is in the log, under a checkpoint that satisfies `policy`.

        Raises `ProofError`, or what `Policy.open` raises.
        """
        return self.verify_hash(leaf_hash(entry), policy, log)

    def verify_hash(self, leaf: bytes, policy: Policy, log: Verifier | Sequence[Verifier] = ()) -> Witnessed:
        """Verify as `verify` does, where only the entry's leaf hash is at hand."""
        witnessed = policy.open(self.note, log)
        checkpoint = witnessed.checkpoint
        verify_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return witnessed


def parse(text: str | bytes) -> TlogProof:
    """Read a proof's file; raises `ProofError`. The checkpoint in it is left as it is, not yet verified."""
    try:
        whole = text.decode("utf-8") if isinstance(text, bytes) else text
        return _parse(whole)
    except ProofError:
        raise
    except ValueError as error:
        raise ProofError(f"the proof is malformed: {error}") from error


def _parse(whole: str) -> TlogProof:
    if len(whole) > MAX_PROOF_BYTES:
        raise ProofError("the proof is too long")
    head, blank, note = whole.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != FIRST_LINE:
        raise ProofError("this is not a proof of inclusion")
    extra = b64decode(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise ProofError("the proof does not say of which entry")
    index = decimal(lines.pop(0)[6:])
    if len(lines) > MAX_HASHES or index > MAX_SIZE:
        raise ProofError("the proof is too long")
    return TlogProof(index, tuple(b64decode(line, HASH_BYTES) for line in lines), note, extra)
