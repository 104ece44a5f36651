"""One page on several realms: what each shows, and what two of them say alike of each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from reelm_audit.checking import Verdict
from reelm_audit.findings import Finding, Severity
from reelm_audit.pairing import Match, Side
from reelm_audit.report import charts
from reelm_audit.report.html import Child, Markup, join, lines, tag
from reelm_audit.report.page import POLICY
from reelm_audit.report.words import count, moment, number, spoken
from reelm_audit.rules.catalogue import RULES
from reelm_audit.rules.minutes import of_seconds

_SERIOUS = {Severity.VIOLATION, Severity.WARNING}
_STRENGTHS = {
    "witnessed": "Witnessed: outsiders vouch that everybody is shown this same ledger.",
    "unwitnessed": "Unwitnessed: the charter names no witness, so the realm alone vouches for it.",
    "self-declared": "Self-declared: the witnesses that the charter names have not signed.",
}


@dataclass(frozen=True)
class Member:
    """One realm that was looked at."""

    realm: str
    name: str
    url: str
    verdict: Verdict
    side: Side
    sites: tuple[str, ...]

    @property
    def serious(self) -> int:
        """How many findings need an answer."""
        return sum(finding.severity in _SERIOUS for finding in self.verdict.findings)


def render(members: Sequence[Member], matches: Sequence[Match], between: Sequence[Finding], at: int) -> bytes:
    """Return the page. `at` is when the realms were looked at, in seconds since 1970."""
    title = f"{', '.join(member.name for member in members)}: what their ledgers show together"
    body = join(
        _masthead(members, matches, between, at),
        tag("main", _between(matches, between), _realms(members), _limits(), id="main"),
        tag("footer", tag("p", f"Made by reelm-audit on {moment(of_seconds(at))}.")),
    )
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    head = lines(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    page = tag("html", "\n", tag("head", "\n", head, "\n"), "\n", tag("body", body), "\n", lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def _masthead(
    members: Sequence[Member], matches: Sequence[Match], between: Sequence[Finding], at: int
) -> Markup:
    open_ = sum(member.serious for member in members)
    open_ += sum(finding.severity in _SERIOUS for finding in between)
    names = ", ".join(member.name for member in members)
    objects = sum(match.objects for match in matches)
    sentence = f"We checked {spoken(len(members))} realms: {names}. "
    if open_:
        things = "One thing needs" if open_ == 1 else f"{spoken(open_).capitalize()} things need"
        sentence += f"{things} an answer."
    else:
        sentence += "Nothing contradicts what they promise, and their ledgers agree."
    beneath = (
        f"{count(objects, 'object')} crossed between them, and both sides tell of each alike."
        if objects
        else "Nothing that crossed between them is in both ledgers yet."
    )
    return tag(
        "header",
        tag("p", f"Audit of {spoken(len(members))} realms · {moment(of_seconds(at))}", class_="over"),
        tag(
            "div",
            tag("span", "!" if open_ else "✓", class_="sign", aria_hidden="true"),
            tag("div", tag("h1", sentence), tag("p", beneath)),
            class_=f"verdict {'bad' if open_ else 'good'}",
        ),
    )


def _between(matches: Sequence[Match], findings: Sequence[Finding]) -> Markup:
    parts: list[Child] = []
    if matches:
        values = [(f"{match.sender} → {match.receiver}", match.objects) for match in matches]
        told = "Sender and receiver have each of these deliveries in their own ledger, with the same root and counts."
        parts.append(
            tag("div", charts.bars("Peer-matched", told, values, "From and to", "Objects"), class_="charts")
        )
    else:
        parts.append(tag("p", "No delivery between these realms is in both ledgers yet."))
    parts += [_difference(finding) for finding in findings]
    return tag("section", tag("h2", "Between them", id="between"), *parts, aria_labelledby="between")


def _difference(finding: Finding) -> Markup:
    return tag(
        "article",
        tag("h3", finding.title),
        tag("p", RULES[finding.code].meaning),
        tag("p", finding.detail, class_="detail"),
        class_=f"finding {finding.severity.value}",
    )


def _realms(members: Sequence[Member]) -> Markup:
    cards = [_card(member) for member in members]
    return tag("section", tag("h2", "Each realm", id="realms"), *cards, aria_labelledby="realms")


def _card(member: Member) -> Markup:
    verdict = member.verdict
    size = verdict.vouched.checkpoint.size if verdict.vouched else 0
    strength = verdict.witnesses.strength if verdict.witnesses else "self-declared"
    open_ = "Nothing needs an answer." if not member.serious else f"{member.serious} need an answer:"
    titles = list(dict.fromkeys(f.title for f in verdict.findings if f.severity in _SERIOUS))
    return tag(
        "article",
        tag("h3", f"{member.name} ({member.realm})"),
        tag("p", tag("code", member.url)),
        tag("p", f"{number(size)} entries. {_STRENGTHS[strength]}"),
        tag("p", f"Data lies at: {'; '.join(member.sites)}." if member.sites else "No site is named."),
        tag("p", open_),
        tag("ul", lines(*(tag("li", title) for title in titles))) if titles else None,
        class_="finding" if member.serious else "finding notice",
    )


def _limits() -> Markup:
    words = (
        "That two ledgers agree means that two realms would have to tell the same lie. Where one operator runs both, "
        "that is easier: witnesses, and a border run by a trustee, stand against it. Geography itself is stated by "
        "whoever signs for a site."
    )
    return tag(
        "section",
        tag("h2", "What this does not show", id="limits"),
        tag("p", words),
        aria_labelledby="limits",
    )
