"""The ten promises, each with what this check can say of it, and how strong that is.

A promise is *contradicted* by any violation that touches it. Where the tool has nothing to go by, it says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reelm_audit.findings import Finding, Severity
from reelm_audit.report.overview import Overview
from reelm_audit.report.words import count, number
from reelm_audit.rules.catalogue import RULES

SELF_DECLARED = "self-declared"


class State(StrEnum):
    """What can be said of a promise."""

    CHECKED = "Checked"
    PARTLY = "Checked in part"
    UNCHECKED = "Can't be checked by this tool yet"
    CONTRADICTED = "Contradicted"


@dataclass(frozen=True)
class Promise:
    """One promise as the report shows it."""

    name: str
    words: str
    state: State
    strength: str
    detail: str


_WORDS = {
    "P1": "Personal data is stored only at the places the charter names.",
    "P2": "Nothing crosses a border unless the charter allows it.",
    "P3": "No member of staff opens personal data without a reason, another person's approval and a public entry.",
    "P4": "The feed shows what the published model says.",
    "P5": "No clip is removed or hidden in secret.",
    "P6": "You can see, take and erase everything about you.",
    "P7": "The service can change hands with nothing lost.",
    "P8": "The service can leave a country without abandoning its people.",
    "P9": "History is not rewritten.",
    "P10": "A feed without profiling is one tap away.",
}
_NOTHING_YET = "The ledger holds no entries about this, and this version of the tool has no rules for them."


def judge(
    overview: Overview, findings: Sequence[Finding], strength: str, sites: Sequence[str]
) -> list[Promise]:
    """Return all promises with their states."""
    against = _against(findings)
    told = {
        "P1": _storage(overview, sites),
        "P2": _borders(overview),
        "P3": (State.CHECKED, _grants(overview)),
        "P4": _feed(overview),
        "P6": (State.PARTLY, _rights(overview)),
        "P9": (State.CHECKED, _history(overview, strength)),
        "P10": _lists(overview),
    }
    promises = []
    for name, words in _WORDS.items():
        state, detail = told.get(name, (State.UNCHECKED, _NOTHING_YET))
        own = strength if state in {State.CHECKED, State.PARTLY} else SELF_DECLARED
        if name in against:
            state, detail = State.CONTRADICTED, f"{'. '.join(against[name])}."
        promises.append(Promise(name, words, state, own, detail))
    return promises


def _against(findings: Sequence[Finding]) -> dict[str, list[str]]:
    """Return for each broken promise what contradicts it, each thing once."""
    against: dict[str, list[str]] = {}
    for finding in findings:
        if finding.severity in {Severity.VIOLATION, Severity.WARNING}:
            for promise in RULES[finding.code].promises:
                titles = against.setdefault(promise, [])
                if finding.title not in titles:
                    titles.append(finding.title)
    return against


def _places(sites: Sequence[str]) -> str:
    named = f"The charter names {', '.join(sites)}. " if sites else ""
    return f"{named}Where a machine stands is a statement by whoever signs for the place; a ledger can't measure it."


def _storage(overview: Overview, sites: Sequence[str]) -> tuple[State, str]:
    stated = overview.traffic.statements
    if not stated:
        return State.UNCHECKED, _places(sites)
    told = (
        f"{count(len(stated), 'site')} answered for, by the keys that the charter names: none beside those it names. "
        "Where a machine stands is its signer's statement; a ledger can't measure it."
    )
    return State.PARTLY, told


def _borders(overview: Overview) -> tuple[State, str]:
    traffic = overview.traffic
    if not overview.kinds["border.counted"] and not traffic.sent:
        return State.UNCHECKED, _NOTHING_YET
    told = (
        f"{count(sum(traffic.sent.values()), 'object')} crossed, each of a kind that the charter's policy permits, "
        "and as many as the border counted. That nothing went another way is what the border's position and its "
        "egress test are for; a ledger can't show it."
    )
    return State.CHECKED, told


def _grants(overview: Overview) -> str:
    kinds = overview.kinds
    if not kinds["grant.requested"]:
        return "Nobody on the staff has asked to open anybody's data."
    return (
        f"{count(kinds['grant.requested'], 'request')}, {number(kinds['grant.approved'])} approved, "
        f"{number(kinds['grant.denied'])} denied, {count(kinds['grant.used'], 'opening')}. For each: two enrolled "
        "people, both signatures, the time and the kinds of data were checked. Whose data it was is for the people "
        "themselves to check, by their receipts."
    )


def _feed(overview: Overview) -> tuple[State, str]:
    if not overview.kinds["feed.receipts"]:
        return State.UNCHECKED, "Each release names its model in the ledger. No page is in the ledger yet."
    told = (
        f"{count(overview.kinds['feed.receipts'], 'batch', 'batches')} of pages follow from one another, and "
        f"{count(len(overview.models), 'change')} of the model. Whether a page is what its model makes of it is for "
        "whoever was shown it to check, with its receipt; nobody else can see it."
    )
    return State.PARTLY, told


def _lists(overview: Overview) -> tuple[State, str]:
    lists = overview.kinds["feed.lists"]
    if not lists:
        return State.UNCHECKED, _NOTHING_YET
    told = (
        f"The public lists of {count(lists, 'stretch', 'stretches')} of ten minutes are fixed in the ledger: "
        "everybody who is shown one can see that it is the same for all."
    )
    return State.PARTLY, told


def _rights(overview: Overview) -> str:
    kinds = overview.kinds
    copies = count(kinds["rights.exported"], "copy", "copies")
    erased = count(kinds["rights.erased"], "person", "people")
    return (
        f"{copies} taken and {erased} erased, and no two entries can be linked to one person. That nobody kept "
        "another copy is a promise, not a proof."
    )


def _history(overview: Overview, strength: str) -> str:
    seen = {
        "witnessed": "the charter's witnesses have signed that everybody is shown this same ledger",
        "unwitnessed": "no witness is named in the charter, so the realm alone vouches for it",
        "self-declared": "the witnesses that the charter names have not signed it",
    }[strength]
    return f"Each of the {count(overview.size, 'entry', 'entries')} leads to the signed root; {seen}."
