"""From the engine's files to a clip's folder: names by content, playlists beside them, one record.

Nothing here makes a clip visible: the record does, once its row is committed. Files that were stored for a
record which never was are strays, and the cleaner takes them.
"""

import asyncio
import hashlib
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import msgspec

from reelm.media.ffmpeg import Tools
from reelm.media.hls import Variant, master_playlist, media_playlist
from reelm.media.plan import Outputs
from reelm.media.results import FirstPlayable, Ladder, Rendition
from reelm.media.schemas import MediaRecord, RenditionRecord
from reelm.media.stills import make_extras
from reelm.media.store import MediaStore, clip_folder

# A cover is cut from a finished rendition: its exact rate matters for its very last frames only.
_STILL_RATE = Fraction(30)


class Shelf:
    """One clip's folder, sealed if there is a key."""

    def __init__(self, store: MediaStore, clip_id: UUID, key: bytes | None) -> None:
        self._store = store
        self._folder = clip_folder(clip_id, sealed=key is not None)
        self._key = key

    async def put(self, path: Path, *, digest: str = "") -> str:
        """Store a file under its content's name; return that name."""
        name = f"{digest or _digest(path)}{'.jpg' if path.suffix == '.jpeg' else path.suffix}"
        await self._store.put_file(f"{self._folder}/{name}", path, self._key)
        return name

    async def put_text(self, text: str, folder: Path, suffix: str) -> str:
        draft = folder / f"{hashlib.sha256(text.encode()).hexdigest()}{suffix}"
        draft.write_text(text)
        return await self.put(draft)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _renditions(
    shelf: Shelf, renditions: tuple[Rendition, ...], scratch: Path
) -> tuple[list[RenditionRecord], list[str], str]:
    """Store renditions and playlists; return the records, the media playlists and the master."""
    records, playlists, variants = [], [], []
    for each in renditions:
        name = await shelf.put(each.path, digest=each.sha256)
        playlist = await shelf.put_text(media_playlist(each.index, name), scratch, ".m3u8")
        variants.append(Variant(playlist, each.width, each.height, each.rate, each.index))
        playlists.append(playlist)
        records.append(RenditionRecord(file=name, **each.media_json()))
    return records, playlists, await shelf.put_text(master_playlist(variants), scratch, ".m3u8")


async def shelve_first(shelf: Shelf, first: FirstPlayable, scratch: Path) -> MediaRecord:
    """Store the first rendition and its poster."""
    records, playlists, master = await _renditions(shelf, (first.rendition,), scratch)
    return MediaRecord(
        renditions=records,
        hls=master,
        playlists=playlists,
        poster=await shelf.put(first.poster),
        thumbhash=first.thumbhash,
        duration_ms=first.duration_ms,
        width=first.rendition.width,
        height=first.rendition.height,
        gain_db=first.gain_db,
        has_audio=first.has_audio,
    )


async def shelve_ladder(shelf: Shelf, ladder: Ladder, scratch: Path) -> MediaRecord:
    """Store the whole ladder with posters, preview, storyboard and sound."""
    records, playlists, master = await _renditions(shelf, ladder.renditions, scratch)
    posters = {kind: await shelf.put(path) for kind, path in ladder.posters.items() if path.is_file()}
    board = asdict(ladder.storyboard)
    board["file"] = await shelf.put(board.pop("path"))
    return MediaRecord(
        renditions=records,
        hls=master,
        playlists=playlists,
        poster=posters.get("webp") or posters["jpeg"],
        thumbhash=ladder.thumbhash,
        duration_ms=ladder.duration_ms,
        width=ladder.renditions[0].width,
        height=ladder.renditions[0].height,
        gain_db=ladder.gain_db,
        has_audio=ladder.has_audio,
        preview=await shelf.put(ladder.preview),
        posters=posters,
        storyboard=board,
        sound=await shelf.put(ladder.sound) if ladder.sound else None,
    )


async def shelve_cover(
    tools: Tools,
    shelf: Shelf,
    record: MediaRecord,
    renditions: list[Path],
    cover_ms: int | None,
    folder: Path,
) -> MediaRecord:
    """Make poster, placeholder and preview anew from the largest and the smallest rendition's files."""
    ends = (record.renditions[0], record.renditions[-1])
    files = tuple(
        Rendition.of_file(f"{number}", path, each.width, each.height, float(_STILL_RATE))
        for number, (path, each) in enumerate(zip(renditions, ends, strict=True))
    )
    outputs = Outputs(record.duration_ms, (), _STILL_RATE, has_audio=False, plain=False, reasons=())
    made = await asyncio.to_thread(make_extras, tools, files, outputs, cover_ms, folder)
    posters = {kind: await shelf.put(path) for kind, path in made.posters.items() if path.is_file()}
    return msgspec.structs.replace(
        record,
        posters=posters,
        poster=posters.get("webp") or posters["jpeg"],
        thumbhash=made.thumbhash,
        preview=await shelf.put(made.preview),
    )
