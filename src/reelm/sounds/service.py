"""Decisions about sounds: who sees them, who may reuse them, which are in fashion.

The only file of this room that others import.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from reelm.accounts.service import AccountsService, PersonCard, Visitor
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.kit.words import bigrams, fold
from reelm.media.service import Addresses, MediaService
from reelm.sounds.errors import SoundNotReusableError
from reelm.sounds.repository import FoundCursor, SoundRow, SoundsReader, SoundsWriter, UsedCursor, WordsReader
from reelm.sounds.schemas import NewSound, Sound, SoundCard, SoundSource

__all__ = [
    "NewSound",
    "Sound",
    "SoundCard",
    "SoundKeeper",
    "SoundNotReusableError",
    "SoundSource",
    "SoundsService",
]


class SoundsService:
    """Sounds, as the web process needs them. `catalog` is the role that sees public words and no person's rows."""

    def __init__(self, accounts: AccountsService, media: MediaService, catalog: Database) -> None:
        self._accounts = accounts
        self._media = media
        self._catalog = catalog

    async def get(self, uow: UnitOfWork, guest: Visitor | None, sound_id: UUID) -> Sound:
        """Return a sound's page. Raises `NotFoundError`."""
        found = await self.list_by_ids(uow, guest, [sound_id])
        if not found:
            raise NotFoundError
        return found[0]

    async def list_by_ids(self, uow: UnitOfWork, guest: Visitor | None, ids: Sequence[UUID]) -> list[Sound]:
        """Return those of `ids` that the viewer may know of, in that order."""
        if not ids:
            return []
        rows = await SoundsReader(uow).list_by_ids(ids)
        return await self._shown(uow, guest, [rows[sound_id] for sound_id in ids if sound_id in rows])

    async def cards(
        self, uow: UnitOfWork, addresses: Addresses, ids: Collection[UUID]
    ) -> dict[UUID, SoundCard]:
        """Return the cards of those of `ids` that the viewer of `addresses` may know of.

        Without a viewer the cards are for everyone, whoever the transaction reads for: a sealed sound has none.
        """
        if not ids:
            return {}
        found = await SoundsReader(uow).list_by_ids(set(ids))
        rows = {key: row for key, row in found.items() if addresses.signed_in or not row.sealed}
        people = await self._accounts.cards(uow, {row.author_id for row in rows.values()})
        return {
            sound_id: SoundCard(
                sound_id, row.title, people.get(row.author_id), row.duration_ms, _cover(row, addresses)
            )
            for sound_id, row in rows.items()
        }

    async def pick(
        self, uow: UnitOfWork, guest: Visitor | None, q: str, limit: int, cursor: str | None
    ) -> Page[Sound]:
        """Page through sounds that may be reused: those in fashion, or those that `q` finds."""
        key = fold(q)
        if not key:
            after = decode_cursor(cursor, UsedCursor)
            rows = await SoundsReader(uow).list_used(after, limit + 1)
            last = rows[limit - 1] if len(rows) > limit else None
            more = encode_cursor(UsedCursor(last.uses, last.id)) if last else None
            return Page(await self._shown(uow, guest, rows[:limit]), more)
        skip = (decode_cursor(cursor, FoundCursor) or FoundCursor(0)).skip
        async with self._catalog.transaction() as words:
            terms = sorted({*key.split(" "), *bigrams(key)})
            found = await WordsReader(words).list_sounds(key, terms, skip, limit + 1)
        sounds = [sound for sound in await self.list_by_ids(uow, guest, found[:limit]) if sound.reusable]
        return Page(sounds, encode_cursor(FoundCursor(skip + limit)) if len(found) > limit else None)

    async def source(self, uow: UnitOfWork, visitor: Visitor, sound_id: UUID) -> SoundSource:
        """Return where a sound's bytes lie for a clip of the visitor's.

        Raises `NotFoundError`, or `SoundNotReusableError` when the sound is kept or not public. One's own may
        always be used again.
        """
        row = (await SoundsReader(uow).list_by_ids([sound_id])).get(sound_id)
        if row is None:
            raise NotFoundError(fields={"sound_id": "not_found"})
        if row.author_id != visitor.person_id and (not row.reusable or row.sealed):
            raise SoundNotReusableError(fields={"sound_id": "not_reusable"})
        return SoundSource(row.id, row.origin_clip_id, row.audio, row.sealed)

    async def set_reusable(self, uow: UnitOfWork, clip_id: UUID, *, reusable: bool) -> None:
        """Let others use the sound of the visitor's clip, or keep it."""
        await SoundsWriter(uow).set_reusable(clip_id, reusable=reusable)

    async def _shown(self, uow: UnitOfWork, guest: Visitor | None, rows: Sequence[SoundRow]) -> list[Sound]:
        addresses = self._media.addresses(guest)
        people = await self._accounts.cards(uow, {row.author_id for row in rows})
        return [_sound(row, people.get(row.author_id), addresses) for row in rows]


class SoundKeeper:
    """Sounds, as the worker needs them: made with their clip, moved with it."""

    async def source(self, uow: UnitOfWork, person_id: UUID, sound_id: UUID) -> SoundSource | None:
        """Return where a sound's bytes lie; None when it is gone or may not be used any more."""
        row = (await SoundsReader(uow).list_by_ids([sound_id])).get(sound_id)
        if row is None or (row.author_id != person_id and (not row.reusable or row.sealed)):
            return None
        return SoundSource(row.id, row.origin_clip_id, row.audio, row.sealed)

    async def put(self, uow: UnitOfWork, new: NewSound, fresh_id: UUID) -> UUID:
        """Make the sound of a clip, or bring it up to date; return its id."""
        writer = SoundsWriter(uow)
        known = await writer.find_of_clip(new.clip_id)
        sound_id = known.id if known else fresh_id
        await writer.put(sound_id, new)
        return sound_id

    async def place(
        self, uow: UnitOfWork, clip_id: UUID, cover: str | None, *, sealed: bool, language: str
    ) -> None:
        """The clip's files lie elsewhere now; where that is public, the sound can be found."""
        writer = SoundsWriter(uow)
        await writer.set_place(clip_id, cover, sealed=sealed)
        row = await writer.find_of_clip(clip_id)
        if row is not None and not sealed:
            key = fold(row.title)
            await writer.put_words(row.id, key, bigrams(key), language)


def _cover(row: SoundRow, addresses: Addresses) -> str | None:
    return addresses.of(row.origin_clip_id, row.cover, sealed=row.sealed) if row.cover else None


def _sound(row: SoundRow, author: PersonCard | None, addresses: Addresses) -> Sound:
    return Sound(
        id=row.id,
        title=row.title,
        author=author,
        duration_ms=row.duration_ms,
        cover_url=_cover(row, addresses),
        audio_url=addresses.of(row.origin_clip_id, row.audio, sealed=row.sealed),
        waveform=list(row.waveform),
        uses=row.uses,
        origin_clip_id=row.origin_clip_id,
        reusable=row.reusable,
    )
