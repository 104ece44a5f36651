"""What every encoding step of one clip shares: its source, its plan, and how FFmpeg is called for it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from reelm.media import graph
from reelm.media.edit import Edit
from reelm.media.ffmpeg import Job, Tools, own_input, run, source_input
from reelm.media.plan import Outputs, Size
from reelm.media.probe import Probe, ProbeLimits


@dataclass(frozen=True)
class Task:
    """What is to be prepared. `work` is a folder of this clip's own; `sound` a file the engine once wrote."""

    source: Path
    work: Path
    edit: Edit = field(default_factory=Edit)
    sound: Path | None = None
    limits: ProbeLimits = field(default_factory=ProbeLimits)


@dataclass(frozen=True)
class Inputs:
    """FFmpeg's inputs for one run: the source first, then drawn words, then the sound."""

    arguments: list[str]
    overlays: list[graph.Overlay]
    sound: int | None


@dataclass(frozen=True)
class Workbench:
    """One clip's encoding. `tell` gets the share (0 to 1) of the step that runs."""

    tools: Tools
    task: Task
    source: Probe
    outputs: Outputs
    cancelled: Callable[[], bool]
    tell: Callable[[float], None] = lambda share: None

    @property
    def reads(self) -> tuple[Path, ...]:
        return (self.task.source,) if self.task.sound is None else (self.task.source, self.task.sound)

    def telling(self, tell: Callable[[float], None]) -> "Workbench":
        return replace(self, tell=tell)

    def inputs(self, size: Size, folder: Path, *, begin: float = 0.0, seconds: float | None = None) -> Inputs:
        """Name the inputs of the picture from `begin` (seconds on the clip); words are drawn for `size`."""
        edit = self.task.edit
        start = edit.trim_start_ms / 1000 + begin
        length = self.outputs.duration_ms / 1000 - begin if seconds is None else seconds
        arguments = source_input(self.source, self.task.source, start=start, length=length)
        overlays: list[graph.Overlay] = []
        for number, text in enumerate(edit.texts, start=1):
            from reelm.media import lettering  # Pillow loads only for clips with words on them

            drawn = lettering.draw(text, size.width, size.height, folder / f"text{number}.png")
            arguments += own_input(drawn.path)
            first = None if text.start_ms is None else text.start_ms / 1000 - begin
            last = None if text.end_ms is None else text.end_ms / 1000 - begin
            overlays.append(graph.Overlay(number, drawn.x, drawn.y, first, last))
        if self.task.sound is None:
            return Inputs(arguments, overlays, None)
        return Inputs([*arguments, *own_input(self.task.sound)], overlays, len(overlays) + 1)

    def sound_inputs(self) -> Inputs:
        """Name the inputs of the sound alone."""
        start, length = self.task.edit.trim_start_ms / 1000, self.outputs.duration_ms / 1000
        arguments = source_input(self.source, self.task.source, start=start, length=length)
        if self.task.sound is None:
            return Inputs(arguments, [], None)
        return Inputs([*arguments, *own_input(self.task.sound)], [], 1)

    def picture(self, sizes: list[Size], overlays: list[graph.Overlay], *, frames: int | None = None) -> str:
        return graph.picture_chain(self.source, self.task.edit, self.outputs, sizes, overlays, frames=frames)

    def audio(self, inputs: Inputs, *, gain_db: float = 0.0, measure: bool = False, copies: int = 1) -> str:
        return graph.audio_chain(
            self.source,
            self.task.edit,
            self.outputs,
            sound_input=inputs.sound,
            gain_db=gain_db,
            measure=measure,
            copies=copies,
        )

    def job(self, arguments: list[str], folder: Path, *, nice: int = 0, log_level: str = "warning") -> Job:
        return Job(arguments, self.reads, (folder,), self.outputs.duration_ms, nice, log_level)

    def run(self, job: Job) -> str:
        """Run one job, telling its progress; return FFmpeg's log."""
        return run(self.tools, job, on_progress=self.tell, cancelled=self.cancelled)
