"""From an upload to something that plays, then to the whole ladder; every step once, each whole.

Blocking: call from a worker process or a thread. Killed at any moment and started again with the same
arguments, it goes on after the last finished step and never hands over a half-written file.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from reelm.media import encode, graph, lettering, stills
from reelm.media.edit import Edit
from reelm.media.ffmpeg import LADDER_NICENESS, Job, Tools, own_input, run, run_together, source_input
from reelm.media.loudness import gain_to_target, read_loudness
from reelm.media.plan import Outputs, Size, first_size, plan
from reelm.media.probe import Probe, ProbeLimits, probe
from reelm.media.results import FirstPlayable, Ladder, Rendition, Storyboard
from reelm.media.steps import Workshop

Stage = Literal["probing", "first", "ladder", "extras"]
FIRST_MEASURE_MS = 60_000


@dataclass(frozen=True)
class Task:
    """What is to be prepared. `work` is a folder of this clip's own; `sound` a file the engine once wrote."""

    source: Path
    work: Path
    edit: Edit = Edit()
    sound: Path | None = None
    limits: ProbeLimits = ProbeLimits()


class Pipeline:
    """One clip's way from upload to ladder.

    `on_progress(stage, percent)` tells each stage's own true share; `cancelled()` is asked ten times a
    second. Methods raise a MediaError and nothing else that is expected; they hold the work folder's
    lock while they run.
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
            return self._first(self._probe())

    def finish(self) -> Ladder:
        """Make the whole ladder, posters, preview, storyboard and sound; `prepare` first if need be."""
        with self._steps.open(self._cancelled):
            source = self._probe()
            first = self._first(source)
            return self._ladder(source, first)

    # 1. Probe.

    def _probe(self) -> Probe:
        def look(_: Path) -> dict[str, Any]:
            self._on_progress("probing", 0.0)
            found = probe(self._task.source, self._task.limits)
            plan(found, self._task.edit, with_sound=self._task.sound is not None)
            return found.to_json()

        _, facts = self._steps.once("probe", look)
        self._on_progress("probing", 100.0)
        return Probe.from_json(facts)

    def _plan(self, source: Probe) -> Outputs:
        return plan(source, self._task.edit, with_sound=self._task.sound is not None)

    # 2. The first playable rendition.

    def _first(self, source: Probe) -> FirstPlayable:
        outputs = self._plan(source)
        make = self._repackage if outputs.plain else self._encode_first
        folder, result = self._steps.once("first", lambda part: make(source, outputs, part))
        self._on_progress("first", 100.0)
        return FirstPlayable(
            probe=source,
            rendition=Rendition.from_json(folder, result["rendition"]),
            poster=folder / "poster.jpg",
            thumbhash=result["thumbhash"],
            duration_ms=result["rendition"]["index"]["duration_ms"],
            loudness_lufs=result["loudness_lufs"],
            gain_db=gain_to_target(result["loudness_lufs"]),
            has_audio=outputs.has_audio,
            plain=outputs.plain,
        )

    def _repackage(self, source: Probe, outputs: Outputs, folder: Path) -> dict[str, Any]:
        """Copy the picture's slices into fragments; poster and loudness beside it, on other cores."""
        task, picture, audio = self._task, source.picture, source.audio
        video, poster = folder / "source.mp4", folder / "poster.jpg"
        size = Size(picture.short_edge, picture.width, picture.height)
        sound: list[str] = []
        if audio is not None:
            copy = ["-c:a", "copy"] if audio.channels <= 2 else encode.aac()
            sound = ["-map", f"0:{audio.index}", *copy]
        files = {"read": (task.source,), "write": (folder,), "duration_ms": outputs.duration_ms}
        jobs = [
            Job(
                [
                    *source_input(source, task.source),
                    "-map", f"0:{picture.index}", "-c:v", "copy", "-bsf:v", encode.PICTURE_UNITS, *sound,
                    *encode.NOTHING_BUT_TRACKS, *encode.FRAGMENTED, f"file:{video}",
                ],
                **files,
            ),
            self._poster_job(source, outputs, size, folder),
        ]  # fmt: skip
        if audio is not None:
            chain = graph.audio_chain(
                source, task.edit, outputs, sound_input=None, gain_db=0, measure=True, copies=1
            )
            measure = [*encode.complex_filter([chain]), "-map", "[a0]", "-f", "null", "-"]
            cut = source_input(source, task.source, length_ms=FIRST_MEASURE_MS)
            jobs.append(Job([*cut, *measure], **files, log_level="info"))
        logs = run_together(self._tools, jobs, cancelled=self._cancelled)
        made = Rendition.of_file("source", video, picture.width, picture.height, float(outputs.rate))
        return {
            "rendition": made.to_json(),
            "thumbhash": stills.read_thumbhash(folder / "thumb.rgb", size.width, size.height),
            "loudness_lufs": read_loudness(logs[2]) if audio is not None else None,
            "poster": poster.name,
        }

    def _poster_job(self, source: Probe, outputs: Outputs, size: Size, folder: Path) -> Job:
        moment = stills.cover_ms(self._task.edit.cover_ms, outputs.duration_ms, outputs.rate)
        edge = min(size.edge, stills.FIRST_POSTER_EDGE)
        width, height = stills.fit(size.width, size.height, edge)
        small = Size(edge, width, height)
        chain = graph.picture_chain(source, self._task.edit, outputs, [small], [])
        pictures = stills.stills_chain(f"v{edge}", (width, height), 0, edge)
        arguments = [
            *source_input(source, self._task.source, start_ms=moment, length_ms=1000),
            *encode.complex_filter([chain, pictures]),
            *encode.still_jpeg("[jpeg]", folder / "poster.jpg"),
            *encode.still_rgb("[raw]", folder / "thumb.rgb"),
        ]
        return Job(arguments, read=(self._task.source,), write=(folder,), duration_ms=1000)

    def _encode_first(self, source: Probe, outputs: Outputs, folder: Path) -> dict[str, Any]:
        """Encode the smallest rung, poster and loudness in one run."""
        size = first_size(source.picture, self._task.edit)
        video = folder / f"{size.name}.mp4"
        moment = stills.cover_ms(self._task.edit.cover_ms, outputs.duration_ms, outputs.rate)
        inputs, overlays, sound_input = self._inputs(source, outputs, size, folder)
        graphs = [
            graph.picture_chain(source, self._task.edit, outputs, [size], overlays),
            f"[v{size.edge}]split=2[video][still]",
            stills.stills_chain("still", (size.width, size.height), moment, size.edge),
        ]
        if outputs.has_audio:
            graphs.append(self._audio(source, outputs, sound_input, gain_db=0, measure=True, copies=1))
        pad = "[a0]" if outputs.has_audio else None
        arguments = [
            *inputs,
            *encode.complex_filter(graphs),
            *encode.output("[video]", size, outputs.rate, pad, video),
            *encode.still_jpeg("[jpeg]", folder / "poster.jpg"),
            *encode.still_rgb("[raw]", folder / "thumb.rgb"),
        ]
        log = self._run("first", arguments, folder, outputs, log_level="info" if outputs.has_audio else "warning")
        made = Rendition.of_file(size.name, video, size.width, size.height, float(outputs.rate))
        return {
            "rendition": made.to_json(),
            "thumbhash": stills.read_thumbhash(folder / "thumb.rgb", size.width, size.height),
            "loudness_lufs": read_loudness(log),
            "poster": "poster.jpg",
        }

    # 3. The ladder, and what is made from it.

    def _ladder(self, source: Probe, first: FirstPlayable) -> Ladder:
        outputs = self._plan(source)
        loudness = self._loudness(source, outputs, first)
        folder, result = self._steps.once(
            "ladder", lambda part: self._encode_ladder(source, outputs, gain_to_target(loudness), part)
        )
        renditions = tuple(Rendition.from_json(folder, each) for each in result["renditions"])
        self._on_progress("ladder", 100.0)
        folder, result = self._steps.once("extras", lambda part: self._extras(renditions, outputs, part))
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
            has_audio=outputs.has_audio,
        )

    def _loudness(self, source: Probe, outputs: Outputs, first: FirstPlayable) -> float | None:
        """The first step measured all of it, or (a long plain source) its first minute."""
        if not outputs.has_audio or not outputs.plain or outputs.duration_ms <= FIRST_MEASURE_MS:
            return first.loudness_lufs

        def measure(folder: Path) -> dict[str, Any]:
            chain = self._audio(source, outputs, None, gain_db=0, measure=True, copies=1)
            arguments = [*source_input(source, self._task.source), *encode.complex_filter([chain])]
            arguments += ["-map", "[a0]", "-f", "null", "-"]
            return {"loudness_lufs": read_loudness(self._run(None, arguments, folder, outputs, log_level="info"))}

        value = self._steps.once("loudness", measure)[1]["loudness_lufs"]
        return None if value is None else float(value)

    def _encode_ladder(self, source: Probe, outputs: Outputs, gain_db: float, folder: Path) -> dict[str, Any]:
        sizes = outputs.sizes
        inputs, overlays, sound_input = self._inputs(source, outputs, sizes[0], folder)
        graphs = [graph.picture_chain(source, self._task.edit, outputs, sizes, overlays)]
        if outputs.has_audio:
            graphs.append(
                self._audio(source, outputs, sound_input, gain_db=gain_db, measure=False, copies=len(sizes))
            )
        arguments = [*inputs, *encode.complex_filter(graphs)]
        for number, size in enumerate(sizes):
            pad = f"[a{number}]" if outputs.has_audio else None
            arguments += encode.rendition(size, outputs.rate, pad, folder / f"{size.name}.mp4")
        self._run("ladder", arguments, folder, outputs, nice=LADDER_NICENESS)
        made = [
            Rendition.of_file(size.name, folder / f"{size.name}.mp4", size.width, size.height, float(outputs.rate))
            for size in sizes
        ]
        return {"renditions": [each.to_json() for each in made]}

    def _extras(self, renditions: tuple[Rendition, ...], outputs: Outputs, folder: Path) -> dict[str, Any]:
        made = stills.make_extras(
            self._tools,
            renditions,
            outputs,
            self._task.edit.cover_ms,
            folder,
            on_progress=lambda share: self._on_progress("extras", min(99.0, share * 100)),
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

    # Shared.

    def _inputs(
        self, source: Probe, outputs: Outputs, size: Size, folder: Path
    ) -> tuple[list[str], list[graph.Overlay], int | None]:
        """Return the inputs (source, drawn words, sound), where the words lie, the sound's number."""
        edit = self._task.edit
        inputs = source_input(source, self._task.source, start_ms=edit.trim_start_ms, length_ms=outputs.duration_ms)
        overlays: list[graph.Overlay] = []
        for number, text in enumerate(edit.texts, start=1):
            drawn = lettering.draw(text, size.width, size.height, folder / f"text{number}.png")
            inputs += own_input(drawn.path)
            start = None if text.start_ms is None else text.start_ms / 1000
            end = None if text.end_ms is None else text.end_ms / 1000
            overlays.append(graph.Overlay(number, drawn.x, drawn.y, start, end))
        if self._task.sound is None:
            return inputs, overlays, None
        return [*inputs, *own_input(self._task.sound)], overlays, len(overlays) + 1

    def _audio(
        self,
        source: Probe,
        outputs: Outputs,
        sound_input: int | None,
        *,
        gain_db: float,
        measure: bool,
        copies: int,
    ) -> str:
        return graph.audio_chain(
            source,
            self._task.edit,
            outputs,
            sound_input=sound_input,
            gain_db=gain_db,
            measure=measure,
            copies=copies,
        )

    def _run(
        self,
        stage: Stage | None,
        arguments: list[str],
        folder: Path,
        outputs: Outputs,
        *,
        nice: int = 0,
        log_level: str = "warning",
    ) -> str:
        read = (self._task.source,) if self._task.sound is None else (self._task.source, self._task.sound)
        job = Job(arguments, read, (folder,), outputs.duration_ms, nice, log_level)

        def tell(share: float) -> None:
            if stage is not None:
                self._on_progress(stage, min(99.0, share * 100))

        return run(self._tools, job, on_progress=tell, cancelled=self._cancelled)


def _identity(task: Task) -> dict[str, Any]:
    """What makes two tasks the same: the bytes' sizes and names, and the edit."""
    files = [task.source, *([task.sound] if task.sound else [])]
    return {
        "format": 1,
        "files": [[file.name, file.stat().st_size] for file in files],
        "edit": task.edit.to_json(),
    }
