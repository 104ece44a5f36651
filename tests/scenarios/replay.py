# ruff: noqa: T201 — a scenario says what it does
"""A viewer scrolls, and keeps the proof of how each page came about; somebody cheats, and it shows.

`make scenario NAME=replay` starts a realm and plays it over the API: two viewers who like different things, the page
after three finished clips, the receipt of a page checked with `reelm-audit` alone, the same receipt changed in one
place, a boost that nobody declared, and the list that is the same for everyone. It ends with an error at the first
thing that is not so.
"""

import asyncio
import base64
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from tests.conftest import RunningRealm, free_port, start_realm
from tests.factories.media import plain
from tests.scenarios.publish import Somebody, must, say

from reelm.feed.adjustments.book import map_of
from reelm.feed.adjustments.repository import CHANGED, AdjustmentRow
from reelm_audit.feed import layout

PATIENCE_S = 60.0
KINDS = ("bread", "snow")
OF_EACH = 15


def until(check: Callable[[], Any], otherwise: str) -> Any:
    """Ask again until there is an answer."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.2)
    raise SystemExit(f"✗ {otherwise}")


def publish_two_kinds(realm: RunningRealm, folder: Path) -> dict[str, str]:
    """Have three creators of each kind publish; return what each clip is about."""
    about = {}
    for kind in KINDS:
        makers = [Somebody(realm.url, f"{kind}maker{os.urandom(2).hex()}") for _ in range(3)]
        for number in range(OF_EACH):
            maker = makers[number % 3]
            film = plain(folder / f"{kind}{number}.mp4", seconds=1 + (len(about) + 1) / 25)
            about[maker.publish(film, f"{kind} number {number} #{kind}")["id"]] = kind
    return about


def page(viewer: Somebody, limit: int, cursor: str | None = None) -> dict[str, Any]:
    following = f"&cursor={cursor}" if cursor else ""
    return dict(viewer.ask("GET", f"/api/v1/feeds/for-you?limit={limit}{following}", 200).json())


def watch(viewer: Somebody, clips: list[tuple[str, str]]) -> None:
    """Tell the realm what was done with clips: (clip, kind of event)."""
    now = dt.datetime.now(dt.UTC).isoformat()
    events = [{"id": str(uuid.uuid4()), "clip_id": clip, "kind": kind, "at": now} for clip, kind in clips]
    viewer.ask("POST", "/api/v1/events", 202, json={"events": events})


def learn_at_once(viewer: Somebody, about: dict[str, str], liked: str) -> dict[str, Any]:
    """Finish three clips of one kind, skip the others, and look at the very next page."""
    first = page(viewer, 10)
    finished = [one["id"] for one in first["items"] if about.get(one["id"]) == liked][:3]
    must(len(finished) == 3, f"the first page has only {len(finished)} clips about {liked}")
    skipped = [one["id"] for one in first["items"] if about.get(one["id"]) != liked]
    watch(viewer, [*((clip, "finish") for clip in finished), *((clip, "skip") for clip in skipped)])
    following = page(viewer, 6, first["next_cursor"])
    kinds = [about.get(one["id"], "") for one in following["items"]]
    must(
        kinds.count(liked) * 2 > len(kinds),
        f"after three about {liked}: {kinds}",
    )
    say(f"{viewer.handle} finished three about {liked}; the next page is about {', '.join(kinds)}.")
    return following


def receipt_of(viewer: Somebody, served: dict[str, Any]) -> dict[str, Any]:
    """Fetch a page's receipt, which can be asked for a moment after the page."""
    path = f"/api/v1/feeds/receipts/{served['receipt']['id']}"

    def found() -> httpx.Response | None:
        answer = viewer.http.get(path)
        return answer if answer.status_code == 200 else None

    return dict(until(found, "the realm does not know the page's receipt").json())


def kept(viewer: Somebody, served: dict[str, Any], folder: Path) -> Path:
    """Wait until the page is in the ledger, and keep its file."""
    receipt = served["receipt"]
    must(receipt["include_by"] - receipt["at"] <= 20, "the promise is for later than in 20 seconds")

    path = f"/api/v1/feeds/receipts/{receipt_of(viewer, served)['id']}/file"

    def proven() -> str:
        text = viewer.ask("GET", path, 200).text
        return text if "\ninclusion " in text else ""

    file = folder / f"{viewer.handle}.txt"
    file.write_text(until(proven, "the page was not put into the ledger"))
    return file


def audit(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Check a file as anybody can: with the auditor's tool, which has nothing of the server."""
    command = [sys.executable, "-m", "reelm_audit.cli", "receipt", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def documents_of(realm: RunningRealm, file: Path, viewer: Somebody, served: dict[str, Any]) -> list[str]:
    """Fetch the model and the policy that the receipt names; return the options by which the tool takes them."""
    about = receipt_of(viewer, served)
    options = []
    for name, option in (("model", "--model"), ("policy", "--rules")):
        document = httpx.get(f"{realm.url}/ledger/document/{about[name]}.json")
        must(document.status_code == 200, f"the {name} that the receipt names is not published")
        path = file.with_suffix(f".{name}.json")
        path.write_bytes(document.content)
        options += [option, str(path)]
    return options


def cheat(file: Path, options: list[str]) -> None:
    """Change one number in the receipt: it must be found."""
    text = file.read_text()
    line = next(line for line in text.splitlines() if line.startswith("receipt "))
    data = bytearray(base64.b64decode(line.partition(" ")[2]))
    data[300] ^= 1
    forged = file.with_name("forged.txt")
    forged.write_text(text.replace(line, f"receipt {base64.b64encode(data).decode()}"))
    done = audit(forged, *options)
    must(done.returncode == 1, f"a changed receipt passed: {done.stdout}{done.stderr}")
    found = re.findall(r"[a-z]+\.[a-z_]+", done.stdout)
    say(f"One bit of it changed: refused ({', '.join(sorted(set(found))[:3]) or done.stdout.strip()[:120]}).")


async def boost_in_secret(realm: RunningRealm, clip: str) -> None:
    """Write a boost and its map straight into the database, as whoever holds the server could; tell everyone."""
    now = dt.datetime.now(dt.UTC)
    row = AdjustmentRow(
        id=uuid.uuid4(),
        clip_id=uuid.UUID(clip),
        kind="boost",
        points=2000,
        reason="editorial",
        words="Nobody was to know.",
        from_at=now.replace(microsecond=0) - dt.timedelta(minutes=1),
        until_at=now.replace(microsecond=0) + dt.timedelta(days=1),
        staff="0" * 16,
        since=1,
        ended=None,
    )
    admin = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
    try:
        values = list(msgspec.structs.asdict(row).items())
        names = ", ".join(name for name, _ in values)
        places = ", ".join(f"${place + 1}" for place in range(len(values)))
        await admin.execute(
            f"INSERT INTO adjustments ({names}) VALUES ({places})", *(value for _, value in values)
        )
        await admin.execute(
            "INSERT INTO adjustment_maps (number, root, count, ref) VALUES (1, $1, 1, $2)",
            map_of([row]).root,
            uuid.uuid4(),
        )
        await admin.execute("SELECT pg_notify($1, '')", CHANGED)
    finally:
        await admin.close()


def boosted(realm: RunningRealm, about: dict[str, str]) -> None:
    """A secret boost moves no page: what the ledger does not have is not loaded."""
    least = next(clip for clip, kind in about.items() if kind == "snow")
    asyncio.run(boost_in_secret(realm, least))
    viewer = Somebody(realm.url, f"newcomer{os.urandom(2).hex()}")
    end = time.monotonic() + 5
    pages = 0
    while time.monotonic() < end:
        receipt = layout.decode(base64.b64decode(receipt_of(viewer, page(viewer, 5))["body"]))
        must(
            not receipt.adjusted and receipt.adjustments == bytes(32), "a boost that nobody declared was used"
        )
        pages += 1
        time.sleep(0.5)
    say(f"A boost written into the database behind the ledger's back: {pages} pages, none moved by it.")


def same_for_everyone(one: Somebody, other: Somebody) -> None:
    """Both ask for a feed without profiling: the lists they get are the same bytes."""
    lists = []
    for viewer in (one, other):
        viewer.ask("PATCH", "/api/v1/me/feed", 200, json={"profiling": False})
        current = viewer.ask("GET", "/api/v1/feeds/lists/current", 200).json()
        path = "/api/v1/feeds/lists/{language}/{jurisdiction}/{age_band}/{epoch}".format(**current)
        lists.append(viewer.ask("GET", path, 200).content)
    must(lists[0] == lists[1], "two viewers without profiling got different lists")
    say(f"Without profiling, both get the same list, byte for byte ({len(lists[0])} bytes).")


def play(realm: RunningRealm, folder: Path) -> None:
    about = publish_two_kinds(realm, folder)
    viewers = {kind: Somebody(realm.url, f"{kind}lover{os.urandom(2).hex()}") for kind in KINDS}
    pages = {kind: learn_at_once(viewer, about, kind) for kind, viewer in viewers.items()}
    viewer, served = viewers["bread"], pages["bread"]
    file = kept(viewer, served, folder)
    say(f"The page is in the ledger; {viewer.handle} keeps its receipt, {file.stat().st_size} bytes.")
    options = documents_of(realm, file, viewer, served)
    done = audit(file, *options)
    must(done.returncode == 0, f"the receipt does not hold: {done.stdout}{done.stderr}")
    say("Checked with the auditor's tool, offline: the page comes out the same, bit for bit. It says:")
    print("    " + "\n    ".join(done.stdout.strip().splitlines()))
    cheat(file, options)
    boosted(realm, about)
    same_for_everyone(*viewers.values())


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="reelm-replay-"))
    folder.chmod(0o755)
    realm = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    try:
        play(realm, folder)
        say("Done: what was shown can be computed again by anyone the viewer asks, and a cheat can't.")
    finally:
        realm.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
