"""The section on the border and on the sites: what crossed to whom, what was refused, what lies where."""

from reelm_audit.report import charts
from reelm_audit.report.crossed import Traffic
from reelm_audit.report.html import Child, Markup, lines, tag
from reelm_audit.report.words import count, moment, number, plain

CLASS_WORDS = {
    "public": "What people show to everyone",
    "social": "Whom they follow and what they like, where they agreed",
    "identity": "Who they are (e-mail, phone, birthday)",
    "private": "What they keep private",
    "telemetry": "What they watched",
    "derived": "What follows from what they watched",
    "operational": "What the service needs to work",
}
_MOST = 12


def section(traffic: Traffic) -> Markup | None:
    """Return the section; None for a realm that has no border and no statement yet."""
    if not any((traffic.sent, traffic.received, traffic.refused, traffic.statements)):
        return None
    parts: list[Child] = [tag("p", sentence(traffic), class_="lead")]
    drawn = [each for each in (_peers(traffic), _classes(traffic)) if each is not None]
    if drawn:
        parts.append(tag("div", *drawn, class_="charts"))
    if traffic.refused:
        parts += [tag("h3", "What was not let through"), _refusals(traffic)]
    if traffic.statements:
        parts += [tag("h3", "What lies where"), _sites(traffic)]
    return tag(
        "section", tag("h2", "What crossed the border", id="crossed"), *parts, aria_labelledby="crossed"
    )


def sentence(traffic: Traffic) -> str:
    """Say in a sentence how much left and arrived."""
    if not traffic.sent and not traffic.received:
        return "Nothing has crossed to another realm, and nothing has come from one."
    sent = count(sum(traffic.sent.values()), "object")
    peers = count(len(traffic.sent), "realm")
    arrived = count(sum(traffic.received.values()), "object")
    return (
        f"{sent} crossed to {peers}, {number(traffic.sent_bytes)} bytes in all; {arrived} came from "
        f"{count(len(traffic.received), 'realm')}. Each delivery was in this ledger before it was released."
    )


def _peers(traffic: Traffic) -> Markup | None:
    if not traffic.sent:
        return None
    values = [(f"To {peer}", value) for peer, value in traffic.sent.most_common(_MOST)]
    values += [(f"From {peer}", value) for peer, value in traffic.received.most_common(_MOST)]
    told = f"Most often: {', '.join(name for name, _ in traffic.acts.most_common(3))}."
    return charts.bars("With whom", told, values, "Realm", "Objects")


def _classes(traffic: Traffic) -> Markup | None:
    if not traffic.classes:
        return None
    values = [(CLASS_WORDS.get(name, plain(name)), value) for name, value in traffic.classes.most_common()]
    told = "An object may hold more than one kind of data. Of the other kinds, none crossed."
    return charts.bars("What kind of data", told, values, "Kind of data", "Objects")


def _refusals(traffic: Traffic) -> Markup:
    items = [
        tag("li", tag("b", count(amount, "time")), f": {named}. {plain(reason)}.")
        for (named, reason), amount in sorted(traffic.refused.items(), key=lambda each: (-each[1], each[0]))[
            :_MOST
        ]
    ]
    return tag("ul", lines(*items))


def _sites(traffic: Traffic) -> Markup:
    rows = [
        [
            f"{site}{', ' + entry['country'] if entry['country'] else ''}",
            ", ".join(plain(each) for each in entry["purposes"]),
            number(sum(each["bytes"] for each in entry["held"])),
            entry["signer"].partition("+")[0],
            moment(minute),
        ]
        for site, (minute, entry) in sorted(traffic.statements.items())
    ]
    heads = ["Site", "For", "Bytes", "Who answers for it", "Stated"]
    return charts.table("The last statement of each site", heads, rows)
