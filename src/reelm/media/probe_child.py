"""The process that opens a stranger's file: `python -I -S probe_child.py SITE IDLE_SECONDS`.

PyAV is imported first (from SITE), then one job is read from standard input: {confine, policy, path,
container, formats, max_pixels, max_side}. The process confines itself, then opens the file; it never sees
anything but that one. It prints `{"refused": code, …}` or the facts as one JSON object; the parent
trusts neither and checks both.
"""

import importlib.util
import itertools
import json
import select
import statistics
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

PACKETS_READ = 400_000
FRAMES_TRIED = 90
PICTURE_DECODERS = {
    "h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "libvpx", "libvpx-vp9", "mpeg4", "mpeg2video", "mpeg1video",
    "mjpeg", "prores", "h263", "theora", "dvvideo", "msmpeg4v2", "msmpeg4v3", "msmpeg4", "vc1", "wmv3", "svq3",
    "dnxhd", "rawvideo", "ffv1", "cinepak",
}  # fmt: skip


class Refused(Exception):  # noqa: N818 - a verdict on the file, not an error
    """The file is not one that is taken; the argument is what `main` prints."""


def facts(job: dict[str, Any], av: Any) -> dict[str, Any]:
    """Open the job's file and return what `probe.Probe` is made of. Raises Refused."""
    container = _open(job, av)
    video = _choose_picture(container, job, av)
    sound = next((s for s in container.streams.audio if _is_known(s)), None)
    # Copied out now: a stream must not be touched once its container is closed.
    audio = None if sound is None else _audio_facts(sound)
    timing = (
        _timing_from_index(video, Path(job["path"]).stat().st_size) if job["container"] == "mov" else None
    )
    if timing is None:
        timing = _timing_from_packets(container, video)
        if not timing["packets"]:
            raise Refused({"refused": "zero"})
        number = video.index
        container.close()
        container = _open(job, av)
        video = container.streams[number]
    if timing["truncated"]:
        raise Refused({"refused": "truncated"})
    frame, decoded = _first_frame(container, video, av)
    if frame is None:
        raise Refused({"refused": "undecodable"})
    context = video.codec_context
    width, height = frame.width, frame.height
    _check_frame(width, height, job)
    ratio = video.sample_aspect_ratio or Fraction(1)
    kinds = [str(data.type) for data in frame.side_data]
    return {
        "size": Path(job["path"]).stat().st_size,
        "header_seconds": (container.duration or 0) / 1_000_000,
        "timing": timing,
        "two_frames": decoded > 1,
        "video": {
            "index": video.index,
            "codec": context.name,
            "profile": video.profile or "",
            "pix_fmt": frame.format.name,
            "bits": max(component.bits for component in frame.format.components),
            "width": width,
            "height": height,
            "sample_aspect": [ratio.numerator, ratio.denominator],
            "rotation": int(frame.rotation),
            "average_rate": float(video.average_rate or 0),
            "interlaced": bool(frame.interlaced_frame),
            "primaries": int(frame.color_primaries),
            "transfer": int(frame.color_trc),
            "matrix": int(frame.colorspace),
            "full_range": int(frame.color_range) == 2,
            "side_data": kinds,
        },
        "audio": audio,
    }


def _open(job: dict[str, Any], av: Any) -> Any:
    options = {"protocol_whitelist": "file", "format_whitelist": job["formats"], "max_streams": "64"}
    try:
        return av.open(job["path"], format=job["container"], options=options, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise Refused({"refused": "unopened", "technical": str(error)}) from error


def _choose_picture(container: Any, job: dict[str, Any], av: Any) -> Any:
    """Return the largest picture track that is not a cover."""
    pictures = [s for s in container.streams.video if not _is_cover(s, av)]
    if not pictures:
        raise Refused({"refused": "no_video"})
    video = max(pictures, key=lambda s: (s.codec_context is not None, _area(s)))
    if video.codec_context is None or video.codec_context.name not in PICTURE_DECODERS:
        name = video.codec_context.name if video.codec_context else "unknown"
        raise Refused({"refused": "codec", "technical": name})
    _check_frame(video.codec_context.width, video.codec_context.height, job)
    return video


def _check_frame(width: int, height: int, job: dict[str, Any]) -> None:
    if width * height > job["max_pixels"] or max(width, height) > job["max_side"]:
        raise Refused({"refused": "frame", "width": width, "height": height})


def _audio_facts(sound: Any) -> dict[str, Any]:
    return {
        "index": sound.index,
        "codec": sound.codec_context.name,
        "profile": sound.profile or "",
        "channels": sound.codec_context.channels,
        "sample_rate": sound.codec_context.sample_rate,
    }


def _is_cover(stream: Any, av: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _is_known(stream: Any) -> bool:
    context = stream.codec_context
    return context is not None and context.channels > 0 and context.sample_rate > 0


def _area(stream: Any) -> int:
    return (
        0 if stream.codec_context is None else int(stream.codec_context.width * stream.codec_context.height)
    )


def _timing_from_index(video: Any, size: int) -> dict[str, Any] | None:
    """MP4 and MOV name every sample with its place: no need to read the file. None when they don't."""
    entries = list(video.index_entries)
    if len(entries) < 2:
        return None
    base = float(video.time_base)
    times = [entry.timestamp * base for entry in entries]
    keys = [t for t, entry in zip(times, entries, strict=True) if entry.is_keyframe]
    total = sum(entry.size for entry in entries)
    truncated = any(entry.pos + entry.size > size for entry in entries)
    return _timing(times, keys, total, len(entries), truncated=truncated)


def _timing_from_packets(container: Any, video: Any) -> dict[str, Any]:
    """Read every packet of the picture, decoding none."""
    base = float(video.time_base)
    times: list[float] = []
    keys: list[float] = []
    total = packets = 0
    broken = False
    try:
        for packet in container.demux(video):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None or not packet.size:
                continue
            packets += 1
            total += packet.size
            broken = broken or bool(packet.is_corrupt)
            times.append(stamp * base)
            if packet.is_keyframe:
                keys.append(stamp * base)
            if packets >= PACKETS_READ:
                break
    except (OSError, ValueError):
        broken = True
    times.sort()
    timing = _timing(times, sorted(keys), total, packets, truncated=False)
    timing["broken"] = broken
    return timing


def _timing(
    times: list[float], keys: list[float], total: int, packets: int, *, truncated: bool
) -> dict[str, Any]:
    steps = [b - a for a, b in itertools.pairwise(times) if b > a]
    usual = statistics.median(steps) if steps else 0.0
    span = times[-1] - times[0] + usual if len(times) > 1 else 0.0
    ends = [*keys[1:], times[-1] + usual] if keys else []
    gap = max((b - a for a, b in zip(keys, ends, strict=True)), default=span)
    uneven = sum(1 for step in steps if abs(step - usual) > max(0.25 * usual, 0.0021))
    return {
        "packets": packets,
        "bytes": total,
        "seconds": span,
        "step": usual,
        "longest_gop": gap,
        "uneven_share": uneven / len(steps) if steps else 0.0,
        "average_rate": len(times) / span if span > 0 else 0.0,
        "truncated": truncated,
        "broken": False,
    }


def _first_frame(container: Any, video: Any, av: Any) -> tuple[Any, int]:
    """Decode until there is a picture, and one more to know that it moves."""
    frame, decoded = None, 0
    video.codec_context.thread_count = 1
    tried = 0
    while decoded < 2 and tried < FRAMES_TRIED:
        try:
            for packet in container.demux(video):
                tried += 1
                for picture in packet.decode():
                    frame = frame or picture
                    decoded += 1
                if decoded >= 2 or tried >= FRAMES_TRIED:
                    break
            else:
                break
        except av.error.EOFError:
            break
        except av.error.FFmpegError:
            tried += 1
    return frame, decoded


def wait_for_job(idle_seconds: float) -> dict[str, Any]:
    """Read one line of standard input; end quietly if none comes, or the parent is gone."""
    if not select.select([sys.stdin], [], [], idle_seconds)[0]:
        sys.exit(0)
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return dict(json.loads(line))


def main(site: str, idle_seconds: str) -> dict[str, Any]:
    """Import, wait, confine, open."""
    sys.path.append(site)
    import av

    av.logging.set_level(None)
    job = wait_for_job(float(idle_seconds))
    spec = importlib.util.spec_from_file_location("confine", job["confine"])
    assert spec is not None
    assert spec.loader is not None
    confine = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(confine)
    missing = confine.confine(job["policy"])
    if missing and not job["policy"]["allow_weak"]:
        sys.stderr.write("confine: " + "; ".join(missing))
        sys.exit(confine.FAILED)
    try:
        return facts(job, av)
    except Refused as refusal:
        return dict(refusal.args[0])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:3])))
