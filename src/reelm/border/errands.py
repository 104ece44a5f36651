"""What the border does for this machine's other processes: it speaks in their place, with whom it may.

A file is fetched only from the border of a realm that this one knows; a witness is asked only if the charter names
it; a sealed message goes only to services that the operator listed. A refusal is told to the ledger by names alone:
of a host that isn't a known realm's not even that is told, for a name can carry what it must not.
"""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from reelm.border import messages, pushing
from reelm.border.addresses import Network, networks
from reelm.border.classify import Fields, fields_in_force
from reelm.border.client import fetched_path
from reelm.border.constitution import Constitution
from reelm.border.counting import Counting, refusal
from reelm.border.errors import BorderForbiddenError, BorderUnreachableError, UnknownAddressError
from reelm.border.judging import Frame, judge
from reelm.border.outward import ForbiddenError, Outward, Response, UnreachableError
from reelm.border.repository import PeerRow
from reelm.border.repository_releasing import ReleasingReader
from reelm.border.server import Errand
from reelm.border.signing import Signing
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.ids import Ids
from reelm.settings import BorderCaller

MOST_FILE_BYTES = 1024 * 1024 * 1024
MOST_CONTROL_BYTES = 64 * 1024
MOST_PUBLISHED_BYTES = 1024 * 1024
MOST_DOCUMENT_BYTES = 256 * 1024
FETCH_SECONDS, ASK_SECONDS = 80.0, 8.0
_ADDRESS = re.compile(r"(?:acct:|@)?([A-Za-z0-9_.]{1,64})@([A-Za-z0-9.:-]{1,253})")
# A file's address says which file, and has no room for anything else: whoever asks can't tell that realm more.
_FILE = re.compile(
    r"/media/(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/[0-9a-f]{64}|avatars/[0-9a-f]{32,64})\.[a-z0-9]{2,5}"
)
# Where a witness of the charter may be, beside the public network: the charter is signed by whoever answers for it.
OWN: tuple[Network, ...] = networks(
    ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


class Errands:
    """Runs errands, one call each."""

    def __init__(
        self,
        outward: Outward,
        signing: Signing,
        database: Database,
        constitution: Constitution,
        counting: Counting,
        folder: Path,
        delivery: tuple[str, ...],
        clock: Clock,
        ids: Ids,
        fields: Fields | None = None,
        *,
        push_key: Path = Path(),
        sender: str = "",
    ) -> None:
        """`push_key` is the file of the realm's public key for push services, `sender` whom it is said to be of."""
        self._outward = outward
        self._signing = signing
        self._database = database
        self._constitution = constitution
        self._counting = counting
        self._folder = folder
        self._delivery = frozenset(delivery)
        self._push_key = push_key
        self._sender = sender
        self._clock = clock
        self._ids = ids
        self._fields = fields or fields_in_force()

    @property
    def handlers(self) -> Mapping[type[messages.Message], Errand]:
        """What the socket answers with."""
        return {
            messages.Fetch: self.fetch,
            messages.Control: self.control,
            messages.Lookup: self.lookup,
            messages.Deliver: self.deliver,
        }

    async def fetch(self, caller: BorderCaller, asked: messages.Fetch) -> messages.Fetched:
        """Fetch a file of a known realm into the border's folder."""
        peer = await self._peer_at(asked.url)
        if peer is None:
            raise self._forbidden("fetch", "unknown_realm", asked.url)
        if not _FILE.fullmatch(asked.url, len(peer.border.rstrip("/"))):
            raise self._forbidden("fetch", "not_a_file", asked.url, peer=peer.realm)
        target = fetched_path(self._folder, secrets.token_hex(16))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        most = min(max(asked.most_bytes, 0), MOST_FILE_BYTES)
        answer = await self._request(
            asked.url, asked.purpose, peer, most=most, seconds=FETCH_SECONDS, to_file=target
        )
        if answer.status != 200:
            target.unlink(missing_ok=True)
            raise BorderUnreachableError(fields={"reason": f"status_{answer.status}"}, retry_after_seconds=30)
        target.replace(fetched_path(self._folder, answer.digest))
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return messages.Fetched(answer.digest, answer.length, kind)

    async def control(self, caller: BorderCaller, asked: messages.Control) -> messages.Said:
        """Ask a witness; for the operator's own commands, whatever another realm publishes."""
        named = any(_under(asked.url, each) for each in self._constitution.now().witnesses)
        if not named and caller != "cli":
            raise self._forbidden("control", "not_in_charter", asked.url)
        try:
            answer = await self._outward.request(
                asked.method,
                asked.url,
                kind="control",
                purpose="witness" if named else "operator",
                most_bytes=MOST_CONTROL_BYTES if named else MOST_PUBLISHED_BYTES,
                timeout_seconds=ASK_SECONDS,
                headers={"Accept": "text/plain" if named else "application/json"},
                body=asked.body,
                allow_private=OWN if named else (),
            )
        except ForbiddenError as error:
            raise self._forbidden("control", error.reason, asked.url) from error
        except UnreachableError as error:
            raise BorderUnreachableError(fields={"reason": error.reason}, retry_after_seconds=5) from error
        kind = answer.headers.get("content-type", "")
        return messages.Said(answer.status, answer.body, {"content-type": kind})

    async def deliver(self, caller: BorderCaller, asked: messages.Deliver) -> messages.Said:
        """Hand over what only its reader can open."""
        try:
            host = urlsplit(asked.url).hostname or ""
        except ValueError:
            host = ""
        if caller != "worker" or not pushing.is_listed(host, self._delivery):
            raise self._forbidden("delivery", "not_listed", asked.url, asked.body)
        try:
            headers = pushing.headers_of(asked, self._push_key, self._sender, self._clock.now())
        except pushing.UnfitError as error:
            raise self._forbidden("delivery", error.reason, asked.url, asked.body) from error
        try:
            answer = await self._outward.request(
                "POST",
                asked.url,
                kind="delivery",
                purpose=asked.purpose,
                most_bytes=MOST_CONTROL_BYTES,
                timeout_seconds=ASK_SECONDS,
                headers=headers,
                body=asked.body,
            )
        except ForbiddenError as error:
            raise self._forbidden("delivery", error.reason, asked.url) from error
        except UnreachableError as error:
            raise BorderUnreachableError(fields={"reason": error.reason}, retry_after_seconds=30) from error
        return messages.Said(answer.status, b"", pushing.told_of(answer.headers))

    async def lookup(self, caller: BorderCaller, asked: messages.Lookup) -> messages.Found:
        """Ask the realm of an address for its person: 1. WebFinger, 2. the person's own document, judged."""
        match = _ADDRESS.fullmatch(asked.address.strip())
        if match is None:
            raise UnknownAddressError
        handle, place = match[1], match[2].lower()
        peer = await self._peer_called(place)
        if peer is None:
            raise UnknownAddressError
        base = peer.border.rstrip("/")
        resource = quote(f"acct:{handle}@{peer.realm}", safe="")
        told = await self._document(f"{base}/.well-known/webfinger?resource={resource}", peer)
        uri = _self_of(told)
        if not _under(uri, f"{peer.ids}/people"):
            raise UnknownAddressError
        document = await self._document(f"{base}/people/{uri.rpartition('/')[2]}", peer)
        document.pop("@context", None)
        terms = self._constitution.now()
        frame = Frame(peer.ids, peer.web, peer.border, terms.ids, self._clock.now())
        act = {"id": f"{peer.ids}/acts/{self._ids.new()}", "type": "Update", "actor": uri, "object": document}
        judged = judge(act, frame, self._fields)
        if judged.reason or judged.object_type != "Person":
            key = refusal(
                "in", "fetch", peer.realm, "Person", judged.reason or "unknown_type", fields=judged.fields
            )
            self._counting.refused(key)
            raise UnknownAddressError
        return messages.Found(peer.realm, uri, document)

    async def _document(self, url: str, peer: PeerRow) -> dict[str, Any]:
        answer = await self._request(url, "lookup", peer, most=MOST_DOCUMENT_BYTES, seconds=ASK_SECONDS)
        if answer.status in {404, 410}:
            raise UnknownAddressError
        try:
            value = msgspec.json.decode(answer.body)
        except msgspec.DecodeError:
            value = None
        if answer.status != 200 or not isinstance(value, dict):
            reason = "malformed" if answer.status == 200 else f"status_{answer.status}"
            raise BorderUnreachableError(fields={"reason": reason}, retry_after_seconds=30)
        return value

    async def _request(
        self,
        url: str,
        purpose: str,
        peer: PeerRow,
        *,
        most: int,
        seconds: float,
        to_file: Path | None = None,
    ) -> Response:
        """Ask a known realm, signed; it may not lead elsewhere."""

        def sign(method: str, url: str, body: bytes | None) -> Mapping[str, str]:
            if not _under(url, peer.border):
                raise ForbiddenError("redirects", urlsplit(url).hostname or "")
            return self._signing.headers(method, url, body)

        try:
            return await self._outward.request(
                "GET",
                url,
                kind="fetch",
                purpose=purpose,
                most_bytes=most,
                timeout_seconds=seconds,
                headers={"Accept": "application/activity+json, application/json, */*"},
                to_file=to_file,
                sign=sign,
            )
        except ForbiddenError as error:
            raise self._forbidden("fetch", error.reason, url, peer=peer.realm) from error
        except UnreachableError as error:
            raise BorderUnreachableError(fields={"reason": error.reason}, retry_after_seconds=30) from error

    # --- with whom ----------------------------------------------------------------------------------------

    async def _peers(self) -> list[PeerRow]:
        async with self._database.transaction() as uow:
            return [each for each in await ReleasingReader(uow).list_peers() if each.state == "open"]

    async def _peer_at(self, url: str) -> PeerRow | None:
        return next((each for each in await self._peers() if _under(url, each.border)), None)

    async def _peer_called(self, place: str) -> PeerRow | None:
        """The realm of that id, or whose public addresses are at that host."""
        peers = await self._peers()
        by_id = next((each for each in peers if each.realm == place), None)
        return by_id or next(
            (each for each in peers if place in {urlsplit(url).netloc for url in (each.ids, each.web)}), None
        )

    def _forbidden(
        self, channel: str, reason: str, url: str, body: bytes = b"", *, peer: str = ""
    ) -> BorderForbiddenError:
        """Note what was not let through by what it would have said, as far as that has known names."""
        named = self._known_names(url, body)
        classes = {
            row.data_class for name in named if (row := self._fields.rows.get(f"*.{name}")) is not None
        }
        self._counting.refused(
            refusal("out", channel, peer, "Request", reason, classes=classes, fields=named)
        )
        return BorderForbiddenError(fields={"reason": reason})

    def _known_names(self, url: str, body: bytes) -> set[str]:
        known = {name.partition(".")[2] for name in self._fields.rows}
        try:
            given = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        except ValueError:
            given = set()
        try:
            told = msgspec.json.decode(body) if body else None
        except msgspec.DecodeError:
            told = None
        given |= set(told) if isinstance(told, dict) else set()
        return given & known


def _under(url: str, base: str) -> bool:
    """Say whether an address lies under another, with nothing in it that could lead out again."""
    path = url.partition("?")[0]
    return bool(base) and url.startswith(base.rstrip("/") + "/") and "/.." not in path and "\\" not in url


def _self_of(told: Mapping[str, Any]) -> str:
    links = told.get("links")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "self" and isinstance(link.get("href"), str):
            return str(link["href"])
    return ""
