"""How the report says numbers, times and names."""

import datetime as dt
import re
from collections.abc import Sequence

from reelm_audit.rules.minutes import DAY, HOUR, parse

KINDS = {
    "charter.adopted": "Charters adopted",
    "release.deployed": "Releases deployed",
    "staff.enrolled": "Staff enrolled",
    "staff.left": "Staff removed",
    "grant.requested": "Requests to open data",
    "grant.approved": "Requests approved",
    "grant.denied": "Requests denied",
    "grant.expired": "Grants ended",
    "grant.used": "Openings of data",
    "keys.released": "Hourly key accounts",
    "rights.exported": "Copies people took",
    "rights.erased": "People erased",
    "key.rotated": "Changes of the ledger's key",
    "ledger.restored": "Restores of the database",
    "feed.receipts": "Batches of pages",
    "feed.lists": "Public lists",
    "feed.snapshot": "Snapshots of the catalog",
    "ranking.changed": "Changes of the model",
    "ranking.adjusted": "Lists of boosts and demotions",
    "promise.key": "Keys that vouch for promises",
    "border.crossed": "Deliveries to other realms",
    "border.received": "Deliveries from other realms",
    "border.refused": "Refusals at the border",
    "border.counted": "Hourly accounts of the border",
    "site.stated": "Statements about sites",
}
REASONS = {
    "support": "Support",
    "safety": "Safety",
    "legal": "Legal",
    "technical": "Technical",
}
CLASSES = {
    "identity": "Who they are (e-mail, phone, birthday)",
    "social": "Whom they know",
    "private": "What they keep private",
    "telemetry": "What they watched",
}
PURPOSES = {
    "session": "People themselves, signed in",
    "viewing": "Clips, shown to those they are for",
    "grant": "Staff, under a grant",
    "grant_again": "Staff, more of an opening already counted",
    "disclosure": "Staff, messages that a recipient reported",
    "media_process": "Videos made ready to play",
    "avatar_process": "Profile pictures made ready",
    "clip_publish": "Clips published when their hour came",
    "clip_erase": "Clips erased",
    "notice_deliver": "Notices delivered",
    "push_deliver": "Devices told what happened",
}
STRENGTHS = (
    ("Self-declared", "The realm says so, signed with its own key."),
    ("Unwitnessed", "The same, and the charter names nobody outside who would have to sign too."),
    ("Peer-matched", "Another realm's ledger says the same."),
    ("Witnessed", "Outside parties have signed that everybody is shown this same ledger."),
    ("Trustee-run", "The part that matters is run by somebody else than the operator."),
)
LIMITS = (
    (
        "A log proves what it holds.",
        (
            "It proves that these entries were published and never rewritten. It never proves that nothing was done "
            "without an entry. What stands in the way of that are keys, released only against an entry, and "
            "counts, which must agree."
        ),
    ),
    (
        "Whoever owns the machine can look.",
        (
            "Somebody with full control of the realm's own machine can read what it can read. Only a key kept by "
            "another party, or in hardware, prevents that."
        ),
    ),
    (
        "Witnesses are those whom the charter names.",
        (
            "A signature doesn't show who made it, or on which machine. Count those of whom you know that they are "
            "outside the realm."
        ),
    ),
    (
        "Two keys may be one person.",
        "That the asker and the approver are two people is the keyholders' word: they enrolled both.",
    ),
    (
        "Countries are declared.",
        "Where staff sit and machines stand is stated by those who sign for it, and can't be measured here.",
    ),
    (
        "Erased means that the keys are gone.",
        "That nobody kept another copy is a promise, not a proof.",
    ),
)


def number(value: int) -> str:
    """Return a whole number as people write it."""
    return f"{value:,}"


def count(value: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def spoken(value: int) -> str:
    """Return a small number in words."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[value] if value < len(words) else number(value)


def _moment(minute: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)


def day(minute: int) -> str:
    """Return a day."""
    when = _moment(minute)
    return f"{when.day} {when:%B %Y}"


def moment(minute: int) -> str:
    """Return a day with its time."""
    return f"{day(minute)}, {_moment(minute):%H:%M} UTC"


def bucket_label(start: int, step: str) -> str:
    """Return the short name of a stretch of time on an axis."""
    when = _moment(start)
    return {
        "hour": f"{when:%H:%M}",
        "day": f"{when.day} {when:%b}",
        "month": f"{when:%b %Y}",
        "year": f"{when:%Y}",
    }[step]


def since(minutes: int) -> str:
    """Return how long ago something was."""
    if minutes < 1:
        return "less than a minute"
    if minutes < 2 * HOUR:
        return count(minutes, "minute")
    if minutes < 2 * DAY:
        return count(minutes // HOUR, "hour")
    return count(minutes // DAY, "day")


def listed(items: Sequence[str]) -> str:
    """Return a list as a part of a sentence."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def plain(name: str) -> str:
    """Return a name that machines use as people would say it."""
    return name.replace("_", " ").replace(".", " ").capitalize()


def span(first: int, last: int) -> str:
    """Return from when to when, naming month and year once where they are the same."""
    one, other = _moment(first), _moment(last)
    if one.date() == other.date():
        return f"all of {day(first)}"
    start = day(first)
    if one.year == other.year:
        start = f"{one.day}" if one.month == other.month else f"{one.day} {one:%B}"
    return f"from {start} to {day(last)}"


_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", re.ASCII)


def with_moments(text: str) -> str:
    """Return a text with its times as people write them."""

    def spoken_time(match: re.Match[str]) -> str:
        try:
            return moment(parse(match[0]))
        except ValueError:
            return match[0]

    return _WRITTEN.sub(spoken_time, text)
