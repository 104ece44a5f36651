"""SQL of the search room, for the catalogue role: it sees public rows, and no person's.

Every statement is written so that its plan follows from its shape, not from an estimate: one walks an index of
what is best known, the other gathers by the terms' index first and orders what it found.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import NamedTuple, get_args
from uuid import UUID

from reelm.kit.database import Record, UnitOfWork
from reelm.search.schemas import Fashion, Kind, Match, TagCount, Term

_MATCH = "kind, reference, key, language, weight"
_LAST = chr(0x10FFFF)
WALKED = 4000
_RECENT = 20_000


class Wanted(NamedTuple):
    """What things of one kind must have: of each group at least one term. `walk`: the terms are common."""

    kind: Kind
    groups: Sequence[Sequence[str]]
    walk: bool


def _match(row: Record) -> Match:
    return Match(row["kind"], row["reference"], row["key"], row["language"], row["weight"])


class SearchReader:
    """Reads the index of public words."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def list_terms(
        self, kinds: Collection[Kind], words: Sequence[str], signs: Sequence[str], limit: int
    ) -> list[Term]:
        """Return the dictionary's own entries for `words` and `signs`, of any kind of thing.

        And, of `kinds`, the words that begin like one of `words`, the commonest `limit` for each.
        """
        rows = await self._uow.fetch(
            "SELECT t.kind, t.term, t.uses FROM unnest($1::text[]) AS k (kind) CROSS JOIN "
            "unnest($2::text[]) AS q (word) CROSS JOIN LATERAL ("
            "SELECT kind, term, uses FROM search_terms WHERE kind = k.kind AND term ~>=~ q.word "
            "AND term ~<~ (q.word || $4) ORDER BY uses DESC LIMIT $5) AS t UNION "
            "SELECT kind, term, uses FROM search_terms WHERE kind = ANY ($6) AND term = ANY ($2 || $3)",
            list(kinds),
            list(words),
            list(signs),
            _LAST,
            limit,
            list(get_args(Kind)),
        )
        return [Term(row["kind"], row["term"], row["uses"]) for row in rows]

    async def list_resembling(
        self, kinds: Collection[Kind], word: str, spellings: Sequence[str], threshold: float, limit: int
    ) -> list[Term]:
        """Return the dictionary's words that share trigrams with `word`, or are one of `spellings`."""
        await self._uow.execute("SELECT set_config('pg_trgm.similarity_threshold', $1, true)", str(threshold))
        rows = await self._uow.fetch(
            "(SELECT kind, term, uses FROM search_terms WHERE term % $2 AND kind = ANY ($1) "
            "ORDER BY similarity(term, $2) DESC, uses DESC LIMIT $4) UNION "
            "SELECT kind, term, uses FROM search_terms WHERE kind = ANY ($1) AND term = ANY ($3)",
            list(kinds),
            word,
            list(spellings),
            limit,
        )
        return [Term(row["kind"], row["term"], row["uses"]) for row in rows]

    async def list_matches(self, wanted: Sequence[Wanted], limit: int) -> list[Match]:
        """Return, of each kind, the best known things that have the terms; at most `limit` of each."""
        statements: list[str] = []
        arguments: list[object] = [limit]
        for want in wanted:
            conditions = []
            for group in want.groups:
                arguments.append(list(group))
                conditions.append(f"terms && ${len(arguments)}::text[]")
            having = " AND ".join(conditions)
            # The kind is a literal, so that the planner sees which partial index holds it.
            kind = f"kind = '{want.kind}'"
            if want.walk:
                inner = (
                    f"SELECT {_MATCH}, terms FROM search_words WHERE {kind} "
                    f"ORDER BY weight DESC, reference DESC LIMIT {WALKED}"
                )
                statements.append(f"(SELECT {_MATCH} FROM ({inner}) AS known WHERE {having} LIMIT $1)")
            else:
                inner = f"SELECT {_MATCH} FROM search_words WHERE {kind} AND {having} OFFSET 0"
                statements.append(
                    f"(SELECT {_MATCH} FROM ({inner}) AS having_it ORDER BY weight DESC, reference DESC LIMIT $1)"
                )
        rows = await self._uow.fetch(" UNION ALL ".join(statements), *arguments)
        return [_match(row) for row in rows]

    async def count_tags(self, tags: Collection[str]) -> list[TagCount]:
        """Count the public clips that carry each of `tags`; those without any are left out."""
        rows = await self._uow.fetch(
            "SELECT tag, count(*) AS uses FROM clip_tags WHERE tag = ANY ($1) AND published_at IS NOT NULL "
            "GROUP BY tag",
            list(tags),
        )
        return [TagCount(row["tag"], row["uses"]) for row in rows]

    async def fashion(self, now: dt.datetime, since: dt.datetime, limit: int) -> Fashion:
        """Return what is in fashion, best first: what people did with recent clips, halved every two days."""
        rows = await self._uow.fetch(
            "WITH recent AS MATERIALIZED (SELECT id, tags, sound_id, published_at FROM clips "
            "WHERE changed_at >= $2 AND published_at BETWEEN $2 AND $1 AND status = 'ready' "
            "AND audience = 'everyone' ORDER BY changed_at DESC LIMIT $4), "
            "scored AS (SELECT r.id, r.tags, r.sound_id, (1 + ln(1 + k.views + k.finishes + 4 * k.likes "
            "+ 6 * (k.comments + k.reposts + k.shares))) * power(0.5, "
            "extract(epoch FROM $1::timestamptz - r.published_at) / 172800.0) AS score "
            "FROM recent r JOIN clip_counters k ON k.clip_id = r.id) "
            "(SELECT 'clip' AS kind, id::text AS what FROM scored ORDER BY score DESC, id LIMIT $3) UNION ALL "
            "(SELECT 'sound', sound_id::text FROM scored WHERE sound_id IS NOT NULL "
            "GROUP BY sound_id ORDER BY sum(score) DESC, sound_id LIMIT $3) UNION ALL "
            "(SELECT 'tag', tag FROM scored, unnest(tags) AS tag GROUP BY tag "
            "ORDER BY sum(score) DESC, tag LIMIT $3)",
            now,
            since,
            limit,
            _RECENT,
        )
        found: dict[str, list[str]] = {"clip": [], "sound": [], "tag": []}
        for row in rows:
            found[row["kind"]].append(row["what"])
        return Fashion(
            found["tag"], [UUID(what) for what in found["sound"]], [UUID(what) for what in found["clip"]]
        )


class SearchWriter:
    """Keeps the index; for the worker."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def weigh(self, since: dt.datetime | None) -> int:
        """Bring weights up to date with what changed since; return how many moved."""
        moved: int = await self._uow.fetch_value("SELECT reelm.weigh_words($1)", since)
        return moved
