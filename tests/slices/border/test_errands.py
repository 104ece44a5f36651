"""What the border does for other processes: with whom it speaks in their place, and what it refuses to say."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.factories.border import NETWORK, WORLD, OwnBorder, made_counting, write_charter

from reelm.border import messages
from reelm.border.addresses import networks
from reelm.border.constitution import Constitution
from reelm.border.errands import Errands
from reelm.border.errors import BorderForbiddenError, BorderUnreachableError, UnknownAddressError
from reelm.border.key import read_or_make
from reelm.border.outward import Outward
from reelm.border.signing import Signing
from reelm.kit.clock import FixedClock, SystemClock
from reelm.kit.ids import SystemIds
from reelm_audit.tlog.note import Ed25519Signer

PERSON = "0192f7a4-0000-7000-8000-0000000000aa"
FILE = f"/media/{PERSON}/{'a' * 64}.mp4"


class LocalSite:
    """Answers paths with what it was given, and remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[str] = []
        self.signed: list[bool] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        target = head.split(" ")[1]
        self.asked.append(target)
        self.signed.append("signature-input:" in head.lower())
        status, kind, body = self.pages.get(target, (404, "text/plain", b""))
        where = f"Location: {kind}\r\n" if status in {301, 302, 307} else f"Content-Type: {kind}\r\n"
        writer.write(f"HTTP/1.1 {status} X\r\n{where}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


class Own:
    """Errands of a test's own border, to a realm `world` that is a local site."""

    def __init__(self, border: OwnBorder, site: LocalSite, **changes: Any) -> None:
        self.border = border
        self.site = site
        clock = SystemClock()
        self.counting = made_counting(border.settings, border.database)
        self.errands = Errands(
            Outward(
                clock,
                private=changes.get("private", networks(("127.0.0.0/8",))),
                on_counted=self.counting.connection,
            ),
            Signing(read_or_make(border.settings.data, "us"), clock),
            border.database,
            Constitution(border.settings),
            self.counting,
            border.settings.border_folder,
            changes.get("delivery", ()),
            clock,
            SystemIds(clock),
        )

    async def refusals(self) -> list[dict[str, Any]]:
        await self.counting.write()
        clock = FixedClock(self.border.clock.now() + dt.timedelta(minutes=2))
        await made_counting(self.border.settings, self.border.database, clock=clock).tell_refusals()
        return await self.border.entries("border.refused")


@pytest.fixture
async def own(border: OwnBorder) -> AsyncIterator[Own]:
    site = LocalSite()
    await site.start()
    await border.admin.execute("UPDATE peers SET border = $1, web = $1 WHERE realm = $2", site.url, WORLD)
    yield Own(border, site)
    await site.stop()


async def test_a_file_of_a_known_realm_is_fetched_signed_and_counted(own: Own) -> None:
    own.site.pages[FILE] = (200, "video/mp4", b"frames" * 1000)
    fetched = await own.errands.fetch("worker", messages.Fetch(own.site.url + FILE, "publish", 10_000))
    assert (fetched.bytes, fetched.content_type) == (6000, "video/mp4")
    path = own.border.settings.border_folder / "fetched" / fetched.sha256
    assert await asyncio.to_thread(path.read_bytes) == b"frames" * 1000
    assert own.site.signed == [True]
    await own.counting.write()
    rows = await own.border.admin.fetch(
        "SELECT kind, direction, data_class, objects, bytes FROM border_counts"
    )
    ways = {(row["kind"], row["direction"], row["data_class"], row["objects"]) for row in rows}
    assert ways == {("fetch", "out", "public", 1), ("fetch", "in", "public", 1)}
    assert next(row["bytes"] for row in rows if row["direction"] == "in") > 6000


async def test_more_than_was_agreed_is_not_taken(own: Own) -> None:
    own.site.pages[FILE] = (200, "video/mp4", b"frames" * 1000)
    with pytest.raises(BorderUnreachableError) as failed:
        await own.errands.fetch("worker", messages.Fetch(own.site.url + FILE, "publish", 5000))
    assert failed.value.reason == "too_big"
    folder = own.border.settings.border_folder / "fetched"
    assert await asyncio.to_thread(lambda: list(folder.iterdir())) == []


LEAKS = {
    "an image of somewhere": "https://images.example/x.png?address=1+rue&phone=33600&friends=lin&contacts=9",
    "a file that says more": "{site}" + FILE + "?address=1+rue&phone=33600&friends=lin&contacts=9",
    "a way out of the folder": "{site}/media/../leak?address=1&phone=2&friends=3&contacts=4",
    "another port of this machine": "http://127.0.0.1:9/?address=1&phone=2&friends=3&contacts=4",
}


@pytest.mark.parametrize("leak", LEAKS)
async def test_a_planted_leak_goes_nowhere_and_is_told_by_its_names(own: Own, leak: str) -> None:
    url = LEAKS[leak].format(site=own.site.url)
    with pytest.raises(BorderForbiddenError):
        await own.errands.fetch("worker", messages.Fetch(url, "publish", 1000))
    assert own.site.asked == []
    (told,) = await own.refusals()
    assert told["fields"] == ["address", "contacts", "friends", "phone"]
    assert set(told["classes"]) == {"identity", "private", "social"}
    assert (told["channel"], told["count"]) == ("fetch", 1)
    assert "rue" not in json.dumps(told)
    assert "images.example" not in json.dumps(told), "a host's name can carry what it must not"


async def test_a_redirect_leads_nowhere_else(own: Own) -> None:
    other = LocalSite()
    await other.start()
    own.site.pages[FILE] = (302, f"{other.url}{FILE}?phone=33600", b"")
    with pytest.raises(BorderForbiddenError) as refused:
        await own.errands.fetch("worker", messages.Fetch(own.site.url + FILE, "publish", 1000))
    await other.stop()
    assert refused.value.reason == "redirects"
    assert other.asked == []
    (told,) = await own.refusals()
    assert (told["peer"], told["reason"]) == (WORLD, "redirects")


async def test_a_known_realm_at_a_private_address_is_not_asked_unless_it_is_listed(
    border: OwnBorder, own: Own
) -> None:
    strict = Own(border, own.site, private=())
    with pytest.raises(BorderForbiddenError) as refused:
        await strict.errands.fetch("worker", messages.Fetch(own.site.url + FILE, "publish", 1000))
    assert refused.value.reason == "private_address"
    assert own.site.asked == []


async def test_only_witnesses_of_the_charter_are_asked(border: OwnBorder, own: Own) -> None:
    strict = Own(border, own.site, private=())
    own.site.pages["/w/add-checkpoint"] = (200, "text/plain", b"signed")
    asked = messages.Control("POST", own.site.url + "/w/add-checkpoint", b"old 0")
    with pytest.raises(BorderForbiddenError):
        await strict.errands.control("sequencer", asked)
    assert own.site.asked == []
    witness = Ed25519Signer("w.test", b"w" * 32)
    policy = f"witness w {_cosigner(witness)} {own.site.url}/w\nquorum w\n"
    write_charter(border.settings.data, witness_policies={"release": policy, "public": "quorum none\n"})
    said = await strict.errands.control("sequencer", asked)
    assert (said.status, said.body) == (200, b"signed")
    with pytest.raises(BorderForbiddenError):
        await strict.errands.control("sequencer", messages.Control("POST", own.site.url + "/x", b""))
    with pytest.raises(BorderForbiddenError):
        await strict.errands.control("cli", messages.Control("GET", own.site.url + "/x"))
    assert own.site.asked == ["/w/add-checkpoint"]


def _cosigner(signer: Ed25519Signer) -> str:
    from reelm_audit.tlog.cosignature import CosignatureSigner

    return CosignatureSigner(signer.name, b"w" * 32).vkey


def _push(url: str, **changes: Any) -> messages.Deliver:
    given = {
        "purpose": "push",
        "body": b"",
        "authorization": "",
        "topic": "0" * 32,
        "ttl_seconds": 60,
        **changes,
    }
    return messages.Deliver(url, **given)


async def test_nothing_is_delivered_but_to_services_that_are_listed(own: Own) -> None:
    body = json.dumps({"email": "ada@example.net", "friends": ["lin"]}).encode()
    with pytest.raises(BorderForbiddenError) as refused:
        await own.errands.deliver("worker", _push(own.site.url + "/push", body=body))
    assert refused.value.reason == "not_listed"
    (told,) = await own.refusals()
    assert (told["channel"], told["fields"]) == ("delivery", ["email", "friends"])
    assert own.site.asked == []


async def test_to_a_listed_service_nothing_goes_that_is_not_sealed(border: OwnBorder, own: Own) -> None:
    listed = Own(border, own.site, delivery=("127.0.0.1",))
    body = json.dumps({"email": "ada@example.net", "friends": ["lin"]}).encode()
    with pytest.raises(BorderForbiddenError) as refused:
        await listed.errands.deliver("worker", _push(own.site.url + "/push", body=body))
    assert refused.value.reason == "not_sealed"
    (told,) = await listed.refusals()
    assert (told["channel"], told["fields"], told["reason"]) == (
        "delivery",
        ["email", "friends"],
        "not_sealed",
    )
    assert own.site.asked == []


def _person(**changes: Any) -> dict[str, Any]:
    uri = f"https://id.{NETWORK}/{WORLD}/people/{PERSON}"
    return {"type": "Person", "id": uri, "preferredUsername": "lea", "name": "Lea", **changes}


def _introduce(site: LocalSite, document: dict[str, Any], uri: str = "") -> None:
    uri = uri or f"https://id.{NETWORK}/{WORLD}/people/{PERSON}"
    resource = "acct%3Alea%40world"
    links = {"links": [{"rel": "self", "href": uri}]}
    site.pages[f"/.well-known/webfinger?resource={resource}"] = (
        200, "application/jrd+json", json.dumps(links).encode()
    )  # fmt: skip
    about = {"@context": "https://www.w3.org/ns/activitystreams", **document}
    site.pages[f"/people/{PERSON}"] = (200, "application/activity+json", json.dumps(about).encode())


@pytest.mark.parametrize("address", ["@lea@world", "lea@world", "acct:lea@world", "@lea@127.0.0.1:{port}"])
async def test_a_person_elsewhere_is_found_by_their_address(own: Own, address: str) -> None:
    _introduce(own.site, _person())
    found = await own.errands.lookup("web", messages.Lookup(address.format(port=own.site.port)))
    assert (found.peer, found.document) == (WORLD, _person())
    assert all(own.site.signed)


@pytest.mark.parametrize(
    ("document", "uri"),
    [
        (_person(email="lea@example.net"), ""),
        (_person(id=f"https://id.{NETWORK}/us/people/{PERSON}"), ""),
        (_person(type="Video"), ""),
        (_person(), f"https://id.{NETWORK}/us/people/{PERSON}"),
        (_person(), "https://elsewhere.example/people/x"),
    ],
)
async def test_what_isn_t_that_realm_s_person_is_nobody(own: Own, document: dict[str, Any], uri: str) -> None:
    _introduce(own.site, document, uri)
    with pytest.raises(UnknownAddressError):
        await own.errands.lookup("web", messages.Lookup("@lea@world"))


@pytest.mark.parametrize(
    "address", ["@lea@mars", "lea", "@lea@world/../x", "@a b@world", "@lea@169.254.169.254", ""]
)
async def test_who_is_of_no_known_realm_is_not_looked_for(own: Own, address: str) -> None:
    with pytest.raises(UnknownAddressError):
        await own.errands.lookup("web", messages.Lookup(address))
    assert own.site.asked == []
