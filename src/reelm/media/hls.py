"""HLS playlists (RFC 8216) over our own fragmented MP4: byte ranges into one file per rendition."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reelm.media.fragments import Index


@dataclass(frozen=True)
class Variant:
    """One rendition as a playlist names it. `uri` is where its own playlist is, or will be."""

    uri: str
    width: int
    height: int
    rate: float
    index: Index


def master_playlist(variants: Sequence[Variant]) -> str:
    """List the renditions, lowest bandwidth first, which is where a player begins."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in sorted(variants, key=lambda each: each.index.bandwidth):
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={variant.index.bandwidth},"
            f"AVERAGE-BANDWIDTH={variant.index.average_bandwidth},"
            f'CODECS="{variant.index.codecs}",RESOLUTION={variant.width}x{variant.height},'
            f"FRAME-RATE={variant.rate:.3f}"
        )
        lines.append(variant.uri)
    return "\n".join(lines) + "\n"


def media_playlist(index: Index, media_uri: str) -> str:
    """List one rendition's segments: groups of fragments that begin with a keyframe."""
    groups = index.segments()
    seconds = [sum(fragment.duration_ms for fragment in group) / 1000 for group in groups]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(max(seconds)))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{media_uri}",BYTERANGE="{index.init_bytes}@0"',
    ]
    offset = index.init_bytes
    for group, length in zip(groups, seconds, strict=True):
        size = sum(fragment.bytes for fragment in group)
        lines += [f"#EXTINF:{length:.6f},", f"#EXT-X-BYTERANGE:{size}@{offset}", media_uri]
        offset += size
    lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"
