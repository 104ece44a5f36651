"""The scripted day: two realms, a foreign server and a witness; people follow, publish, answer; and then the leaks."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
from tests.egress import leaks
from tests.egress.books import compare, connections_told
from tests.egress.hosts import certify
from tests.egress.leaks import ELSEWHERE, Secrets
from tests.egress.links import FailedError, beside, captured, prove_that_it_sees
from tests.egress.realms import (
    BORDER_PORT,
    FRONT_PORT,
    GUEST_PORT,
    NETWORK,
    WEB_FRONT_PORT,
    WEB_PORT,
    WITNESS_PORT,
    Realm,
    Somebody,
    meet,
    places,
    running,
    strangers,
)
from tests.egress.report import Report, refusals
from tests.egress.spaces import BORDER_GUEST, BORDER_WORLD, GUEST, WORLD, Space, Spaces
from tests.factories.foreign import Foreign, foreign_realm
from tests.factories.media import plain

from reelm.kit.clock import SystemClock
from reelm_audit.witnessing import read_or_make_key

WITNESS = "egress-witness"
# What people say in public on that day, in either direction, to be found by whoever looks for it.
CROSSING = ("for everybody", "how lovely", "thank you", "from abroad", "from here")
_PATIENCE_SECONDS = 150.0


def play(spaces: Spaces, folder: Path, report: Report, user: int) -> None:
    """Play it. Raises what doesn't work; what is wrong goes into the report."""
    known = Secrets.made()
    authority, hosts = certify(folder, (WORLD, GUEST), SystemClock().now())
    (folder / "witness").mkdir()
    key = read_or_make_key(WITNESS, folder / "witness" / "key")
    us_place, world_place = places(folder, authority, f"{WITNESS} {key.vkey}")
    prove_that_it_sees(spaces, folder / "proof.pcap")
    report.say("The capture sees a datagram and a stream that are let out on purpose.")
    opened = [folder / "front.bin", folder / "guest.jsonl"]
    fronts = [
        f"{WORLD}:{FRONT_PORT}=127.0.0.1:{BORDER_PORT}",
        f"{WORLD}:{WEB_FRONT_PORT}=127.0.0.1:{WEB_PORT}",
    ]
    with contextlib.ExitStack() as ends:
        capture = ends.enter_context(captured(spaces, folder / "link.pcap"))
        ends.enter_context(beside(spaces.world, "front", str(hosts), str(opened[0]), *_ports(fronts)))
        guest = (str(hosts), f"{GUEST}:{GUEST_PORT}", str(opened[1]), f"{ELSEWHERE}?{known.query}")
        ends.enter_context(beside(spaces.guest, "guest", *guest))
        world = ends.enter_context(running(world_place, spaces.world, None, user))
        us = ends.enter_context(running(us_place, spaces.core, spaces.border, user))
        ends.enter_context(_witness(us, spaces.guest, folder / "witness"))
        report.wrong += strangers(us, spaces)
        report.say("Every process of the realm is where it belongs; the core has no route and no link.")
        meet(us, world)
        report.say("The realms know each other; every checkpoint is asked of a witness beyond the border.")
        actor = _people(us, world, folder, known, report)
        asyncio.run(_guest(us, spaces.guest, actor, report))
        _leak(us, spaces, known, actor, report)
        _wait_for_entries(us, report)
        asyncio.run(_until_settled([us, world]))
        us.processes[1].terminate()
        us.processes[1].wait(30)
        seen = capture.end()
    told = connections_told(us.place.data / "logs" / "border.jsonl")
    report.account = compare(seen, told, frozenset((BORDER_WORLD, BORDER_GUEST)))
    report.look(seen, known, opened)
    report.must_find(seen, opened, *CROSSING)
    _must_have(report)


def _ports(fronts: list[str]) -> list[str]:
    return [each.replace("=127.0.0.1:", "=") for each in fronts]


def _must_have(report: Report) -> None:
    """A day on which nothing happened proves nothing."""
    kinds = {line.kind for line in report.account.lines}
    missing = {"crossing", "fetch", "control", "service"} - kinds
    report.wrong += [f"nothing of the kind {kind} went over the border all day" for kind in sorted(missing)]


@contextlib.contextmanager
def _witness(us: Realm, space: Space, folder: Path) -> Iterator[None]:
    """A witness that keeps to the log's key that it is shown first."""

    def shown() -> Any:
        return us.ask("GET", "/api/v1/ledger").json().get("vkey")

    vkey = str(us.wait(shown, "shows no ledger"))
    command = [sys.executable, "-m", "reelm_audit.cli", "witness", "serve", "--name", WITNESS]
    command += ["--key", str(folder / "key"), "--state", str(folder / "state"), "--log", vkey]
    process = space.start([*command, "--listen", f"{GUEST}:{WITNESS_PORT}"], stdout=subprocess.PIPE)
    try:
        if process.stdout is None or not process.stdout.readline():
            raise FailedError("the witness did not start")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _people(us: Realm, world: Realm, folder: Path, known: Secrets, report: Report) -> str:
    """What people do on that day; return the public address of the one whom the leaks are about."""
    video = plain(folder / "clip.mp4", seconds=2)
    ana = Somebody(us, "ana", country="US", phone=known.phone, email="ana@mail.example")
    bea = Somebody(us, known.friends, country="US")
    leo = Somebody(world, "leo", country="FR")
    for one, other in ((ana, bea), (bea, ana)):
        one.ask("PUT", f"/api/v1/people/{other.handle}/follow", 200)
    ana.publish(video, f"for me: {known.address}, and call {known.contacts}", "only_me")
    report.say("Ana lives here, with a phone number, an address, contacts, and a friend.")
    leo.sees("/api/v1/people/lookup?address=@ana@us", lambda found: found["handle"], "does not find Ana")
    leo.ask("PUT", "/api/v1/me/consents/us", 204)
    leo.ask("PUT", "/api/v1/people/ana@us/follow", 200)
    ana.sees("/api/v1/me/followers", lambda page: page["items"], "does not hear of the follower")
    report.say("Leo, who lives in the other realm, follows her.")
    clip = ana.publish(video, "for everybody")
    arrived = _arrives(leo, "ana@us", "for everybody")
    report.say("Her clip crossed, its media were fetched by the other realm, and play there.")
    leo.ask("PUT", f"/api/v1/clips/{arrived}/like", 200)
    leo.ask("POST", f"/api/v1/clips/{arrived}/comments", 201, json={"text": "how lovely"})
    said = ana.sees(f"/api/v1/clips/{clip}/comments", lambda page: page["items"], "does not see the comment")
    ana.ask("PUT", "/api/v1/me/consents/world", 204)
    ana.ask("PUT", "/api/v1/people/leo@world/follow", 200)
    reply = {"text": "thank you", "parent_id": said[0]["id"]}
    ana.ask("POST", f"/api/v1/clips/{clip}/comments", 201, json=reply)
    report.say("His comment came back; she answered, and follows him, too.")
    leo.publish(video, "from abroad")
    theirs = _arrives(ana, "leo@world", "from abroad")
    ana.ask("PUT", f"/api/v1/clips/{theirs}/like", 200)
    ana.ask("POST", f"/api/v1/clips/{theirs}/comments", 201, json={"text": "from here"})
    report.say("His clip was fetched once by her realm's border, and plays from her realm.")
    return f"{us.place.zone}/us/people/{ana.id}"


def _arrives(who: Somebody, whose: str, caption: str) -> str:
    def find(page: dict[str, Any]) -> str:
        ready = (clip for clip in page["items"] if clip["caption"] == caption and clip["media"])
        return next((str(clip["id"]) for clip in ready), "")

    return str(who.sees(f"/api/v1/people/{whose}/clips", find, f"“{caption}” does not arrive"))


async def _guest(us: Realm, space: Space, actor: str, report: Report) -> None:
    """A foreign server, signed and known: it delivers, follows, asks for a document, and is delivered to."""
    connection = await asyncpg.connect(**us.settings.database.connection("reelm_admin"))
    try:
        with space.inside():
            playing = foreign_realm("guest", us.place.border)
            abroad = playing.__enter__()
        try:
            await _introduce(abroad, connection)
            person = abroad.name("people")
            name = person.rpartition("/")[2]
            about = {"preferredUsername": "ming", "url": f"https://{GUEST}:{GUEST_PORT}/@ming"}
            followed = await abroad.deliver(
                abroad.person(person, **about), abroad.act("Follow", person, actor)
            )
            document = await abroad.get("/people/" + actor.rpartition("/")[2])
            if (followed.status, document.status) != (202, 200):
                raise FailedError(f"the guest was turned away: {followed} {document}")
            await _until(connection, "SELECT 1 FROM crossings WHERE peer = 'guest' AND state = 'delivered'")
        finally:
            await asyncio.to_thread(playing.__exit__, None, None, None)
    finally:
        await connection.close()
    report.say(f"A foreign server ({name[:8]}) delivered, asked, and was delivered to over TLS.")


async def _introduce(abroad: Foreign, connection: asyncpg.Connection) -> None:
    await abroad.introduce(connection, network=NETWORK)
    await connection.execute(
        "UPDATE peers SET border = $1, web = $1 WHERE realm = 'guest'", f"https://{GUEST}:{GUEST_PORT}"
    )


def _leak(us: Realm, spaces: Spaces, known: Secrets, actor: str, report: Report) -> None:
    report.tried += leaks.without_a_route(spaces.core, known)
    report.tried.append(asyncio.run(leaks.from_the_database(us, known)))
    report.tried += asyncio.run(leaks.over_the_border(us, known, f"https://{WORLD}:{FRONT_PORT}"))
    report.tried.append(asyncio.run(leaks.as_a_crossing(us, known, "world", actor)))
    report.say(
        f"{len(report.tried)} ways out were tried with Ana's address, phone number, friends and contacts."
    )


def _wait_for_entries(us: Realm, report: Report) -> None:
    """Refusals are told a minute at a time: wait for those of the last."""
    wanted = {": ".join(each.told) for each in report.tried if each.stopped and each.told is not None}

    def told() -> bool:
        answer = us.ask("GET", "/api/v1/ledger/entries?kind=border.refused&limit=50").json()
        report.entries = dict(refusals([each["entry"] for each in answer["items"]]))
        return wanted <= set(report.entries)

    _patiently(told)
    report.say(f"The ledger tells of {sum(report.entries.values())} refusals.")


def _patiently(true: Callable[[], bool]) -> None:
    """What does not come is the report's to say."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end and not true():
        time.sleep(0.5)


async def _until(connection: asyncpg.Connection, question: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not await connection.fetchval(question):
        if time.monotonic() > end:
            raise FailedError(f"not within {_PATIENCE_SECONDS:.0f} s: {question}")
        await asyncio.sleep(0.1)


async def _until_settled(realms: list[Realm]) -> None:
    """Until nothing is on its way any more."""
    for realm in realms:
        connection = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
        try:
            await _until(
                connection,
                "SELECT NOT EXISTS (SELECT 1 FROM crossings WHERE state IN ('asked', 'recorded', 'released')) "
                "AND NOT EXISTS (SELECT 1 FROM arrivals WHERE state = 'held')",
            )
        finally:
            await connection.close()
