"""The parts of the page, from top to bottom."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from reelm_audit.checking import Verdict
from reelm_audit.findings import Finding, Severity
from reelm_audit.report import charts
from reelm_audit.report.html import Child, Markup, join, lines, tag
from reelm_audit.report.overview import Overview
from reelm_audit.report.promises import Promise, State
from reelm_audit.report.words import (
    CLASSES,
    KINDS,
    LIMITS,
    PURPOSES,
    REASONS,
    STRENGTHS,
    count,
    day,
    moment,
    number,
    plain,
    since,
    spoken,
    with_moments,
)
from reelm_audit.rules.catalogue import RULES
from reelm_audit.rules.minutes import of_seconds
from reelm_audit.tlog.policy import Policy

FRESH_MINUTES = 30
_BY_THE_CLOCK = ("feed.receipts", "feed.lists")


@dataclass(frozen=True)
class Subject:
    """Whose ledger it is, as its charter says, and when it was checked (seconds since 1970)."""

    url: str
    name: str
    operator: str
    sites: tuple[str, ...]
    keyholders: Mapping[str, str]
    at: int


def _section(title: str, *children: Child, name: str, lead: str | None = None) -> Markup:
    return tag(
        "section",
        tag("h2", title, id=name),
        tag("p", lead, class_="lead") if lead else None,
        *children,
        aria_labelledby=name,
    )


def masthead(subject: Subject, tone: str, sentence: str, beneath: str) -> Markup:
    """Return the head of the page: who, when, and the verdict."""
    sign = "✓" if tone == "good" else "!"
    return tag(
        "header",
        tag("p", f"Audit of {subject.url} · {moment(of_seconds(subject.at))}", class_="over"),
        tag(
            "div",
            tag("span", sign, class_="sign", aria_hidden="true"),
            tag("div", tag("h1", sentence), tag("p", beneath)),
            class_=f"verdict {tone}",
        ),
    )


def facts(verdict: Verdict, overview: Overview) -> Markup:
    """Return the four numbers that people ask for first."""
    kinds = overview.kinds
    witnesses = verdict.witnesses
    signed, named = (len(witnesses.times), len(witnesses.policy.witnesses)) if witnesses else (0, 0)
    told = (
        (number(verdict.vouched.checkpoint.size if verdict.vouched else 0), "entries in the ledger"),
        (number(kinds["grant.used"]), "times staff opened somebody's data"),
        (number(kinds["rights.exported"]), "copies of their data that people took"),
        (f"{signed} of {named}" if named else "None", "of the charter's witnesses have signed"),
    )
    return tag(
        "ul",
        *(tag("li", tag("b", figure), tag("span", words)) for figure, words in told),
        class_="facts",
        aria_label="In numbers",
    )


def findings(verdict: Verdict, evidence: Mapping[int, Any]) -> Markup:
    """Return what was found: what needs an answer, then what is worth knowing."""
    serious = [f for f in verdict.findings if f.severity in {Severity.VIOLATION, Severity.WARNING}]
    others = [f for f in verdict.findings if f.severity not in {Severity.VIOLATION, Severity.WARNING}]
    parts = []
    if serious:
        cards = [_finding(finding, evidence) for finding in serious]
        more = [
            tag("p", f"And {number(amount)} more of “{RULES[code].title}”.", class_="quiet")
            for code, amount in sorted(verdict.more.items())
        ]
        lead = "Each of these contradicts something that was promised. The operator should be asked."
        parts.append(_section("What needs an answer", *cards, *more, name="answers", lead=lead))
    if others:
        parts.append(
            _section("Worth knowing", *(_finding(finding, evidence) for finding in others), name="notes")
        )
    return join(*parts)


def _finding(finding: Finding, evidence: Mapping[int, Any]) -> Markup:
    rule = RULES[finding.code]
    where = "" if finding.index is None else f"Entry {number(finding.index)}. "
    rows = [("Rule", finding.code), *((plain(name), str(value)) for name, value in finding.evidence.items())]
    entry = None if finding.index is None else evidence.get(finding.index)
    return tag(
        "article",
        tag("h3", finding.title),
        tag("p", rule.meaning),
        tag("p", tag("b", where), with_moments(finding.detail), class_="detail"),
        tag(
            "details",
            tag("summary", "The evidence"),
            tag("dl", *(join(tag("dt", name), tag("dd", tag("code", value))) for name, value in rows)),
            tag("pre", tag("code", _pretty(entry)), tabindex="0") if entry is not None else None,
        ),
        class_=f"finding {finding.severity.value}",
    )


def _pretty(entry: Any) -> str:
    if isinstance(entry, bytes):
        return entry.decode("utf-8", errors="replace")[:4000]
    return json.dumps(entry, indent=2, sort_keys=True, ensure_ascii=False)[:8000]


_MARKS = {State.CHECKED: "✓", State.PARTLY: "✓", State.UNCHECKED: "?", State.CONTRADICTED: "!"}


def promises(told: Sequence[Promise]) -> Markup:
    """Return the ten promises, those that can be checked first."""
    order = [State.CONTRADICTED, State.CHECKED, State.PARTLY]
    judged = sorted((each for each in told if each.state in order), key=lambda each: order.index(each.state))
    others = [each for each in told if each.state not in order]
    items = [
        tag(
            "li",
            tag("span", _MARKS[each.state], class_="mark", aria_hidden="true"),
            tag(
                "div",
                tag("h3", each.words),
                tag("p", each.detail),
                tag(
                    "p",
                    tag("span", each.state.value, class_="chip state"),
                    tag("span", each.strength.capitalize(), class_="chip"),
                    tag("span", each.name, class_="chip plain"),
                    class_="chips",
                ),
            ),
            class_=f"promise {each.state.name.lower()}",
        )
        for each in judged
    ]
    later = [
        tag(
            "li",
            tag("span", _MARKS[each.state], class_="mark", aria_hidden="true"),
            tag("p", tag("b", each.words), " ", each.detail, tag("span", each.name, class_="chip plain")),
            class_="promise unchecked",
        )
        for each in others
    ]
    meanings = tag("dl", *(join(tag("dt", name), tag("dd", words)) for name, words in STRENGTHS))
    unchecked: list[Child] = []
    if later:
        unchecked = [
            tag("h3", f"{spoken(len(later)).capitalize()} can't be checked by this tool yet"),
            tag("ul", lines(*later), class_="promises later"),
        ]
    strengths = tag("details", tag("summary", "How strong is a claim?"), meanings)
    return _section(
        "The ten promises",
        tag("ul", lines(*items), class_="promises"),
        strengths,
        *unchecked,
        name="promises",
    )


def happenings(overview: Overview) -> Markup | None:
    """Return the charts."""
    if not overview.size:
        return None
    parts = [
        _grants_chart(overview),
        _entries_chart(overview),
        _classes_chart(overview),
        _keys_chart(overview),
    ]
    return _section("What happened", tag("div", *parts, class_="charts"), name="happened")


def _grants_chart(overview: Overview) -> Markup | None:
    if not overview.kinds["grant.requested"]:
        return None
    labels = {f"reason/{name}": label for name, label in REASONS.items()}
    over_time = overview.over_time(labels)
    common = overview.reasons.most_common(1)[0][0]
    emergencies = (
        f" {count(overview.emergencies, 'was an emergency', 'were emergencies')}."
        if overview.emergencies
        else ""
    )
    denied = count(overview.kinds["grant.denied"], "request was", "requests were")
    told = (
        f"Staff asked {count(overview.kinds['grant.requested'], 'time')} to open personal data, most often for "
        f"{REASONS.get(common, common).lower()}; {denied} denied.{emergencies}"
    )
    return charts.columns("Requests to open personal data", told, over_time, labels, _step(over_time.step))


def _classes_chart(overview: Overview) -> Markup | None:
    if not overview.classes:
        return None
    values = [(CLASSES.get(name, plain(name)), value) for name, value in overview.classes.most_common()]
    total = sum(overview.classes.values())
    told = f"{count(total, 'opening')} in all, by kind of data. Each person concerned can see theirs, with a proof."
    return charts.bars("What was opened", told, values, "Kind of data", "Openings")


def _keys_chart(overview: Overview) -> Markup | None:
    values = [
        (PURPOSES.get(name, plain(name)), value) for name, value in overview.purposes.most_common(12) if value
    ]
    if not values:
        return None
    given = overview.purposes["grant"]
    told = (
        f"A key opens what is sealed for one person. {number(sum(overview.purposes.values()))} were given out in "
        f"all, {number(given)} of them to staff, under a grant."
    )
    return charts.bars("Keys released, by purpose", told, values, "Purpose", "Keys")


def _entries_chart(overview: Overview) -> Markup:
    groups = dict(KINDS)
    busiest = [name for name, _ in overview.kinds.most_common(8) if name not in _BY_THE_CLOCK][:6]
    labels = {name: groups.get(name, plain(name)) for name in busiest}
    over_time = overview.over_time(labels)
    clock = sum(overview.kinds[name] for name in _BY_THE_CLOCK)
    rest = overview.size - clock - sum(overview.kinds[name] for name in busiest)
    also = f" {count(rest, 'entry', 'entries')} of rarer kinds are not drawn." if rest else ""
    also += f" Nor are {number(clock)} that are written by the clock, whatever happens." if clock else ""
    told = f"{count(overview.size, 'entry', 'entries')} of {count(len(overview.kinds), 'kind')}.{also}"
    return charts.columns("The ledger over time", told, over_time, labels, _step(over_time.step))


def _step(step: str) -> str:
    return step.capitalize()


def vouchers(verdict: Verdict, overview: Overview, subject: Subject) -> Markup:
    """Return who has signed what: the ledger's key, witnesses, keyholders, releases."""
    return _section(
        "Who vouches for this",
        _witnesses(verdict, subject),
        _charters(overview, subject),
        _releases(overview),
        name="vouchers",
    )


def _witnesses(verdict: Verdict, subject: Subject) -> Markup:
    vouching = verdict.witnesses
    if vouching is None or not vouching.policy.witnesses:
        words = (
            "The charter names no witness yet. Nothing but the realm's own word says that everybody is shown the "
            "same ledger; anybody can keep a copy and compare."
        )
        return tag("div", tag("h3", "Witnesses"), tag("p", words))
    items = []
    for each in vouching.policy.witnesses:
        when = vouching.times.get(each.name)
        age = None if when is None else max(0, of_seconds(subject.at) - of_seconds(when))
        told = "has not signed this state" if age is None else f"signed {since(age)} before this check"
        fresh = age is not None and age <= FRESH_MINUTES
        share = 0 if age is None else max(3, 100 - min(age, 60) * 100 // 60)
        items.append(
            tag(
                "li",
                tag("b", each.key.name),
                tag("span", told),
                tag(
                    "svg",
                    tag("rect", class_="track", width=100, height=1),
                    tag("rect", class_="fresh" if fresh else "old", width=share, height=1),
                    viewBox="0 0 100 1",
                    preserveAspectRatio="none",
                    aria_hidden="true",
                    focusable="false",
                ),
            )
        )
    lead = (
        f"A full bar is a signature made at the moment of the check, an empty one is an hour old. Witnesses renew "
        f"theirs every ten minutes. The charter asks for {_quorum(vouching.policy)}."
    )
    return tag("div", tag("h3", "Witnesses"), tag("p", lead), tag("ul", *items, class_="witnesses"))


def _quorum(policy: Policy) -> str:
    """Say in words how many witnesses must sign."""
    group = next((each for each in policy.groups if each.name == policy.quorum), None)
    if policy.quorum is None:
        return "none of them"
    if group is None:
        return policy.quorum
    if group.threshold == len(group.members):
        return "both" if group.threshold == 2 else "all of them"
    return f"{spoken(group.threshold)} of {spoken(len(group.members))}"


def _charters(overview: Overview, subject: Subject) -> Markup | None:
    if not overview.charters:
        return None
    rows = []
    for minute, entry in overview.charters[-50:]:
        names = [subject.keyholders.get(vkey, vkey.partition("+")[0]) for vkey in entry["keyholders"]]
        signers = {each["keyholder"] for each in entry["signatures"]}
        signed = [subject.keyholders.get(vkey, vkey.partition("+")[0]) for vkey in sorted(signers)]
        rows.append(
            [
                f"Version {entry['version']}",
                day(minute),
                f"{', '.join(names)} ({entry['threshold']} must agree)",
                ", ".join(signed) or "nobody",
            ]
        )
    heads = ["Charter", "In force from", "Keyholders", "Signed by"]
    words = "A charter is the realm's signed constitution. Only its keyholders can change it."
    return tag("div", tag("h3", "Charters"), tag("p", words), charts.table("Charters adopted", heads, rows))


def _releases(overview: Overview) -> Markup | None:
    if not overview.releases:
        return None
    rows: list[list[str | Markup]] = [
        [
            entry["version"],
            day(minute),
            tag("code", f"{entry['build'][:16]}…"),
            tag("code", entry["source"][:12]),
        ]
        for minute, entry in overview.releases[-50:]
    ]
    heads = ["Release", "From", "Build", "Source"]
    words = "The software that wrote these entries. Whoever builds the same source can compare the build."
    return tag("div", tag("h3", "Releases"), tag("p", words), charts.table("Releases deployed", heads, rows))


def limits() -> Markup:
    """Return what no such check can show."""
    items = [tag("li", tag("b", head), " ", words) for head, words in LIMITS]
    return _section("What this can't tell you", tag("ul", *items, class_="limits"), name="limits")


def again(verdict: Verdict, command: str) -> Markup:
    """Return how anybody repeats the check, with the signed state it is about."""
    parts: list[Child] = [tag("pre", tag("code", command), tabindex="0")]
    if verdict.vouched is not None:
        rows = (
            ("Ledger", verdict.vouched.checkpoint.origin),
            ("Its key", verdict.vouched.key.vkey),
            ("Entries", number(verdict.vouched.checkpoint.size)),
            ("Root", verdict.vouched.checkpoint.root.hex()),
        )
        parts.append(
            tag("dl", *(join(tag("dt", name), tag("dd", tag("code", value))) for name, value in rows))
        )
        parts.append(
            tag(
                "details",
                tag("summary", "The checkpoint, word for word"),
                tag("pre", tag("code", str(verdict.vouched.note)), tabindex="0"),
            )
        )
    lead = (
        "You need nobody's leave: install the tool, run this, and compare. Ask somebody you trust for the key; if "
        "theirs is another one, you are not looking at the same ledger."
    )
    return _section("Check it yourself", *parts, name="again", lead=lead)


def foot(subject: Subject) -> Markup:
    """Return the last line."""
    operated = f" Operated by {subject.operator}." if subject.operator else ""
    return tag(
        "footer",
        tag(
            "p",
            f"{subject.name}.{operated} Made by reelm-audit {metadata.version('reelm-audit')}, which takes nothing "
            "on trust that it can compute. This page loads nothing and runs no script.",
        ),
    )
