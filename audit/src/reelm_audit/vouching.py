"""Who vouches for a checkpoint: the log by its signature, and the witnesses that the charter names by theirs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reelm_audit.findings import Finding
from reelm_audit.rules.catalogue import found
from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.cosignature import timestamp
from reelm_audit.tlog.note import Note, NoteError, Verifier, parse_note
from reelm_audit.tlog.policy import Policy

FRESH_SECONDS = 30 * 60  # witnesses renew every ten minutes, even where nothing happens
AHEAD_SECONDS = 5 * 60  # how far clocks may differ


@dataclass(frozen=True)
class Vouched:
    """A checkpoint whose log has signed it, by `key`."""

    checkpoint: Checkpoint
    key: Verifier
    note: Note


@dataclass(frozen=True)
class Witnesses:
    """Which of a policy's witnesses vouch for a checkpoint, and when they said so."""

    policy: Policy
    times: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def strength(self) -> str:
        """Say how strong a claim is that rests on this checkpoint."""
        if not self.policy.needs_witnesses:
            return "unwitnessed"
        return "witnessed" if self.policy.is_met_by(self.times) else "self-declared"

    def as_json(self) -> list[dict[str, str | int | None]]:
        """Return the policy's witnesses, and when each signed, as `--json` prints them."""
        return [
            {"name": each.key.name, "vkey": each.key.vkey, "signed_at": self.times.get(each.name)}
            for each in self.policy.witnesses
        ]

    @property
    def latest(self) -> int | None:
        """The last moment that a witness vouches for."""
        return max(self.times.values(), default=None)


def signed(note: bytes, keys: Sequence[Verifier]) -> Vouched:
    """Verify that one of the log's `keys` signed this checkpoint; raises `NoteError`."""
    opened = open_checkpoint(note, keys)
    key = next(each for each in keys if opened.note.signed_by(each))
    return Vouched(opened.checkpoint, key, parse_note(note))


def witnesses(note: Note, of: Policy, now: int | None = None) -> Witnesses:
    """Verify the witnesses' lines of a checkpoint one by one; without `now` their age is not judged."""
    keys = {(each.key.name, each.key.key_id): each for each in of.witnesses}
    times: dict[str, int] = {}
    findings: list[Finding] = []
    for line in note.lines:
        witness = keys.get((line.name, line.key_id))
        if witness is None:
            continue
        try:
            witness.key.verify(note.text, line.signature)
        except NoteError as error:
            findings.append(found("log.cosignature-invalid", f"{line.name}: {error}."))
            continue
        when = timestamp(line.signature)
        if now is not None and when > now + AHEAD_SECONDS:
            findings.append(
                found("log.cosignature-future", f"{line.name} signed {when - now} seconds from now.")
            )
            continue
        times[witness.name] = max(when, times.get(witness.name, 0))
    findings += _quorum(of, times, now)
    return Witnesses(of, times, tuple(findings))


def _quorum(of: Policy, times: dict[str, int], now: int | None) -> Iterable[Finding]:
    if not of.is_met_by(times):
        names = ", ".join(sorted(times)) or "nobody"
        yield found("log.quorum-missing", f"Signed by {names}; the charter asks for {of.quorum}.")
    elif now is not None and not of.is_met_by(n for n, when in times.items() if when >= now - FRESH_SECONDS):
        age = (now - max(times.values())) // 60
        yield found("log.stale", f"The newest witness's signature is {age} minutes old.")
