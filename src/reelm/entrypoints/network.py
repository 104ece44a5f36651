"""The operator's commands about the network: getting to know other realms, and forgetting them.

They run at the machine, in a short-lived process, with the border's role; what is fetched comes over the border.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from reelm.border.client import BorderClient
from reelm.border.repository_network import NetworkReader, NetworkWriter, PeerCharter
from reelm.entrypoints.folder import StartError
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import ReelmError
from reelm.realm.introductions import Introduced, IntroductionError, Shown, check
from reelm.realm.network import contradictions
from reelm.realm.service import RealmService
from reelm.settings import Settings
from reelm_audit.tlog import canonical

T = TypeVar("T")
Fetch = Callable[[str], bytes]


class Known(msgspec.Struct, frozen=True):
    """A realm as the command line shows it."""

    realm: str
    name: str
    web: str
    state: str
    charter: str
    known_at: str


def join(settings: Settings, web: str, fetch: Fetch | None = None) -> Known:
    """Get to know the realm at `web`, or its newer charter. Raises StartError with the reason for a refusal."""
    asked = fetch or _over_the_border(settings)
    own = _own(settings)
    base = web.rstrip("/")
    shown, border_vkey = _ask(base, asked)

    async def work(uow: UnitOfWork) -> Known:
        peers = await NetworkReader(uow).list_charters()
        try:
            found = _checked(own, peers, shown)
        except IntroductionError as error:
            raise StartError(str(error)) from error
        await NetworkWriter(uow).put(_values(base, found, border_vkey))
        return next(
            _line(peer)
            for peer in await NetworkReader(uow).list_charters()
            if peer.realm == found.text("realm")
        )

    return asyncio.run(_in_transaction(settings, work))


def leave(settings: Settings, realm: str) -> bool:
    """Forget a realm: nothing is released to it or taken from it any more. Say whether it was known."""

    async def work(uow: UnitOfWork) -> bool:
        return await NetworkWriter(uow).forget(realm)

    return asyncio.run(_in_transaction(settings, work))


def known(settings: Settings) -> list[Known]:
    """List the realms that this one knows."""

    async def work(uow: UnitOfWork) -> list[Known]:
        return [_line(peer) for peer in await NetworkReader(uow).list_charters()]

    return asyncio.run(_in_transaction(settings, work))


def _own(settings: Settings) -> dict[str, Any]:
    document: dict[str, Any] = canonical.decode(RealmService.load(settings).charter_document)
    if not document.get("network"):
        raise StartError(
            "This realm's charter names no network.", "Propose a charter that does: reelm charter propose."
        )
    return document


def _ask(base: str, fetch: Fetch) -> tuple[Shown, str]:
    """What the realm at `base` shows of itself, and its border's key where the charter doesn't name one."""
    try:
        state = msgspec.json.decode(fetch(f"{base}/api/v1/ledger"))
        newest = msgspec.json.decode(fetch(f"{base}/api/v1/ledger/entries?kind=charter.adopted&limit=1"))
        index, digest = int(newest["items"][0]["index"]), str(newest["items"][0]["entry"]["charter"])
        view = msgspec.json.decode(fetch(f"{base}/api/v1/ledger/entries/{index}"))
        shown = Shown(
            ledger_vkey=str(state["vkey"]),
            entry=base64.b64decode(view["body"], validate=True),
            inclusion=fetch(f"{base}/api/v1/ledger/proofs/{index}").decode(),
            charter=fetch(f"{base}/ledger/document/{quote(digest)}.json"),
        )
        document = msgspec.json.decode(shown.charter)
        border_vkey = document.get("border_vkey") or _border_vkey(base, fetch)
    except (OSError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise StartError(f"No realm answers at {base}, or it shows no charter yet.") from error
    if not border_vkey:
        raise StartError(f"The realm at {base} has no border yet.", "Its operator sets REELM_BORDER_PORT.")
    return shown, str(border_vkey)


def _border_vkey(base: str, fetch: Fetch) -> str:
    try:
        return str(msgspec.json.decode(fetch(f"{base}/api/v1/border")).get("vkey") or "")
    except OSError:
        return ""


def _checked(own: dict[str, Any], peers: list[PeerCharter], shown: Shown) -> Introduced:
    """Return the realm, if it may be known. Raises `IntroductionError`."""
    name = msgspec.json.decode(shown.charter).get("realm")
    before = next((peer for peer in peers if peer.realm == name), None)
    found = check(shown, before.document if before else None, before.charter if before else "")
    realm, network = found.text("realm"), found.text("network")
    if not realm or realm == own.get("realm"):
        raise IntroductionError(f"That realm is called {realm or 'nothing'}; a network has each name once.")
    if network != own["network"]:
        raise IntroductionError(
            f"That realm is of the network {network or '(none)'}, this one of {own['network']}."
        )
    if before is not None and before.ledger_vkey != found.ledger_vkey:
        raise IntroductionError("That realm's ledger has another key than the one that was known.")
    for field in ("ids", "web", "border"):
        if not found.text(field).startswith(("https://", "http://")):
            raise IntroductionError(f"That realm's charter does not say its address “{field}”.")
    others = [peer for peer in peers if peer.realm != realm and peer.network == network]
    taken = {str(each.get("ids")) for each in (own, *(peer.document for peer in others))}
    if found.text("ids") in taken:
        raise IntroductionError("Another realm of this network gives its people the same addresses.")
    said = contradictions([own, *(peer.document for peer in others), found.document])
    if said:
        raise IntroductionError(" ".join(said))
    return found


def _values(base: str, found: Introduced, border_vkey: str) -> dict[str, Any]:
    return {
        "realm": found.text("realm"),
        "name": found.text("name"),
        "network": found.text("network"),
        "ids": found.text("ids"),
        "web": found.text("web") or base,
        "border": found.text("border"),
        "vkey": border_vkey,
        "ledger_vkey": found.ledger_vkey,
        "charter": found.digest,
        "document": found.document,
    }


def _line(peer: PeerCharter) -> Known:
    return Known(
        peer.realm, peer.name, peer.web, peer.state, peer.charter, peer.known_at.isoformat(timespec="seconds")
    )


def _over_the_border(settings: Settings) -> Fetch:
    border = BorderClient.of(settings, "cli")

    def fetch(url: str) -> bytes:
        try:
            answer = asyncio.run(border.control("GET", url))
        except ReelmError as error:
            raise OSError(f"{url}: {error.detail}") from error
        if answer.status != 200:
            raise OSError(f"{url} answered {answer.status}")
        return answer.body

    return fetch


async def _in_transaction(settings: Settings, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    database = await Database.open(settings.database, "reelm_border", size=1)
    try:
        async with database.transaction() as uow:
            return await work(uow)
    finally:
        await database.close()
