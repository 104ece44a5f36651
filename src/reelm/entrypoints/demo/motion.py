"""Renders scenes to MP4: frames drawn here, sound cut from the track, both encoded by ffmpeg in one run.

The result is what the app calls a plain source (H.264 4:2:0, short GOPs, AAC), so it can play at once.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg

from reelm.entrypoints.demo.beat import Beat, Scene
from reelm.entrypoints.demo.music.desk import write_wav
from reelm.entrypoints.demo.stage import HEIGHT, WIDTH, Stage
from reelm.entrypoints.demo.tracks import Track, track

FPS = 30
STILL_ENCODING = (
    "-c:v",
    "libx264",
    "-preset",
    "superfast",
    "-crf",
    "20",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "30",
    "-threads",
    "1",
)
SOUND_ENCODING = ("-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2")


def ffmpeg() -> str:
    """The path of the ffmpeg binary that the realm itself uses."""
    path: str = imageio_ffmpeg.get_ffmpeg_exe()
    return path


def seconds_of(scene: Scene, music: Track) -> float:
    """How long a scene lasts."""
    return scene.bars * music.bar_seconds


def beat_of(scene: Scene, music: Track) -> Beat:
    """What the scene is told of its music."""
    return Beat(music.bpm, scene.bars * music.meter, music.levels_from(scene.first_bar))


def render(scene: Scene, target: Path, cache: Path | None = None) -> None:
    """Draw and encode one scene. The target appears whole or not at all; tracks are kept in `cache`."""
    music = track(scene.track, cache)
    frames = round(seconds_of(scene, music) * FPS)
    draw = scene.prepare(beat_of(scene, music))
    stage = Stage()
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        sound, picture = Path(scratch) / "sound.wav", Path(scratch) / "clip.mp4"
        write_wav(music.cut(scene.first_bar, scene.bars), sound)
        command = [
            ffmpeg(),
            "-v",
            "error",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            f"{WIDTH}x{HEIGHT}",
            "-r",
            str(FPS),
            "-i",
            "pipe:0",
            "-i",
            str(sound),
            *STILL_ENCODING,
            *SOUND_ENCODING,
            "-movflags",
            "+faststart",
            str(picture),
        ]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
            assert encoder.stdin is not None
            for frame in range(frames):
                draw(stage, frame / FPS * music.bpm / 60)
                encoder.stdin.write(stage.frame().tobytes())
            encoder.stdin.close()
            if encoder.wait() != 0:
                raise RuntimeError(f"ffmpeg could not encode {scene.slug}")
        picture.replace(target)


def still(scene: Scene, beat_number: float, stage: Stage) -> None:
    """Draw a single moment of a scene, for looking."""
    scene.prepare(beat_of(scene, track(scene.track)))(stage, beat_number)
