"""The fill, against a realm that lives in a dictionary: complete, once only, and going on after a cut."""

import contextlib
import datetime as dt
import itertools
import queue
import threading
from pathlib import Path
from typing import Any

import pytest

from reelm.entrypoints.demo import fill as filling
from reelm.entrypoints.demo import footage, talk
from reelm.entrypoints.demo.actor import RefusedError
from reelm.entrypoints.demo.memory import is_unfinished
from reelm.entrypoints.demo.people import CAST
from reelm.entrypoints.demo.script import POSTS


class DictionaryRealm:
    """Keeps what it is told, answers as the API does, and can be made to fail after so many acts."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.clips: dict[str, dict[str, Any]] = {}
        self.comments: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.marks: list[tuple[str, str]] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.acts_left = 10**9

    def act(self) -> str:
        self.acts_left -= 1
        if self.acts_left < 0:
            raise ConnectionError("the realm is gone")
        return f"id-{next(self.numbers)}"


class DictionaryActor:
    """Stands in for `Actor`."""

    def __init__(self, realm: DictionaryRealm) -> None:
        self.realm = realm
        self.handle = ""
        self.now = dt.datetime(2026, 1, 8, tzinfo=dt.UTC)

    def arrive(self, account: dict[str, str]) -> None:
        self.handle = account["handle"]

    def own_clips(self) -> dict[str, str]:
        with self.realm.lock:
            return {
                clip["caption"]: key
                for key, clip in self.realm.clips.items()
                if clip["author"] == self.handle
            }

    def publish(self, file: Path, about: dict[str, Any]) -> str:
        with self.realm.lock:
            clip_id = self.realm.act()
            self.realm.clips[clip_id] = {**about, "author": self.handle, "file": file}
            return clip_id

    def wait_until_ready(self, clip_id: str) -> dict[str, Any]:
        return self.realm.clips[clip_id]

    def wait_for_sound(self, clip_id: str) -> str:
        return f"sound of {clip_id}"

    def send(self, method: str, path: str, body: Any = None, *, key: str = "", kind: str = "") -> Any:
        with self.realm.lock:
            made = self.realm.act()
            if path.endswith("/comments"):
                if key in self.realm.keys:
                    return {"id": self.realm.keys[key]}
                parent = body.get("parent_id")
                assert parent is None or parent in self.realm.comments
                self.realm.comments[made] = {**body, "who": self.handle, "path": path}
                self.realm.keys[key] = made
            elif path.endswith("/events"):
                assert len(body["events"]) <= 100
                self.realm.events |= {event["id"]: event for event in body["events"]}
            else:
                self.realm.marks.append((self.handle, f"{method} {path}"))
            return {"id": made}


class QuickPainter:
    """Stands in for the helper process."""

    def paint(self, slug: str) -> Path:
        return Path(f"{slug}.mp4")


@pytest.fixture
def realm(monkeypatch: pytest.MonkeyPatch) -> DictionaryRealm:
    made = DictionaryRealm()

    @contextlib.contextmanager
    def painters(cache: Path, count: int):
        idle: queue.Queue[QuickPainter] = queue.Queue()
        for _ in range(count):
            idle.put(QuickPainter())
        yield idle

    monkeypatch.setattr(filling, "Actor", lambda base: DictionaryActor(made))
    monkeypatch.setattr(filling, "_painters", painters)
    monkeypatch.setattr(filling, "portrait", lambda persona: b"picture")
    return made


def comments_of_the_script(pieces: list[filling.Piece]) -> int:
    threads = [said for piece in pieces for said in talk.TALK.get(piece.slug, ())]
    return sum(1 + len(said.replies) for said in threads)


def test_a_fill_is_complete(realm: DictionaryRealm, tmp_path: Path):
    lines: list[str] = []
    summary = filling.fill("http://realm", lines.append, data=tmp_path)
    pieces = filling.programme()
    assert summary.people == 12
    assert summary.clips == len(realm.clips) == len(pieces) >= 40
    assert summary.failed == 0
    assert summary.comments == len(realm.comments) == comments_of_the_script(pieces) >= 90
    assert any(summary.password in line and summary.handle in line for line in lines)
    assert not is_unfinished(tmp_path)
    assert {clip["author"] for clip in realm.clips.values()} == {persona.handle for persona in CAST}
    kinds = {event["kind"] for event in realm.events.values()}
    assert {"impression", "progress", "finish", "loop", "skip"} <= kinds


def test_clips_reuse_the_sound_that_the_first_of_its_track_brought(realm: DictionaryRealm, tmp_path: Path):
    filling.fill("http://realm", lambda _: None, data=tmp_path)
    by_slug = {clip["file"].stem: (key, clip) for key, clip in realm.clips.items()}
    brought = {piece.track: by_slug[piece.slug][0] for piece in filling.programme() if piece.is_origin}
    assert len(brought) == 12
    for piece in filling.programme():
        clip = by_slug[piece.slug][1]
        if piece.offset_bars is None:
            assert clip["sound_title"]
            assert "sound_id" not in clip
        else:
            assert clip["sound_id"] == f"sound of {brought[piece.track]}"
            assert clip["edit"]["sound_offset_ms"] >= 0
        assert clip["language"] == POSTS[piece.slug].language


def test_a_second_fill_does_nothing(realm: DictionaryRealm, tmp_path: Path):
    filling.fill("http://realm", lambda _: None, data=tmp_path)
    before = (dict(realm.clips), dict(realm.comments), list(realm.marks), dict(realm.events))
    filling.fill("http://realm", lambda _: None, data=tmp_path)
    assert (realm.clips, realm.comments, realm.marks, realm.events) == before


@pytest.mark.parametrize("acts", [5, 90, 150, 400])
def test_a_fill_that_was_cut_off_goes_on_and_repeats_nothing(
    realm: DictionaryRealm, tmp_path: Path, acts: int
):
    realm.acts_left = acts
    with contextlib.suppress(ConnectionError):
        filling.fill("http://realm", lambda _: None, data=tmp_path)
    assert is_unfinished(tmp_path)
    realm.acts_left = 10**9
    summary = filling.fill("http://realm", lambda _: None, data=tmp_path)
    assert summary.failed == 0
    captions = [clip["caption"] for clip in realm.clips.values()]
    assert len(captions) == len(set(captions)) == len(filling.programme())
    assert len(realm.comments) == comments_of_the_script(filling.programme())
    assert len(realm.marks) == len(set(realm.marks))


def test_a_clip_that_fails_takes_only_those_with_it_that_need_its_sound(
    realm: DictionaryRealm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def wait(self: DictionaryActor, clip_id: str) -> dict[str, Any]:
        if self.realm.clips[clip_id]["file"].stem == "snail-race":
            raise RefusedError(0, "media.unreadable", "not a video")
        return self.realm.clips[clip_id]

    monkeypatch.setattr(DictionaryActor, "wait_until_ready", wait)
    lines: list[str] = []
    summary = filling.fill("http://realm", lines.append, data=tmp_path)
    # A clip without a place in the track brings its own sound.
    needing = [
        piece
        for piece in filling.programme()
        if piece.track == "surf" and (piece.is_origin or piece.offset_bars is not None)
    ]
    assert summary.failed == len(needing)
    assert summary.clips == len(filling.programme()) - len(needing)
    assert is_unfinished(tmp_path)
    assert sum("was left out" in line for line in lines) == len(needing)


def test_without_footage_more_is_drawn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(footage, "find_folder", lambda: None)
    pieces = filling.programme()
    assert len(pieces) >= 40
    assert not {piece.slug for piece in pieces} & {cut.slug for cut in footage.CUTS}


def test_with_footage_a_third_at_most_is_footage(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(footage, "find_folder", lambda: Path("clips"))
    pieces = filling.programme()
    cuts = [piece for piece in pieces if piece.slug in {cut.slug for cut in footage.CUTS}]
    assert len(pieces) >= 40
    assert 0 < len(cuts) * 3 <= len(pieces)
    assert len({piece.slug for piece in pieces}) == len(pieces)


def test_a_painter_that_died_is_replaced_and_one_that_always_dies_is_reported(tmp_path: Path):
    painter = filling.Painter(tmp_path)
    try:
        first = painter._process
        first.kill()
        first.wait()
        with pytest.raises(RuntimeError, match="no-such-clip could not be painted"):
            painter.paint("no-such-clip")
        (tmp_path / "loaf-cat.mp4").write_bytes(b"painted before")
        assert painter.paint("loaf-cat") == tmp_path / "loaf-cat.mp4"
    finally:
        painter.close()
