"""Write FFmpeg's filter graph for a plan: numbers and fixed words only, never a person's text.

Words on a clip arrive as pictures (`lettering.py`), so there is nothing to escape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from reelm.media.edit import Edit
from reelm.media.plan import Outputs, Size, frame_size
from reelm.media.probe import HDR_TRANSFERS, Picture, Probe

LIMIT_PEAK = 0.89
SAMPLE_RATE = 48000
UNKNOWN = 2
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_PRIMARIES = {1: "709", 4: "470m", 5: "470bg", 6: "170m", 7: "240m", 9: "2020"}


@dataclass(frozen=True)
class Overlay:
    """A picture to lay over the frame: input number, top left corner in pixels, seconds or None."""

    input_index: int
    x: int
    y: int
    start: float | None
    end: float | None


def _number(value: float | Fraction) -> str:
    """Return a plain decimal, never an exponent."""
    return f"{float(value):.6f}".rstrip("0").rstrip(".") or "0"


def picture_chain(
    source: Probe,
    edit: Edit,
    outputs: Outputs,
    sizes: Sequence[Size],
    overlays: Sequence[Overlay],
    *,
    frames: int | None = None,
) -> str:
    """Return the graph from `[0:INDEX]` to one pad `[vEDGE]` per size (largest first), scaled in a chain.

    With `frames`, exactly so many come out: the last is repeated, or what follows is left away.
    """
    picture = source.picture
    steps: list[str] = []
    if picture.interlaced:
        steps.append("bwdif=mode=send_frame:deint=interlaced")
    rate = outputs.rate
    steps.append(f"fps=fps={rate.numerator}/{rate.denominator}:start_time=0")
    if frames is not None:
        steps += ["tpad=stop=-1:stop_mode=clone", f"trim=end_frame={frames}"]
    steps += _crop(edit)
    steps += _scale_first(picture, sizes[0], edit)
    steps += _tone_map(picture)
    steps += [
        "setsar=1",
        "format=yuv420p",
        "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
        "sidedata=mode=delete",
    ]
    parts = [f"[0:{picture.index}]{','.join(steps)}[base]"]
    label = "base"
    for number, overlay in enumerate(overlays):
        shown = "" if overlay.start is None and overlay.end is None else _enable(overlay)
        parts.append(
            f"[{label}][{overlay.input_index}:v]overlay=x={overlay.x}:y={overlay.y}"
            f":format=yuv420:eof_action=repeat{shown}[t{number}]"
        )
        label = f"t{number}"
    for place, size in enumerate(sizes):
        if place:
            parts.append(f"[{label}]scale={size.width}:{size.height}:flags=bicubic,setsar=1[s{size.edge}]")
            label = f"s{size.edge}"
        if place < len(sizes) - 1:
            parts.append(f"[{label}]split=2[v{size.edge}][n{size.edge}]")
            label = f"n{size.edge}"
        else:
            parts.append(f"[{label}]null[v{size.edge}]")
    return ";".join(parts)


def _enable(overlay: Overlay) -> str:
    start = max(0.0, overlay.start or 0.0)
    if overlay.end is None:
        return f":enable='gte(t,{_number(start)})'"
    return f":enable='gte(t,{_number(start)})*lt(t,{_number(overlay.end)})'"


def _crop(edit: Edit) -> list[str]:
    """Crop in the frame's own pixels (they may not be square; the scale that follows squares them)."""
    if edit.crop.whole:
        return []
    crop = edit.crop
    size = f"w=max(2\\,floor(iw*{_number(crop.width)})):h=max(2\\,floor(ih*{_number(crop.height)}))"
    return [f"crop={size}:x=floor(iw*{_number(crop.x)}):y=floor(ih*{_number(crop.y)})"]


def _scale_first(picture: Picture, size: Size, edit: Edit) -> list[str]:
    """Scale to the largest rung and make the colours BT.709, whatever they were."""
    if picture.hdr:
        return [f"scale={size.width}:{size.height}:flags=bicubic"]
    matrix = _MATRICES.get(picture.matrix)
    if matrix is None:
        matrix = "bt709" if picture.short_edge >= 576 else "bt601"
    same = matrix == "bt709" and not picture.full_range and picture.pix_fmt == "yuv420p"
    if same and frame_size(picture, edit) == (size.width, size.height) and picture.square_pixels:
        return []
    ranges = "in_range=pc" if picture.full_range else "in_range=tv"
    colours = f"in_color_matrix={matrix}:out_color_matrix=bt709:{ranges}:out_range=tv"
    return [f"scale={size.width}:{size.height}:flags=bicubic:{colours}"]


def _tone_map(picture: Picture) -> list[str]:
    """PQ and HLG to BT.709: linear light, Hable's curve, after scaling down because it is dear."""
    if not picture.hdr:
        return []
    matrix = "2020_ncl" if picture.matrix in {UNKNOWN, 9, 10} else "709"
    primaries = _PRIMARIES.get(picture.primaries, "2020")
    reading = f"tin={HDR_TRANSFERS[picture.transfer]}:min={matrix}:pin={primaries}"
    reading += ":rin=full" if picture.full_range else ":rin=limited"
    return [
        f"zscale={reading}:t=linear:npl=203",
        "format=gbrpf32le",
        "zscale=p=709",
        "tonemap=tonemap=hable:desat=0",
        "zscale=t=709:m=709:r=limited",
    ]


def audio_chain(
    source: Probe,
    edit: Edit,
    outputs: Outputs,
    *,
    sound_input: int | None,
    gain_db: float,
    measure: bool,
    copies: int,
) -> str:
    """Return the graph to pads `[a0]…`: the clip's own sound and the added one, mixed, stereo.

    `gain_db` is applied under a peak limiter; `measure` prints EBU R128 loudness to the log.
    """
    seconds = _number(outputs.duration_ms / 1000)
    shape = (
        f"aresample={SAMPLE_RATE}:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo,"
        f"apad=whole_dur={seconds},atrim=duration={seconds},asetpts=PTS-STARTPTS"
    )
    parts: list[str] = []
    own = source.audio is not None and edit.original_volume > 0
    added = sound_input is not None and edit.sound_volume > 0
    if own:
        assert source.audio is not None
        parts.append(f"[0:{source.audio.index}]{shape},volume={_number(edit.original_volume)}[own]")
    if added:
        offset = edit.sound_offset_ms / 1000
        shift = (
            f"atrim=start={_number(offset)},asetpts=PTS-STARTPTS,"
            if offset > 0
            else f"adelay=delays={-edit.sound_offset_ms}:all=1,"
            if offset < 0
            else ""
        )
        parts.append(f"[{sound_input}:a:0]{shift}{shape},volume={_number(edit.sound_volume)}[added]")
    if own and added:
        parts.append("[own][added]amix=inputs=2:duration=longest:normalize=0[mix]")
    label = "mix" if own and added else "own" if own else "added"
    finish = [f"volume={_number(gain_db)}dB"] if gain_db else []
    if gain_db or (own and added):
        finish.append(f"alimiter=limit={LIMIT_PEAK}:level=0:attack=5:release=50:latency=1")
    if measure:
        finish.append("ebur128=framelog=quiet")
    finish.append(f"asplit={copies}" if copies > 1 else "anull")
    parts.append(f"[{label}]{','.join(finish)}" + "".join(f"[a{number}]" for number in range(copies)))
    return ";".join(parts)
