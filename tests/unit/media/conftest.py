"""Shared by the engine's tests: where made files are kept for the session, and a look into outputs."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from reelm.media.ffmpeg import Tools


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools.find()


@dataclass(frozen=True)
class Seen:
    """A file as a decoder that is not ours sees it."""

    video: str | None
    profile: str | None
    pix_fmt: str | None
    size: tuple[int, int] | None
    rate: float
    audio: str | None
    channels: int
    seconds: float
    frames: int
    colors: tuple[int, int, int]
    keyframes: list[float]
    picture: npt.NDArray[np.uint8] | None
    loudest: float


def see(path: Path, at: int = 0) -> Seen:
    """Decode all of `path`; `picture` is frame number `at`, in RGB."""
    with av.open(str(path)) as file:
        video = file.streams.video[0] if file.streams.video else None
        audio = file.streams.audio[0] if file.streams.audio else None
        frames, keys, picture, loudest, last = 0, [], None, 0.0, 0.0
        for packet in file.demux(*[stream for stream in (video, audio) if stream]):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    if frame.key_frame:
                        keys.append(float(frame.time))
                    if frames == at:
                        picture = frame.to_ndarray(format="rgb24").astype(np.uint8)
                    frames += 1
                    last = max(last, float(frame.time))
                elif isinstance(frame, av.AudioFrame):
                    loudest = max(loudest, float(np.abs(frame.to_ndarray().astype(np.float64)).max()))
        context = video.codec_context if video else None
        return Seen(
            video=context.name if context else None,
            profile=video.profile if video else None,
            pix_fmt=context.pix_fmt if context else None,
            size=(context.width, context.height) if context else None,
            rate=float(video.average_rate or 0) if video else 0.0,
            audio=audio.codec_context.name if audio else None,
            channels=audio.codec_context.channels if audio else 0,
            seconds=last,
            frames=frames,
            colors=(context.color_primaries, context.color_trc, context.colorspace) if context else (0, 0, 0),
            keyframes=keys,
            picture=picture,
            loudest=loudest,
        )
