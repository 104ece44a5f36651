"""The whole ladder: every rung in one FFmpeg process, each scaled from the one above it.

A long clip is encoded in pieces of about half a minute, each a finished step of its own, and joined
without encoding, so that a killed worker loses half a minute's work at most.
"""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

from reelm.media import encode
from reelm.media.ffmpeg import LADDER_NICENESS, Job, concat_input, own_input
from reelm.media.plan import GOP_SECONDS, Outputs, Size
from reelm.media.results import Rendition
from reelm.media.steps import Workshop
from reelm.media.workbench import Workbench

PIECE_SECONDS = 30
SHORTEST_IN_PIECES = 1.5
_AUDIO_SHARE = 0.03
_EARLIER = Fraction(1, 4)


def make_ladder(bench: Workbench, steps: Workshop, gain_db: float) -> tuple[Path, dict[str, Any]]:
    """Return the finished step "ladder": its folder and its renditions, largest first."""
    if bench.outputs.duration_ms < PIECE_SECONDS * SHORTEST_IN_PIECES * 1000:
        return steps.once("ladder", lambda folder: _encode_whole(bench, gain_db, folder))
    done = steps.finished("ladder")
    if done is not None:
        return done
    pieces = _encode_pieces(bench, steps)
    audio = _encode_audio(bench, steps, gain_db) if bench.outputs.has_audio else None
    done = steps.once("ladder", lambda folder: _join(bench, pieces, audio, folder))
    for folder in [*pieces, *([audio.parent] if audio else [])]:
        steps.forget(folder.name)
    return done


def _encode_whole(bench: Workbench, gain_db: float, folder: Path) -> dict[str, Any]:
    outputs, sizes = bench.outputs, list(bench.outputs.sizes)
    inputs = bench.inputs(sizes[0], folder)
    graphs = [bench.picture(sizes, inputs.overlays)]
    if outputs.has_audio:
        graphs.append(bench.audio(inputs, gain_db=gain_db, copies=len(sizes)))
    arguments = [*inputs.arguments, *encode.complex_filter(graphs)]
    for number, size in enumerate(sizes):
        pad = f"[a{number}]" if outputs.has_audio else None
        arguments += encode.output(f"[v{size.edge}]", size, outputs.rate, pad, folder / f"{size.name}.mp4")
    bench.run(bench.job(arguments, folder, nice=LADDER_NICENESS))
    return _describe(outputs, folder)


def _describe(outputs: Outputs, folder: Path) -> dict[str, Any]:
    rate = float(outputs.rate)
    made = [
        Rendition.of_file(size.name, folder / f"{size.name}.mp4", size.width, size.height, rate)
        for size in outputs.sizes
    ]
    return {"renditions": [each.to_json() for each in made]}


def _encode_pieces(bench: Workbench, steps: Workshop) -> list[Path]:
    """Encode the picture piece by piece; each begins with a keyframe and has its exact number of frames."""
    outputs = bench.outputs
    group = max(1, math.floor(GOP_SECONDS * outputs.rate))
    per_piece = group * max(1, round(PIECE_SECONDS * outputs.rate / group))
    total = max(1, math.floor(Fraction(outputs.duration_ms, 1000) * outputs.rate))
    starts = list(range(0, total, per_piece))
    folders: list[Path] = []
    for number, start in enumerate(starts):
        frames = min(per_piece, total - start)

        def tell(share: float, done: int = number) -> None:
            bench.tell((1 - _AUDIO_SHARE) * (done + share) / len(starts))

        def make(folder: Path, first: int = start, count: int = frames) -> dict[str, Any]:
            return _encode_piece(bench.telling(tell), first, count, folder)

        folders.append(steps.once(f"piece{number}", make)[0])
        tell(1.0)
    return folders


def _encode_piece(bench: Workbench, start: int, frames: int, folder: Path) -> dict[str, Any]:
    outputs, sizes = bench.outputs, list(bench.outputs.sizes)
    # A quarter of a frame early, so that rounding never loses the first one.
    begin = max(Fraction(0), (start - _EARLIER) / outputs.rate)
    length = (frames + 1) / outputs.rate
    inputs = bench.inputs(sizes[0], folder, begin=float(begin), seconds=float(length))
    arguments = [
        *inputs.arguments,
        *encode.complex_filter([bench.picture(sizes, inputs.overlays, frames=frames)]),
    ]
    for size in sizes:
        arguments += [
            "-map", f"[v{size.edge}]", *encode.h264(size, outputs.rate), *encode.NOTHING_BUT_TRACKS, "-f", "mp4",
            f"file:{folder / f'{size.name}.mp4'}",
        ]  # fmt: skip
    milliseconds = round(frames * 1000 / outputs.rate)
    bench.run(Job(arguments, bench.reads, (folder,), milliseconds, LADDER_NICENESS))
    return {"frames": frames}


def _encode_audio(bench: Workbench, steps: Workshop, gain_db: float) -> Path:
    def make(folder: Path) -> dict[str, Any]:
        inputs = bench.sound_inputs()
        arguments = [
            *inputs.arguments, *encode.complex_filter([bench.audio(inputs, gain_db=gain_db)]), "-map", "[a0]",
            *encode.aac(), *encode.NOTHING_BUT_TRACKS, "-f", "mp4", f"file:{folder / 'audio.m4a'}",
        ]  # fmt: skip
        quiet = bench.telling(lambda share: None)
        quiet.run(quiet.job(arguments, folder, nice=LADDER_NICENESS))
        return {}

    return steps.once("audio", make)[0] / "audio.m4a"


def _join(bench: Workbench, pieces: list[Path], audio: Path | None, folder: Path) -> dict[str, Any]:
    """Copy pieces and sound into one fragmented file per rung."""
    outputs = bench.outputs
    for size in outputs.sizes:
        arguments = _join_arguments(size, pieces, audio, folder)
        reads = (*pieces, *([audio] if audio else []))
        quiet = bench.telling(lambda share: None)
        quiet.run(Job(arguments, reads, (folder,), outputs.duration_ms, LADDER_NICENESS))
    for leftover in folder.glob("*.list"):
        leftover.unlink()
    return _describe(outputs, folder)


def _join_arguments(size: Size, pieces: list[Path], audio: Path | None, folder: Path) -> list[str]:
    listing = folder / f"{size.name}.list"
    lines = [f"file {_quoted(piece / f'{size.name}.mp4')}" for piece in pieces]
    listing.write_text("\n".join(["ffconcat version 1.0", *lines]) + "\n")
    sound = own_input(audio) if audio else []
    taken = ["-map", "1:a:0"] if audio else []
    return [
        *concat_input(listing), *sound, "-map", "0:v:0", *taken, "-c", "copy", *encode.NOTHING_BUT_TRACKS,
        *encode.FRAGMENTED, f"file:{folder / f'{size.name}.mp4'}",
    ]  # fmt: skip


def _quoted(path: Path) -> str:
    """Quote for the concat script; the paths are the work folder's own."""
    return "'file:" + str(path.resolve()).replace("'", r"'\''") + "'"
