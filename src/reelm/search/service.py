"""Decisions about search: what is looked through, in which order it is shown, what completes a word.

Matching sees the public words for nobody in particular; what a visitor is answered is read with their rights.

The only file of this room that others import.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from reelm.accounts.service import AccountsService, PersonCard, Visitor
from reelm.clips.service import ClipsService
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.pages import Page, decode_cursor, encode_cursor
from reelm.kit.words import tag_key
from reelm.search.fashion import FashionDesk
from reelm.search.matching import Ranked, find
from reelm.search.schemas import (
    Kind,
    RankCursor,
    SearchResults,
    SearchType,
    Suggestion,
    SuggestionKind,
    Suggestions,
    TagCount,
    Trending,
)
from reelm.social.service import SocialService
from reelm.sounds.service import SoundsService

__all__ = ["SearchResults", "SearchService", "TagCount", "Trending"]

_KINDS: dict[SearchType, tuple[Kind, ...]] = {
    "all": ("person", "clip", "sound", "tag"),
    "people": ("person",),
    "clips": ("clip",),
    "sounds": ("sound",),
    "tags": ("tag",),
}
_SUGGESTED = 8
_WEIGHED_SUGGESTIONS = 24
_TRENDING = 12
_FRIEND_FIRST = 6.0
_FOLLOWED_FIRST = 4.0

T = TypeVar("T")
Reading = Callable[[Sequence[str]], Awaitable[dict[str, T]]]


class SearchService:
    """Finding things. `catalog` is the role that sees public rows and no person's."""

    def __init__(
        self,
        accounts: AccountsService,
        social: SocialService,
        sounds: SoundsService,
        clips: ClipsService,
        catalog: Database,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._social = social
        self._sounds = sounds
        self._clips = clips
        self._catalog = catalog
        self._fashion = FashionDesk(catalog, clock)

    # --- searching --------------------------------------------------------------------------------------

    async def search(
        self,
        uow: UnitOfWork,
        guest: Visitor | None,
        typed: str,
        what: SearchType,
        language: str,
        limit: int,
        cursor: str | None,
    ) -> SearchResults:
        """Return a page of each kind asked for, best match first. `cursor` goes on with a single kind."""
        after = decode_cursor(cursor, RankCursor) if what != "all" else None
        found = await self._find(_KINDS[what], typed, language)

        async def people(references: Sequence[str]) -> dict[str, PersonCard]:
            ids = [UUID(reference) for reference in references]
            return {str(key): card for key, card in (await self._accounts.cards(uow, ids)).items()}

        async def clips(references: Sequence[str]) -> dict[str, object]:
            shown = await self._clips.hydrate(uow, guest, [UUID(reference) for reference in references])
            return {str(clip.id): clip for clip in shown}

        async def sounds(references: Sequence[str]) -> dict[str, object]:
            shown = await self._sounds.list_by_ids(uow, guest, [UUID(reference) for reference in references])
            return {str(sound.id): sound for sound in shown}

        async def tags(references: Sequence[str]) -> dict[str, TagCount]:
            return {count.tag: count for count in await self._fashion.count_tags(list(references))}

        return SearchResults(
            people=await _page(found["person"], after, limit, people),
            clips=await _page(found["clip"], after, limit, clips),  # type: ignore[arg-type]
            sounds=await _page(found["sound"], after, limit, sounds),  # type: ignore[arg-type]
            tags=await _page(found["tag"], after, limit, tags),
        )

    async def _find(self, kinds: Sequence[Kind], typed: str, language: str) -> dict[Kind, Ranked]:
        everything: dict[Kind, Ranked] = {"person": [], "clip": [], "sound": [], "tag": []}
        async with self._catalog.transaction() as words:
            everything.update(await find(words, kinds, typed, language))
        return everything

    # --- completing -------------------------------------------------------------------------------------

    async def suggest(
        self, uow: UnitOfWork, guest: Visitor | None, typed: str, kind: SuggestionKind | None
    ) -> Suggestions:
        """Complete a mention, a tag, or (without a kind) what is typed into the search box.

        With nothing typed yet: whom the visitor follows, and the tags in fashion.
        """
        typed = typed.strip().lstrip("@#")
        if kind == "person":
            return Suggestions(await self._suggest_people(uow, guest, typed, ""))
        if kind == "tag":
            return Suggestions(await self._suggest_tags(typed, ""))
        half = _SUGGESTED // 2
        tags = await self._suggest_tags(typed, "#")
        people = await self._suggest_people(uow, guest, typed, "@") if typed else []
        kept = max(half, _SUGGESTED - len(people))
        return Suggestions([*tags[:kept], *people][:_SUGGESTED])

    async def _suggest_people(
        self, uow: UnitOfWork, guest: Visitor | None, typed: str, sign: str
    ) -> list[Suggestion]:
        if not typed:
            cards = (await self._social.list_following(uow, guest, _SUGGESTED, None)).items if guest else []
            return [Suggestion(sign + card.handle, card.display_name) for card in cards]
        found = (await self._find(("person",), typed, ""))["person"][:_WEIGHED_SUGGESTIONS]
        ids = [UUID(match.reference) for _, match in found]
        cards_by_id = await self._accounts.cards(uow, ids)
        ties = await self._social.ties(uow, guest, ids) if guest else {}

        def order(pair: tuple[float, UUID]) -> float:
            tie = ties.get(pair[1])
            nearness = 0.0
            if tie is not None:
                nearness = (
                    _FRIEND_FIRST if tie.friend else _FOLLOWED_FIRST if tie.follow == "following" else 0.0
                )
            return -pair[0] - nearness

        ranked = sorted(zip((points for points, _ in found), ids, strict=True), key=order)
        known = [cards_by_id[person_id] for _, person_id in ranked if person_id in cards_by_id]
        return [Suggestion(sign + card.handle, card.display_name) for card in known[:_SUGGESTED]]

    async def _suggest_tags(self, typed: str, sign: str) -> list[Suggestion]:
        if typed:
            found = (await self._find(("tag",), typed, ""))["tag"][:_SUGGESTED]
            tags = [match.reference for _, match in found]
        else:
            tags = (await self._fashion.get()).tags[:_SUGGESTED]
        return [Suggestion(sign + tag, f"#{tag}") for tag in tags]

    # --- fashion ----------------------------------------------------------------------------------------

    async def trending(self, uow: UnitOfWork, guest: Visitor | None) -> Trending:
        """Return what is in fashion, as far as the visitor may see it."""
        fashion = await self._fashion.get()
        return Trending(
            tags=(await self._fashion.count_tags(fashion.tags[:_TRENDING])),
            sounds=(await self._sounds.list_by_ids(uow, guest, fashion.sounds[: 2 * _TRENDING]))[:_TRENDING],
            clips=(await self._clips.hydrate(uow, guest, fashion.clips[: 2 * _TRENDING]))[:_TRENDING],
        )

    async def tag(self, tag: str) -> TagCount:
        """Return a tag's page; a tag that nobody has used yet has a page, too."""
        key = tag_key(tag.removeprefix("#"))
        counted = await self._fashion.count_tags([key])
        return counted[0] if counted else TagCount(key, 0)


async def _page(found: Ranked, after: RankCursor | None, limit: int, read: Reading[T]) -> Page[T]:
    """Return the first `limit` of what is ranked after `after` and exists for the visitor."""
    rest = [
        (points, match.reference)
        for points, match in found
        if after is None or (points, match.reference) < (after.score, after.reference)
    ]
    items: list[T] = []
    while rest and len(items) < limit:
        chunk, rest = rest[: limit - len(items)], rest[limit - len(items) :]
        read_items = await read([reference for _, reference in chunk])
        items.extend(read_items[reference] for _, reference in chunk if reference in read_items)
        after = RankCursor(*chunk[-1])
    return Page(items, encode_cursor(after) if rest and after else None)
