"""The file in which a person keeps one page of For You with all that shows how it was made and that it was logged.

The layout is in `spec/receipt/README.md`, "The file". Reading is strict about form and verifies nothing; `evidence`
makes of a file the `Evidence` that `check_page` judges, and checks the ledger's proofs on the way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from reelm_audit.feed import maps, promises
from reelm_audit.feed.evidence import Adjustments, Batch, Evidence, ShownAdjustment
from reelm_audit.feed.problem import Problem
from reelm_audit.feed.promises import Inclusion, Promise, PromiseError, PromiseKey
from reelm_audit.tlog import canonical, policy, proof
from reelm_audit.tlog.encoding import b64decode, b64encode, decimal
from reelm_audit.tlog.merkle import ProofError
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy, PolicyError

FIRST_LINE = "reelm-feed-receipt@v1"
MAX_BYTES = 2_000_000
_NEEDED = ("realm", "made", "receipt", "shown", "key", "vkey", "policy")
_OPTIONAL = ("promise", "certificate", "promise-vkey", "inclusion", "entry", "adjustments")
_CLIP = 16
_T = TypeVar("_T")


class FileError(ValueError):
    """A text is not a feed receipt's file."""


@dataclass(frozen=True)
class LoggedEntry:
    """An entry of the ledger with the tlog-proof that it is there."""

    data: bytes
    proof: str

    def open(self, log: Verifier, witnesses: Policy) -> Mapping[str, Any]:
        """Verify the proof and return the entry's fields; raises `FileError`."""
        try:
            proof.parse(self.proof).verify(self.data, witnesses, log)
            entry = canonical.decode(self.data)
        except (ProofError, NoteError, PolicyError, canonical.CanonicalError) as error:
            raise FileError(str(error)) from error
        if not isinstance(entry, dict):
            raise FileError("the entry is no object")
        return entry

    @property
    def index(self) -> int:
        """Where the entry stands, as its proof says."""
        return proof.parse(self.proof).index


@dataclass(frozen=True)
class FileAdjustments:
    """What the map of adjustments that a page used says of its clips, and the map's ledger entry."""

    entry: LoggedEntry | None
    shown: tuple[ShownAdjustment, ...]


@dataclass(frozen=True)
class FeedFile:
    """A file, taken apart. `made` is when the realm made it, in seconds since 1970."""

    realm: str
    made: int
    receipt: bytes
    shown: tuple[bytes, ...]
    key: bytes
    vkey: str
    policy: str
    promise: Promise | None = None
    certificate: str | None = None
    promise_vkey: str | None = None
    inclusion: Inclusion | None = None
    entry: LoggedEntry | None = None
    adjustments: FileAdjustments | None = None

    def text(self) -> str:
        """Return the file."""
        lines = {
            "realm": self.realm,
            "made": str(self.made),
            "receipt": b64encode(self.receipt),
            "shown": b64encode(b"".join(self.shown)),
            "key": b64encode(self.key),
            "vkey": self.vkey,
            "policy": b64encode(self.policy.encode()),
        }
        if self.promise is not None:
            lines["promise"] = _json(promise_as_json(self.promise))
        if self.certificate is not None:
            lines["certificate"] = b64encode(self.certificate.encode())
        if self.promise_vkey is not None:
            lines["promise-vkey"] = self.promise_vkey
        if self.inclusion is not None:
            lines["inclusion"] = _json(self.inclusion.as_json())
        if self.entry is not None:
            lines["entry"] = _json(_entry_as_json(self.entry))
        if self.adjustments is not None:
            lines["adjustments"] = _json(adjustments_as_json(self.adjustments))
        return f"{FIRST_LINE}\n" + "".join(f"{name} {value}\n" for name, value in lines.items())


def is_one(text: bytes) -> bool:
    """Say whether bytes claim to be such a file."""
    return text.startswith(FIRST_LINE.encode() + b"\n")


def parse(text: bytes) -> FeedFile:
    """Read a file; raises `FileError`."""
    if len(text) > MAX_BYTES:
        raise FileError("the file is too large")
    try:
        return _read(_lines(text.decode("ascii")))
    except FileError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(f"the file is malformed: {error}") from error


def _lines(text: str) -> dict[str, str]:
    if not is_one(text.encode()) or not text.endswith("\n"):
        raise FileError("this is not a feed receipt's file")
    found: dict[str, str] = {}
    for line in text[:-1].split("\n")[1:]:
        name, space, value = line.partition(" ")
        if not space or not value or name not in (*_NEEDED, *_OPTIONAL) or name in found:
            raise FileError(f"the line {name[:20]!r} has no place here")
        found[name] = value
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise FileError(f"the line {missing[0]!r} is missing")
    return found


def _read(lines: Mapping[str, str]) -> FeedFile:
    shown = b64decode(lines["shown"])
    if len(shown) % _CLIP:
        raise FileError("a clip's id has 16 bytes")
    return FeedFile(
        realm=lines["realm"],
        made=decimal(lines["made"]),
        receipt=b64decode(lines["receipt"]),
        shown=tuple(shown[start : start + _CLIP] for start in range(0, len(shown), _CLIP)),
        key=b64decode(lines["key"], 32),
        vkey=lines["vkey"],
        policy=b64decode(lines["policy"]).decode(),
        promise=_optional(lines, "promise", promise_from),
        certificate=b64decode(lines["certificate"]).decode() if "certificate" in lines else None,
        promise_vkey=lines.get("promise-vkey"),
        inclusion=_optional(lines, "inclusion", promises.inclusion_from),
        entry=_optional(lines, "entry", _entry_from),
        adjustments=_optional(lines, "adjustments", adjustments_from),
    )


def _optional(lines: Mapping[str, str], name: str, read: Callable[[Any], _T]) -> _T | None:
    return read(canonical.decode(b64decode(lines[name]))) if name in lines else None


def _json(value: object) -> str:
    return b64encode(canonical.encode(value))


def promise_as_json(promise: Promise) -> dict[str, object]:
    """Return a promise as the file has it."""
    return {
        "leaf": promise.leaf.hex(),
        "at": promise.at,
        "include_by": promise.include_by,
        "signature": b64encode(promise.signature),
    }


def promise_from(value: Any) -> Promise:
    """Read what `promise_as_json` writes; raises `FileError` or what its parts raise."""
    if set(value) != {"leaf", "at", "include_by", "signature"}:
        raise FileError("the promise's fields are other ones")
    if not all(type(value[name]) is int and 0 <= value[name] < 2**53 for name in ("at", "include_by")):
        raise FileError("the promise's times are none")
    return promises.promise_from(value["leaf"], value["at"], value["include_by"], value["signature"])


def _entry_as_json(entry: LoggedEntry) -> dict[str, object]:
    return {"entry": b64encode(entry.data), "proof": entry.proof}


def _entry_from(value: Any) -> LoggedEntry:
    if set(value) != {"entry", "proof"} or not isinstance(value["proof"], str):
        raise FileError("the entry's fields are other ones")
    return LoggedEntry(b64decode(value["entry"]), value["proof"])


def adjustments_as_json(given: FileAdjustments) -> dict[str, object]:
    """Return what the map says of a page's clips, as file and API have it."""
    return {
        "entry": None if given.entry is None else _entry_as_json(given.entry),
        "shown": [
            {
                "index": each.index,
                "clip": each.clip.hex(),
                "value": None if each.value is None else each.value.hex(),
                "proof": each.proof.as_json(),
            }
            for each in given.shown
        ],
    }


def adjustments_from(value: Any) -> FileAdjustments:
    """Read what `adjustments_as_json` writes; raises `FileError` or what its parts raise."""
    if set(value) != {"entry", "shown"} or not isinstance(value["shown"], list):
        raise FileError("the adjustments' fields are other ones")
    shown = []
    for each in value["shown"]:
        if set(each) != {"index", "clip", "value", "proof"} or type(each["index"]) is not int:
            raise FileError("an adjustment's fields are other ones")
        worth = None if each["value"] is None else bytes.fromhex(each["value"])
        shown.append(
            ShownAdjustment(each["index"], bytes.fromhex(each["clip"]), worth, maps.proof_from(each["proof"]))
        )
    return FileAdjustments(None if value["entry"] is None else _entry_from(value["entry"]), tuple(shown))


def evidence(
    file: FeedFile,
    *,
    now: int | None = None,
    log: Verifier | None = None,
    witnesses: Policy | None = None,
    promiser: Verifier | None = None,
) -> Evidence:
    """Return what a file shows, its proofs of the ledger verified. What is not given is taken from the file.

    `now` is when a page of which the file has no proof should have been logged: when the file was made, or, if one
    knows better, later. Raises `FileError` where a key or policy can't be read.
    """
    try:
        log = log or Verifier.from_vkey(file.vkey)
        witnesses = witnesses or policy.parse(file.policy)
        promiser = promiser or (Verifier.from_vkey(file.promise_vkey) if file.promise_vkey else None)
    except (NoteError, PolicyError) as error:
        raise FileError(str(error)) from error
    key, problems = _promise_key(file, promiser)
    return Evidence(
        data=file.receipt,
        shown=file.shown,
        key=file.key,
        promise=file.promise,
        promise_key=key,
        batch=_batch(file, log, witnesses),
        adjustments=_adjustments(file, log, witnesses),
        now=file.made if now is None else now,
        problems=tuple(problems),
    )


def _promise_key(file: FeedFile, promiser: Verifier | None) -> tuple[PromiseKey | None, list[Problem]]:
    if file.promise is None:
        return None, []
    if file.certificate is None or promiser is None:
        return None, [Problem("feed.promise-key", "The file has no certificate of the key.")]
    try:
        return promises.open_certificate(file.certificate, promiser), []
    except PromiseError as error:
        return None, [Problem("feed.promise-key", f"{error}.".capitalize())]


def _batch(file: FeedFile, log: Verifier, witnesses: Policy) -> Batch | None:
    if file.inclusion is None:
        return None
    if file.entry is None:
        return Batch(None, file.inclusion)
    try:
        entry = file.entry.open(log, witnesses)
    except FileError as error:
        return Batch(None, file.inclusion, f"{error}.".capitalize())
    if file.entry.index != file.inclusion.entry_index:
        return Batch(None, file.inclusion, "The proof is of another entry.")
    return Batch(entry, file.inclusion)


def _adjustments(file: FeedFile, log: Verifier, witnesses: Policy) -> Adjustments | None:
    given = file.adjustments
    if given is None:
        return None
    if given.entry is None:
        return Adjustments(None, given.shown)
    try:
        return Adjustments(given.entry.open(log, witnesses), given.shown)
    except FileError as error:
        return Adjustments(None, given.shown, f"{error}.".capitalize())
