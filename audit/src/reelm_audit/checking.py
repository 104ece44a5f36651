"""Judges a copy of a ledger: is it what was signed, who vouches for it, and were the rules kept?

Used by `watch`, which knows what time it is, and by `verify`, which does not, so that it says the same on every run.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reelm_audit.bundle import Bundle
from reelm_audit.findings import Finding, in_order
from reelm_audit.output import CouldNotCheckError
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.charters import Charter
from reelm_audit.rules.checker import Checker
from reelm_audit.rules.context import Context, See
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.encoding import b64encode
from reelm_audit.tlog.merkle import Frontier, leaf_hashes
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import NO_WITNESSES
from reelm_audit.tlog.tiles import TileError
from reelm_audit.vouching import Vouched, Witnesses, signed, witnesses


@dataclass(frozen=True)
class Verdict:
    """What a check came to. `charter` is the one in force; `more` counts findings beyond what is listed, by code."""

    url: str
    vouched: Vouched | None
    witnesses: Witnesses | None
    charter: Charter | None
    findings: tuple[Finding, ...]
    more: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it: the same for the same copy."""
        checkpoint = self.vouched.checkpoint if self.vouched else None
        return {
            "realm": self.url,
            "origin": checkpoint.origin if checkpoint else None,
            "vkey": self.vouched.key.vkey if self.vouched else None,
            "size": checkpoint.size if checkpoint else None,
            "root": b64encode(checkpoint.root) if checkpoint else None,
            "charter": self.charter.digest if self.charter else None,
            "strength": self.witnesses.strength if self.witnesses else None,
            "witnesses": self.witnesses.as_json() if self.witnesses else [],
            "findings": [finding.as_json() for finding in self.findings],
            "more": self.more,
        }


class Judge:
    """Reads a copy from its first entry on, and goes on where it stopped when the copy has grown."""

    def __init__(self, context: Context) -> None:
        self.checker = Checker(context)
        self._frontier = Frontier()

    def read(self, bundle: Bundle, checkpoint: Checkpoint) -> list[Finding]:
        """Check the entries up to a checkpoint, and that they are the ones it signs."""
        findings = []
        try:
            for start, entries in bundle.bundles(checkpoint.size, self._frontier.size):
                new = entries[self._frontier.size - start :]
                self._frontier.extend(leaf_hashes(new))
                for entry in new:
                    self.checker.entry(entry)
        except TileError as error:
            findings.append(found("log.entries-missing", f"{error}."))
        if self._frontier.size < checkpoint.size:
            if not findings:
                detail = f"{self._frontier.size} of {checkpoint.size} entries are here."
                findings.append(found("log.entries-missing", detail))
        elif self._frontier.root() != checkpoint.root:
            detail = f"Hashing the {checkpoint.size} entries gives another root than the signed one."
            findings.append(found("log.root-differs", detail))
        return findings

    def verdict(
        self, bundle: Bundle, vouched: Vouched, others: Iterable[Finding], now: int | None
    ) -> Verdict:
        """Judge what was read under this checkpoint; `others` are findings that were made on the way."""
        if now is not None:
            self.checker.at_time(now)
        findings = [*others, *self.read(bundle, vouched.checkpoint)]
        charter = self.checker.charters.current
        policy = charter.public_policy if charter else NO_WITNESSES
        vouching = None
        if policy is not None:  # one that can't be read is a finding of the rules
            vouching = witnesses(vouched.note, policy, now)
            findings += vouching.findings
        self.checker.look(vouching.latest if vouching else None)
        findings += self.checker.take()
        return Verdict(
            bundle.about.url, vouched, vouching, charter, tuple(in_order(findings)), dict(self.checker.more)
        )


def check_copy(
    bundle: Bundle,
    *,
    vkey: str | None = None,
    known_builds: frozenset[str] | None = None,
    see: See | None = None,
) -> Verdict:
    """Check a whole copy, without a clock. `vkey` is the log's key if known, else the one of the first look.

    `see` is shown every entry, as `Context.see` is.
    """
    try:
        key = Verifier.from_vkey(vkey or bundle.about.vkey)
    except NoteError as error:
        raise CouldNotCheckError(f"the log's key can't be read: {error}") from error
    try:
        vouched = signed(bundle.checkpoint(), [key])
    except NoteError as error:
        return Verdict(bundle.about.url, None, None, None, (found("log.signature-missing", f"{error}."),))
    context = Context(document=bundle.document, vkey=vouched.key.vkey, known_builds=known_builds, see=see)
    judge = Judge(context)
    return judge.verdict(bundle, vouched, (), None)
