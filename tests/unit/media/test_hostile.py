"""Every hostile input is refused in words, or published right; nothing private comes out."""

import re
from pathlib import Path

import pytest
from tests.factories.media import HOSTILE, PLACE_MARKS, Hostile
from tests.unit.media.conftest import see

from reelm.media.errors import MediaError
from reelm.media.ffmpeg import Tools
from reelm.media.pipeline import Pipeline, Task
from reelm.media.plan import FRAGMENT_MS
from reelm.media.results import FirstPlayable, Ladder

REFUSED = [each for each in HOSTILE if None not in each.codes]
TAKEN = [each for each in HOSTILE if None in each.codes]


def test_there_are_enough_of_them() -> None:
    assert len({each.name for each in HOSTILE}) == len(HOSTILE) >= 40
    assert len(REFUSED) >= 18


@pytest.mark.parametrize("hostile", REFUSED, ids=lambda each: each.name)
def test_refused(hostile: Hostile, made: Path, tools: Tools, tmp_path: Path) -> None:
    source = hostile.file(made)
    work = tmp_path / "work"
    with pytest.raises(MediaError) as refusal:
        Pipeline(tools, Task(source, work)).prepare()
    error = refusal.value
    assert error.code in hostile.codes
    assert error.status == 422
    assert not error.retryable
    assert re.search(r"Please|smaller|limit", error.detail), "a refusal says what to do"
    assert str(source.parent) not in error.detail
    assert not [path for path in work.rglob("*") if path.suffix in {".mp4", ".jpg", ".rgb"}], (
        "nothing was made"
    )


@pytest.mark.parametrize("hostile", TAKEN, ids=lambda each: each.name)
def test_published_right(hostile: Hostile, made: Path, tools: Tools, tmp_path: Path) -> None:
    source = hostile.file(made)
    before = source.read_bytes()
    pipeline = Pipeline(tools, Task(source, tmp_path / "work"))
    try:
        first = pipeline.prepare()
    except MediaError as error:
        assert error.code in hostile.codes  # noqa: PT017 - some may be refused instead
        return
    check_first(hostile, first)
    ladder = pipeline.finish()
    check_ladder(hostile, first, ladder)
    assert source.read_bytes() == before
    for path in (tmp_path / "work").rglob("*"):
        if path.is_file() and path.name not in {".lock", "task.json"}:
            data = path.read_bytes()
            assert not [mark for mark in PLACE_MARKS if mark in data], f"{path.name} tells a place"


def check_first(hostile: Hostile, first: FirstPlayable) -> None:
    rendition = first.rendition
    assert (rendition.width, rendition.height) == hostile.frame
    if hostile.sound is not None:
        assert first.has_audio is hostile.sound
    assert first.poster.read_bytes()[:2] == b"\xff\xd8"
    assert 20 <= len(first.thumbhash) <= 40
    assert ("mp4a.40.2" in rendition.index.codecs) is first.has_audio
    seen = see(rendition.path)
    assert seen.video == "h264"
    assert seen.pix_fmt == "yuv420p"
    assert seen.channels in ({1, 2} if first.has_audio else {0})
    assert abs(first.duration_ms / 1000 - first.probe.duration_ms / 1000) < 0.25


def check_ladder(hostile: Hostile, first: FirstPlayable, ladder: Ladder) -> None:
    assert [r.name for r in ladder.renditions] == [f"{min(hostile.frame or (0, 0))}p"]
    assert ladder.gain_db == 0
    for rendition in ladder.renditions:
        seen = see(rendition.path)
        assert (seen.video, seen.profile, seen.pix_fmt) == ("h264", "High", "yuv420p")
        assert seen.size == hostile.frame == (rendition.width, rendition.height)
        assert seen.colors == (1, 1, 1)
        assert seen.rate <= 60
        assert (seen.audio, seen.channels) == (("aac", 2) if first.has_audio else (None, 0))
        assert rendition.index.total_bytes == rendition.path.stat().st_size
        assert all(
            fragment.duration_ms <= FRAGMENT_MS + 1000 / seen.rate + 1
            for fragment in rendition.index.fragments
        )
        assert re.fullmatch(r"avc1\.64[0-9a-f]{4}(,mp4a\.40\.2)?", rendition.index.codecs)
    assert ladder.posters["jpeg"].read_bytes()[:2] == b"\xff\xd8"
    assert ladder.posters["webp"].read_bytes()[8:12] == b"WEBP"
    assert ladder.posters["avif"].read_bytes()[4:12] == b"ftypavif"
    preview = see(ladder.preview)
    assert preview.audio is None
    assert preview.seconds <= 3
    assert ladder.storyboard.path.read_bytes()[:2] == b"\xff\xd8"
    assert (ladder.sound is not None) is first.has_audio
    if ladder.sound is not None:
        assert see(ladder.sound).audio == "aac"
        assert 0 < len(ladder.waveform) <= 200
        assert all(0 <= value <= 255 for value in ladder.waveform)
