"""The network's public zone `id.<network>`: which realm answers for which address, signed by keyholders.

A routes document names the network, its keyholders, its realms' addresses, and what lies elsewhere than its first
path segment says. Each version names the one before, and takes effect when the threshold of that one *and* its own
have signed it, as charters do; the first needs its own. Who serves the zone can't change a route, only stop serving.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from reelm_audit.entries import EntrySignatureError, verify_detached
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Verifier

_PREFIX = b"reelm/routes/v1\n"
_PATH = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")
_NAME = "^[a-z][a-z0-9-]{0,62}$"
ACTIVITY_TYPES = ("application/activity+json", "application/ld+json")
MOST_PATH_CHARS = 512
FINGER = "/.well-known/webfinger"

RealmName = Annotated[str, msgspec.Meta(pattern=_NAME)]


class ZoneError(ValueError):
    """What keeps routes from taking effect, in one sentence."""


class ZoneKeyholder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party whose signature counts towards the zone's threshold."""

    name: str
    vkey: str


class ZoneRealm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a realm answers: `web` to people, `border` to other realms."""

    web: str
    border: str


class Moved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A path, and all below it, that another realm answers for than its first segment says."""

    path: str
    realm: RealmName


class Routes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the zone's routes. `previous`: digest of the version before, empty for the first."""

    network: str
    version: Annotated[int, msgspec.Meta(ge=1)]
    threshold: Annotated[int, msgspec.Meta(ge=1)]
    keyholders: Annotated[list[ZoneKeyholder], msgspec.Meta(min_length=1, max_length=64)]
    realms: Annotated[dict[RealmName, ZoneRealm], msgspec.Meta(max_length=4096)]
    moved: list[Moved] = []
    previous: str = ""


class RouteSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A keyholder's signature over a version, base64."""

    keyholder: str
    signature: str


class SignedRoutes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version with the signatures that it has."""

    routes: Routes
    signatures: list[RouteSignature] = []


def document_of(routes: Routes) -> bytes:
    """Return the canonical JSON of a version: what is digested and signed."""
    return canonical.encode(msgspec.to_builtins(routes))


def digest_of(routes: Routes) -> str:
    """Return the SHA-256 of a version's document, hexadecimal."""
    return hashlib.sha256(document_of(routes)).hexdigest()


def to_sign(routes: Routes) -> bytes:
    """Return the bytes that a keyholder signs."""
    return _PREFIX + document_of(routes)


def check(signed: SignedRoutes, before: Routes | None) -> Routes:
    """Return the routes of a version that may follow `before` (None: that may be the first). Raises `ZoneError`."""
    routes = signed.routes
    _check_form(routes)
    if before is None:
        if routes.version != 1 or routes.previous:
            raise ZoneError("The first version of the routes is version 1, and follows none.")
    else:
        if routes.network != before.network:
            raise ZoneError("A zone's routes never change their network.")
        if routes.version != before.version + 1 or routes.previous != digest_of(before):
            raise ZoneError(f"These routes don't follow version {before.version}, which is in force.")
        _enough(before, signed, "of the version in force")
    _enough(routes, signed, "whom it names itself")
    return routes


def signers(routes: Routes, signed: SignedRoutes) -> list[str]:
    """Return the names of those of `routes`' keyholders who have validly signed `signed`, one for each key."""
    given = {each.keyholder: each.signature for each in signed.signatures}
    found: dict[bytes, str] = {}
    for holder in routes.keyholders:
        if holder.vkey not in given:
            continue
        try:
            key = Verifier.from_vkey(holder.vkey).public_key
            verify_detached(to_sign(signed.routes), given[holder.vkey], key)
        except (EntrySignatureError, ValueError):
            continue
        found.setdefault(key, holder.name)
    return list(found.values())


def target(routes: Routes, path: str, query: str, accept: str) -> str | None:
    """Return the address to which a request for `path` leads, None where nothing here answers for it."""
    if path == FINGER:
        return _finger(routes, query)
    parts = path.removeprefix("/").split("/")
    if (
        len(path) > MOST_PATH_CHARS
        or len(parts) < 2
        or not all(_PATH.fullmatch(part) and part not in {".", ".."} for part in parts)
    ):
        return None
    whole = "/".join(parts)
    realm = routes.realms.get(_realm_of(routes, whole) or "")
    if realm is None:
        return None
    base = realm.border if any(kind in accept for kind in ACTIVITY_TYPES) else realm.web
    return f"{base.rstrip('/')}/{'/'.join(parts[1:])}" + (f"?{query}" if query else "")


def origins(routes: Routes) -> list[str]:
    """Return the origins of the realms' pages, whose people's passkeys are bound to the zone."""
    webs = (urlsplit(realm.web) for realm in routes.realms.values())
    return sorted({f"{web.scheme}://{web.netloc}" for web in webs})


def _realm_of(routes: Routes, path: str) -> str | None:
    """The realm of the longest path that was moved, else of the first segment."""
    fits = [each for each in routes.moved if path == each.path or path.startswith(each.path + "/")]
    if fits:
        return max(fits, key=lambda each: len(each.path)).realm
    return path.split("/", maxsplit=1)[0]


def _finger(routes: Routes, query: str) -> str | None:
    """WebFinger (RFC 7033) is answered by the border of the realm that the resource names."""
    found = re.fullmatch(
        r"resource=acct(?::|%3[Aa])([A-Za-z0-9_.]{1,64})(?:@|%40)([a-z][a-z0-9-]{0,62})", query
    )
    realm = routes.realms.get(found[2]) if found else None
    return f"{realm.border.rstrip('/')}{FINGER}?{query}" if realm else None


def _check_form(routes: Routes) -> None:
    if routes.threshold > len({_key(holder.vkey) for holder in routes.keyholders}):
        raise ZoneError("The threshold is larger than the number of keyholders: nobody could change a route.")
    for name, realm in routes.realms.items():
        for address in (realm.web, realm.border):
            parts = urlsplit(address)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
                raise ZoneError(f"{address!r} is no address for the realm {name}.")
    for each in routes.moved:
        if not _PATH.fullmatch(each.path) or {".", ".."} & set(each.path.split("/")) or "/" not in each.path:
            raise ZoneError(f"{each.path!r} is no path that could be moved.")
        if each.realm not in routes.realms:
            raise ZoneError(f"{each.path} leads to {each.realm}, which these routes don't know.")
    if len({each.path for each in routes.moved}) != len(routes.moved):
        raise ZoneError("One path leads to one realm.")


def _enough(routes: Routes, signed: SignedRoutes, whose: str) -> None:
    names = signers(routes, signed)
    if len(names) < routes.threshold:
        raise ZoneError(
            f"{len(names)} of the {routes.threshold} signatures are there that it takes of the keyholders {whose}."
        )


def _key(vkey: str) -> bytes:
    try:
        return Verifier.from_vkey(vkey).public_key
    except ValueError as error:
        raise ZoneError(f"{vkey!r} is no verifier key.") from error


def chain(versions: Sequence[SignedRoutes]) -> Routes:
    """Return the newest of all versions, oldest first, each checked against the one before. Raises `ZoneError`."""
    newest: Routes | None = None
    for signed in versions:
        newest = check(signed, newest)
    if newest is None:
        raise ZoneError("There are no routes yet.")
    return newest
