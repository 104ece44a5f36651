"""Plans: whatever is typed, a search reads a bounded part of a large index."""

import itertools
import json
import random

import pytest

from reelm.search.matching import find
from reelm.search.repository import WALKED

CLIPS = 30_000


class Explaining:
    """A unit of work that explains each statement before it runs it."""

    def __init__(self, connection):
        self._connection = connection
        self.nodes = []

    async def fetch(self, query, *arguments):
        if query.lstrip("( ").startswith("SELECT"):
            text = await self._connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *arguments)
            self._gather(json.loads(text)[0]["Plan"])
        return await self._connection.fetch(query, *arguments)

    async def execute(self, query, *arguments):
        await self._connection.execute(query, *arguments)

    def _gather(self, node):
        self.nodes.append(node)
        for inner in node.get("Plans", ()):
            self._gather(inner)


@pytest.fixture
async def large(admin):
    """Thirty thousand clips' words, for this test alone."""
    chance = random.Random(20)
    words = [
        "".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))
        for _ in range(4000)
    ]
    common = list(itertools.accumulate(1 / (n + 3) for n in range(len(words))))
    rows = []
    for number in range(CLIPS):
        terms = sorted(set(chance.choices(words, cum_weights=common, k=6)))
        rows.append(("clip", f"plan-{number:06}", " ".join(terms), terms, "en", chance.randint(0, 40)))
    transaction = admin.transaction()
    await transaction.start()
    await admin.copy_records_to_table(
        "search_words", records=rows, columns=["kind", "reference", "key", "terms", "language", "weight"]
    )
    await admin.execute("ANALYZE search_words")
    await admin.execute("ANALYZE search_terms")
    await admin.execute("SET LOCAL ROLE reelm_catalog")
    yield words
    await transaction.rollback()


async def test_no_search_reads_the_whole_index(admin, large):
    words = large
    commonest, common, rare = words[0], words[40], words[3999]
    mistyped = words[60][:2] + words[60][3] + words[60][2] + words[60][4:]
    for typed in (
        commonest,
        f"{commonest} {words[1]}",
        common,
        f"{common} {words[41]}",
        rare,
        rare[:2],
        commonest[0],
        mistyped,
        f"{commonest} {rare}",
        "zzzzzz",
        "海边",
    ):
        explaining = Explaining(admin)
        found = await find(explaining, ("person", "clip", "sound", "tag"), typed, "en")
        # The dictionary is small enough here that reading it whole can be the best plan.
        scans = [node for node in explaining.nodes if node.get("Relation Name") == "search_words"]
        assert all(node["Node Type"] != "Seq Scan" for node in scans), typed
        read = [node["Actual Rows"] * node["Actual Loops"] for node in scans]
        assert max(read, default=0) <= max(WALKED, CLIPS // 6), (typed, read)
        if typed in {commonest, common, rare}:
            assert all(typed in match.key.split() for _, match in found["clip"][:5])
