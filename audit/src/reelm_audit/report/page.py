"""Puts the page together: a sentence first, then pictures, then what lies beneath."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from reelm_audit.checking import Verdict
from reelm_audit.findings import Finding, Severity
from reelm_audit.report import ranking, sections, traffic
from reelm_audit.report.html import Markup, join, lines, tag
from reelm_audit.report.overview import Overview
from reelm_audit.report.promises import judge
from reelm_audit.report.sections import Subject
from reelm_audit.report.words import count, listed, span, spoken

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Headline:
    """The verdict in a sentence."""

    tone: str
    sentence: str
    beneath: str


def render(
    verdict: Verdict, overview: Overview, subject: Subject, evidence: dict[int, Any], command: str
) -> bytes:
    """Return the whole page. `evidence` holds the entries that findings are about; `command` repeats the check."""
    strength = verdict.witnesses.strength if verdict.witnesses else "self-declared"
    promises = judge(overview, verdict.findings, strength, subject.sites)
    headline = headline_of(verdict, overview, subject)
    title = f"{subject.name}: what its ledger shows"
    body = join(
        sections.masthead(subject, headline.tone, headline.sentence, headline.beneath),
        tag(
            "main",
            sections.facts(verdict, overview),
            sections.findings(verdict, evidence),
            sections.promises(promises),
            sections.happenings(overview),
            traffic.section(overview.traffic),
            ranking.section(overview),
            sections.vouchers(verdict, overview, subject),
            sections.limits(),
            sections.again(verdict, command),
            id="main",
        ),
        sections.foot(subject),
    )
    head = lines(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("title", title),
        tag("style", Markup(_style())),
    )
    page = tag("html", "\n", tag("head", "\n", head, "\n"), "\n", tag("body", body), "\n", lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def headline_of(verdict: Verdict, overview: Overview, subject: Subject) -> Headline:
    """Say in one sentence what the check came to."""
    serious = [f for f in verdict.findings if f.severity in {Severity.VIOLATION, Severity.WARNING}]
    if verdict.vouched is None:
        return Headline(
            "bad",
            f"The ledger of {subject.name} could not be believed.",
            "What is shown as the realm's signed word is not signed by its key. Nothing that follows from it counts.",
        )
    entries = count(verdict.vouched.checkpoint.size, "entry", "entries")
    looked = f"We checked {entries} of {subject.name}{_span(overview)}."
    if not serious:
        return Headline("good", f"{looked} Nothing contradicts its promises.", _beneath(verdict))
    open_ = sum(verdict.more.values()) + len(serious)
    answer = (
        "One thing needs an answer." if open_ == 1 else f"{spoken(open_).capitalize()} things need an answer."
    )
    return Headline("bad", f"{looked} {answer}", _first_of(serious))


def _span(overview: Overview) -> str:
    if overview.first is None or overview.last is None:
        return ""
    return f", {span(overview.first, overview.last)}"


def _first_of(serious: Sequence[Finding]) -> str:
    titles = list(dict.fromkeys(finding.title for finding in serious))
    rest = f", and {spoken(len(titles) - 2)} more kinds" if len(titles) > 3 else ""
    return f"{'; '.join(titles[: 2 if rest else 3])}{rest}."


def _beneath(verdict: Verdict) -> str:
    witnesses = verdict.witnesses
    if witnesses is None or not witnesses.policy.needs_witnesses:
        return (
            "No outside witness watches this ledger yet: that everybody is shown the same one rests on the "
            "realm's own word."
        )
    names = [each.key.name for each in witnesses.policy.witnesses if each.name in witnesses.times]
    return f"{listed(names)} {'has' if len(names) == 1 else 'have'} signed that everybody is shown this same ledger."


def _style() -> str:
    return resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
