"""Which files of a clip go into an archive, and their bytes: the original where it was kept, else the best rendition.

A clip made with somebody else's sound is finished only as a rendition: its original goes along, but it is the
rendition that another realm makes the clip of.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from reelm.kit.errors import NotFoundError
from reelm.media.service import MediaRecord, MediaStore, PartRow, clip_folder, original_name
from reelm.rights.archive import ClipLine
from reelm.rights.hand import Hand
from reelm.rights.own import raw

Pieces = Callable[[], Iterator[bytes]]
_READ_BYTES = 256 * 1024
_ENDINGS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/mp2t": "ts",
    "video/mpeg": "mpg",
    "video/x-msvideo": "avi",
    "video/avi": "avi",
    "video/3gpp": "3gp",
    "video/x-m4v": "m4v",
}
# Columns that go into the line as they are.
_SAME = (
    *("caption", "tags", "visibility", "allow_comments", "allow_download", "allow_sound_reuse", "label_ai"),
    *(
        "label_paid",
        "language",
        "draft",
        "publish_at",
        "created_at",
        "published_at",
        "keep_original",
        "mentions",
    ),
)


@dataclass(frozen=True)
class ClipPlan:
    """What of a clip goes into the archive: name in the archive → file in the store."""

    row: dict[str, Any]
    line: ClipLine
    files: dict[str, str] = field(default_factory=dict)

    @property
    def data_class(self) -> str:
        shown = self.row["status"] == "ready" and self.row["published_at"] is not None
        return "public" if shown and self.row["audience"] == "everyone" else "private"


class SoundMap:
    """The person's own sounds, by id."""

    def __init__(self, sounds: dict[str, dict[str, Any]]) -> None:
        self._sounds = sounds

    def made_with_clip(self, clip: dict[str, Any]) -> dict[str, Any] | None:
        """Return the sound that the clip itself brought."""
        sound = self._sounds.get(clip["sound_id"] or "")
        return sound if sound and sound["origin_clip_id"] == clip["id"] else None


class ClipCopier:
    """Opens the files of one person's clips. Clips keep their places while their keys are asked for one by one."""

    def __init__(
        self,
        store: MediaStore,
        hand: Hand,
        sounds: SoundMap,
        uploads: dict[str, dict[str, Any]],
        parts: Callable[[str], AsyncIterator[dict[str, Any]]],
        demand_wanted: Callable[[], None],
    ) -> None:
        self._store = store
        self._hand = hand
        self._sounds = sounds
        self._uploads = uploads
        self._parts = parts
        self._demand_wanted = demand_wanted

    async def plan(self, row: dict[str, Any]) -> ClipPlan:
        """Decide about a clip's files from its row and from what is there."""
        self._demand_wanted()
        clip_id = row["id"]
        media = msgspec.convert(row["media"], MediaRecord) if row["media"] else None
        own_sound = self._sounds.made_with_clip(row)
        finished = f"clips/{clip_id}/video.mp4" if media else None
        original = await self._original(row)
        files: dict[str, str] = {}
        if original:
            files[original] = "original"
        borrowed = row["sound_id"] is not None and own_sound is None
        video, edit = (original, row["edit"]) if original else (finished, {})
        if media and finished and (borrowed or not original):
            video, edit = finished, {}
            files[finished] = max(media.renditions, key=lambda each: each.width * each.height).file
        poster = None
        if media:
            poster = f"clips/{clip_id}/poster.{media.poster.rpartition('.')[2]}"
            files[poster] = media.poster
        line = ClipLine(
            id=clip_id,
            video=video,
            poster=poster,
            edit=edit or {},
            # A clip's own sound comes with its ladder: until then there is none to be seen.
            own_sound=own_sound is not None or (row["sound_id"] is None and not row["ladder_complete"]),
            borrowed_sound=borrowed,
            sound_title=own_sound["title"] if own_sound else row["sound_title"],
            **{name: row[name] for name in _SAME},
        )
        return ClipPlan(row, line, files)

    async def _original(self, row: dict[str, Any]) -> str | None:
        upload = self._uploads.get(row["id"])
        kept = await self._store.has(original_name(UUID(row["id"])))
        if not kept and (upload is None or upload["received_bytes"] != upload["size_bytes"]):
            return None
        ending = _ENDINGS.get(upload["declared_type"] if upload else "", "mp4")
        return f"clips/{row['id']}/original.{ending}"

    async def files(self, plan: ClipPlan) -> list[tuple[str, Pieces]]:
        """Return each file's name in the archive, and what yields its bytes. Raises `NotFoundError`."""
        clip_id = UUID(plan.row["id"])
        key = (await self._hand.keys.job_clip_keys(self._hand.ticket, [clip_id])).get(clip_id)
        found = []
        for name, file in plan.files.items():
            if file == "original":
                found.append((name, await self._original_pieces(plan.row, key)))
            else:
                found.append((name, await self._pieces(clip_id, file, key)))
        return found

    async def sound(self, row: dict[str, Any]) -> Pieces | None:
        """Return what yields a sound's bytes; None where they are gone."""
        clip_id = UUID(row["origin_clip_id"])
        key = (await self._hand.keys.job_clip_keys(self._hand.ticket, [clip_id])).get(clip_id)
        try:
            return await self._pieces(clip_id, row["audio"], key)
        except NotFoundError:
            return None

    async def _pieces(self, clip_id: UUID, file: str, key: bytes | None) -> Pieces:
        """A clip's file, from wherever the clip stands now."""
        for folder in (clip_folder(clip_id, sealed=False), f"leaving/{clip_id}"):
            path = self._store.blobs.local_path(f"{folder}/{file}")
            if path is not None:
                return lambda: _clear(path)
        name = f"{clip_folder(clip_id, sealed=True)}/{file}"
        if key is None or not await self._store.has(name):
            raise NotFoundError
        return lambda: self._opened(name, key)

    async def _original_pieces(self, row: dict[str, Any], key: bytes | None) -> Pieces:
        name = original_name(UUID(row["id"]))
        if key is not None and await self._store.has(name):
            return lambda: self._opened(name, key)
        upload = self._uploads.get(row["id"])
        if upload is None:
            raise NotFoundError
        released = await self._hand.released((UUID(upload["id"]), raw(upload["wrapped_key"])))
        upload_key = released.upload_key
        if upload_key is None:
            raise NotFoundError
        parts = []
        async for part in self._parts(upload["id"]):
            if part["upload_id"] != upload["id"]:
                break
            parts.append(PartRow(part["number"], part["name"], part["size_bytes"]))
        return lambda: (piece for part in parts for piece in self._opened(part.name, upload_key))

    def _opened(self, name: str, key: bytes) -> Iterator[bytes]:
        with self._store.reader(name, key) as reader:
            yield from reader.iterate()


def _clear(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            yield piece
