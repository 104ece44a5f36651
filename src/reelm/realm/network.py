"""The network as its realms' charters describe it: who lives where, and which realm that leads to.

A charter names the countries whose people live in its realm. One that names none takes everybody whom no other
realm of its network names, unless it says that it takes nobody yet. Nothing here is believed for more than a
charter says: who signed it was checked when its realm was made known (`border.network`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from reelm.kit.errors import ConflictError
from reelm_audit.tlog import canonical


class DirectorySite(msgspec.Struct, frozen=True):
    """Where a realm stores its people's data, by its own charter."""

    site: str
    country: str


class DirectoryRealm(msgspec.Struct, frozen=True):
    """One realm of the network. `charter`: digest of the signed document that all of this is from.

    `elsewhere`: people of countries that no realm of the network names live here. `here`: this very realm.
    """

    realm: str
    name: str
    operator: str
    countries: list[str]
    elsewhere: bool
    web: str
    here: bool
    storage: list[DirectorySite]
    charter: str


class Directory(msgspec.Struct, frozen=True):
    """The network's realms. `version` changes with any of it: two realms that know the same have the same.

    It is the SHA-256 of the canonical JSON of `network`, `zone` and `realms` (by name, without `here`).
    """

    network: str
    zone: str
    realms: list[DirectoryRealm]
    version: str


class KnownCharter(msgspec.Struct, frozen=True):
    """Another realm's charter, checked when it was made known."""

    realm: str
    network: str
    digest: str
    document: dict[str, Any]


class LivesElsewhereError(ConflictError):
    """The person's country belongs to another realm of the network, or to none.

    `fields`: `realm`, `name` and `web` of where they can live, empty where nobody takes them; `countries`, with
    commas between them.
    """

    code = "realm.lives_elsewhere"
    title = "People of this country live in another realm of this network."


def countries_of(document: Mapping[str, Any]) -> list[str]:
    """Return the countries that a charter names, ISO 3166-1 alpha-2."""
    named = document.get("jurisdictions") or []
    return [each if isinstance(each, str) else str(each["country"]) for each in named]


def takes_elsewhere(document: Mapping[str, Any]) -> bool:
    """Say whether a charter takes everybody whom no other realm of its network names."""
    return not countries_of(document) and bool(document.get("everywhere_else", True))


def directory_of(own: Mapping[str, Any], own_digest: str, others: Iterable[KnownCharter]) -> Directory:
    """Return the directory as this realm sees it: itself first, then the others of its network by name."""
    network = str(own.get("network") or "")
    realms = [_realm(own, own_digest, here=True)]
    realms += sorted(
        (_realm(other.document, other.digest, here=False) for other in others if other.network == network),
        key=lambda each: each.realm,
    )
    zone = f"id.{network}" if network else ""
    bare = [
        {name: value for name, value in msgspec.to_builtins(each).items() if name != "here"}
        for each in sorted(realms, key=lambda each: each.realm)
    ]
    version = hashlib.sha256(canonical.encode({"network": network, "zone": zone, "realms": bare})).hexdigest()
    return Directory(network, zone, realms, version)


def find_home(realms: Sequence[DirectoryRealm], country: str) -> DirectoryRealm | None:
    """Return the realm where people of `country` live: the one that names it, else the one for all others."""
    named = [each for each in realms if country in each.countries]
    rest = [each for each in realms if each.elsewhere]
    return next(iter([*named, *rest]), None)


def check_residence(directory: Directory, country: str) -> None:
    """Raise `LivesElsewhereError` unless people of `country` live here."""
    home = find_home(directory.realms, country)
    if home is not None and home.here:
        return
    if home is None:
        raise LivesElsewhereError(
            "No realm of this network takes people of this country.",
            fields={"realm": "", "name": "", "web": "", "countries": ""},
        )
    raise LivesElsewhereError(
        f"People of this country live in {home.name}.",
        fields={
            "realm": home.realm,
            "name": home.name,
            "web": home.web,
            "countries": ",".join(home.countries),
        },
    )


def contradictions(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return sentences about charters of one network that claim the same people; none where they agree."""
    said = []
    owners: dict[str, str] = {}
    for document in documents:
        for country in countries_of(document):
            first = owners.setdefault(country, str(document["name"]))
            if first != document["name"]:
                said.append(
                    f"{first} and {document['name']} both name {country}: people of one country live in one realm."
                )
    rest = [str(document["name"]) for document in documents if takes_elsewhere(document)]
    if len(rest) > 1:
        said.append(
            f"{' and '.join(rest)} both take everybody whom no other realm names: only one of a network can."
        )
    return said


def _realm(document: Mapping[str, Any], digest: str, *, here: bool) -> DirectoryRealm:
    return DirectoryRealm(
        realm=str(document.get("realm") or "home"),
        name=str(document["name"]),
        operator=str(document["operator"]["name"]),
        countries=countries_of(document),
        elsewhere=takes_elsewhere(document),
        web=str(document.get("web") or ""),
        here=here,
        storage=[
            DirectorySite(str(site["site"]), str(site.get("country", ""))) for site in document["storage"]
        ],
        charter=digest,
    )
