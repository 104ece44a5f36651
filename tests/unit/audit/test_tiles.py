"""Tiles and bundles: what is published, what is read from it, and what is not believed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.logs import MemoryLog

from reelm_audit.tlog import merkle, tiles
from reelm_audit.tlog.tiles import Tile, TileError, TileHashReader

SAME = settings(derandomize=True, database=None, deadline=None, max_examples=100)
LOG = MemoryLog()
LOG.append(*[b"%d" % number for number in range(70_000)])


def tile_of(tile):
    first = tile.index * 256
    return tiles.encode_tile(LOG.nodes([(8 * tile.level, first + i) for i in range(tile.width)]))


@SAME
@given(st.sampled_from([*range(8), None]), st.integers(0, 10**12), st.integers(1, 256))
def test_a_path_reads_as_it_was_written(level, index, width):
    tile = Tile(level, index, width)
    assert tiles.parse_path(tile.path) == tile


@SAME
@given(st.text(alphabet="tile/entrsx0123456789.p", max_size=40))
def test_any_text_is_one_path_or_none(text):
    try:
        tile = tiles.parse_path(text)
    except TileError:
        return
    assert tile.path == text


def test_the_texts_own_example_of_a_path():
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(None, 0, 5).path == "tile/entries/000.p/5"


@SAME
@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_what_a_growing_log_publishes_is_all_that_its_size_needs(one, other):
    old, new = sorted((one, other))
    before = {(tile.level, tile.index): tile.width for tile in tiles.new_tiles(0, old)}
    grown = {(tile.level, tile.index): tile.width for tile in tiles.new_tiles(old, new)}
    assert {**before, **grown} == {(tile.level, tile.index): tile.width for tile in tiles.new_tiles(0, new)}
    assert all(before.get(place, 0) < width for place, width in grown.items())
    for (level, index), width in grown.items():
        assert width == tiles.width_at(new, level, index) > 0
    entries = [(tile.index, tile.width) for tile in tiles.new_bundles(old, new)]
    assert entries == [(tile.index, tile.width) for tile in tiles.new_tiles(old, new) if tile.level == 0]


@SAME
@given(st.integers(1, 70_000), st.data())
def test_proofs_from_tiles_are_proofs_from_all_leaves(size, data):
    read = TileHashReader(size, LOG.root(size), tile_of)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, read)
    assert proof == list(LOG.proof(index, size).hashes)
    old = data.draw(st.integers(0, size))
    assert merkle.consistency_proof(old, size, read) == LOG.consistency(old, size)


@settings(SAME, max_examples=40)
@given(st.integers(1, 70_000), st.data())
def test_no_changed_tile_is_believed(size, data):
    index = data.draw(st.integers(0, size - 1))
    needed = []

    def fetch(tile):
        needed.append(tile)
        return tile_of(tile)

    TileHashReader(size, LOG.root(size), fetch)([(0, index)])
    changed, bit = data.draw(st.sampled_from(needed)), data.draw(st.integers(0, 255))

    def fetch_changed(tile):
        found = bytearray(tile_of(tile))
        if tile == changed:
            found[data.draw(st.integers(0, tile.width - 1)) * 32 + bit // 8] ^= 1 << bit % 8
        return bytes(found)

    with pytest.raises(TileError):
        TileHashReader(size, LOG.root(size), fetch_changed)([(0, index)])


def test_a_full_tile_does_for_the_partial_one_it_replaced():
    def only_full(tile):
        return tile_of(Tile(tile.level, tile.index))

    read = TileHashReader(
        65_536 + 700, LOG.root(65_536 + 700), lambda t: only_full(t) if t.level == 0 else tile_of(t)
    )
    assert read([(0, 65_536 + 699)]) == [LOG.leaves[65_536 + 699]]


@pytest.mark.parametrize("node", [(0, -1), (0, 700), (10, 0), (1, 350), (-1, 0), (64, 0), (9, 1)])
def test_a_node_that_the_tree_has_not(node):
    with pytest.raises(TileError):
        TileHashReader(700, LOG.root(700), tile_of)([node])


def test_a_reader_keeps_no_more_tiles_than_it_is_told():
    asked = []

    def fetch(tile):
        asked.append(tile)
        return tile_of(tile)

    read = TileHashReader(70_000, LOG.root(70_000), fetch, keep=4)
    for _ in range(2):
        for index in range(0, 60_000, 5_000):
            assert read([(0, index)]) == [LOG.leaves[index]]
    assert len(asked) > 24


@SAME
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_reads_as_it_was_written(entries):
    data = tiles.encode_bundle(entries)
    assert tiles.decode_bundle(data) == tiles.decode_bundle(data, len(entries)) == entries
    for count in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(TileError):
            tiles.decode_bundle(data, count)


@SAME
@given(st.binary(max_size=600))
def test_any_bytes_are_one_bundle_or_none(data):
    try:
        entries = tiles.decode_bundle(data)
    except TileError:
        return
    assert tiles.encode_bundle(entries) == data


def test_what_can_t_be_published():
    for entries in ([], [b""] * 257, [bytes(65_536)]):
        with pytest.raises(TileError):
            tiles.encode_bundle(entries)
    assert tiles.decode_bundle(tiles.encode_bundle([bytes(65_535)])) == [bytes(65_535)]
    for hashes in ([], [bytes(32)] * 257, [bytes(31)]):
        with pytest.raises(TileError):
            tiles.encode_tile(hashes)
    for level, index, width in [(8, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]:
        with pytest.raises(TileError):
            tiles.tile_path(level, index, width)
