"""Matching: from what was typed to things that have those words, in the catalogue's eyes.

Steps, each only while too little was found: (1) things with exactly the words; (2) with words that begin so;
(3) with words that were probably meant; (4) with some of the words only. A run of Chinese, Japanese or Korean is
matched by its pairs of characters. Costs stay flat as the realm grows, because the dictionary of words is small
beside the things that have them.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import get_args

from reelm.kit.database import UnitOfWork
from reelm.kit.words import fold, runs
from reelm.search.ranking import Part, score
from reelm.search.repository import SearchReader, Wanted
from reelm.search.schemas import Kind, Match, Term
from reelm.search.typos import allowed, near_spellings, resemblance

CANDIDATES = 120
ENOUGH = 20
_PARTS = 8
_PAIRS = 16
_BEGINNINGS = 24
_RESEMBLING = 40
_BEGINNING_LIKELY = 0.75
COMMON = 2500
_KNOWN = 3

Ranked = list[tuple[float, Match]]


async def find(uow: UnitOfWork, kinds: Sequence[Kind], typed: str, language: str) -> dict[Kind, Ranked]:
    """Return what matches `typed`, by kind, best first. What a handle joins with `_` may be two words elsewhere."""
    query = fold(typed)
    found = await _ranked(uow, kinds, query, language)
    apart = " ".join(query.replace("_", " ").split())
    if apart != query and not any(found.values()):
        found = await _ranked(uow, kinds, apart, language)
    return found


async def _ranked(uow: UnitOfWork, kinds: Sequence[Kind], query: str, language: str) -> dict[Kind, Ranked]:
    cut = runs(query)[:_PARTS]
    found: dict[Kind, Ranked] = {kind: [] for kind in kinds}
    if cut:
        search = _Search(SearchReader(uow), query, cut, kinds)
        await search.run()
        for kind in kinds:
            ranked = [(search.score(match, language), match) for match in search.matches[kind].values()]
            # Things made later have later references, so that of two alike the newer comes first.
            found[kind] = sorted(ranked, key=lambda pair: (pair[0], pair[1].reference), reverse=True)
    return found


class _Search:
    """One search on its way through the steps."""

    def __init__(
        self, reader: SearchReader, query: str, cut: list[tuple[str, bool]], kinds: Sequence[Kind]
    ) -> None:
        self._reader = reader
        self._query = query
        self._kinds = kinds
        self._words = [text for text, ideographic in cut if not ideographic]
        self._parts = {kind: [Part(text, signs, {}) for text, signs in cut] for kind in kinds}
        self._uses: dict[tuple[Kind, str], int] = defaultdict(int)
        self.matches: dict[Kind, dict[str, Match]] = {kind: {} for kind in kinds}

    def score(self, match: Match, language: str) -> float:
        return score(match, self._parts[match.kind], self._query, language)

    async def run(self) -> None:
        await self._look_up_words()
        await self._gather(self._kinds, exact=True)
        lacking = self._lacking(CANDIDATES // 2)
        if self._words and lacking:
            await self._gather(lacking, exact=False)
        lacking = self._lacking(ENOUGH)
        if self._words and lacking and await self._guess(lacking):
            await self._gather(lacking, exact=False)
        lacking = self._lacking(1)
        if lacking:
            await self._gather_some(lacking)

    def _lacking(self, enough: int) -> list[Kind]:
        return [kind for kind in self._kinds if len(self.matches[kind]) < enough]

    # --- the dictionary ---------------------------------------------------------------------------------

    async def _look_up_words(self) -> None:
        """Learn which words begin like each typed one, and how common all of them are."""
        asked = list(dict.fromkeys(self._words))
        signs = {
            sign for part in self._parts[self._kinds[0]] if part.ideographic for sign in _signs(part.text)
        }
        for term in await self._reader.list_terms(self._kinds, asked, sorted(signs), _BEGINNINGS):
            self._learn(term)
            for part in self._parts.get(term.kind, ()):
                if part.ideographic or not term.term.startswith(part.text):
                    continue
                part.meanings[term.term] = 1.0 if term.term == part.text else _BEGINNING_LIKELY

    async def _guess(self, kinds: Sequence[Kind]) -> bool:
        """Add what mistyped words were probably meant as; say whether there was anything to add."""
        guessed = False
        for word in dict.fromkeys(self._words):
            # A word that people use is not mistyped, however few things of this kind have it.
            if not allowed(word) or sum(self._uses[kind, word] for kind in get_args(Kind)) >= _KNOWN:
                continue
            # One changed letter leaves at least so much of the word's trigrams.
            threshold = 0.25 if len(word) < 5 else 0.3 if len(word) < 6 else 0.35
            terms = await self._reader.list_resembling(
                kinds, word, near_spellings(word)[:60], threshold, _RESEMBLING
            )
            for term in terms:
                self._learn(term)
                likely = round(resemblance(word, term.term), 3)
                for part in self._parts[term.kind]:
                    if likely and part.text == word and term.term not in part.meanings:
                        part.meanings[term.term] = likely
                        guessed = True
        return guessed

    def _learn(self, term: Term) -> None:
        self._uses[term.kind, term.term] = term.uses

    # --- the things -------------------------------------------------------------------------------------

    def _groups(self, kind: Kind, *, exact: bool) -> list[list[str]] | None:
        """Return what a thing must have, a group of alternatives each; None when nothing can have it."""
        groups: list[list[str]] = []
        for part in self._parts[kind]:
            if part.ideographic:
                groups.extend([sign] for sign in _signs(part.text))
            else:
                groups.append([term for term, likely in part.meanings.items() if likely == 1.0 or not exact])
        groups = [[term for term in group if self._uses[kind, term]] for group in groups]
        return groups[:_PAIRS] if all(groups) else None

    async def _gather(self, kinds: Sequence[Kind], *, exact: bool) -> None:
        """Take in what has a term of every group. Where all of them are common, first among what is known best."""
        wanted = []
        for kind in kinds:
            groups = self._groups(kind, exact=exact)
            if groups:
                rarest = min(sum(self._uses[kind, term] for term in group) for group in groups)
                wanted.append(Wanted(kind, groups, walk=rarest > COMMON))
        await self._take(wanted)
        again = [
            want._replace(walk=False)
            for want in wanted
            if want.walk and len(self.matches[want.kind]) < CANDIDATES // 2
        ]
        await self._take(again)

    async def _gather_some(self, kinds: Sequence[Kind]) -> None:
        """Take in what has at least one of the terms, where nothing has all of them."""
        wanted = []
        for kind in kinds:
            terms = {
                term
                for part in self._parts[kind]
                for term in (_signs(part.text) if part.ideographic else part.meanings)
                if self._uses[kind, term]
            }
            if terms:
                common = sum(self._uses[kind, term] for term in terms) > COMMON
                wanted.append(Wanted(kind, [sorted(terms)], walk=common))
        await self._take(wanted)

    async def _take(self, wanted: list[Wanted]) -> None:
        if not wanted:
            return
        for match in await self._reader.list_matches(wanted, CANDIDATES):
            self.matches[match.kind][match.reference] = match


def _signs(run: str) -> list[str]:
    """Return the terms of a run of ideographs: its pairs, or the one sign it is."""
    return list(dict.fromkeys(run[i : i + 2] for i in range(len(run) - 1))) or [run]
