"""A clip's media as it is kept with the clip, and as a viewer sees it."""

from typing import Any

import msgspec


class RenditionRecord(msgspec.Struct, frozen=True):
    """One fragmented MP4, by its file's name. `fragments`: bytes of each, in order, after the init segment."""

    file: str
    width: int
    height: int
    bytes: int
    bandwidth: int
    codecs: str
    init_bytes: int
    fragment_ms: int
    fragments: list[int]


class MediaRecord(msgspec.Struct, frozen=True):
    """What is kept of a clip's media; files by name, so that they can move between sealed and public."""

    renditions: list[RenditionRecord]
    hls: str
    playlists: list[str]
    poster: str
    thumbhash: str
    duration_ms: int
    width: int
    height: int
    gain_db: float
    has_audio: bool
    preview: str | None = None
    posters: dict[str, str] = {}
    storyboard: dict[str, Any] | None = None
    sound: str | None = None

    def files(self) -> set[str]:
        """Return every file this record needs."""
        found = {self.hls, self.poster, *self.playlists, *self.posters.values()}
        found.update(rendition.file for rendition in self.renditions)
        found.update(name for name in (self.preview, self.sound) if name)
        if self.storyboard:
            found.add(self.storyboard["file"])
        return found


class RenditionOut(msgspec.Struct, frozen=True):
    """A rendition as a player fetches it."""

    url: str
    width: int
    height: int
    bytes: int
    bandwidth: int
    codecs: str
    init_bytes: int
    fragment_ms: int
    fragments: list[int]


class StoryboardOut(msgspec.Struct, frozen=True):
    """A sheet of small pictures, row by row, one every `interval_ms`."""

    url: str
    columns: int
    rows: int
    tile_width: int
    tile_height: int
    interval_ms: int


class MediaOut(msgspec.Struct, frozen=True):
    """A clip's media with the viewer's own addresses; `renditions` are ordered largest first."""

    renditions: list[RenditionOut]
    hls_url: str
    poster_url: str
    preview_url: str | None
    thumbhash: str
    duration_ms: int
    width: int
    height: int
    gain_db: float
    has_audio: bool
    storyboard: StoryboardOut | None = None


class AvatarOut(msgspec.Struct, frozen=True):
    """Where the new profile picture is."""

    avatar_url: str | None
