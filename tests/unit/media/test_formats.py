"""What the engine reads and writes, byte for byte: fragments, playlists, placeholders, waveforms, words."""

import base64
import contextlib
import re
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.factories.media import ffmpeg, plain
from tests.unit.media.conftest import see

from reelm.media import encode
from reelm.media.edit import Crop, Edit, Text
from reelm.media.errors import (
    CancelledError,
    EmptyFileError,
    EncodeError,
    InvalidEditError,
    MediaError,
    NotAVideoError,
)
from reelm.media.ffmpeg import Job, Tools, own_input, run
from reelm.media.fragments import Fragment, Index, read_index
from reelm.media.hls import Variant, master_playlist, media_playlist
from reelm.media.lettering import draw
from reelm.media.loudness import gain_to_target, read_loudness
from reelm.media.pipeline import Pipeline, Task
from reelm.media.plan import QUALITY, SHORT_EDGES, first_size, ladder_sizes, output_rate, reasons_not_plain
from reelm.media.probe import Picture, Probe, ProbeLimits, probe
from reelm.media.results import Rendition
from reelm.media.sniff import sniff
from reelm.media.steps import Workshop
from reelm.media.stills import cover_ms, fit
from reelm.media.thumbhash import thumbhash
from reelm.media.waveform import waveform

PICTURE = Picture(
    index=0, codec="h264", profile="High", pix_fmt="yuv420p", bits=8, coded_width=1080, coded_height=1920, width=1080,
    height=1920, rotation=0, square_pixels=True, rate=30.0, uneven=False, interlaced=False, primaries=1, transfer=1,
    matrix=1, full_range=False, longest_gop_seconds=2.0, bits_per_second=6_000_000, extra_side_data=False,
)  # fmt: skip


def source(**changes: object) -> Probe:
    return Probe("mov", 1000, 5000, Picture(**{**PICTURE.__dict__, **changes}), None)


@pytest.fixture(scope="module")
def rendition(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Rendition:
    folder = tmp_path_factory.mktemp("rendition")
    ffmpeg_clip = plain(folder / "in.mp4", seconds=3.2)
    edit = Edit(original_volume=0.9)
    return Pipeline(tools, Task(ffmpeg_clip, folder / "work", edit)).prepare().rendition


# Fragments and playlists.


def test_the_index_is_the_file(rendition: Rendition) -> None:
    data = rendition.path.read_bytes()
    index = rendition.index
    assert data[4:8] == b"ftyp"
    offset = index.init_bytes
    for fragment in index.fragments:
        assert data[offset + 4 : offset + 8] == b"moof"
        offset += fragment.bytes
    assert offset == len(data) == index.total_bytes
    assert index.duration_ms == pytest.approx(3200, abs=20)
    starts = [fragment.start_ms for fragment in index.fragments if fragment.duration_ms]
    assert starts == pytest.approx([0, 500, 1000, 1500, 2000, 2500, 3000])
    assert [f.start_ms for f in index.fragments if f.keyframe] == [0, 2000]
    assert Index.from_json(index.to_json()) == index


def test_the_init_segment_and_any_fragment_play_alone(rendition: Rendition, tmp_path: Path) -> None:
    """What MSE gets: the init bytes, then fragments from a keyframe on."""
    data = rendition.path.read_bytes()
    index = rendition.index
    start = index.init_bytes + sum(f.bytes for f in index.fragments[:4])
    (tmp_path / "tail.mp4").write_bytes(data[: index.init_bytes] + data[start:])
    assert see(tmp_path / "tail.mp4").frames == 36


def test_media_json_is_the_contract(rendition: Rendition) -> None:
    record = rendition.media_json()
    assert set(record) == {
        "width",
        "height",
        "bytes",
        "bandwidth",
        "codecs",
        "init_bytes",
        "fragment_ms",
        "fragments",
    }
    assert record["init_bytes"] + sum(record["fragments"]) == record["bytes"] == rendition.path.stat().st_size
    assert record["fragment_ms"] == 500


def test_playlists_address_every_byte_once(rendition: Rendition) -> None:
    text = media_playlist(rendition.index, "clip.mp4")
    size, offset = map(int, re.findall(r'URI="clip.mp4",BYTERANGE="(\d+)@(\d+)"', text)[0])
    assert (size, offset) == (rendition.index.init_bytes, 0)
    at = size
    for length, begin in re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", text):
        assert int(begin) == at
        at += int(length)
    assert at == rendition.index.total_bytes
    seconds = [float(value) for value in re.findall(r"#EXTINF:([\d.]+)", text)]
    assert seconds == pytest.approx([2.0, 1.2], abs=0.05)
    assert "#EXT-X-TARGETDURATION:2\n" in text
    assert text.startswith("#EXTM3U\n")
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert "#EXT-X-VERSION:7" in text


def test_ffmpeg_plays_our_playlist(rendition: Rendition) -> None:
    """FFmpeg's own HLS reader, outside the sandbox, on our own files."""
    listing = rendition.path.with_name("list.m3u8")
    listing.write_text(media_playlist(rendition.index, rendition.path.name))
    out = rendition.path.with_name("from-hls.mp4")
    ffmpeg("-f", "hls", "-i", str(listing), "-c", "copy", "-f", "mp4", str(out))
    assert see(out).frames == see(rendition.path).frames == 96


def test_the_master_begins_with_the_smallest() -> None:
    def index(size: int) -> Index:
        return Index(
            100,
            (Fragment(size, 0, 500, keyframe=True), Fragment(size // 2, 500, 500, keyframe=False)),
            "avc1.64001f,mp4a.40.2",
            1000,
        )

    text = master_playlist(
        [Variant("b.m3u8", 720, 1280, 29.97, index(9000)), Variant("a.m3u8", 360, 640, 29.97, index(900))]
    )
    assert text.index("a.m3u8") < text.index("b.m3u8")
    assert 'BANDWIDTH=10800,AVERAGE-BANDWIDTH=11600,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=360x640' in text


@pytest.mark.parametrize("kind", [b"udta", b"meta", b"uuid", b"loci", b"Xtra"])
def test_a_box_that_is_not_on_the_list_stops_the_rendition(
    rendition: Rendition, tmp_path: Path, kind: bytes
) -> None:
    data = bytearray(rendition.path.read_bytes())
    at = data.find(b"moov")
    box = struct.pack(">I4s", 8 + 20, kind) + b"+48.8584+002.2945/  "
    length = struct.unpack_from(">I", data, at - 4)[0]
    struct.pack_into(">I", data, at - 4, length + len(box))
    data[at + 4 : at + 4] = box
    (tmp_path / "f.mp4").write_bytes(data)
    with pytest.raises(EncodeError, match="could not be prepared"):
        read_index(tmp_path / "f.mp4")


def test_a_time_of_day_stops_the_rendition(rendition: Rendition, tmp_path: Path) -> None:
    data = bytearray(rendition.path.read_bytes())
    data[data.find(b"mvhd") + 11] = 7
    (tmp_path / "f.mp4").write_bytes(data)
    with pytest.raises(EncodeError):
        read_index(tmp_path / "f.mp4")


@settings(max_examples=150, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), cut=st.booleans(), value=st.integers(0, 255))
def test_damage_never_crashes_the_reader(rendition: Rendition, where: float, cut: bool, value: int) -> None:
    data = bytearray(rendition.path.read_bytes())
    at = int(where * (rendition.index.init_bytes + 400))
    if cut:
        del data[at:]
    else:
        data[at] = value
    path = rendition.path.with_name("damaged.mp4")
    path.write_bytes(data)
    with contextlib.suppress(EncodeError):
        read_index(path)


def test_download_is_one_plain_file(rendition: Rendition, tools: Tools, tmp_path: Path) -> None:
    out = tmp_path / "download.mp4"
    arguments = [
        *own_input(rendition.path),
        "-c",
        "copy",
        *encode.NOTHING_BUT_TRACKS,
        *encode.PROGRESSIVE,
        str(out),
    ]
    run(tools, Job(arguments, (rendition.path,), (tmp_path,), 3200))
    data = out.read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")
    assert b"moof" not in data
    assert see(out).frames == 96


# Placeholders, waveforms, loudness.


def decode_average(text: str) -> tuple[float, float, float]:
    raw = base64.b64decode(text)
    head = int.from_bytes(raw[:3], "little")
    light, p, q = (head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1
    blue = light - 2 / 3 * p
    red = (3 * light - blue + q) / 2
    return red, red - q, blue


@settings(max_examples=40, deadline=None)
@given(color=st.tuples(*[st.integers(0, 255)] * 3), width=st.integers(1, 100), height=st.integers(1, 100))
def test_thumbhash_keeps_the_average(color: tuple[int, int, int], width: int, height: int) -> None:
    text = thumbhash(bytes(color) * (width * height), width, height)
    for kept, given_ in zip(decode_average(text), color, strict=True):
        assert kept == pytest.approx(given_ / 255, abs=0.06)
    raw = base64.b64decode(text)
    assert bool(raw[4] & 0x80) is (width > height)
    assert not raw[2] & 0x80, "no alpha"


def test_thumbhash_follows_the_published_layout() -> None:
    """A ramp from black to white: its first cosine term is strongly negative, and it mirrors."""
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 32, axis=0).repeat(3, axis=2)
    left, right = thumbhash(ramp.tobytes(), 64, 32), thumbhash(ramp[:, ::-1].tobytes(), 64, 32)
    first = base64.b64decode(left)[5] & 15, base64.b64decode(right)[5] & 15
    assert first == (0, 15)
    with pytest.raises(ValueError, match="100"):
        thumbhash(b"", 101, 1)


@settings(deadline=None)
@given(st.lists(st.integers(-32768, 32767), max_size=2000))
def test_waveform_is_small_and_scaled(samples: list[int]) -> None:
    shape = waveform(np.array(samples, "<i2").tobytes())
    assert len(shape) == min(200, len(samples))
    assert all(0 <= value <= 255 for value in shape)
    if any(samples):
        assert max(shape) == 255


def test_loudness_reads_the_last_summary() -> None:
    log = "Integrated loudness:\n    I:         -20.5 LUFS\n x Integrated loudness:\n    I:         -23.0 LUFS\n"
    assert read_loudness(log) == -23.0
    assert gain_to_target(-23.0) == 9.0
    assert read_loudness("Integrated loudness:\n    I:   -70.0 LUFS") is None
    assert read_loudness("") is None
    assert (gain_to_target(None), gain_to_target(-50), gain_to_target(20)) == (0, 12, -24)


# Plans.


@given(width=st.integers(16, 4096), height=st.integers(16, 2304))
def test_ladders_are_never_larger_than_the_source(width: int, height: int) -> None:
    sizes = ladder_sizes(source(width=width, height=height).picture, Edit())
    assert sizes
    assert [size.edge for size in sizes] == sorted({size.edge for size in sizes}, reverse=True)
    for size in sizes:
        assert size.width % 2 == size.height % 2 == 0
        assert min(size.width, size.height) == size.edge <= min(width, height)
        assert max(size.width, size.height) <= max(width, height) + 1
        assert size.quality in QUALITY.values()
        if min(width, height) >= 360:
            assert size.edge in SHORT_EDGES
            assert max(size.width, size.height) / size.edge == pytest.approx(
                max(width, height) / min(width, height), abs=0.01
            )
    assert first_size(source(width=width, height=height).picture, Edit()) == sizes[-1]


@pytest.mark.parametrize(
    ("rate", "uneven", "expected"),
    [
        (23.976, False, Fraction(24000, 1001)),
        (29.97003, False, Fraction(30000, 1001)),
        (15.0, False, Fraction(15)),
        (26.5, True, Fraction(30000, 1001)),
        (3.0, True, Fraction(24)),
        (240.0, False, Fraction(60)),
        (119.88, True, Fraction(60)),
        (0.0, False, Fraction(25)),
    ],
)
def test_rates(rate: float, uneven: bool, expected: Fraction) -> None:
    assert output_rate(source(rate=rate, uneven=uneven).picture) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"codec": "hevc"}, "codec"),
        ({"profile": "High 10"}, "codec"),
        ({"pix_fmt": "yuv422p"}, "pixels"),
        ({"width": 1440, "height": 2560}, "large"),
        ({"rate": 120.0}, "fast"),
        ({"bits_per_second": 13_000_000}, "heavy"),
        ({"longest_gop_seconds": 10.0}, "long groups"),
        ({"square_pixels": False}, "not square"),
        ({"interlaced": True}, "interlaced"),
        ({"transfer": 18}, "hdr"),
        ({"rotation": 45}, "turned oddly"),
        ({"extra_side_data": True}, "side data"),
        ({"width": 1081}, "odd"),
    ],
)
def test_what_is_not_plain(changes: dict[str, object], reason: str) -> None:
    assert reasons_not_plain(source(), Edit(cover_ms=3), with_sound=False) == []
    assert reason in reasons_not_plain(source(**changes), Edit(), with_sound=False)


@pytest.mark.parametrize(
    "edit",
    [
        Edit(trim_start_ms=1),
        Edit(texts=(Text("a"),)),
        Edit(original_volume=0.5),
        Edit(crop=Crop(0, 0, 1, 0.9)),
    ],
)
def test_an_edit_is_not_plain(edit: Edit) -> None:
    assert reasons_not_plain(source(), edit, with_sound=False) == ["edited"]
    assert reasons_not_plain(source(), Edit(), with_sound=True) == ["edited"]


def test_edits_come_as_json() -> None:
    edit = Edit.from_json({"trim_start_ms": 5, "cover_ms": None, "crop": {"x": 0, "y": 0.1, "width": 1, "height": 0.9},
                           "texts": [{"text": "a", "x": 0.2, "y": 0.3, "size": 0.1, "color": "#ff0000", "background": True}]})  # fmt: skip
    assert edit == Edit(
        trim_start_ms=5,
        crop=Crop(0, 0.1, 1, 0.9),
        texts=(Text("a", 0.2, 0.3, 0.1, "#ff0000", background=True),),
    )
    assert Edit.from_json(edit.to_json()) == edit
    assert Edit.from_json(None) == Edit()
    for wrong in ({"trim": 1}, {"crop": {"x": "a"}}, {"texts": [3]}, {"texts": [{}]}):
        with pytest.raises(InvalidEditError):
            Edit.from_json(wrong)


@pytest.mark.parametrize(
    ("wanted", "duration", "expected"),
    [(None, 10_000, 500), (None, 400, 200), (10_000, 10_000, 9_933), (0, 100, 0), (50, 30, 0)],
)
def test_covers_lie_on_a_frame(wanted: int | None, duration: int, expected: int) -> None:
    assert cover_ms(wanted, duration, Fraction(30)) == expected


def test_fit_only_shrinks() -> None:
    assert fit(1080, 1920, 540) == (540, 960)
    assert fit(200, 100, 540) == (200, 100)
    assert fit(2000, 3, 2) == (1334, 2)


# Probe and sniff.


@given(st.binary(max_size=4096))
def test_sniff_answers_or_refuses(head: bytes) -> None:
    try:
        assert sniff(head) in {"mov", "matroska", "mpegts", "mpeg", "avi"}
    except MediaError as error:
        assert isinstance(error, EmptyFileError) is (not head)  # noqa: PT017 - answering is as right as refusing


def test_pictures_of_phones_are_named() -> None:
    with pytest.raises(NotAVideoError, match="picture"):
        sniff(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00")


def test_probe_keeps_to_the_realm_s_limit(made: Path) -> None:
    clip = plain(made / "two.mp4", seconds=2)
    assert probe(clip).duration_ms == 2000
    with pytest.raises(MediaError, match="2 s; this realm takes up to 1 s") as refusal:
        probe(clip, ProbeLimits(seconds=1))
    assert refusal.value.code == "media.too_long"
    found = probe(clip)
    assert Probe.from_json(found.to_json()) == found


# Words and steps.


@pytest.mark.parametrize(
    "words",
    ["Hello", "今天天气很好我们去公园玩吧", "مرحبا بالعالم", "שלום", "a\nb", "🎉", "W" * 60, "é" * 300],
)
def test_words_of_any_script_fit_the_frame(tmp_path: Path, words: str) -> None:
    drawn = draw(Text(words, size=0.05), 360, 640, tmp_path / "t.png")
    with Image.open(drawn.path) as picture:
        assert picture.mode == "RGBA"
        assert picture.width <= 360 * 0.9 + 40
        assert picture.getextrema()[3][1] > 150, "something is drawn"
        assert drawn.x + picture.width / 2 == pytest.approx(180, abs=1)


def test_scripts_are_shaped_not_boxed(tmp_path: Path) -> None:
    """Two different letters of a script look different (a missing glyph is the same box twice)."""
    for one, other in (("中", "国"), ("ب", "ج"), ("א", "ש"), ("é", "ß")):
        pictures = []
        for letter in (one, other):
            path = draw(Text(letter, size=0.2), 360, 640, tmp_path / "t.png").path
            with Image.open(path) as picture:
                pictures.append(picture.tobytes())
        assert pictures[0] != pictures[1]


def test_steps_are_done_once_and_whole(tmp_path: Path) -> None:
    made: list[str] = []

    def make(folder: Path) -> dict[str, int]:
        made.append(folder.name)
        (folder / "file").write_text("x")
        return {"n": len(made)}

    def fail(folder: Path) -> dict[str, int]:
        (folder / "half").write_text("x")
        raise RuntimeError

    steps = Workshop(tmp_path / "w", {"a": 1})
    with steps.open():
        assert steps.once("one", make) == steps.once("one", make)
        with pytest.raises(RuntimeError):
            steps.once("two", fail)
        assert steps.finished("two") is None
    assert made == [".one.part"]
    (tmp_path / "w" / ".two.part").mkdir()
    with Workshop(tmp_path / "w", {"a": 1}).open():
        assert sorted(p.name for p in (tmp_path / "w").iterdir() if p.is_dir()) == ["one"]
    with Workshop(tmp_path / "w", {"a": 2}).open():
        assert not [p for p in (tmp_path / "w").iterdir() if p.is_dir()]


def test_one_worker_at_a_time(tmp_path: Path) -> None:
    second = Workshop(tmp_path, {}).open(cancelled=lambda: True)
    with Workshop(tmp_path, {}).open(), pytest.raises(CancelledError), second:
        pass
