"""From the last byte of an upload to the first rendition, and to the whole ladder, against bare FFmpeg.

Each pair runs the same source through the pipeline and through one FFmpeg command that a person would type for
the same renditions, one after the other, in turns; the figures are medians of paired ratios. The pipeline's
times hold everything it does: probing in its own process, sandbox, poster, placeholder, loudness,
index, checksums, fsync; the ladder's also preview, storyboard, three posters, sound and waveform.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.record import machine, record
from tests.factories.media import clip

from reelm.media import encode
from reelm.media.edit import Edit
from reelm.media.ffmpeg import LADDER_NICENESS, Tools
from reelm.media.pipeline import Pipeline, Task
from reelm.media.plan import Outputs, Size, plan
from reelm.media.probe import Probe, probe

PLAIN = "bunny-portrait-1080x1920-12s.mp4"
OTHERS = ("phone-hevc-960x540.mov", "bunny-1080p-30s.mp4")
LADDERS = (PLAIN, "phone-hevc-960x540.mov")
PLAYABLE_TURNS, LADDER_TURNS = 7, 3
TARGETS = {"plain_playable_s": 1.0, "playable_ratio": 1.15, "ladder_ratio": 1.10}


@dataclass
class Pairs:
    """Seconds (clock, processor) of ours and of the bare command, turn by turn."""

    ours: list[tuple[float, float]] = field(default_factory=list)
    bare: list[tuple[float, float]] = field(default_factory=list)

    def take(self, bare: Callable[[], object], ours: Callable[[], object]) -> None:
        """One turn: the bare command, then ours."""
        self.bare.append(timed(bare))
        self.ours.append(timed(ours))

    def seconds(self, side: list[tuple[float, float]]) -> float:
        return statistics.median(clock for clock, _ in side)

    def ratio(self, which: int) -> float:
        """The median of paired ratios: of the clock (0) or of processor time (1)."""
        return statistics.median(a[which] / b[which] for a, b in zip(self.ours, self.bare, strict=True))


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="reelm-bench-media-"))
    tools = Tools.find(os.environ.get("REELM_FFMPEG", ""))
    try:
        sources = {name: clip(name, folder) for name in {PLAIN, *OTHERS, *LADDERS}}
        playable = {name: measure_playable(tools, sources[name], folder) for name in (PLAIN, *OTHERS)}
        ladders = {name: measure_ladder(tools, sources[name], folder) for name in LADDERS}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    metrics = {
        "plain_playable_s": round(playable[PLAIN].seconds(playable[PLAIN].ours), 3),
        "playable_ratio": round(max(playable[name].ratio(0) for name in OTHERS), 3),
        "ladder_ratio": round(max(pairs.ratio(0) for pairs in ladders.values()), 3),
    }
    show(metrics, playable, ladders)
    record("media", **metrics)
    return 0


def measure_playable(tools: Tools, source: Path, folder: Path) -> Pairs:
    facts = probe(source)
    outputs = plan(facts, Edit(), with_sound=False)
    if outputs.plain:
        command = bare_copy(tools, source, folder)
    else:
        command = bare_encode(tools, source, facts, outputs, outputs.sizes[-1:], folder)
    pairs = Pairs()
    work = folder / "work"
    for _ in range(PLAYABLE_TURNS):
        pipeline = Pipeline(tools, Task(source, work))
        pairs.take(lambda: subprocess.run(command, check=True), pipeline.prepare)
        shutil.rmtree(work)
    return pairs


def measure_ladder(tools: Tools, source: Path, folder: Path) -> Pairs:
    """The ladder after the first rendition; both sides at the ladder's low priority."""
    facts = probe(source)
    outputs = plan(facts, Edit(), with_sound=False)
    command = [
        "nice",
        "-n",
        str(LADDER_NICENESS),
        *bare_encode(tools, source, facts, outputs, outputs.sizes, folder),
    ]
    pairs = Pairs()
    for _ in range(LADDER_TURNS):
        work = folder / "work"
        pipeline = Pipeline(tools, Task(source, work))
        pipeline.prepare()
        pairs.take(lambda: subprocess.run(command, check=True), pipeline.finish)
        shutil.rmtree(work)
    return pairs


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of processor time of this process and its children."""
    began, spent = time.perf_counter(), processor_seconds()
    act()
    return time.perf_counter() - began, processor_seconds() - spent


def processor_seconds() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


def bare(tools: Tools, source: Path) -> list[str]:
    return [tools.ffmpeg, "-nostdin", "-v", "error", "-y", "-i", str(source)]


def bare_copy(tools: Tools, source: Path, folder: Path) -> list[str]:
    return [*bare(tools, source), "-c:v", "copy", "-c:a", "aac", "-ac", "2", "-movflags", "+frag_keyframe+delay_moov",
            "-frag_duration", "500000", str(folder / "bare.mp4")]  # fmt: skip


def bare_encode(
    tools: Tools, source: Path, facts: Probe, outputs: Outputs, sizes: tuple[Size, ...], folder: Path
) -> list[str]:
    """One command with chained scaling: the fastest of those that were tried (design 06)."""
    graph, label = [], f"0:{facts.picture.index}"
    for place, size in enumerate(sizes):
        scale = f"[{label}]scale={size.width}:{size.height}"
        more = place < len(sizes) - 1
        graph.append(f"{scale},split=2[v{place}][n{place}]" if more else f"{scale}[v{place}]")
        label = f"n{place}"
    command = [*bare(tools, source), "-filter_complex", ";".join(graph)]
    for place, size in enumerate(sizes):
        sound = ["-map", f"0:{facts.audio.index}", *encode.aac()] if facts.audio else []
        command += ["-map", f"[v{place}]", *encode.h264(size, outputs.rate), *sound, "-r", str(outputs.rate)]
        command += [*encode.FRAGMENTED, str(folder / f"bare-{size.name}.mp4")]
    return command


def show(metrics: dict[str, float], playable: dict[str, Pairs], ladders: dict[str, Pairs]) -> None:
    table = Table(title=f"Media ({machine()})")
    for column in ("", "source", "Reelm s", "bare ffmpeg s", "ratio", "CPU ratio"):
        table.add_column(column, justify="left" if column in {"", "source"} else "right")
    for what, measured in (("playable", playable), ("ladder", ladders)):
        for name, pairs in measured.items():
            seconds = (f"{pairs.seconds(side):.2f}" for side in (pairs.ours, pairs.bare))
            table.add_row(what, name, *seconds, f"{pairs.ratio(0):.2f}", f"{pairs.ratio(1):.2f}")
    console = Console()
    console.print(table)
    for name, value in metrics.items():
        met = "met" if value <= TARGETS[name] else "missed"
        console.print(f"media.{name} = {value} (target {TARGETS[name]}: {met})")


if __name__ == "__main__":
    sys.exit(main())
