"""The shared catalog: columns, tables, chains, lists, growth; what one process writes, another reads."""

import os
import random
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.catalogs import database_row, made, new_row, opened

from reelm.feed.catalog import CATALOG, COUNTERS, KINDS, Catalog
from reelm.feed.catalog.layout import AT_LOCK, AT_SUPERSEDED, CatalogFileError, Mapping
from reelm.feed.catalog.reader import NO_GENERATION
from reelm.feed.catalog.store import AnotherWriterError, NewRow, Store
from reelm.feed.keys import key_of_id, key_of_text


class Told:
    """The same catalog as plain lists and dicts, to hold the real one against."""

    def __init__(self) -> None:
        self.rows: list[NewRow] = []
        self.dead: set[int] = set()
        self.values: dict[tuple[str, int], int] = {}

    def living(self) -> list[int]:
        return [row for row in range(len(self.rows)) if row not in self.dead]

    def check(self, catalog: Catalog) -> None:
        assert catalog.size == len(self.rows)
        living = set(self.living())
        assert catalog.column("alive").tolist() == [int(row in living) for row in range(len(self.rows))]
        chains: dict[tuple[str, int], list[int]] = defaultdict(list)
        for row in sorted(living, reverse=True):
            one = self.rows[row].identity
            assert catalog.row(UUID(bytes=one.id)) == row
            assert catalog.id_of(row) == UUID(bytes=one.id)
            assert catalog.author_id(row) == UUID(bytes=one.author_id)
            assert catalog.column("author")[row] == one.author == key_of_id(UUID(bytes=one.author_id))
            assert [tag for tag in catalog.tags[row].tolist() if tag] == list(one.tags)
            for number, name in enumerate(COUNTERS):
                assert catalog.column(name)[row] == self.values.get(
                    (name, row), self.rows[row].counters[number]
                )
            chains["author", one.author].append(row)
            chains["sound", one.sound].append(row)
            for tag in one.tags:
                chains["tag", tag].append(row)
        for (kind, key), rows in chains.items():
            assert catalog.newest_of(kind, key, 10_000).tolist() == (rows if key else [])  # type: ignore[arg-type]
            assert catalog.newest_of(kind, key, 2).tolist() == (rows[:2] if key else [])  # type: ignore[arg-type]
        for row in self.dead:
            assert catalog.row(UUID(bytes=self.rows[row].identity.id)) == -1
            assert catalog.id_of(row) == UUID(int=0) == catalog.author_id(row)
            assert not catalog.tags[row].any()
            assert catalog.column("author")[row] == catalog.column("sound")[row] == 0
        for kind in KINDS:
            known = {key for kind_of_chain, key in chains if kind_of_chain == kind}
            for key in set(range(1, 25)) - known:
                assert not len(catalog.newest_of(kind, key, 5))


@given(seed=st.integers(0, 2**32), steps=st.lists(st.integers(0, 9), min_size=1, max_size=25))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_and_goes_all_agree(tmp_path_factory, seed, steps):
    chance, told = random.Random(seed), Told()
    with opened(tmp_path_factory.mktemp("catalog")) as (store, catalog):
        for step in steps:
            living = told.living()
            if step < 4 or not living:
                new = [new_row(chance) for _ in range(chance.randrange(1, 90))]
                told.rows += new
                store.change(1, new)
            elif step < 7:
                gone = chance.sample(living, chance.randrange(1, len(living) + 1))
                told.dead.update(gone)
                store.change(1, buried=gone)
            else:
                rows = chance.sample(living, chance.randrange(1, len(living) + 1))
                values = [chance.randrange(10**12) for _ in rows]
                name = chance.choice(COUNTERS)
                told.values.update({(name, row): value for row, value in zip(rows, values, strict=True)})
                store.change(1, sets={name: (rows, values)})
            told.check(catalog)
        told.check(Catalog(catalog._folder))


def test_a_reader_goes_over_to_a_larger_file_by_itself(tmp_path):
    chance, told = random.Random(1), Told()
    with opened(tmp_path) as (store, catalog):
        store.change(1, [new_row(chance)])
        told.rows.append(new_row(random.Random(1)))
        before = catalog.column("views")
        generation, capacity = catalog.generation, store.mapping.capacity
        for _ in range(10):
            new = [new_row(chance) for _ in range(200)]
            told.rows += new
            store.change(1, new)
        assert store.mapping.capacity > capacity
        told.rows[0] = NewRow(told.rows[0].identity, 0, 0, 0, told.rows[0].counters)
        told.check(catalog)
        assert catalog.generation == generation
        assert len(before) == 1, "what was read stays what it was"
        assert [path.suffix for path in (tmp_path / CATALOG).glob("*.rows")] == [".rows"]


def test_many_keys_alone_make_it_grow(tmp_path):
    chance = random.Random(5)
    with opened(tmp_path) as (store, catalog):
        capacity, slots = store.mapping.capacity, store.mapping.key_slots
        new = [
            new_row(
                chance,
                author_id=chance.randbytes(16),
                sound=n + 1,
                tags=tuple(chance.sample(range(2**60), 8)),
            )
            for n in range(900)
        ]
        for start in range(0, 900, 100):
            store.change(1, new[start : start + 100])
        assert (store.mapping.capacity, store.mapping.key_slots > slots) == (capacity, True)
        for row in (0, 450, 899):
            assert all(catalog.newest_of("tag", tag, 9).tolist() == [row] for tag in new[row].identity.tags)


def test_a_clip_that_comes_again_has_another_row(tmp_path):
    chance = random.Random(2)
    first = new_row(chance, tags=(7,))
    again = new_row(chance, id=first.identity.id, author_id=first.identity.author_id, tags=(8,))
    with opened(tmp_path) as (store, catalog):
        store.change(1, [first])
        store.change(2, [again], buried=[0])
        assert catalog.row(UUID(bytes=first.identity.id)) == 1
        assert catalog.newest_of("tag", 7, 5).tolist() == []
        assert catalog.newest_of("tag", 8, 5).tolist() == [1]
        assert catalog.newest_of("author", first.identity.author, 5).tolist() == [1]


def test_without_an_indexer_it_is_empty_and_fills_when_there_is_one(tmp_path):
    catalog = Catalog(tmp_path / CATALOG)
    assert catalog.begin() == (NO_GENERATION, 0, 0)
    assert catalog.unchanged(catalog.begin())
    assert (catalog.size, catalog.seq, catalog.listed_at) == (0, 0, 0)
    assert catalog.row(UUID(int=1)) == -1
    assert not len(catalog.column("views")) + len(catalog.ids) + len(catalog.tags) + len(catalog.list("top"))
    assert not len(catalog.newest_of("author", 1, 5))
    with Store(tmp_path) as store:
        store.change(1, [new_row(random.Random(3))])
        assert (catalog.size, catalog.seq) == (1, 1)
    assert catalog.size == 1, "what is there stays, without the one who wrote it"


def test_nobody_writes_beside_another(tmp_path):
    with Store(tmp_path), pytest.raises(AnotherWriterError), Store(tmp_path):
        pass


def test_readers_cannot_write(tmp_path):
    with opened(tmp_path) as (store, catalog):
        store.change(1, [new_row(random.Random(3))])
        for column in (catalog.column("alive"), catalog.ids, catalog.tags):
            with pytest.raises(ValueError, match="read-only"):
                column[0] = 0


def test_who_reads_while_a_frame_comes_in_hears_of_it(tmp_path):
    with opened(tmp_path) as (store, catalog):
        store.change(1, [new_row(random.Random(3))])
        mark = catalog.begin()
        assert catalog.unchanged(mark)
        store.change(2, sets={"views": ([0], [9])})
        assert not catalog.unchanged(mark)
        assert catalog.begin().seq == 2
        store.mapping.header[AT_LOCK] |= 1
        half = catalog.begin()
        store.mapping.header[AT_LOCK] += 1
        assert not catalog.unchanged(half), "it was read in the middle of a frame"


def test_a_new_generation_takes_over_from_the_one_that_readers_have(tmp_path):
    with opened(tmp_path) as (store, catalog):
        store.change(1, [new_row(random.Random(3))])
        first, mark = catalog.generation, catalog.begin()
        deltas = next(store.folder.glob("*.deltas"))
    deltas.write_bytes(deltas.read_bytes()[:-1] + b"x")
    with Store(tmp_path):
        assert catalog.generation != first
        assert catalog.size == 0
        assert not catalog.unchanged(mark)


def test_files_that_are_none_are_refused_and_made_anew(tmp_path):
    path = tmp_path / "x.rows"
    for content in (b"", b"short", bytes(9000)):
        path.write_bytes(content)
        with pytest.raises(CatalogFileError):
            Mapping(path)
    with Store(tmp_path) as store:
        store.change(1, [new_row(random.Random(3))])
        file, generation = store.mapping.path, store.mapping.generation
    file.write_bytes(file.read_bytes()[:10_000])
    with Store(tmp_path) as store:
        assert store.mapping.generation != generation
        assert store.mapping.size == 0


def test_a_machine_that_went_down_leaves_nothing_to_trust(tmp_path, monkeypatch):
    with Store(tmp_path) as store:
        store.change(1, [new_row(random.Random(3))])
        generation = store.mapping.generation
    monkeypatch.setattr("reelm.feed.catalog.store.boot", lambda: b"another start...")
    dropped = Store(tmp_path)
    assert dropped.__enter__().mapping.generation == generation, "it was closed in order"
    os.close(dropped._lock)
    monkeypatch.setattr("reelm.feed.catalog.store.boot", lambda: b"and another one!")
    with Store(tmp_path) as store:
        assert store.mapping.generation != generation


def test_lists_are_what_the_words_say(tmp_path):
    rows = [
        database_row(n, language="en" if n % 3 else "fr", views=n * 7, finishes=n, likes=n % 11)
        for n in range(120)
    ]
    catalog = made(tmp_path, rows)
    published, views = catalog.column("published"), catalog.column("views")
    assert catalog.list("newest").tolist() == sorted(range(120), key=lambda row: (-published[row], -row))
    assert catalog.list("fresh").tolist() == [
        row for row in catalog.list("newest").tolist() if views[row] < 200
    ]
    assert sorted(catalog.list("top").tolist()) == list(range(120))
    french = set(np.flatnonzero(catalog.column("language") == key_of_text("fr")).tolist())
    assert catalog.list("top/fr").tolist() == [row for row in catalog.list("top").tolist() if row in french]
    assert catalog.list("top/xx").tolist() == []
    assert catalog.list("top") is catalog.list("top"), "copied once a renewal"


def test_lists_that_stay_the_same_are_not_said_again(tmp_path):
    with Store(tmp_path) as store:
        store.change(1, [new_row(random.Random(n)) for n in range(5)])
        assert store.renew_lists(1_790_000_000)
        seq = store.log.seq
        assert store.renew_lists(1_790_000_000) is None
        assert store.log.seq == seq


def test_a_superseded_file_says_so(tmp_path: Path):
    with Store(tmp_path) as store:
        old = store.mapping
        store.change(1, [new_row(random.Random(n)) for n in range(1100)])
        assert old.header[AT_SUPERSEDED] == 1
        assert store.mapping.header[AT_SUPERSEDED] == 0
