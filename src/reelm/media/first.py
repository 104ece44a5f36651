"""The first thing that plays: the source's own picture repackaged, or the smallest rung encoded alone."""

from pathlib import Path
from typing import Any

from reelm.media import encode, stills
from reelm.media.ffmpeg import Job, run_together, source_input
from reelm.media.loudness import read_loudness
from reelm.media.plan import Size
from reelm.media.results import Rendition
from reelm.media.workbench import Workbench

MEASURED_SECONDS = 60.0
_BROKEN_SOUND = ("Invalid data found", "Error submitting packet", "Error while decoding")


def make_first(bench: Workbench, folder: Path) -> dict[str, Any]:
    """Repackage a plain source; encode any other, and one whose sound turns out to be damaged."""
    if bench.outputs.plain:
        result = _repackage(bench, folder)
        if result is not None:
            return result
    return _encode(bench, folder)


def _repackage(bench: Workbench, folder: Path) -> dict[str, Any] | None:
    """Copy the picture's slices into fragments; poster and loudness beside it, on other cores.

    Loudness is that of the first minute, so that a long clip does not wait for it. None when the sound
    can't be decoded: a copy of it would stop the players.
    """
    source, path = bench.source, bench.task.source
    picture, audio = source.picture, source.audio
    video = folder / "source.mp4"
    size = Size(picture.short_edge, picture.width, picture.height)
    sound: list[str] = []
    if audio is not None:
        copy = ["-c:a", "copy"] if audio.channels <= 2 else encode.aac()
        sound = ["-map", f"0:{audio.index}", *copy]
    arguments = [
        *source_input(source, path), "-map", f"0:{picture.index}", "-c:v", "copy",
        "-bsf:v", encode.PICTURE_UNITS, *sound, *encode.NOTHING_BUT_TRACKS, *encode.FRAGMENTED, f"file:{video}",
    ]  # fmt: skip
    jobs = [bench.job(arguments, folder), _poster(bench, size, folder)]
    if audio is not None:
        inputs = bench.sound_inputs()
        cut = source_input(source, path, length=min(MEASURED_SECONDS, bench.outputs.duration_ms / 1000))
        meter = [
            *cut,
            *encode.complex_filter([bench.audio(inputs, measure=True)]),
            "-map",
            "[a0]",
            "-f",
            "null",
            "-",
        ]
        jobs.append(bench.job(meter, folder, log_level="info"))
    logs = run_together(bench.tools, jobs, cancelled=bench.cancelled)
    if audio is not None and any(sign in logs[2] for sign in _BROKEN_SOUND):
        video.unlink()
        return None
    made = Rendition.of_file("source", video, picture.width, picture.height, float(bench.outputs.rate))
    loudness = read_loudness(logs[2]) if audio is not None else None
    return _result(made, size, loudness, folder, plain=True)


def _poster(bench: Workbench, size: Size, folder: Path) -> Job:
    outputs = bench.outputs
    moment = stills.cover_ms(bench.task.edit.cover_ms, outputs.duration_ms, outputs.rate)
    edge = min(size.edge, stills.FIRST_POSTER_EDGE)
    small = Size(edge, *stills.fit(size.width, size.height, edge))
    chain = bench.picture([small], [])
    pictures = stills.stills_chain(f"v{edge}", (small.width, small.height), 0, edge)
    arguments = [
        *source_input(bench.source, bench.task.source, start=moment / 1000, length=1.0),
        *encode.complex_filter([chain, pictures]),
        *encode.still_jpeg("[jpeg]", folder / "poster.jpg"),
        *encode.still_rgb("[raw]", folder / "thumb.rgb"),
    ]
    return bench.job(arguments, folder)


def _encode(bench: Workbench, folder: Path) -> dict[str, Any]:
    """Encode the smallest rung, the poster and the measured loudness in one run."""
    outputs = bench.outputs
    size = outputs.sizes[-1]
    video = folder / f"{size.name}.mp4"
    moment = stills.cover_ms(bench.task.edit.cover_ms, outputs.duration_ms, outputs.rate)
    inputs = bench.inputs(size, folder)
    graphs = [
        bench.picture([size], inputs.overlays),
        f"[v{size.edge}]split=2[video][still]",
        stills.stills_chain("still", (size.width, size.height), moment, size.edge),
    ]
    if outputs.has_audio:
        graphs.append(bench.audio(inputs, measure=True))
    arguments = [
        *inputs.arguments,
        *encode.complex_filter(graphs),
        *encode.output("[video]", size, outputs.rate, "[a0]" if outputs.has_audio else None, video),
        *encode.still_jpeg("[jpeg]", folder / "poster.jpg"),
        *encode.still_rgb("[raw]", folder / "thumb.rgb"),
    ]
    log = bench.run(bench.job(arguments, folder, log_level="info" if outputs.has_audio else "warning"))
    made = Rendition.of_file(size.name, video, size.width, size.height, float(outputs.rate))
    return _result(made, size, read_loudness(log), folder, plain=False)


def _result(
    made: Rendition, size: Size, loudness: float | None, folder: Path, *, plain: bool
) -> dict[str, Any]:
    return {
        "plain": plain,
        "rendition": made.to_json(),
        "thumbhash": stills.read_thumbhash(folder / "thumb.rgb", size.width, size.height),
        "loudness_lufs": loudness,
    }
