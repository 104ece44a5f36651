"""What a new version of a charter changes, subject by subject, each in one sentence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from reelm.realm import policy as borders
from reelm.realm.charter import plain
from reelm.realm.schemas import Jurisdiction, Keyholder, Owner, RealmDocument, Site
from reelm_audit.charter import EVERYTHING, touched

T = TypeVar("T")


class Change(msgspec.Struct, frozen=True):
    """One difference. `before` or `after` is None where something is new, or goes."""

    subject: str
    before: str | None
    after: str | None
    sentence: str


def changes(old: RealmDocument, new: RealmDocument) -> list[Change]:
    """Return what differs, in the order in which a charter is read."""
    found = [change for each in _READERS for change in each(old, new)]
    told = {change.subject for change in found}
    silent = sorted(touched(plain(old), plain(new)) - told - {EVERYTHING})
    return [
        *found,
        *(Change(subject, None, None, f"What is said of {subject} changes.") for subject in silent),
    ]


_PLAIN: tuple[tuple[str, str, Callable[[RealmDocument], object]], ...] = (
    ("name", "The realm's name", lambda c: c.name),
    ("network", "The network that the realm belongs to", lambda c: c.network),
    ("network", "The realm's id in its network", lambda c: c.realm),
    ("addresses", "The address under which people and clips are named", lambda c: c.ids),
    ("addresses", "The web address", lambda c: c.web),
    ("addresses", "The border's address", lambda c: c.border),
    ("addresses", "The border's key", lambda c: c.border_vkey),
    ("edition", "The edition's name", lambda c: c.edition.name),
    ("edition", "The edition's mark", lambda c: c.edition.mark),
    ("edition", "The edition's colour", lambda c: c.edition.accent),
    ("edition", "The colour of text on it", lambda c: c.edition.accent_text),
    ("edition", "The languages", lambda c: _listed(c.edition.languages)),
    ("edition", "The colour of the window around the app", lambda c: c.edition.theme),
    ("edition", "The rules that people are asked to keep", lambda c: c.edition.rules),
    ("edition", "The feed that opens first", lambda c: c.edition.default_feed),
    (
        "edition",
        "Who sees a new clip, unless its author says otherwise",
        lambda c: c.edition.default_visibility,
    ),
    ("operator", "Who runs the realm", lambda c: c.operator.name),
    ("operator", "The operator's legal entity", lambda c: c.operator.legal_entity),
    ("operator", "The operator's country", lambda c: c.operator.country),
    ("operator", "The operator's key", lambda c: c.operator.vkey),
)
_PLAIN_LAST: tuple[tuple[str, str, Callable[[RealmDocument], object]], ...] = (
    ("ages", "The age from which people may join", lambda c: c.minimum_age),
    ("ages", "The age below which accounts begin private", lambda c: c.private_below_age),
    (
        "staff",
        "Where whoever approves an opening of personal data sits",
        lambda c: c.staff.approver_residency,
    ),
    ("staff", "Whether one person alone may open data in an emergency", lambda c: _yes(c.staff.emergency)),
    ("witnesses", "Who has seen the ledger before a key is released", lambda c: c.witness_policies.release),
    ("witnesses", "Who has seen the ledger that everybody is shown", lambda c: c.witness_policies.public),
    ("auditors", "Who checks the realm", lambda c: _listed([each.name for each in c.auditors])),
    ("auditors", "Where they say it", lambda c: _listed([each.url for each in c.auditors])),
    ("closure", "Days of notice before the realm leaves a country", lambda c: c.closure.notice_days),
    ("closure", "Days in which people there can take their data along", lambda c: c.closure.export_days),
    ("valid_from", "The day from which the charter may be adopted", lambda c: c.valid_from),
)


def _plain(
    table: Sequence[tuple[str, str, Callable[[RealmDocument], object]]],
) -> Callable[..., Iterator[Change]]:
    def read(old: RealmDocument, new: RealmDocument) -> Iterator[Change]:
        for subject, what, value in table:
            yield from _changed(subject, what, str(value(old)), str(value(new)))

    return read


def _changed(subject: str, what: str, before: str, after: str) -> Iterator[Change]:
    if before == after:
        return
    long = "\n" in before + after or len(before) + len(after) > 160
    if long:
        sentence = f"{what}: changes."
    elif not before:
        sentence = f"{what}: from now on {after}."
    elif not after:
        sentence = f"{what}: no longer {before}."
    else:
        sentence = f"{what}: {after} instead of {before}."
    yield Change(
        subject, before or None, after or None, sentence.removesuffix("..") + "." * sentence.endswith("..")
    )


def _owners(old: RealmDocument, new: RealmDocument) -> Iterator[Change]:
    for name, before, after in _paired(old.owners, new.owners, lambda owner: owner.name):
        if after is None:
            yield Change("owners", _owner(before), None, f"{name} no longer owns a share of the operator.")
        elif before is None:
            yield Change("owners", None, _owner(after), f"{_owner(after)} becomes an owner of the operator.")
        else:
            yield from _changed("owners", f"Owner {name}", _owner(before), _owner(after))


def _owner(owner: Owner | None) -> str:
    if owner is None:
        return ""
    said = [f"{owner.share} percent" if owner.share else "", owner.country]
    said.append(f"belongs to {owner.ultimate_parent}" if owner.ultimate_parent else "")
    more = ", ".join(filter(None, said))
    return f"{owner.name} ({more})" if more else owner.name


def _jurisdictions(old: RealmDocument, new: RealmDocument) -> Iterator[Change]:
    if old.everywhere_else != new.everywhere_else:
        sentence = (
            "The realm takes people of every country that no realm of its network names."
            if new.everywhere_else
            else "The realm takes people of the countries that its charter names, and of no other."
        )
        yield Change("jurisdictions", _yes(old.everywhere_else), _yes(new.everywhere_else), sentence)
    if old.everywhere_else != new.everywhere_else:
        said = "takes people of countries" if new.everywhere_else else "takes nobody of a country"
        answers = _yes(old.everywhere_else), _yes(new.everywhere_else)
        yield Change("jurisdictions", *answers, f"The realm {said} that no realm of its network names.")
    if old.jurisdictions and not new.jurisdictions:
        named = _listed(old.countries)
        yield Change(
            "jurisdictions", named, None, "The realm is for people of every country that no other names."
        )
        return
    if new.jurisdictions and not old.jurisdictions:
        named = _listed(new.countries)
        yield Change("jurisdictions", None, named, f"The realm is for people in {named} only.")
    paired = _paired(_lives(old), _lives(new), lambda each: each.country)
    for country, before, after in paired:
        if after is None:
            yield Change("jurisdictions", country, None, f"The realm is no longer for people in {country}.")
        elif before is None and old.jurisdictions:
            yield Change("jurisdictions", None, country, f"The realm is for people in {country}, too.")
        stored_before = _listed(before.stored_in) if before else ""
        stored_after = _listed(after.stored_in) if after else ""
        if after is not None and stored_before != stored_after:
            yield Change("jurisdictions", stored_before or None, stored_after or None, _may_lie(after))


def _lives(charter: RealmDocument) -> list[Jurisdiction]:
    return [Jurisdiction(each) if isinstance(each, str) else each for each in charter.jurisdictions]


def _may_lie(jurisdiction: Jurisdiction) -> str:
    where = f"only in {_listed(jurisdiction.stored_in)}" if jurisdiction.stored_in else "anywhere"
    return f"Data of people in {jurisdiction.country} may lie {where}."


def _storage(old: RealmDocument, new: RealmDocument) -> Iterator[Change]:
    for name, before, after in _paired(old.storage, new.storage, lambda site: site.site):
        if after is None:
            yield Change("storage", _site(before), None, f"Data no longer lies at {_site(before)}.")
        elif before is None:
            yield Change("storage", None, _site(after), f"Data also lies at {_site(after)}.")
        else:
            yield from _changed("storage", f"Site {name}", _site(before), _site(after))
            yield from _changed("storage", f"Who answers for site {name}", before.signer, after.signer)
            yield from _changed(
                "storage",
                f"What lies at site {name} by its address",
                _listed(before.where),
                _listed(after.where),
            )


def _site(site: Site | None) -> str:
    if site is None:
        return ""
    said = ", ".join(filter(None, [site.country, *site.purposes]))
    return f"{site.site} ({said})" if said else site.site


def _keyholders(old: RealmDocument, new: RealmDocument) -> Iterator[Change]:
    members = old.keyholders.members, new.keyholders.members
    yield from _changed(
        "keyholders",
        "How many keyholders a change takes",
        f"{old.keyholders.threshold} of {len(members[0])}",
        f"{new.keyholders.threshold} of {len(members[1])}",
    )
    for name, before, after in _paired(*members, lambda member: member.name):
        if after is None:
            yield Change("keyholders", _keyholder(before), None, f"{name} is no longer a keyholder.")
        elif before is None:
            yield Change("keyholders", None, _keyholder(after), f"{_keyholder(after)} becomes a keyholder.")
        else:
            yield from _changed("keyholders", f"Keyholder {name}", _keyholder(before), _keyholder(after))
            yield from _changed("keyholders", f"The key of {name}", before.vkey, after.vkey)


def _keyholder(member: Keyholder | None) -> str:
    if member is None:
        return ""
    veto = f", with a veto on {_listed(member.veto)}" if member.veto else ""
    return f"{member.name} ({member.role}{veto})"


def _borders(old: RealmDocument, new: RealmDocument) -> Iterator[Change]:
    if old.borders == new.borders:
        return
    before, after = borders.texts(old.borders), borders.texts(new.borders)
    said = [
        *(f"{name} is new" for name in after if name not in before),
        *(f"{name} goes" for name in before if name not in after),
        *(f"{name} changes" for name in after if name in before and after[name] != before[name]),
    ]
    what = f": {_listed(said)}" if said else ", in its spelling only"
    yield Change(
        "borders", old.borders or None, new.borders or None, f"What may leave the realm changes{what}."
    )


def _retention(old: RealmDocument, new: RealmDocument) -> Iterator[Change]:
    for name in sorted({*old.retention, *new.retention}):
        before, after = old.retention.get(name), new.retention.get(name)
        said = ("" if before is None else f"{before} days", "" if after is None else f"{after} days")
        yield from _changed("retention", f"How long {name} data is kept", *said)


_READERS: tuple[Callable[[RealmDocument, RealmDocument], Iterator[Change]], ...] = (
    *(
        _plain(_PLAIN),
        _owners,
        _jurisdictions,
        _storage,
        _keyholders,
        _borders,
        _retention,
        _plain(_PLAIN_LAST),
    ),
)


def _paired(
    old: Sequence[T], new: Sequence[T], name_of: Callable[[T], str]
) -> Iterator[tuple[str, T | None, T | None]]:
    """Yield what changed under each name, the new ones' order first."""
    before, after = _named(old, name_of), _named(new, name_of)
    for name in dict.fromkeys([*after, *before]):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _named(parts: Sequence[T], name_of: Callable[[T], str]) -> Mapping[str, T]:
    return {name_of(part): part for part in parts}


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _yes(value: Any) -> str:
    return "yes" if value else "no"
