"""SQL of sounds. A sound exists for whoever can see its first clip."""

from collections.abc import Collection
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta

from reelm.kit.database import Record, UnitOfWork
from reelm.sounds.schemas import NewSound


class SoundRow(NamedTuple):
    """A sound's row."""

    id: UUID
    author_id: UUID
    origin_clip_id: UUID
    title: str
    duration_ms: int
    audio: str
    waveform: bytes
    reusable: bool
    cover: str | None
    sealed: bool
    uses: int


class UsedCursor(NamedTuple):
    """Where a page of sounds in fashion ended."""

    uses: Annotated[int, Meta(ge=0, le=2**62)]
    id: UUID


class FoundCursor(NamedTuple):
    """How many of the sounds that were found have been shown."""

    skip: Annotated[int, Meta(ge=0, le=10_000)]


_SOUND = ", ".join(SoundRow._fields)


def _sound(row: Record) -> SoundRow:
    return SoundRow(*row.values())


class SoundsReader:
    """Reads sounds."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_by_ids(self, ids: Collection[UUID]) -> dict[UUID, SoundRow]:
        rows = await self._uow.fetch(f"SELECT {_SOUND} FROM sounds WHERE id = ANY ($1)", list(ids))
        return {row["id"]: _sound(row) for row in rows}

    async def find_of_clip(self, clip_id: UUID) -> SoundRow | None:
        row = await self._uow.fetch_row(f"SELECT {_SOUND} FROM sounds WHERE origin_clip_id = $1", clip_id)
        return _sound(row) if row else None

    async def list_used(self, after: UsedCursor | None, limit: int) -> list[SoundRow]:
        """Page through what may be reused, the most used first."""
        uses, last = after or (None, None)
        rows = await self._uow.fetch(
            f"SELECT {_SOUND} FROM sounds WHERE reusable AND NOT sealed "
            "AND ($1::bigint IS NULL OR (uses, id) < ($1, $2::uuid)) ORDER BY uses DESC, id DESC LIMIT $3",
            uses,
            last,
            limit,
        )
        return [_sound(row) for row in rows]


class WordsReader:
    """Reads the index of public words, as the role that sees nothing else."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_sounds(self, key: str, terms: list[str], skip: int, limit: int) -> list[UUID]:
        """Return sounds whose words hold all of `terms`, or begin like the last of them; best known first."""
        rows = await self._uow.fetch(
            "SELECT reference FROM search_words WHERE kind = 'sound' AND (terms @> $1 "
            "OR starts_with(key, $2) OR position(' ' || $2 IN key) > 0) "
            "ORDER BY weight DESC, reference DESC OFFSET $3 LIMIT $4",
            terms,
            key,
            skip,
            limit,
        )
        return [UUID(row["reference"]) for row in rows]


class SoundsWriter(SoundsReader):
    """Writes sounds."""

    async def put(self, sound_id: UUID, new: NewSound) -> None:
        """Add a clip's sound, or bring it up to date; its id and its uses stay."""
        await self._uow.execute(
            "INSERT INTO sounds (id, author_id, origin_clip_id, title, duration_ms, audio, waveform, reusable, "
            "cover, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET "
            "title = excluded.title, duration_ms = excluded.duration_ms, audio = excluded.audio, "
            "waveform = excluded.waveform, reusable = excluded.reusable, cover = excluded.cover, "
            "sealed = excluded.sealed",
            sound_id,
            new.author_id,
            new.clip_id,
            new.title,
            new.duration_ms,
            new.file,
            new.waveform,
            new.reusable,
            new.cover,
            new.sealed,
        )

    async def set_reusable(self, clip_id: UUID, *, reusable: bool) -> None:
        await self._uow.execute(
            "UPDATE sounds SET reusable = $2 WHERE origin_clip_id = $1", clip_id, reusable
        )

    async def set_place(self, clip_id: UUID, cover: str | None, *, sealed: bool) -> None:
        """Say where the sound's files lie now."""
        await self._uow.execute(
            "UPDATE sounds SET sealed = $2, cover = coalesce($3, cover) WHERE origin_clip_id = $1",
            clip_id,
            sealed,
            cover,
        )

    async def put_words(self, sound_id: UUID, key: str, bigrams: list[str], language: str) -> None:
        await self._uow.execute(
            "SELECT reelm.put_words('sound', $1, $2, $3, $4)", str(sound_id), key, bigrams, language
        )
