"""From an upload to something that plays, then to the whole ladder; every step once, each whole.

Blocking: call from a worker process or a thread. Killed at any moment and started again with the same
arguments, it goes on after the last finished step and never hands over a half-written file.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from reelm.media import encode, first, ladder, stills
from reelm.media.ffmpeg import Tools
from reelm.media.loudness import gain_to_target, read_loudness
from reelm.media.plan import plan
from reelm.media.probe import Probe, probe, warm
from reelm.media.results import FirstPlayable, Ladder, Rendition, Storyboard
from reelm.media.steps import Workshop
from reelm.media.workbench import Task, Workbench

Stage = Literal["probing", "first", "ladder", "extras"]

__all__ = ["Pipeline", "Stage", "Task"]


class Pipeline:
    """One clip's way from upload to ladder.

    `on_progress(stage, percent)` tells each stage's own true share; `cancelled()` is asked ten times a
    second. Methods raise a MediaError and nothing else that is expected; they hold the work folder's
    lock while they run. The work folder may be removed when the results have been taken out of it.
    """

    def __init__(
        self,
        tools: Tools,
        task: Task,
        *,
        on_progress: Callable[[Stage, float], None] = lambda stage, percent: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._tools = tools
        self._task = task
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._steps = Workshop(task.work, _identity(task))

    def prepare(self) -> FirstPlayable:
        """Probe (refusing what is no plain video) and make the first thing that plays."""
        with self._steps.open(self._cancelled):
            playable = self._first(self._bench())
        warm()
        return playable

    def finish(self) -> Ladder:
        """Make the whole ladder, posters, preview, storyboard and sound; `prepare` first if need be."""
        with self._steps.open(self._cancelled):
            bench = self._bench()
            return self._ladder(bench, self._first(bench))

    def _bench(self) -> Workbench:
        """Probe once and plan."""

        def look(_: Path) -> dict[str, Any]:
            self._on_progress("probing", 0.0)
            found = probe(self._task.source, self._task.limits)
            plan(found, self._task.edit, with_sound=self._task.sound is not None)
            return found.to_json()

        source = Probe.from_json(self._steps.once("probe", look)[1])
        self._on_progress("probing", 100.0)
        outputs = plan(source, self._task.edit, with_sound=self._task.sound is not None)
        return Workbench(self._tools, self._task, source, outputs, self._cancelled)

    def _teller(self, stage: Stage) -> Callable[[float], None]:
        return lambda share: self._on_progress(stage, min(99.0, share * 100))

    def _first(self, bench: Workbench) -> FirstPlayable:
        telling = bench.telling(self._teller("first"))
        folder, result = self._steps.once("first", lambda part: first.make_first(telling, part))
        self._on_progress("first", 100.0)
        rendition = Rendition.from_json(folder, result["rendition"])
        return FirstPlayable(
            probe=bench.source,
            rendition=rendition,
            poster=folder / "poster.jpg",
            thumbhash=result["thumbhash"],
            duration_ms=rendition.index.duration_ms,
            loudness_lufs=result["loudness_lufs"],
            gain_db=gain_to_target(result["loudness_lufs"]),
            has_audio=bench.outputs.has_audio,
            plain=result["plain"],
        )

    def _ladder(self, bench: Workbench, playable: FirstPlayable) -> Ladder:
        loudness = self._loudness(bench, playable)
        telling = bench.telling(self._teller("ladder"))
        folder, result = ladder.make_ladder(telling, self._steps, gain_to_target(loudness))
        renditions = tuple(Rendition.from_json(folder, each) for each in result["renditions"])
        self._on_progress("ladder", 100.0)
        folder, result = self._steps.once("extras", lambda part: self._extras(bench, renditions, part))
        self._on_progress("extras", 100.0)
        return Ladder(
            renditions=renditions,
            posters={kind: folder / name for kind, name in result["posters"].items()},
            thumbhash=result["thumbhash"],
            preview=folder / "preview.mp4",
            storyboard=Storyboard(path=folder / "storyboard.jpg", **result["storyboard"]),
            sound=folder / result["sound"] if result["sound"] else None,
            waveform=result["waveform"],
            duration_ms=renditions[0].index.duration_ms,
            loudness_lufs=loudness,
            has_audio=bench.outputs.has_audio,
        )

    def _loudness(self, bench: Workbench, playable: FirstPlayable) -> float | None:
        """The first step measured all of it, or (a long plain source) its first minute."""
        outputs = bench.outputs
        if (
            not outputs.has_audio
            or not playable.plain
            or outputs.duration_ms <= first.MEASURED_SECONDS * 1000
        ):
            return playable.loudness_lufs

        def measure(folder: Path) -> dict[str, Any]:
            inputs = bench.sound_inputs()
            arguments = [*inputs.arguments, *encode.complex_filter([bench.audio(inputs, measure=True)])]
            arguments += ["-map", "[a0]", "-f", "null", "-"]
            return {"loudness_lufs": read_loudness(bench.run(bench.job(arguments, folder, log_level="info")))}

        value = self._steps.once("loudness", measure)[1]["loudness_lufs"]
        return None if value is None else float(value)

    def _extras(self, bench: Workbench, renditions: tuple[Rendition, ...], folder: Path) -> dict[str, Any]:
        made = stills.make_extras(
            self._tools,
            renditions,
            bench.outputs,
            self._task.edit.cover_ms,
            folder,
            on_progress=self._teller("extras"),
            cancelled=self._cancelled,
        )
        board = {key: value for key, value in asdict(made.storyboard).items() if key != "path"}
        return {
            "posters": {kind: path.name for kind, path in made.posters.items()},
            "thumbhash": made.thumbhash,
            "storyboard": board,
            "sound": made.sound.name if made.sound else None,
            "waveform": made.waveform,
        }


def _identity(task: Task) -> dict[str, Any]:
    """What makes two tasks the same: the files' names and sizes, and the edit."""
    files = [task.source, *([task.sound] if task.sound else [])]
    return {
        "format": 1,
        "files": [[file.name, file.stat().st_size] for file in files],
        "edit": task.edit.to_json(),
    }
