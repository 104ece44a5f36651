"""Checks the file of one page of For You: what it shows by itself, and what a copy of the ledger adds.

By itself a file shows that its page was chosen by the model it names, promised and logged. A copy of the ledger shows
that this model, these rules and this list of boosts and demotions were the ones in force, and whose the keys are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reelm_audit.bundle import Bundle
from reelm_audit.checking import check_copy
from reelm_audit.feed import choosing, files, layout, retrieval, snapshots
from reelm_audit.feed.choosing import PolicyError
from reelm_audit.feed.files import FeedFile, FileError
from reelm_audit.feed.layout import LayoutError, Receipt
from reelm_audit.feed.matrices import find as find_matrices
from reelm_audit.feed.problem import Problem
from reelm_audit.feed.retrieval import Retrieval
from reelm_audit.feed.snapshots import MissingError, SnapshotError
from reelm_audit.feed.verdict import judge
from reelm_audit.findings import Finding, in_order
from reelm_audit.output import CouldNotCheckError
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import Policy

LAG_MINUTES = 15  # how long after a change was logged a process may still have made pages without it
Look = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Trust:
    """What whoever checks knows from elsewhere; what is None is taken from the file, and believed."""

    log: Verifier | None = None
    witnesses: Policy | None = None
    promiser: Verifier | None = None


@dataclass
class Ranking:
    """What a ledger says about ranking, in order, each with its minute."""

    models: list[tuple[int, Entry]] = field(default_factory=list)
    lists: list[tuple[int, str]] = field(default_factory=list)
    batches: dict[int, str] = field(default_factory=dict)
    snapshots: list[Entry] = field(default_factory=list)
    promise_vkey: str | None = None

    def see(self, entry: Entry, minute: int) -> None:
        """Take in an entry."""
        match entry["kind"]:
            case "ranking.changed":
                self.models.append((minute, entry))
            case "ranking.adjusted":
                self.lists.append((minute, entry["root"]))
            case "feed.receipts":
                self.batches[entry["batch"]] = entry["root"]
            case "feed.snapshot":
                self.snapshots.append(entry)
            case "promise.key":
                self.promise_vkey = entry["vkey"]


@dataclass(frozen=True)
class PageReport:
    """What a check of a page came to."""

    file: FeedFile | None
    receipt: Receipt | None
    findings: tuple[Finding, ...]
    replayed: bool
    retrieved: Retrieval | None = None


@dataclass(frozen=True)
class Material:
    """What auditors get: snapshots and matrices below `folder`; the clips that the viewer had met, if they say."""

    folder: Path
    met: frozenset[bytes] | None = None


def check_page_file(
    data: bytes,
    trust: Trust,
    look_up: Look,
    ledger: Ranking | None = None,
    material: Material | None = None,
) -> PageReport:
    """Check a file. `look_up` returns a document by its digest, or None; `ledger` is what a checked copy says."""
    try:
        file = files.parse(data)
        if ledger is not None and ledger.promise_vkey is not None and trust.promiser is None:
            trust = Trust(trust.log, trust.witnesses, Verifier.from_vkey(ledger.promise_vkey))
        evidence = files.evidence(file, log=trust.log, witnesses=trust.witnesses, promiser=trust.promiser)
    except (FileError, NoteError) as error:
        problem = Problem("feed.malformed", f"{error}.".capitalize())
        return PageReport(None, None, _findings([problem]), replayed=False)
    model, policy = _documents(file.receipt, look_up)
    verdict = judge(evidence, model, policy)
    problems = list(verdict.problems)
    again: Retrieval | None = None
    if material is not None and verdict.receipt is not None and policy is not None:
        more, again = retrieve_again(verdict.receipt, policy, material.folder, ledger, material.met)
        problems += more
    if verdict.receipt is not None and (model is None or policy is None):
        missing = "model" if model is None else "rules of choosing"
        problems.append(Problem("feed.not-replayed", f"The {missing} that the receipt names is not here."))
    if ledger is not None and verdict.receipt is not None:
        problems += _in_force(verdict.receipt, ledger)
        if file.inclusion is not None and not _is_logged(file, ledger):
            problems.append(
                Problem("feed.batch-unproved", "This copy of the ledger has another batch, or none.")
            )
    return PageReport(file, verdict.receipt, _findings(problems), verdict.replayed, again)


def _findings(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    return tuple(in_order(found(problem.code, problem.detail) for problem in dict.fromkeys(problems)))


def _documents(data: bytes, look_up: Look) -> tuple[bytes | None, bytes | None]:
    try:
        receipt = layout.decode(data)
    except LayoutError:
        return None, None
    return look_up(receipt.model.hex()), look_up(receipt.policy.hex())


def _is_logged(file: FeedFile, ledger: Ranking) -> bool:
    """Say whether the copy holds the batch as the file has it, or ends before it."""
    inclusion, entry = file.inclusion, file.entry
    if inclusion is None or entry is None or not ledger.batches:
        return True
    if inclusion.batch > max(ledger.batches):
        return True
    root = ledger.batches.get(inclusion.batch)
    return root is not None and f'"root":"{root}"'.encode() in entry.data


def _in_force(receipt: Receipt, ledger: Ranking) -> Iterable[Problem]:
    minute = receipt.time // 60
    if ledger.models:
        current = _current(ledger.models, minute)
        for name, code in (("model", "feed.model-other"), ("policy", "feed.policy-other")):
            if getattr(receipt, name).hex() not in {entry[name] for entry in current}:
                yield Problem(code, "The ledger had another one in force at that time.")
    if receipt.adjustments == layout.ZERO:
        began = [since for since, _ in ledger.lists]
        if began and began[0] + LAG_MINUTES < minute:
            yield Problem("feed.adjustments-outdated", "The page used none, and there was one.")
    elif receipt.adjustments.hex() not in set(_current(ledger.lists, minute)):
        yield Problem("feed.adjustments-outdated", "The ledger had another one in force at that time.")


def _current(changes: list[tuple[int, Any]], minute: int) -> list[Any]:
    """Return what may have been in force: the last before, those of the minutes before it that it replaced."""
    before = [(since, what) for since, what in changes if since <= minute]
    late = [what for since, what in before[1:] if since > minute - LAG_MINUTES]
    first = len(before) - len(late) - 1
    return [what for _, what in before[max(first, 0) :]]


def retrieve_again(
    receipt: Receipt,
    policy_bytes: bytes,
    folder: Path,
    ledger: Ranking | None,
    met: frozenset[bytes] | None,
) -> tuple[list[Problem], Retrieval | None]:
    """Level 2: retrieve the public candidates again from what auditors get of the catalog, below `folder`."""
    try:
        own = folder / receipt.generation.hex()
        state, base = snapshots.state_at(own, receipt.seq)
        matrices = find_matrices(folder, receipt.matrices)
        policy = choosing.parse_policy(policy_bytes)
        problems = [] if ledger is None else list(_bases_are_logged(own, receipt, ledger))
        found = retrieval.retrieve(receipt, policy, state, matrices, met)
    except MissingError as error:
        return [Problem("feed.snapshot-missing", f"{error}.".capitalize())], None
    except (SnapshotError, PolicyError) as error:
        return [Problem("feed.snapshot-broken", f"{error}.".capitalize())], None
    if base is None:
        problems.append(Problem("feed.snapshot-missing", "There is no base before the page, only the log."))
    problems += found.problems
    if found.viewers_own or found.left_out:
        problems.append(
            Problem(
                "feed.only-the-viewer",
                f"{found.viewers_own} candidates come from the viewer's own ties or past, and {found.left_out} "
                "that sources bring were left out: met before, not wanted, or not to be shown.",
            )
        )
    return problems, found


def _bases_are_logged(folder: Path, receipt: Receipt, ledger: Ranking) -> Iterable[Problem]:
    """Hold the last base before the page and the first one after it against the ledger."""
    logged = {
        entry["seq"]: entry["digest"]
        for entry in ledger.snapshots
        if entry["generation"] == receipt.generation.hex()
    }
    there = snapshots.bases(folder)
    for seq, path in [
        *[each for each in there if each[0] <= receipt.seq][-1:],
        *[e for e in there if e[0] > receipt.seq][:1],
    ]:
        if logged.get(seq) != snapshots.base_digest(path):
            said = "has another one" if seq in logged else "has none"
            yield Problem("feed.snapshot-broken", f"The ledger {said} of state {seq}.")


def read_ledger(bundle: Bundle, vkey: str | None) -> tuple[Ranking, Verifier]:
    """Check a copy of the ledger and return what it says about ranking, and its key."""
    ranking = Ranking()
    verdict = check_copy(bundle, vkey=vkey, see=ranking.see)
    broken = [
        each for each in verdict.findings if each.code.startswith("log.") and each.severity == "violation"
    ]
    if verdict.vouched is None or broken:
        said = broken[0].title if broken else "its checkpoint is not signed by its key"
        raise CouldNotCheckError(f"the copy of the ledger does not hold: {said}")
    return ranking, verdict.vouched.key
