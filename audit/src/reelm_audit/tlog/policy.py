"""C2SP tlog-policy: who must have signed a checkpoint for it to count.

Lines `log <vkey> [url]`, `witness <name> <vkey> [url]`, `group <name> <k|any|all> <name>…`, and one
`quorum <name|none>`. Names are defined above where they are used, and each is a member of one group at most, so no
witness counts twice. A policy without a log line is for the logs its reader knows already.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reelm_audit.tlog import cosignature
from reelm_audit.tlog.checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from reelm_audit.tlog.cosignature import CosignatureVerifier
from reelm_audit.tlog.encoding import decimal
from reelm_audit.tlog.note import NoteError, NoteVerifier, OpenedNote, Verifier, parse_note

NONE = "none"
MAX_BYTES = 65_536
MAX_LINES = 512

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class PolicyError(ValueError):
    """A policy is malformed, or a checkpoint does not satisfy it."""


@dataclass(frozen=True)
class Log:
    """A log whose checkpoints are accepted."""

    key: Verifier
    url: str | None = None


@dataclass(frozen=True)
class Witness:
    """A witness by the name the policy gives it."""

    name: str
    key: CosignatureVerifier
    url: str | None = None


@dataclass(frozen=True)
class Group:
    """Witnesses and groups of which at least `threshold` must have witnessed."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A policy taken apart; `quorum` is None where no witness is needed."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str | None

    @property
    def needs_witnesses(self) -> bool:
        """Say whether anybody but the log must sign."""
        return self.quorum is not None

    def is_met_by(self, names: Iterable[str]) -> bool:
        """Say whether cosignatures of the witnesses so named are a quorum."""
        met = set(names)
        for group in self.groups:  # defined before they are used, so one pass is enough
            if len(met.intersection(group.members)) >= group.threshold:
                met.add(group.name)
        return self.quorum is None or self.quorum in met

    def witnesses_of(self, note: OpenedNote) -> dict[str, int]:
        """Return the policy's witnesses whose cosignatures on the note were verified, and when they made them."""
        found: dict[str, int] = {}
        for witness in self.witnesses:
            times = [
                cosignature.timestamp(line.signature) for key, line in note.verified if key == witness.key
            ]
            if times:
                found[witness.name] = max(times)
        return found

    def open(self, note: str | bytes, log: Verifier | Sequence[Verifier] = ()) -> "Witnessed":
        """Verify a checkpoint under this policy, of `log` if given, else of one of the policy's own logs.

        Raises `NoteError` where a signature or the text is wrong, `PolicyError` where the quorum is missing.
        """
        keys = log or self._logs_of(note)
        opened = open_checkpoint(note, keys, [witness.key for witness in self.witnesses])
        names = self.witnesses_of(opened.note)
        if not self.is_met_by(names):
            raise PolicyError(f"the quorum is missing: {len(names)} of the policy's witnesses have signed")
        return Witnessed(opened, names)

    def _logs_of(self, note: str | bytes) -> list[Verifier]:
        origin = parse_note(note).text.partition("\n")[0]
        keys = [each.key for each in self.logs if each.key.name == origin]
        if not keys:
            raise PolicyError("the policy does not name this log")
        return keys


@dataclass(frozen=True)
class Witnessed:
    """A checkpoint that satisfies a policy, with the policy's witnesses and the times of their cosignatures."""

    opened: OpenedCheckpoint
    witnesses: dict[str, int]

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint itself."""
        return self.opened.checkpoint


def parse(text: str | bytes) -> Policy:
    """Read a policy; raises `PolicyError`, naming the line."""
    try:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise PolicyError("a policy is a text") from error
    decoded = data.decode("utf-8", "surrogateescape")
    if len(data) > MAX_BYTES or decoded.count("\n") > MAX_LINES:
        raise PolicyError("the policy is too long")
    if decoded and not decoded.endswith("\n"):
        raise PolicyError("a policy's last line ends in a newline")
    if _FORBIDDEN.search(decoded):
        raise PolicyError("a policy holds no control characters")
    reader = _Reader()
    for number, line in enumerate(decoded.split("\n"), 1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.read(words)
        except (NoteError, PolicyError, ValueError) as error:
            raise PolicyError(f"line {number} of the policy: {error}") from error
    return reader.finish()


class _Reader:
    """Reads the lines of one policy, in order."""

    def __init__(self) -> None:
        self._logs: list[Log] = []
        self._witnesses: list[Witness] = []
        self._groups: list[Group] = []
        self._quorum: list[str | None] = []
        self._free: set[str] = set()
        self._defined: set[str] = {NONE}
        self._keys: set[tuple[str, bytes]] = set()

    def read(self, words: list[str]) -> None:
        """Take in one line."""
        match words:
            case ["log", vkey, *rest] if len(rest) <= 1:
                log = Verifier.from_vkey(vkey)
                self._unused("log", log.public_key)
                self._logs.append(Log(log, *rest))
            case ["witness", name, vkey, *rest] if len(rest) <= 1:
                witness = CosignatureVerifier.from_vkey(vkey)
                self._unused("witness", witness.public_key)
                self._define(name)
                self._witnesses.append(Witness(name, witness, *rest))
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                if self._quorum:
                    raise PolicyError("a policy has one quorum")
                if name not in self._defined:
                    raise PolicyError("the quorum is not defined above")
                self._quorum.append(None if name == NONE else name)
            case _:
                raise PolicyError("this line is not understood")

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if member not in self._defined or member == NONE:
                raise PolicyError(f"{member!r} is not defined above")
            if member not in self._free:
                raise PolicyError(f"{member!r} is a member of a group already")
            self._free.remove(member)
        count = {"any": 1, "all": len(members)}.get(threshold)
        if count is None:
            count = decimal(threshold)
        if not 1 <= count <= len(members):
            raise PolicyError("the group needs more members than it has")
        self._define(name)
        self._groups.append(Group(name, count, tuple(members)))

    def _define(self, name: str) -> None:
        if name in self._defined:
            raise PolicyError(f"{name!r} is defined twice")
        self._defined.add(name)
        self._free.add(name)

    def _unused(self, what: str, public_key: bytes) -> None:
        if (what, public_key) in self._keys:
            raise PolicyError(f"two {what} lines have one key")
        self._keys.add((what, public_key))

    def finish(self) -> Policy:
        """Return the policy once all lines are read."""
        if not self._quorum:
            raise PolicyError("a policy has a quorum")
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum[0])


NO_WITNESSES = parse("quorum none\n")


def verifiers(*policies: Policy) -> list[NoteVerifier]:
    """Return the witnesses' keys of several policies, each once."""
    found: dict[tuple[str, bytes], NoteVerifier] = {}
    for policy in policies:
        for witness in policy.witnesses:
            found.setdefault((witness.key.name, witness.key.key_id), witness.key)
    return list(found.values())
