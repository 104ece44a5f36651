"""The section on how the feed was ranked: batches of pages, models, boosts and demotions, public lists."""

from collections.abc import Sequence

from reelm_audit.feed.promises import BATCH_SECONDS
from reelm_audit.report.html import Child, Markup, lines, tag
from reelm_audit.report.overview import Overview
from reelm_audit.report.words import count, day, moment, number
from reelm_audit.rules.form import Entry

_CAUSES = {
    "seed": "the model that comes with the software",
    "release": "learned from what people watched here",
    "rollback": "an earlier one again",
}
_MOST = 12


def section(overview: Overview) -> Markup | None:
    """Return the section; None for a realm that has said nothing of its feed yet."""
    kinds = overview.kinds
    if not any(
        kinds[kind] for kind in ("feed.receipts", "ranking.changed", "ranking.adjusted", "feed.lists")
    ):
        return None
    parts: list[Child] = [tag("p", sentence(overview), class_="lead")]
    if overview.models:
        parts += [
            tag("h3", "Which model was in force"),
            tag("ol", lines(*(_model(minute, entry) for minute, entry in overview.models[-_MOST:]))),
        ]
    parts += [tag("h3", "Declared boosts and demotions"), tag("p", _adjustments(overview.adjusted))]
    if kinds["feed.lists"] or kinds["feed.snapshot"]:
        parts += [tag("h3", "For those who look deeper"), tag("p", _deeper(overview))]
    return tag("section", tag("h2", "How the feed was ranked", id="ranked"), *parts, aria_labelledby="ranked")


def sentence(overview: Overview) -> str:
    """Say how much of what was shown is bound by the ledger."""
    first, last = overview.batches
    if first is None or last is None:
        return "No page that was shown is in the ledger yet."
    there = overview.kinds["feed.receipts"]
    missing = last - first + 1 - there
    told = (
        f"Pages were put into the ledger in {count(there, 'batch', 'batches')}, one every {BATCH_SECONDS} seconds, "
        f"from {moment(first * BATCH_SECONDS // 60)} to {moment(last * BATCH_SECONDS // 60)}"
    )
    gaps = f"; {number(missing)} are missing, as when a realm is off" if missing > 0 else ", without a gap"
    return (
        f"{told}{gaps}. How many pages a batch holds, and whose, nobody can tell: each person can find their own, "
        "and compute it again with its receipt."
    )


def _model(minute: int, entry: Entry) -> Markup:
    return tag(
        "li",
        tag("b", day(minute)),
        f": {_CAUSES.get(entry['cause'], entry['cause'])}, ",
        tag("code", entry["model"][:16]),
        ". Its card is ",
        tag("code", entry["card"][:16]),
        ".",
    )


def _adjustments(lists: Sequence[tuple[int, Entry]]) -> str:
    if not lists:
        return "None was ever declared, and one that is not declared can't be used without being found."
    minute, last = lists[-1]
    now = count(last["count"], "clip is", "clips are") if last["count"] else "no clip is"
    return (
        f"The list was changed {count(len(lists), 'time')}, last on {day(minute)}: since then {now} boosted or "
        "demoted. The list itself, with reasons in words, is public; every page proves what of it touched its clips."
    )


def _deeper(overview: Overview) -> str:
    kinds = overview.kinds
    return (
        f"{count(kinds['feed.snapshot'], 'state')} of the catalog and the public lists of "
        f"{count(kinds['feed.lists'], 'stretch', 'stretches')} of ten minutes are fixed by their fingerprints, so "
        "that auditors can retrieve candidates again, and everybody without profiling is shown the same."
    )
