"""Fills a realm over its public HTTP API: the cast arrives, clips premiere one by one, and people talk.

A fill that was cut off goes on where it stopped. Painting runs in helper processes at a low priority; what they
make is kept in `DATA/demo-cache`, so that the demo of a second realm, given that folder, has only to publish.
"""

from __future__ import annotations

import datetime as dt
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reelm.entrypoints.demo import footage
from reelm.entrypoints.demo.actor import Actor, RefusedError
from reelm.entrypoints.demo.beat import Scene
from reelm.entrypoints.demo.memory import Memory
from reelm.entrypoints.demo.people import CAST, Persona, portrait
from reelm.entrypoints.demo.repertoire import drawn, offset_bars, origins
from reelm.entrypoints.demo.script import POSTS, caption_of
from reelm.entrypoints.demo.talk import TALK, Said, follows, fondness, likers, reposters
from reelm.entrypoints.demo.tracks import RECIPES, tempo

_CONNECTIONS = 4
_EVENTS_AT_ONCE = 100
_HISTORY_DAYS = 6
_FIRST_CUT = 9
"""Footage begins to alternate with drawn clips after so many premieres."""


@dataclass(frozen=True)
class Summary:
    """What a fill left behind, and one way in."""

    people: int
    clips: int
    failed: int
    comments: int
    seconds: float
    handle: str
    password: str


@dataclass(frozen=True)
class Piece:
    """A clip to publish: drawn or cut, with the sound it uses (None if it brings its own)."""

    slug: str
    track: str
    offset_bars: int | None
    is_origin: bool


def programme() -> list[Piece]:
    """Everything to publish, in the order of its premiere."""
    scenes = drawn(with_encore=footage.find_folder() is None)
    pieces = [_piece_of(scene) for scene in scenes]
    if footage.find_folder() is None:
        return pieces
    for number, cut in enumerate(footage.CUTS):
        pieces.insert(_FIRST_CUT + number * 3, Piece(cut.slug, cut.track, 0, is_origin=False))
    return pieces


def _piece_of(scene: Scene) -> Piece:
    return Piece(scene.slug, scene.track, offset_bars(scene), origins()[scene.track] is scene)


class Painter:
    """A helper process that paints one clip at a time, and ends when its standard input does."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._process = self._start()

    def paint(self, slug: str) -> Path:
        """The finished clip; a helper that died is replaced once. Raises RuntimeError when that dies too."""
        for _ in range(2):
            answer = self._ask(slug)
            if answer:
                return Path(answer)
            self.close()
            self._process = self._start()
        raise RuntimeError(f"{slug} could not be painted")

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "reelm.entrypoints.demo", "paint", "--out", str(self._cache)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _ask(self, slug: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{slug}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return ""
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """Let it go."""
        self._process.terminate()
        with suppress(BrokenPipeError), self._process:  # leaving closes its pipes and waits for it
            pass


@contextmanager
def _painters(cache: Path, count: int) -> Iterator[queue.Queue[Painter]]:
    cache.mkdir(parents=True, exist_ok=True)
    idle: queue.Queue[Painter] = queue.Queue()
    all_painters = [Painter(cache) for _ in range(count)]
    for painter in all_painters:
        idle.put(painter)
    try:
        yield idle
    finally:
        for painter in all_painters:
            painter.close()


class Filling:
    """One fill in progress."""

    def __init__(self, base: str, say: Callable[[str], None], data: Path) -> None:
        self._base = base
        self._say = say
        self._memory = Memory(data)
        self._cache = data / "demo-cache"
        self._actors: dict[str, Actor] = {}
        self._doors = threading.BoundedSemaphore(_CONNECTIONS)
        self._pieces = programme()
        self._sounds: dict[str, Future[str]] = {piece.track: Future() for piece in self._pieces}
        self._count = threading.Lock()
        self._published = 0
        self._failed = 0
        self._comments = 0

    def run(self) -> Summary:
        """Do everything that isn't done yet. A clip that fails is left out."""
        began = time.monotonic()
        painters = os.cpu_count() or 1
        with (
            _painters(self._cache, painters) as idle,
            ThreadPoolExecutor(painters) as studio,
            ThreadPoolExecutor(
                len(self._pieces)
            ) as theatre,  # one each, for those that reuse a sound wait for it
        ):
            paintings = [studio.submit(self._paint, idle, piece) for piece in self._pieces]
            self._gather()
            both = zip(self._pieces, paintings, strict=True)
            premieres = [theatre.submit(self._premiere, piece, painting) for piece, painting in both]
            for premiere in premieres:
                premiere.result()
        self._watch()
        if not self._failed:
            self._memory.finish()
        star = CAST[0].handle
        return Summary(
            len(CAST),
            self._published,
            self._failed,
            self._comments,
            time.monotonic() - began,
            star,
            self._memory.password(star),
        )

    def _gather(self) -> None:
        """The cast signs up, dresses and makes friends."""
        with ThreadPoolExecutor(_CONNECTIONS) as door:
            list(door.map(self._arrive, CAST))
        self._say(f"{len(CAST)} people have arrived.")
        for who, whom in follows():
            self._once(
                f"follow {who} {whom}",
                partial(self._ask, who, "PUT", f"people/{whom}/follow"),
            )

    def _arrive(self, persona: Persona) -> None:
        actor = Actor(self._base)
        with self._doors:
            actor.arrive(
                {
                    "handle": persona.handle,
                    "password": self._memory.password(persona.handle),
                    "birth_date": persona.birth_date,
                    "country": persona.country,
                    "language": persona.language,
                    "display_name": persona.name,
                }
            )
            self._actors[persona.handle] = actor
        self._once(
            f"bio {persona.handle}", lambda: self._ask(persona.handle, "PATCH", "me", {"bio": persona.bio})
        )
        self._once(
            f"portrait {persona.handle}",
            lambda: self._ask(persona.handle, "PUT", "me/avatar", portrait(persona), kind="image/png"),
        )

    def _paint(self, idle: queue.Queue[Painter], piece: Piece) -> Path | None:
        """The clip's file, or None if it's published already."""
        if self._memory.find(f"clip {piece.slug}"):
            return None
        painter = idle.get()
        try:
            return painter.paint(piece.slug)
        finally:
            idle.put(painter)

    def _premiere(self, piece: Piece, painting: Future[Path | None]) -> None:
        """Publish one clip and let people react to it; a clip that fails is said, and leaves the rest alone."""
        sound = self._sounds[piece.track]
        try:
            file = painting.result()
            clip_id = self._memory.find(f"clip {piece.slug}") or self._publish(piece, file)
            if piece.is_origin:
                sound.set_result(self._actors[POSTS[piece.slug].author].wait_for_sound(clip_id))
            self._talk(piece.slug, clip_id)
        except (OSError, RefusedError, RuntimeError) as error:
            with self._count:
                self._failed += 1
            self._say(f"{piece.slug} was left out: {error}")
        else:
            with self._count:
                self._published += 1
                count = self._published
            self._say(f"{count} of {len(self._pieces)} clips: {piece.slug}")
        finally:
            if piece.is_origin and not sound.done():  # nobody shall wait for it for ever
                sound.set_exception(RuntimeError(f"{piece.slug}, which brings its sound, is missing"))

    def _publish(self, piece: Piece, file: Path | None) -> str:
        assert file is not None
        post = POSTS[piece.slug]
        about: dict[str, Any] = {
            "caption": caption_of(piece.slug),
            "language": post.language,
            "permissions": {"comments": True, "download": True, "sound_reuse": True},
        }
        if piece.offset_bars is None:
            about["sound_title"] = _title(piece)
        else:
            bpm, meter = tempo(piece.track)
            offset_ms = round(piece.offset_bars * meter * 60_000 / bpm)
            about["sound_id"] = self._sounds[piece.track].result()
            about["edit"] = {"original_volume": 0.0, "sound_volume": 1.0, "sound_offset_ms": offset_ms}
        actor = self._actors[post.author]
        with self._doors:
            clip_id = actor.own_clips().get(about["caption"]) or actor.publish(file, about)
        actor.wait_until_ready(clip_id)
        self._memory.keep(f"clip {piece.slug}", clip_id)
        return clip_id

    def _talk(self, slug: str, clip_id: str) -> None:
        """Likes, comments, replies, pins, hearts and reposts under one clip."""
        author = POSTS[slug].author
        for who in likers(slug, author):
            self._once(f"like {who} {slug}", partial(self._ask, who, "PUT", f"clips/{clip_id}/like"))
        for who in reposters(slug, author):
            self._once(f"repost {who} {slug}", partial(self._ask, who, "PUT", f"clips/{clip_id}/repost"))
        for number, said in enumerate(TALK.get(slug, ())):
            self._thread(f"{slug} {number}", author, clip_id, said)

    def _thread(self, key: str, author: str, clip_id: str, said: Said) -> None:
        root = self._comment(key, clip_id, said.who, {"text": said.text})
        for number, (who, text) in enumerate(said.replies):
            self._comment(f"{key}.{number}", clip_id, who, {"text": text, "parent_id": root})
        if said.hearted:
            self._once(f"heart {key}", partial(self._ask, author, "PUT", f"comments/{root}/heart"))
        if said.pinned:
            self._once(f"pin {key}", partial(self._ask, author, "PUT", f"comments/{root}/pin"))
        for who in likers(key, said.who)[:5]:
            self._once(f"like {who} {key}", partial(self._ask, who, "PUT", f"comments/{root}/like"))

    def _comment(self, key: str, clip_id: str, who: str, body: dict[str, str]) -> str:
        found = self._memory.find(f"comment {key}")
        if found is None:
            found = str(
                self._ask(who, "POST", f"clips/{clip_id}/comments", body, key=self._memory.id_for(key))["id"]
            )
            self._memory.keep(f"comment {key}", found)
        with self._count:
            self._comments += 1
        return found

    def _watch(self) -> None:
        """The last days' viewing, from which the feed learns who likes what."""
        for persona in CAST:
            events = list(self._history(persona.handle))
            for start in range(0, len(events), _EVENTS_AT_ONCE):
                batch = {"events": events[start : start + _EVENTS_AT_ONCE]}
                self._once(
                    f"watch {persona.handle} {start}",
                    partial(self._ask, persona.handle, "POST", "events", batch),
                )

    def _history(self, who: str) -> Iterator[dict[str, Any]]:
        now = self._actors[who].now
        assert now is not None
        for number, piece in enumerate(self._pieces):
            clip_id = self._memory.find(f"clip {piece.slug}")
            if clip_id is None or POSTS[piece.slug].author == who:
                continue
            share = fondness(who, piece.slug)
            watched = round(share * 8_000)
            kinds = [
                "impression",
                "skip" if share < 0.4 else "progress",
                *(["finish"] if share >= 1 else []),
                *(["loop"] if share >= 2 else []),
            ]
            hours = (number * 37 + len(who) * 11) % (_HISTORY_DAYS * 24)
            at = now - dt.timedelta(hours=hours)
            for kind in kinds:
                yield {
                    "id": self._memory.id_for(f"{who} {piece.slug} {kind}"),
                    "clip_id": clip_id,
                    "kind": kind,
                    "at": at.isoformat(),
                    "watched_ms": 0 if kind == "impression" else watched,
                    "position_ms": min(watched, 8_000),
                    "source": "for-you",
                }

    def _ask(
        self,
        who: str,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        kind: str = "application/json",
    ) -> Any:
        with self._doors:
            return self._actors[who].send(method, f"/api/v1/{path}", body, key=key, kind=kind)

    def _once(self, deed: str, act: Callable[[], object]) -> None:
        if self._memory.find(deed) is None:
            act()
            self._memory.keep(deed)


def fill(base_url: str, on_progress: Callable[[str], None], *, data: Path) -> Summary:
    """Fill the realm at `base_url`; `data` keeps the cast's passwords and the painted clips.

    Raises OSError when the realm can't be reached in the beginning; later, clips that fail are left out.
    """
    summary = Filling(base_url, on_progress, data).run()
    on_progress(
        f"{summary.people} people, {summary.clips} clips and {summary.comments} comments "
        f"in {summary.seconds:.0f} seconds."
    )
    on_progress(f"Sign in as {summary.handle} with the password {summary.password}")
    return summary


def _title(piece: Piece) -> str:
    """The track's title; a clip that brings another part of it says so."""
    title = RECIPES[piece.track].title
    return title if piece.is_origin else f"{title} (reprise)"
