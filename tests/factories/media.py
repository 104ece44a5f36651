"""Videos for tests: small real files, made by FFmpeg where they are needed, and every hostile kind.

`HOSTILE` is the table that tests share: what the file is called, how it is made, and what must become of
it (refused with one of these codes, or published with this frame). Files are made once per folder.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

PLACE = "+48.8584+002.2945"
PLACE_MARKS = (b"48.8584", b"002.2945", b"ZZSECRETZZ", b"2019-07-06", b"Pixel 9 of")
_SEI = "086f3693-b7b3-4f2c-9653-21492feee5b8+ZZSECRETZZ48.8584 002.2945"


def ffmpeg(*arguments: str) -> None:
    """Run the bundled FFmpeg on our own inputs; raises with its words when it fails."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])


def picture(size: str = "180x320", rate: str = "30", seconds: float = 1.0) -> list[str]:
    return ["-f", "lavfi", "-t", str(seconds), "-i", f"testsrc2=size={size}:rate={rate}"]


def tone(seconds: float = 1.0, layout: str = "stereo", hertz: int = 440) -> list[str]:
    return [
        "-f",
        "lavfi",
        "-t",
        str(seconds),
        "-i",
        f"sine=frequency={hertz}:sample_rate=48000,aformat=channel_layouts={layout}",
    ]


H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast"]
AAC = ["-c:a", "aac", "-b:a", "96k"]


def plain(
    path: Path,
    *,
    size: str = "180x320",
    seconds: float = 1.0,
    rate: str = "30",
    sound: bool = True,
    group: int = 30,
) -> Path:
    """A video that can be repackaged as it is (with groups that are not too long, and few enough bits)."""
    video = [*H264, "-g", str(group), "-maxrate", "9M", "-bufsize", "9M"]
    if sound:
        ffmpeg(*picture(size, rate, seconds), *tone(seconds), *video, *AAC, str(path))
    else:
        ffmpeg(*picture(size, rate, seconds), *video, str(path))
    return path


def clip(name: str, folder: Path) -> Path:
    """Return a real clip by its name, or a generated one of the same kind where there is none."""
    here = Path(os.environ.get("REELM_CLIPS_DIR", Path(__file__).parents[3] / "shared" / "clips")) / name
    if here.is_file():
        return here
    made = folder / name
    if not made.exists():
        _STAND_INS[name](made)
    return made


def _hevc(path: Path) -> Path:
    ffmpeg(*picture("960x540", "30", 3), *tone(3), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
           "log-level=none", "-pix_fmt", "yuv420p", "-tag:v", "hvc1", *AAC, str(path))  # fmt: skip
    return path


def _program_stream(path: Path) -> Path:
    ffmpeg(*picture("720x406", "25", 3), "-c:v", "mpeg2video", "-q:v", "5", "-f", "vob", str(path))
    return path


_STAND_INS: dict[str, Callable[[Path], Path]] = {
    "bunny-portrait-1080x1920-12s.mp4": lambda path: plain(path, size="1080x1920", seconds=4, rate="24"),
    "person-640x360-20s.mp4": lambda path: plain(path, size="640x360", seconds=4),
    "bunny-1080p-30s.mp4": lambda path: plain(path, size="1920x1080", seconds=6, rate="24", group=240),
    "phone-hevc-960x540.mov": _hevc,
    "city-720x405.mpg": _program_stream,
}


@dataclass(frozen=True)
class Hostile:
    """One input and its fate: `codes` it may be refused with (None: published), the frame it then has."""

    name: str
    filename: str
    make: Callable[[Path], object]
    codes: frozenset[str | None]
    frame: tuple[int, int] | None = None
    sound: bool | None = None

    def file(self, folder: Path) -> Path:
        """Make the file in a folder of its own, once."""
        home = folder / self.name
        path = home / self.filename
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            self.make(path)
        return path


def refused(*codes: str) -> frozenset[str | None]:
    return frozenset(codes)


PUBLISHED: frozenset[str | None] = frozenset({None})


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _run(*arguments: str) -> Callable[[Path], object]:
    return lambda path: ffmpeg(*arguments, str(path))


def _cut(share: float, *flags: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        ffmpeg(*picture(seconds=3), *tone(3), *H264, *AAC, *flags, str(path))
        os.truncate(path, round(path.stat().st_size * share))

    return make


def _damaged(path: Path) -> None:
    """Every 997th byte of the media data is another one; the header is whole."""
    plain(path, seconds=2)
    data = bytearray(path.read_bytes())
    start, end = data.find(b"mdat") + 64, data.find(b"moov") - 8
    for place in range(start, end, 997):
        data[place] ^= 0x5A
    path.write_bytes(data)


def _long_header(path: Path) -> None:
    """An MP4 whose every header says two hours, and whose tables hold one second."""
    plain(path)
    data = bytearray(path.read_bytes())
    for kind, place in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
        at = data.find(kind)
        while at >= 0:
            scale = 1000 if kind == b"tkhd" else struct.unpack_from(">I", data, at + 16)[0]
            struct.pack_into(">I", data, at + 4 + place, 7200 * scale)
            at = data.find(kind, at + 4)
    path.write_bytes(data)


def _long_header_webm(path: Path) -> None:
    ffmpeg(*picture(), "-c:v", "libvpx", "-deadline", "realtime", "-f", "webm", str(path))
    data = bytearray(path.read_bytes())
    at = data.find(b"\x44\x89\x88")
    struct.pack_into(">d", data, at + 3, 7_200_000.0)
    path.write_bytes(data)


def _wide_header(path: Path) -> None:
    """An AVI whose stream header claims 30000 by 30000 pixels."""
    ffmpeg(*picture("64x64", "10"), "-c:v", "rawvideo", "-pix_fmt", "bgr24", str(path))
    data = bytearray(path.read_bytes())
    at = data.find(b"strf")
    struct.pack_into("<ii", data, at + 12, 30000, 30000)
    path.write_bytes(data)


def _rotated(path: Path) -> None:
    flat = path.with_name("flat.mp4")
    plain(flat, size="320x180")
    ffmpeg("-display_rotation", "90", "-i", str(flat), "-c", "copy", str(path))


def _uneven(path: Path) -> None:
    ffmpeg(*picture(rate="30", seconds=2), *tone(2), "-vf", "select='not(between(mod(n,13),3,8))'", "-fps_mode", "vfr",
           *H264, *AAC, str(path))  # fmt: skip


def _placed(path: Path) -> None:
    """The place and the owner in every tag, a chapter, a subtitle track and the handler's name."""
    words = path.with_name("words.srt")
    words.write_text(f"1\n00:00:00,000 --> 00:00:01,000\nZZSECRETZZ {PLACE}\n")
    chapters = path.with_name("chapters.txt")
    chapters.write_text(
        f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=ZZSECRETZZ{PLACE}\n"
    )
    tags = {"location": PLACE, "location-eng": PLACE, "comment": f"ZZSECRETZZ {PLACE}", "make": "Pixel 9 of Ana",
            "title": "ZZSECRETZZ", "com.apple.quicktime.location.ISO6709": PLACE, "creation_time": "2019-07-06T05:04:03Z"}  # fmt: skip
    arguments = [part for key, value in tags.items() for part in ("-metadata", f"{key}={value}")]
    ffmpeg(*picture(), *tone(), "-i", str(words), "-i", str(chapters), "-map", "0", "-map", "1", "-map", "2",
           "-map_chapters", "3", *H264, *AAC, "-c:s", "mov_text", *arguments, "-metadata:s:v", "handler_name=ZZSECRETZZ",
           "-metadata:s:v", "encoder=ZZSECRETZZ", "-metadata:s:a", f"handler_name=ZZSECRETZZ{PLACE}",
           "-movflags", "+use_metadata_tags", str(path))  # fmt: skip


def _placed_in_stream(path: Path) -> None:
    """The place in every access unit's SEI, as drones and dash cameras write it."""
    flat = path.with_name("flat.mp4")
    plain(flat)
    ffmpeg("-i", str(flat), "-c", "copy", "-bsf:v", f"h264_metadata=sei_user_data={_SEI}", str(path))
    assert b"ZZSECRETZZ" in path.read_bytes()


def _no_samples(path: Path) -> None:
    ffmpeg(*picture(), *H264, "-frames:v", "0", "-f", "mp4", "-movflags", "+empty_moov", str(path))


def _covered_song(path: Path) -> None:
    cover = path.with_name("cover.png")
    ffmpeg(*picture("64x64"), "-frames:v", "1", str(cover))
    ffmpeg(*tone(), "-i", str(cover), "-map", "0", "-map", "1", *AAC, "-c:v", "copy", "-disposition:v", "attached_pic",
           "-f", "mp4", str(path))  # fmt: skip


def _many_tracks(path: Path) -> None:
    ffmpeg(*picture(), *picture("90x160"), *tone(), *tone(hertz=880), "-map", "0", "-map", "1", "-map", "2", "-map", "3",
           *H264, *AAC, str(path))  # fmt: skip


_PLAYLIST = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n"
)
_X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"]
_PORTRAIT = (180, 320)

HOSTILE: tuple[Hostile, ...] = (
    Hostile("empty", "clip.mp4", _bytes(b""), refused("media.empty")),
    Hostile("text", "notes.mp4", _bytes(b"Dear diary, today I saw no video at all.\n" * 40), refused("media.not_a_video")),
    Hostile("noise", "noise.mp4", _bytes(bytes((i * i * 31 + 7) % 256 for i in range(60_000))), refused("media.not_a_video")),
    Hostile("page", "page.mp4", _bytes(b"<!doctype html><script>fetch('/api/v1/me')</script>"), refused("media.not_a_video")),
    Hostile("playlist", "playlist.mp4", _bytes(_PLAYLIST), refused("media.playlist_refused")),
    Hostile("concat", "concat.mp4", _bytes(b"ffconcat version 1.0\nfile /etc/passwd\n"), refused("media.playlist_refused")),
    Hostile("concat_bare", "list.mp4", _bytes(b"file '/etc/passwd'\nfile 'b.mp4'\n"), refused("media.playlist_refused")),
    Hostile("manifest", "dash.mp4", _bytes(b"<?xml version='1.0'?>\n<MPD><BaseURL>file:///etc</BaseURL></MPD>"), refused("media.playlist_refused")),
    Hostile("photo", "photo.mp4", lambda path: ffmpeg(*picture(), "-frames:v", "1", "-f", "mjpeg", str(path)), refused("media.not_a_video")),
    Hostile("header_only", "header.mp4", _bytes(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41"), refused("media.truncated")),
    Hostile("box_bomb", "boxes.mp4", _bytes(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41\x7f\xff\xff\xffmoov" + bytes(500)), refused("media.truncated")),
    Hostile("truncated", "cut.mp4", _cut(0.6), refused("media.truncated")),
    Hostile("truncated_faststart", "cut2.mp4", _cut(0.6, "-movflags", "+faststart"), refused("media.truncated")),
    Hostile("damaged", "damaged.mp4", _damaged, frozenset({None, "media.unreadable"}), _PORTRAIT),
    Hostile("no_samples", "nothing.mp4", _no_samples, refused("media.zero_length")),
    Hostile("song", "song.mp4", _run(*tone(), *AAC, "-f", "mp4"), refused("media.no_video_track")),
    Hostile("covered_song", "album.mp4", _covered_song, refused("media.no_video_track")),
    Hostile("one_frame", "one.mp4", _run(*picture(), *H264, "-frames:v", "1"), refused("media.too_short")),
    Hostile("eight_k", "huge.mp4", _run(*picture("7680x4320", "2"), *X264, "-pix_fmt", "yuv420p"), refused("media.too_large_frame")),
    Hostile("wide_header", "wide.avi", _wide_header, refused("media.too_large_frame", "media.unreadable")),
    Hostile("eleven_minutes", "long.mp4", _run(*picture("32x32", "1", 661), *H264), refused("media.too_long")),
    Hostile("two_hour_header", "header2h.mp4", _long_header, PUBLISHED, _PORTRAIT, sound=True),
    Hostile("two_hour_header_webm", "header2h.webm", _long_header_webm, refused("media.truncated", "media.too_long")),
    Hostile("fast_240", "slowmo.mp4", _run(*picture(rate="240"), *H264), PUBLISHED, _PORTRAIT, sound=False),
    Hostile("no_sound", "quiet.mp4", lambda path: plain(path, sound=False), PUBLISHED, _PORTRAIT, sound=False),
    Hostile("mono", "mono.mp4", _run(*picture(), *tone(layout="mono"), *H264, *AAC), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("surround_7_1", "cinema.mp4", _run(*picture(), *tone(layout="7.1"), *H264, "-c:a", "aac", "-b:a", "400k"), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("surround_mkv", "cinema.mkv", _run(*picture(), *tone(layout="5.1"), *H264, "-c:a", "ac3"), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("hdr_pq", "hdr10.mov", _run(*picture(), *tone(), "-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc", *_X265, "-x265-params", "log-level=none:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", *AAC), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("hdr_hlg", "hlg.mov", _run(*picture(), "-vf", "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc", *_X265, "-x265-params", "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"), PUBLISHED, _PORTRAIT),
    Hostile("ten_bit", "ten.mp4", _run(*picture(), *X264, "-pix_fmt", "yuv420p10le"), PUBLISHED, _PORTRAIT),
    Hostile("full_chroma", "444.mp4", _run(*picture(), *X264, "-pix_fmt", "yuv444p"), PUBLISHED, _PORTRAIT),
    Hostile("rotated", "rotated.mp4", _rotated, PUBLISHED, _PORTRAIT, sound=True),
    Hostile("uneven", "vfr.mp4", _uneven, PUBLISHED, _PORTRAIT, sound=True),
    Hostile("odd_size", "odd.webm", _run(*picture("181x321"), "-c:v", "libvpx", "-deadline", "realtime", "-f", "webm"), PUBLISHED, (180, 320)),
    Hostile("not_square", "wide.mp4", _run(*picture("90x320"), "-vf", "setsar=2", *H264), PUBLISHED, _PORTRAIT),
    Hostile("interlaced", "tv.mpg", _run(*picture("180x320", "25"), "-vf", "interlace", "-flags", "+ildct+ilme", "-c:v", "mpeg2video", "-f", "vob"), PUBLISHED, _PORTRAIT),
    Hostile("avi", "old.avi", _run(*picture(), *tone(), "-c:v", "mpeg4", "-c:a", "libmp3lame"), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("webm", "browser.webm", _run(*picture(), *tone(), "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("transport", "camera.ts", _run(*picture(), *tone(), *H264, *AAC, "-f", "mpegts"), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("fragmented", "frag.mp4", _run(*picture(), *tone(), *H264, *AAC, "-movflags", "+frag_keyframe+empty_moov"), PUBLISHED, _PORTRAIT, sound=True),
    Hostile("many_tracks", "many.mp4", _many_tracks, PUBLISHED, _PORTRAIT, sound=True),
    Hostile("placed", "holiday.mp4", _placed, PUBLISHED, _PORTRAIT, sound=True),
    Hostile("placed_in_stream", "drone.mp4", _placed_in_stream, PUBLISHED, _PORTRAIT, sound=True),
    Hostile("strange_name", "-y; $(touch x) %03d 'a' [v] file:concat:..|é\u202e4pm.mp4", plain, PUBLISHED, _PORTRAIT, sound=True),
)  # fmt: skip


def clear(folder: Path) -> None:
    """Remove what was made."""
    shutil.rmtree(folder, ignore_errors=True)
