# ruff: noqa: T201 — a scenario says what it does
"""Two people, three clips, one evening: the main job from end to end, on a live realm.

`make scenario NAME=publish` starts a realm and plays it twice: over the API with a plain HTTP client, and in a browser
at phone size. `--url` plays on a realm that runs already, `--through api` or `--through browser` only one of them.
It says what happens as it happens, and ends with an error at the first thing that does not.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import async_playwright, expect
from tests.browser.journeys import film_to_a_sound, publish_file, see
from tests.browser.phone import PATIENCE_MS, in_hand, launch
from tests.conftest import PASSWORD, free_port, start_realm
from tests.factories.media import clip

PREPARING_S = 180.0


def say(words: str) -> None:
    print(f"· {words}", flush=True)


def must(truth: object, otherwise: str) -> None:
    """Fail loudly."""
    if not truth:
        raise SystemExit(f"✗ {otherwise}")


# — over the API —


class Somebody:
    """A person with nothing but an HTTP client."""

    def __init__(self, url: str, handle: str) -> None:
        self.handle = handle
        self.http = httpx.Client(base_url=url, timeout=60)
        body = {
            "handle": handle,
            "password": PASSWORD,
            "birth_date": "1999-04-12",
            "country": "FR",
            "language": "en",
        }
        self.ask("POST", "/api/v1/accounts", 201, json=body)
        session = self.ask(
            "POST", "/api/v1/sessions", 201, json={"handle": handle, "password": PASSWORD}
        ).json()
        self.http.cookies.clear()
        self.http.headers["authorization"] = f"Bearer {session['token']}"

    def ask(self, method: str, path: str, status: int, **options: Any) -> httpx.Response:
        answer = self.http.request(method, path, **options)
        must(
            answer.status_code == status,
            f"{method} {path} answered {answer.status_code}: {answer.text[:300]}",
        )
        return answer

    def publish(self, file: Path, caption: str, **fields: Any) -> dict[str, Any]:
        """Upload in two pieces, as after a lost network, and ask for a clip."""
        data = file.read_bytes()
        tus = {"tus-resumable": "1.0.0"}
        made = self.ask("POST", "/api/v1/uploads", 201, headers={**tus, "upload-length": str(len(data))})
        where = made.headers["location"]
        half = len(data) // 2
        for start, stop in ((0, half), (half, len(data))):
            known = int(self.ask("HEAD", where, 200, headers=tus).headers["upload-offset"])
            must(known == start, f"the realm has {known} bytes, not {start}")
            piece = {**tus, "upload-offset": str(start), "content-type": "application/offset+octet-stream"}
            self.ask("PATCH", where, 204, headers=piece, content=data[start:stop])
        body = {"upload_id": where.rsplit("/", 1)[-1], "caption": caption, "visibility": "everyone", **fields}
        asked = time.monotonic()
        found = self.ask("POST", "/api/v1/clips", 201, json=body).json()
        while found["status"] == "processing" and time.monotonic() - asked < PREPARING_S:
            time.sleep(0.1)
            found = self.ask("GET", f"/api/v1/clips/{found['id']}", 200).json()
        must(found["status"] == "ready", f"“{caption}” is {found['status']}: {found['failure']}")
        say(
            f"{self.handle} published “{caption}”; it played {time.monotonic() - asked:.1f} s after the upload."
        )
        return dict(found)


def over_the_api(url: str, folder: Path) -> None:
    tail = os.urandom(2).hex()
    maker, watcher = Somebody(url, f"ines_{tail}"), Somebody(url, f"bo_{tail}")
    say(f"{maker.handle} and {watcher.handle} signed up with a handle and a password, no e-mail.")
    first = maker.publish(clip("bunny-portrait-1080x1920-12s.mp4", folder), "A morning in the meadow")
    second = maker.publish(clip("phone-hevc-960x540.mov", folder), "Straight from the phone")
    sound = with_sound(maker, first["id"])
    third = maker.publish(
        clip("person-640x360-20s.mp4", folder),
        "To that morning's song",
        sound_id=sound,
        edit={"original_volume": 0.2},
    )
    must(
        third["sound"] and third["sound"]["id"] == sound,
        "the third clip does not carry the sound it was made to",
    )
    feed = watcher.ask("GET", "/api/v1/feeds/for-you?limit=50", 200).json()["items"]
    mine = {one["id"] for one in feed}
    for made in (first, second, third):
        must(made["id"] in mine, f"“{made['caption']}” is not in {watcher.handle}'s For You")
    rendition = first["media"]["renditions"][0]
    piece = watcher.ask(
        "GET", rendition["url"], 206, headers={"range": f"bytes=0-{rendition['init_bytes'] - 1}"}
    )
    must(
        len(piece.content) == rendition["init_bytes"],
        "the first piece has another length than its index says",
    )
    say(f"{watcher.handle} finds all three in For You, and the first bytes are a video's.")
    with maker.http.stream("GET", "/api/v1/stream", timeout=30) as stream:
        lines = stream.iter_lines()
        watcher.ask("PUT", f"/api/v1/clips/{first['id']}/like", 200)
        heard(lines, "like", watcher.handle)
        watcher.ask(
            "POST", f"/api/v1/clips/{first['id']}/comments", 201, json={"text": "I want to live there"}
        )
        heard(lines, "comment", watcher.handle)
        watcher.ask("PUT", f"/api/v1/people/{maker.handle}/follow", 200)
        heard(lines, "follow", watcher.handle)
    say(f"{maker.handle} heard of the like, the comment and the follow at once.")
    counts = maker.ask("GET", f"/api/v1/clips/{first['id']}", 200).json()["counts"]
    must(counts["likes"] == 1 and counts["comments"] == 1, f"the clip counts {counts}")
    must(maker.ask("GET", "/api/v1/me", 200).json()["counts"]["followers"] == 1, "the follow is not counted")


def with_sound(person: Somebody, clip_id: str) -> str:
    """Wait until a clip's sound is there for others; return its id."""
    until = time.monotonic() + PREPARING_S
    while time.monotonic() < until:
        found = person.ask("GET", f"/api/v1/clips/{clip_id}", 200).json()
        if found["sound"]:
            return str(found["sound"]["id"])
        time.sleep(0.2)
    raise SystemExit("✗ the clip has no sound that others could use")


def heard(lines: Iterator[str], kind: str, by: str) -> None:
    """Read the live stream until this notice."""
    event = ""
    for line in lines:
        if line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:") and event == "notice":
            notice = json.loads(line[5:])
            if notice["kind"] == kind and notice["actor"]["handle"] == by:
                return
    raise SystemExit(f"✗ the stream ended without a notice of the {kind}")


# — in a browser —


async def through_the_browser(url: str, folder: Path) -> None:
    tail = os.urandom(2).hex()
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        async with in_hand(browser, url) as maker, in_hand(browser, url) as watcher:
            await maker.sign_up(f"ines.{tail}", PASSWORD)
            say(f"ines.{tail} signed up on a phone.")
            made = [
                await publish_file(
                    maker, clip("bunny-portrait-1080x1920-12s.mp4", folder), "A morning in the meadow"
                ),
                await publish_file(maker, clip("phone-hevc-960x540.mov", folder), "Straight from the phone"),
            ]
            say("She published the portrait clip and the phone's HEVC video.")
            made.append(await film_to_a_sound(maker, "Filmed to that morning's song"))
            say("She filmed two takes to a sound, and published them.")
            await maker.sign_out()
            say("She signed out.")

            await watcher.sign_up(f"bo.{tail}", PASSWORD)
            for one in reversed(made):
                await watcher.open("/")
                await watcher.swipe_to(one)
                now = await watcher.plays()
                await watcher.make_audible()
                say(
                    f"bo.{tail} swiped to it in For You: {now['width']} by {now['height']}, moving, with sound."
                )
            await maker.sign_in(f"ines.{tail}", PASSWORD)
            await maker.open("/notices")
            await expect(maker.page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)
            await watcher.act("like").click()
            await see(maker, maker.say("notice.like", name=f"bo.{tail}"))
            await watcher.act("comments").click()
            sheet = watcher.page.get_by_role("dialog")
            await sheet.locator("textarea").fill("I want to live there")
            await sheet.get_by_role("button", name=watcher.say("comment.send"), exact=True).click()
            await see(maker, "I want to live there")
            await watcher.page.keyboard.press("Escape")
            await (
                watcher.page.locator(".who").get_by_role("button", name=watcher.say("person.follow")).click()
            )
            await see(maker, maker.say("notice.follow", name=f"bo.{tail}"))
            say("The like, the comment and the follow appeared on her phone without a reload.")
            for phone in (maker, watcher):
                must(not phone.strangers(), f"asked strangers: {phone.strangers()}")
                must(not phone.complaints(), f"errors in the console: {phone.complaints()}")
            asked = len(maker.requests) + len(watcher.requests)
            say(f"All {asked} requests of both browsers went to the realm, none elsewhere.")
        await browser.close()


@contextmanager
def own_realm() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="reelm-scenario-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    say(f"A realm runs at {running.url}.")
    try:
        yield running.url
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def play(url: str, through: str) -> None:
    with tempfile.TemporaryDirectory(prefix="reelm-scenario-") as folder:
        if through in {"api", "both"}:
            print("Over the API")
            over_the_api(url, Path(folder))
        if through in {"browser", "both"}:
            print("In the browser")
            asyncio.run(through_the_browser(url, Path(folder)))
    print("✓ Everything happened as it should.")


def main() -> int:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--url", help="a realm that runs already")
    reader.add_argument("--through", choices=["api", "browser", "both"], default="both")
    chosen = reader.parse_args()
    if chosen.url:
        play(chosen.url.rstrip("/"), chosen.through)
        return 0
    with own_realm() as url:
        play(url, chosen.through)
    return 0


if __name__ == "__main__":
    sys.exit(main())
