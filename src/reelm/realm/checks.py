"""What a charter may not say: each refusal has a code and one sentence that a person understands.

These are checks of the document alone. Whether enough keyholders have signed it is `proposals`' matter, and whether
this machine's own folders and addresses are at its sites `sites`'.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

import msgspec

from reelm.realm import policy as borders
from reelm.realm.schemas import Jurisdiction, RealmDocument
from reelm_audit.charter import EVERYTHING, SUBJECTS
from reelm_audit.tlog import policy as witnesses
from reelm_audit.tlog.note import NoteError, Verifier

ROLES = ("operator", "owner", "trustee", "assessor", "authority")
_REALM = re.compile(r"[a-z][a-z0-9-]{0,62}")
_NETWORK = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_COLOUR = re.compile(r"[#a-zA-Z0-9(),.%/ -]{1,64}")
_MARK = re.compile(r"[a-z][a-z0-9-]{0,62}|M[MmLlHhVvCcSsQqTtAaZz0-9 ,.-]{1,4000}")
_OLDEST_AGE, _MOST_PARTIES = 120, 64


class Refusal(msgspec.Struct, frozen=True):
    """Why a charter can't be adopted. `code` is stable; clients may translate by it."""

    code: str
    sentence: str


def check(charter: RealmDocument) -> list[Refusal]:
    """Return everything that keeps this document from being a charter; empty where nothing does."""
    return [refusal for each in _CHECKS for refusal in each(charter)]


@cache
def countries() -> frozenset[str]:
    """The codes of ISO 3166-1 (alpha-2)."""
    return frozenset(
        msgspec.json.decode(files("reelm.realm").joinpath("countries.json").read_bytes(), type=list[str])
    )


def _says_who(charter: RealmDocument) -> Iterator[Refusal]:
    named = {
        "the realm": charter.name,
        "the operator": charter.operator.name,
        "the edition": charter.edition.name,
    }
    for what, name in named.items():
        if not name.strip():
            yield Refusal("charter.name_missing", f"The charter doesn't say what {what} is called.")
    if not charter.owners:
        yield Refusal("charter.owners_missing", "The charter doesn't say who owns the operator.")
    if not charter.edition.languages:
        yield Refusal("charter.languages_missing", "The edition needs at least one language.")
    for colour in (charter.edition.accent, charter.edition.accent_text, charter.edition.theme or "black"):
        if not _COLOUR.fullmatch(colour):
            yield Refusal("charter.colour", f"{colour!r} is not a colour.")
    if not _MARK.fullmatch(charter.edition.mark):
        yield Refusal("charter.mark", "The edition's mark is neither a name nor the path of a drawing.")
    if not (0 < charter.minimum_age <= _OLDEST_AGE and 0 <= charter.private_below_age <= _OLDEST_AGE):
        yield Refusal("charter.ages", f"The charter's ages must be years, up to {_OLDEST_AGE}.")
    if charter.version < 1:
        yield Refusal("charter.version", "Versions of a charter are counted from 1.")


def _addresses(charter: RealmDocument) -> Iterator[Refusal]:
    if not _REALM.fullmatch(charter.realm):
        yield Refusal(
            "charter.realm_id",
            f"The realm's id {charter.realm!r} must be small letters, digits and hyphens, beginning with a letter.",
        )
    if charter.network and not _NETWORK.fullmatch(charter.network):
        yield Refusal(
            "charter.network_name", f"The network's name {charter.network!r} is not one of a domain."
        )
    pages = [(f"The page of auditor {each.name}", each.url) for each in charter.auditors]
    own = [("The address under which things are named", charter.ids), ("The web address", charter.web)]
    for what, address in [*own, ("The border's address", charter.border), *pages]:
        if address and not _is_address(address):
            yield Refusal("charter.address", f"{what}, {address!r}, is not a web address.")


def _countries(charter: RealmDocument) -> Iterator[Refusal]:
    said: list[tuple[str, str]] = [("the operator", charter.operator.country)]
    said += [(f"owner {each.name}", each.country) for each in charter.owners]
    said += [(f"site {each.site}", each.country) for each in charter.storage]
    said += [("who approves openings", charter.staff.approver_residency)]
    for each in charter.jurisdictions:
        lives, stored = (each, []) if isinstance(each, str) else (each.country, each.stored_in)
        if not lives:
            yield Refusal("charter.country_unknown", "A jurisdiction without a country means nothing.")
        said += [
            ("a jurisdiction", lives),
            *((f"where data of {lives} may be stored", code) for code in stored),
        ]
    for what, code in said:
        if code and code not in countries():
            yield Refusal("charter.country_unknown", f"{code!r}, said of {what}, is not a country's code.")
    for code, times in Counter(charter.countries).items():
        if times > 1:
            yield Refusal("charter.jurisdiction_twice", f"{code} is named as a jurisdiction more than once.")


def _shares(charter: RealmDocument) -> Iterator[Refusal]:
    total = Decimal(0)
    for owner in charter.owners:
        try:
            share = Decimal(owner.share or "0")
        except InvalidOperation:
            share = Decimal(-1)
        if not share.is_finite() or share < 0:
            yield Refusal("charter.share", f"{owner.name}'s share, {owner.share!r}, is not a percentage.")
            return
        total += share
    if total > 100:
        yield Refusal("charter.shares", f"The owners' shares add up to {total} percent, more than there is.")


def _sites(charter: RealmDocument) -> Iterator[Refusal]:
    if not any(not site.purposes or "primary" in site.purposes for site in charter.storage):
        yield Refusal("charter.no_site", "The charter names no site where the realm's data lies.")
    for name, times in Counter(site.site for site in charter.storage).items():
        if times > 1 or not name.strip():
            yield Refusal("charter.site_name", f"Each site needs a name of its own, and {name!r} is none.")
    bound = [each for each in charter.jurisdictions if isinstance(each, Jurisdiction) and each.stored_in]
    if not bound:
        return
    for site in charter.storage:
        if not site.country:
            yield Refusal(
                "charter.site_country_missing",
                f"The charter says where people's data may lie, but not in which country site {site.site} is.",
            )
    yield from _one_list(charter, bound)


def _one_list(charter: RealmDocument, bound: list[Jurisdiction]) -> Iterator[Refusal]:
    """Hold every site against every jurisdiction: a realm's data lies at one list of sites."""
    for each in bound:
        outside = [site for site in charter.storage if site.country and site.country not in each.stored_in]
        if not outside:
            continue
        places = " and ".join(f"{site.site} in {site.country}" for site in outside)
        yield Refusal(
            "charter.two_lists",
            f"Data of people in {each.country} may lie only in {_either(each.stored_in)}, and this realm also "
            f"stores at {places}: it needs two lists of sites. Make two realms, one per list; one operator may "
            "run both.",
        )


def _keyholders(charter: RealmDocument) -> Iterator[Refusal]:
    threshold, members = charter.keyholders.threshold, charter.keyholders.members
    distinct = {member.vkey for member in members}
    if not 1 <= threshold <= max(1, len(distinct)):
        yield Refusal(
            "charter.threshold",
            f"The charter asks for {threshold} signatures and has {len(distinct)} keyholders: it could never change.",
        )
    if len(members) > _MOST_PARTIES:
        yield Refusal("charter.keyholders", f"More than {_MOST_PARTIES} keyholders are not supported.")
    for twice in (_repeated(each.name for each in members), _repeated(each.vkey for each in members)):
        for name in twice:
            yield Refusal("charter.keyholder_twice", f"{name} is named as a keyholder more than once.")
    for member in members:
        if member.role not in ROLES:
            yield Refusal(
                "charter.role_unknown", f"{member.name}'s role, {member.role!r}, must be {_either(ROLES)}."
            )
        for subject in member.veto:
            if subject not in (*SUBJECTS, EVERYTHING):
                yield Refusal(
                    "charter.veto_unknown",
                    f"{member.name} is given a veto on {subject!r}, which is no subject of a charter.",
                )


def _keys(charter: RealmDocument) -> Iterator[Refusal]:
    said = [("the operator", charter.operator.vkey), ("the border", charter.border_vkey)]
    said += [(f"site {site.site}", site.signer) for site in charter.storage]
    said = [(whose, vkey) for whose, vkey in said if vkey]
    for whose, vkey in [*said, *((each.name, each.vkey) for each in charter.keyholders.members)]:
        try:
            Verifier.from_vkey(vkey)
        except NoteError:
            yield Refusal("charter.key", f"The key of {whose} can't be read.")


def _policies(charter: RealmDocument) -> Iterator[Refusal]:
    for which, text in (
        ("before a key is released", charter.witness_policies.release),
        ("for what everybody sees", charter.witness_policies.public),
    ):
        try:
            witnesses.parse(text)
        except witnesses.PolicyError as error:
            yield Refusal(
                "charter.witness_policy", f"Which witnesses are asked {which} can't be read: {error}."
            )
    for sentence in borders.check(charter.borders) if charter.borders else []:
        yield Refusal("charter.border_policy", sentence)


def _times(charter: RealmDocument) -> Iterator[Refusal]:
    for data_class, days in charter.retention.items():
        if data_class not in borders.DATA_CLASSES:
            yield Refusal(
                "charter.retention",
                f"There is no data class {data_class!r} that could be kept for {days} days.",
            )
        if days < 0:
            yield Refusal("charter.retention", f"{data_class} can't be kept for {days} days.")
    if min(charter.closure.notice_days, charter.closure.export_days) < 0:
        yield Refusal("charter.closure", "Notice before a closure can't be a negative number of days.")
    if charter.valid_from:
        try:
            dt.date.fromisoformat(charter.valid_from)
        except ValueError:
            yield Refusal("charter.valid_from", f"{charter.valid_from!r} is not a day, as in 2027-01-31.")


_CHECKS: tuple[Callable[[RealmDocument], Iterator[Refusal]], ...] = (
    *(_says_who, _addresses, _countries, _shares, _sites, _keyholders, _keys, _policies, _times),
)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and not parts.fragment
    )


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _either(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
