"""Pictures of a clip: poster, placeholder, storyboard, and the three-second preview."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reelm.media import encode
from reelm.media.ffmpeg import Job, Progress, Tools, own_input, run
from reelm.media.plan import Outputs, Size
from reelm.media.results import Rendition, Storyboard
from reelm.media.thumbhash import LARGEST_SIDE, thumbhash
from reelm.media.waveform import RATE, waveform

POSTER_EDGE = 720
FIRST_POSTER_EDGE = 540
DEFAULT_COVER_MS = 500
PREVIEW_MS, PREVIEW_EDGE, PREVIEW_RATE = 3000, 240, 15
TILE_EDGE, TILE_COLUMNS, TILE_MS, TILES = 90, 5, 2000, 50
_LAST_FRAMES = 2
_SUFFIXES = {"jpeg": "jpg", "webp": "webp", "avif": "avif"}


def cover_ms(wanted: int | None, duration_ms: int, rate: Fraction) -> int:
    """Return the moment of the poster: the author's, else half a second in; always on a frame."""
    last = max(0, duration_ms - round(_LAST_FRAMES * 1000 / rate))
    moment = min(DEFAULT_COVER_MS, duration_ms // 2) if wanted is None else wanted
    return min(moment, last)


def fit(width: int, height: int, short_edge: int) -> tuple[int, int]:
    """Scale down, never up, to a short edge; even numbers."""
    scale = min(1.0, short_edge / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def placeholder_size(width: int, height: int) -> tuple[int, int]:
    scale = LARGEST_SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def read_thumbhash(path: Path, width: int, height: int) -> str:
    """Hash the raw placeholder that FFmpeg wrote for a frame of this size, and remove it."""
    across, down = placeholder_size(width, height)
    raw = path.read_bytes()
    path.unlink()
    return thumbhash(raw, across, down)


def stills_chain(pad: str, size: tuple[int, int], moment_ms: int, edge: int) -> str:
    """Return the graph from `[pad]` to `[jpeg]` and `[raw]`: one frame at the moment."""
    across, down = placeholder_size(*size)
    width, height = fit(*size, edge)
    return (
        f"[{pad}]trim=start={moment_ms / 1000:.3f},trim=end_frame=1,split=2[pj][pr];"
        f"[pj]scale={width}:{height}:out_range=pc,format=yuvj420p[jpeg];[pr]scale={across}:{down},format=rgb24[raw]"
    )


@dataclass(frozen=True)
class Extras:
    """What is made from the finished renditions in one cheap run."""

    posters: dict[str, Path]
    thumbhash: str
    preview: Path
    storyboard: Storyboard
    sound: Path | None
    waveform: list[int]


def make_extras(
    tools: Tools,
    renditions: tuple[Rendition, ...],
    outputs: Outputs,
    cover: int | None,
    folder: Path,
    *,
    on_progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Extras:
    """Write poster.jpg, .webp, .avif, preview.mp4, storyboard.jpg and sound.m4a into `folder`."""
    top, small = renditions[0], renditions[-1]
    duration = min(outputs.duration_ms, small.index.duration_ms)
    moment = cover_ms(cover, duration, outputs.rate)
    start = max(0, min(moment, duration - PREVIEW_MS))
    poster = fit(top.width, top.height, POSTER_EDGE)
    across, down = placeholder_size(top.width, top.height)
    preview = fit(small.width, small.height, PREVIEW_EDGE)
    board = _storyboard(small, duration, folder / "storyboard.jpg")
    graph = [
        f"[0:v]setpts=PTS-STARTPTS,trim=end_frame=1,scale={poster[0]}:{poster[1]},split=4[pj][pw][pa][pr]",
        "[pj]scale=out_range=pc,format=yuvj420p[jpeg]",
        f"[pr]scale={across}:{down},format=rgb24[raw]",
        f"[1:v]fps={PREVIEW_RATE},scale={preview[0]}:{preview[1]}[pv]",
        f"[2:v]{_tiles(board)},scale=out_range=pc,format=yuvj420p[board]",
    ]
    sound = folder / "sound.m4a" if outputs.has_audio else None
    pcm = folder / "sound.raw"
    size = Size(min(preview), *preview)
    arguments = [
        *own_input(top.path, start=moment / 1000, length=1.0),
        *own_input(small.path, start=start / 1000, length=PREVIEW_MS / 1000),
        *own_input(small.path),
        *encode.complex_filter(graph),
        *encode.still_jpeg("[jpeg]", folder / "poster.jpg"),
        *encode.still_webp("[pw]", folder / "poster.webp"),
        *encode.still_avif("[pa]", folder / "poster.avif"),
        *encode.still_rgb("[raw]", folder / "thumb.rgb"),
        "-map", "[pv]", *encode.h264(size, Fraction(PREVIEW_RATE)), "-crf", "30", "-an",
        *encode.NOTHING_BUT_TRACKS, *encode.PROGRESSIVE, f"file:{folder / 'preview.mp4'}",
        *encode.still_jpeg("[board]", board.path),
    ]  # fmt: skip
    if sound is not None:
        arguments += [
            "-map", "2:a", "-c:a", "copy", *encode.NOTHING_BUT_TRACKS, "-movflags", "+faststart", "-f", "mp4",
            f"file:{sound}", "-map", "2:a", "-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le", "-f", "s16le",
            f"file:{pcm}",
        ]  # fmt: skip
    job = Job(arguments, read=(top.path, small.path), write=(folder,), duration_ms=duration)
    run(tools, job, on_progress=on_progress, cancelled=cancelled)
    shape = waveform(pcm.read_bytes()) if sound is not None else []
    pcm.unlink(missing_ok=True)
    posters = {kind: folder / f"poster.{suffix}" for kind, suffix in _SUFFIXES.items()}
    hashed = read_thumbhash(folder / "thumb.rgb", top.width, top.height)
    return Extras(posters, hashed, folder / "preview.mp4", board, sound, shape)


def _tiles(board: Storyboard) -> str:
    rate = f"fps=1000/{board.interval_ms}:start_time=0:round=up"
    return f"{rate},scale={board.tile_width}:{board.tile_height},tile={board.columns}x{board.rows}"


def _storyboard(rendition: Rendition, duration_ms: int, path: Path) -> Storyboard:
    tiles = min(TILES, max(1, -(-duration_ms // TILE_MS)))
    interval = max(TILE_MS, -(-duration_ms // tiles))
    width, height = fit(rendition.width, rendition.height, TILE_EDGE)
    columns = min(TILE_COLUMNS, tiles)
    return Storyboard(path, columns, -(-tiles // columns), width, height, interval)
