"""From upload to ladder on real files: edits, loudness, progress, cancel, and death at any moment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.factories.media import AAC, H264, clip, ffmpeg, picture, plain, tone
from tests.unit.media.conftest import see

from reelm.media import ladder as ladder_module
from reelm.media import sandbox
from reelm.media.edit import Crop, Edit, Text
from reelm.media.errors import CancelledError, DiskFullError, InvalidEditError, TooHeavyError
from reelm.media.ffmpeg import Job, Tools, run
from reelm.media.loudness import read_loudness
from reelm.media.pipeline import Pipeline, Task
from reelm.media.results import FirstPlayable, Ladder


def make(
    tools: Tools, source: Path, work: Path, edit: Edit | None = None, sound: Path | None = None
) -> tuple[FirstPlayable, Ladder]:
    pipeline = Pipeline(tools, Task(source, work, edit or Edit(), sound))
    return pipeline.prepare(), pipeline.finish()


def colored(path: Path, *, seconds: float = 2.0, sound: bool = True, volume: float = 0.5) -> Path:
    """Left half red, right half blue; the second second is darker; a tone of a known loudness."""
    graph = "color=red:size=120x320:rate=30[l];color=blue:size=120x320:rate=30[r];[l][r]hstack,eq=brightness='if(gt(t,1),-0.3,0)':eval=frame"
    video = ["-f", "lavfi", "-t", str(seconds), "-i", graph]
    audio = ["-f", "lavfi", "-t", str(seconds), "-i", f"sine=frequency=440:sample_rate=48000,volume={volume}"]
    ffmpeg(*video, *(audio if sound else []), *H264, *(AAC if sound else []), str(path))
    return path


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return colored(tmp_path_factory.mktemp("halves") / "halves.mp4")


def loudness(tools: Tools, path: Path, folder: Path) -> float | None:
    graph = ["-filter_complex", "[0:a]ebur128=framelog=quiet[a]", "-map", "[a]", "-f", "null", "-"]
    job = Job(["-f", "mov", "-i", str(path), *graph], (path,), (folder,), 1000, log_level="info")
    return read_loudness(run(tools, job))


def test_real_portrait_clip_plays_at_once_and_gets_its_ladder(
    made: Path, tools: Tools, tmp_path: Path
) -> None:
    source = clip("bunny-portrait-1080x1920-12s.mp4", made)
    first = Pipeline(tools, Task(source, tmp_path)).prepare()
    assert first.plain
    assert (first.rendition.width, first.rendition.height) == (1080, 1920)
    assert see(first.rendition.path).channels == 2
    assert first.gain_db == pytest.approx(-14 - (first.loudness_lufs or 0), abs=0.01)


def test_real_phone_clip(made: Path, tools: Tools, tmp_path: Path) -> None:
    first, ladder = make(tools, clip("phone-hevc-960x540.mov", made), tmp_path)
    assert not first.plain
    assert first.rendition.name == "360p"
    assert [(r.width, r.height) for r in ladder.renditions] == [(960, 540), (640, 360)]
    seen = [see(r.path) for r in ladder.renditions]
    assert seen[0].keyframes == seen[1].keyframes, "renditions can be switched at every keyframe"
    gaps = np.diff([*seen[0].keyframes, seen[0].seconds])
    assert gaps.max() <= 2.001
    assert loudness(tools, ladder.renditions[0].path, tmp_path) == pytest.approx(-14, abs=1.5)


def test_real_programme_stream(made: Path, tools: Tools, tmp_path: Path) -> None:
    first, ladder = make(tools, clip("city-720x405.mpg", made), tmp_path)
    assert not first.has_audio
    assert ladder.renditions[0].height == 360
    assert ladder.sound is None
    assert ladder.waveform == []


def test_trim_and_crop(halves: Path, tools: Tools, tmp_path: Path) -> None:
    edit = Edit(trim_start_ms=1200, trim_end_ms=1900, crop=Crop(0.5, 0.0, 0.5, 1.0))
    first, ladder = make(tools, halves, tmp_path, edit)
    for rendition in (first.rendition, *ladder.renditions):
        seen = see(rendition.path)
        assert seen.size == (120, 320)
        assert rendition.index.duration_ms == pytest.approx(700, abs=40)
        assert seen.picture is not None
        red, _, blue = seen.picture[160, 60]
        assert red < 40 < blue < 215, "the right half, from its dark second"


def test_words_are_drawn_where_and_when_they_belong(halves: Path, tools: Tools, tmp_path: Path) -> None:
    text = Text("█████ 中文 مرحبا", x=0.5, y=0.25, size=0.08, color="#ffffff", start_ms=500, end_ms=1000)
    injected = Text("':x=0[v];movie=/etc/passwd,%{pts}\\n", y=0.75, size=0.04)
    _, ladder = make(tools, halves, tmp_path, Edit(texts=(text, injected)))
    path = ladder.renditions[0].path
    white = [int((see(path, at).picture[60:100].min(axis=2) > 180).sum()) for at in (5, 20, 40)]  # type: ignore[index]
    assert white[0] == white[2] == 0
    assert white[1] > 200
    assert (see(path, 5).picture[220:260].min(axis=2) > 150).sum() > 50  # type: ignore[index]


def test_original_sound_can_be_taken_out(halves: Path, tools: Tools, tmp_path: Path) -> None:
    first, ladder = make(tools, halves, tmp_path, Edit(original_volume=0.0))
    assert not first.has_audio
    assert see(ladder.renditions[0].path).audio is None


def spectrum(path: Path, seconds: tuple[float, float]) -> dict[int, float]:
    """Return the strength of the tones 440 and 1000 Hz in a stretch of a file."""
    import av

    with av.open(str(path)) as file:
        rate = file.streams.audio[0].codec_context.sample_rate
        samples = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    part = samples[int(seconds[0] * rate) : int(seconds[1] * rate)]
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) / len(part)
    return {
        hertz: float(power[round(hertz * len(part) / rate) - 3 : round(hertz * len(part) / rate) + 4].max())
        for hertz in (440, 1000)
    }


@pytest.mark.parametrize("offset", [0, -500])
def test_a_sound_is_mixed_in_where_it_belongs(
    halves: Path, tools: Tools, tmp_path: Path, offset: int
) -> None:
    sound = tmp_path / "sound.m4a"
    ffmpeg(*tone(5, hertz=1000), *AAC, str(sound))
    edit = Edit(original_volume=0.5, sound_volume=1.0, sound_offset_ms=offset)
    first, ladder = make(tools, halves, tmp_path / "work", edit, sound)
    for rendition in (first.rendition, *ladder.renditions):
        assert rendition.index.duration_ms == pytest.approx(2000, abs=40), "the sound is cut to the clip"
        early, late = spectrum(rendition.path, (0.1, 0.4)), spectrum(rendition.path, (1.0, 1.8))
        assert late[440] > 1e-3
        assert late[1000] > 1e-3
        assert (early[1000] > 1e-3) is (offset == 0)


def test_a_sound_on_a_silent_clip_starts_where_asked(tools: Tools, tmp_path: Path) -> None:
    source = plain(tmp_path / "quiet.mp4", sound=False, seconds=1.5)
    sound = tmp_path / "sound.m4a"  # one second at 440 Hz, then 1000 Hz
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=1", "-f", "lavfi", "-i", "sine=1000:duration=0.8", "-filter_complex",
           "[0][1]concat=n=2:v=0:a=1", *AAC, str(sound))  # fmt: skip
    first, _ = make(tools, source, tmp_path / "work", Edit(sound_offset_ms=1000), sound)
    assert first.has_audio
    strength = spectrum(first.rendition.path, (0.1, 0.7))
    assert strength[1000] > 10 * strength[440]
    silence = spectrum(first.rendition.path, (1.0, 1.4))
    assert max(silence.values()) < 1e-3, "a short sound is followed by silence"


def test_loud_clips_are_tamed_and_quiet_ones_lifted(tools: Tools, tmp_path: Path) -> None:
    for volume in (0.1, 8.0):
        source = colored(tmp_path / f"v{volume}.mp4", volume=volume)
        first, ladder = make(tools, source, tmp_path / f"w{volume}")
        assert (
            loudness(tools, ladder.renditions[0].path, tmp_path) == pytest.approx(-14, abs=1.0)
            or first.gain_db == 12.0
        )
        assert see(ladder.renditions[0].path).loudest <= 1.0


def test_the_cover_is_the_moment_asked_for(halves: Path, tools: Tools, tmp_path: Path) -> None:
    def brightness(path: Path) -> float:
        picture = see(path).picture
        assert picture is not None
        return float(picture.max(axis=2).mean())

    early, _ = make(tools, halves, tmp_path / "a", Edit(cover_ms=0))
    late, ladder = make(tools, halves, tmp_path / "b", Edit(cover_ms=2000))
    assert early.plain
    assert late.plain, "a cover changes nothing that is encoded"
    assert brightness(late.poster) < brightness(early.poster) - 20
    assert brightness(ladder.posters["jpeg"]) < brightness(early.poster) - 20
    assert early.thumbhash != late.thumbhash


def test_never_upscaled_and_in_order(tools: Tools, tmp_path: Path) -> None:
    source = tmp_path / "tall.mp4"
    ffmpeg(*picture("720x1280", "24", 0.5), *H264, str(source))
    _, ladder = make(tools, source, tmp_path / "work")
    assert [(r.name, r.width, r.height) for r in ladder.renditions] == [
        ("720p", 720, 1280),
        ("540p", 540, 960),
        ("360p", 360, 640),
    ]


def test_progress_tells_the_truth(halves: Path, tools: Tools, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    pipeline = Pipeline(
        tools, Task(halves, tmp_path, Edit(original_volume=0.5)), on_progress=lambda *each: told.append(each)
    )
    pipeline.finish()
    for stage in ("probing", "first", "ladder", "extras"):
        shares = [share for name, share in told if name == stage]
        assert shares == sorted(shares)
        assert shares[-1] == 100.0
        assert sum(share == 100.0 for share in shares) == 1
    again = len(told)
    pipeline.finish()
    assert {share for _, share in told[again:]} == {100.0}, "nothing is done twice"


@pytest.mark.parametrize(
    "edit",
    [
        Edit(trim_start_ms=5000),
        Edit(trim_start_ms=1000, trim_end_ms=1050),
        Edit(crop=Crop(0.6, 0, 0.6, 1)),
        Edit(crop=Crop(float("nan"), 0, 1, 1)),
        Edit(cover_ms=2500),
        Edit(original_volume=7),
        Edit(texts=(Text(" "),)),
        Edit(texts=(Text("x" * 301),)),
        Edit(texts=(Text("a\x00b"),)),
        Edit(texts=(Text("a", color="red;"),)),
        Edit(texts=(Text("a", size=9),)),
        Edit(texts=(Text("a", start_ms=900, end_ms=800),)),
        Edit(texts=(Text("a"),) * 21),
    ],
)
def test_edits_that_do_not_fit_are_refused(halves: Path, tools: Tools, tmp_path: Path, edit: Edit) -> None:
    with pytest.raises(InvalidEditError):
        Pipeline(tools, Task(halves, tmp_path, edit)).prepare()


def test_cancel_stops_at_once_and_leaves_no_part(tools: Tools, tmp_path: Path) -> None:
    source = tmp_path / "long.mp4"
    ffmpeg(*picture("1080x1920", "30", 6), *H264, "-g", "300", str(source))
    started = time.monotonic()
    told: list[float] = []

    def progress(stage: str, share: float) -> None:
        if stage == "ladder":
            told.append(share)

    pipeline = Pipeline(
        tools, Task(source, tmp_path / "work"), on_progress=progress, cancelled=lambda: bool(told)
    )
    with pytest.raises(CancelledError):
        pipeline.finish()
    assert told
    assert time.monotonic() - started < 30
    assert sorted(p.name for p in (tmp_path / "work").iterdir() if p.is_dir()) == ["first", "probe"]


WORKER = """
import sys
from pathlib import Path
from reelm.media import ladder
from reelm.media.ffmpeg import Tools
from reelm.media.pipeline import Pipeline, Task
ladder.PIECE_SECONDS = 2
told = lambda stage, share: print(stage, share, flush=True)
Pipeline(Tools.find(), Task(Path(sys.argv[1]), Path(sys.argv[2])), on_progress=told).finish()
"""


def test_a_killed_worker_goes_on_where_it_was(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill -9 after two pieces: no half file is seen, nothing finished is encoded again."""
    source = tmp_path / "long.mp4"
    ffmpeg(*picture("720x1280", "30", 8), *tone(8), *H264, *AAC, str(source))
    work = tmp_path / "work"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, source, work], stdout=subprocess.PIPE, env=environment, text=True
    ) as worker:
        assert worker.stdout is not None
        for _ in worker.stdout:
            if (work / "piece1").exists():
                break
        worker.send_signal(signal.SIGKILL)
    wait_for_no_child_of(work)
    kept = {name: (work / name / "result.json").stat().st_mtime_ns for name in ("first", "piece0", "piece1")}
    assert not (work / "ladder").exists()
    monkeypatch.setattr(ladder_module, "PIECE_SECONDS", 2)
    encoded: list[str] = []
    real = sandbox.run

    def counting(argv: list[str], *arguments: object, **named: object) -> sandbox.Finished:
        encoded.append(argv[-1])
        return real(argv, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(sandbox, "run", counting)
    ladder = Pipeline(tools, Task(source, work)).finish()
    assert not [name for name in encoded if "/.piece0" in name or "/.piece1" in name or "/.first" in name]
    assert [name for name in encoded if "/.piece3" in name or "/.piece2" in name]
    assert (work / "first" / "result.json").stat().st_mtime_ns == kept["first"]
    assert not list(work.glob("piece*")), "pieces go when they are joined"
    for rendition in ladder.renditions:
        seen = see(rendition.path)
        assert seen.frames == 240
        assert seen.keyframes == pytest.approx([0, 2, 4, 6])
        assert rendition.index.duration_ms == 8000
        assert seen.channels == 2


def command_of(entry: Path) -> bytes:
    try:
        return entry.read_bytes()
    except OSError:
        return b""


def wait_for_no_child_of(work: Path) -> None:
    """The worker's encoder dies with it; wait until the kernel has seen to that."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not any(str(work).encode() in command_of(entry) for entry in Path("/proc").glob("[0-9]*/cmdline")):
            return
        time.sleep(0.05)
    raise AssertionError("an encoder outlived its worker")


def test_pieces_join_without_a_seam(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every frame of the joined ladder is the frame of the unbroken one (testsrc2 shows its number)."""
    source = tmp_path / "count.mp4"
    ffmpeg(*picture("180x320", "30000/1001", 5), *X264_GOOD, str(source))
    text = Edit(texts=(Text("shown", y=0.9, start_ms=2500, end_ms=3500),))
    whole = make(tools, source, tmp_path / "whole", text)[1].renditions[0].path
    monkeypatch.setattr(ladder_module, "PIECE_SECONDS", 2)
    pieces = make(tools, source, tmp_path / "pieces", text)[1].renditions[0].path
    assert see(whole).frames == see(pieces).frames == 150
    for at in (0, 57, 58, 59, 60, 61, 117, 118, 119, 120, 149, 70, 80, 104, 106):
        first, second = see(whole, at).picture, see(pieces, at).picture
        assert first is not None
        assert second is not None
        assert np.abs(first.astype(int) - second.astype(int)).mean() < 4, f"frame {at}"


X264_GOOD = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p"]


def test_a_changed_edit_starts_anew(halves: Path, tools: Tools, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert Pipeline(tools, Task(halves, work)).prepare().plain
    second = Pipeline(tools, Task(halves, work, Edit(crop=Crop(0, 0, 1, 0.5)))).prepare()
    assert not second.plain
    assert second.rendition.height == 160


@pytest.mark.parametrize(
    ("finished", "error"),
    [
        (
            sandbox.Finished(
                1, b"", "av_interleaved_write_frame(): No space left on device", timed_out=False
            ),
            DiskFullError,
        ),
        (sandbox.Finished(-signal.SIGXCPU, b"", "", timed_out=False), TooHeavyError),
        (sandbox.Finished(-signal.SIGKILL, b"", "", timed_out=True), TooHeavyError),
    ],
)
def test_failures_are_named(
    tools: Tools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    finished: sandbox.Finished,
    error: type[Exception],
) -> None:
    monkeypatch.setattr(sandbox, "run", lambda *_, **__: finished)
    with pytest.raises(error):
        run(tools, Job([], (), (), 1000))
