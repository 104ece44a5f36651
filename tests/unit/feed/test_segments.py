"""Segment files, batches and promises, without a realm."""

import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.feedcase import FeedCase
from tests.factories.receipts import keep_one, local_keeper, somebody

from reelm.feed.receipts import batchfiles
from reelm.feed.receipts.batchfiles import BatchProver, mix, read_batch, write_batch
from reelm.feed.receipts.errors import ReceiptsFullError
from reelm.feed.receipts.keeper import open_record, sources_of
from reelm.feed.receipts.segments import CLOSED, OPEN, orphans, read_record
from reelm_audit.feed import layout, promises
from reelm_audit.tlog.merkle import leaf_hash

LEAVES = st.lists(st.binary(min_size=32, max_size=32), unique=True, max_size=700)


@settings(max_examples=25, deadline=None)
@given(leaves=LEAVES)
def test_every_leaf_of_a_batch_is_proved_by_its_file(
    leaves: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("batches")
    batch = mix(179_000_000, leaves)
    assert sorted(batch.leaves.values()) == sorted(leaves)
    assert batch.size == max(256, 1 << (len(leaves) - 1).bit_length() if leaves else 256)
    root = batch.levels()[-1][0]
    write_batch(folder, batch)
    if not leaves:
        assert not list(folder.glob("*/*")), "nobody asks for a proof of nothing"
        return
    assert read_batch(folder, batch.number) == batch
    prover = BatchProver(folder)
    for position, leaf in list(batch.leaves.items())[:20]:
        size, hashes = prover.prove(batch.number, position)
        promises.Inclusion(batch.number, position, size, tuple(hashes), 0).verify(leaf, root)


def test_no_two_batches_of_the_same_leaves_are_alike() -> None:
    leaves = [bytes([n]) * 32 for n in range(40)]
    first, second = mix(1, leaves), mix(1, leaves)
    assert first.levels()[-1] != second.levels()[-1]
    assert set(first.leaves) != set(second.leaves)
    assert promises.batch_root([_at(first, n) for n in range(first.size)]) == first.levels()[-1][0]


def _at(batch: batchfiles.Batch, position: int) -> bytes:
    drawn = batch.leaves.get(position) or batchfiles._drawn(batch.seed, position)
    assert leaf_hash(drawn) == batch.levels()[0][position]
    return drawn


@pytest.mark.parametrize("place", [0, 5, 20, 40, -1])
def test_a_damaged_batch_is_not_believed(place: int, tmp_path: Path) -> None:
    batch = mix(7, [bytes([n]) * 32 for n in range(5)])
    write_batch(tmp_path, batch)
    path = batchfiles.batch_path(tmp_path, 7)
    body = bytearray(path.read_bytes())
    body[place] ^= 1
    path.write_bytes(bytes(body))
    with pytest.raises(ValueError, match="batch"):
        read_batch(tmp_path, 7)


async def test_a_record_opens_where_the_row_says(tmp_path: Path) -> None:
    keeper = local_keeper(tmp_path)
    person = uuid.uuid4()
    said = [await keep_one(keeper, person, seed) for seed in range(4)]
    key = keeper._keys.known_receipt_key(person)
    assert key is not None
    for row, promise in zip(keeper.waiting, said, strict=True):
        record = read_record(keeper.root, row.segment, row.place, row.length)
        kept = open_record(key, row.id, row.leaf, record)
        assert layout.digest_of(kept.receipt).hex() == promise["digest"]
        assert kept.promise_key == keeper._promiser.public_key
        for length in (0, 10, len(record) - 1):
            with pytest.raises(ValueError, match="record"):
                open_record(key, row.id, row.leaf, record[:length])


async def test_a_file_that_is_held_is_nobody_elses_and_one_that_is_settled_is_closed(tmp_path: Path) -> None:
    keeper = local_keeper(tmp_path)
    await keep_one(keeper, uuid.uuid4(), 1)
    (row,) = keeper.waiting
    assert list(orphans(keeper.root)) == []
    keeper.settle([row], row.at)
    assert list(keeper.root.glob(f"*/*{OPEN}")), "its minute is not over"
    keeper.settle((), row.at + 60)
    assert not list(keeper.root.glob(f"*/*{OPEN}"))
    assert len(list(keeper.root.glob(f"*/*{CLOSED}"))) == 1
    assert read_record(keeper.root, row.segment, row.place, row.length)


async def test_a_full_disk_promises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = local_keeper(tmp_path)
    person = uuid.uuid4()
    await keep_one(keeper, person, 1)
    (segment,) = keeper.segments.values()
    size = segment.size

    def full(handle: int, data: bytes, place: int) -> int:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.pwrite", full)
        with pytest.raises(ReceiptsFullError):
            await keep_one(keeper, person, 2)
    assert (segment.size, len(keeper.waiting)) == (size, 1)
    await keep_one(keeper, person, 3)
    last = keeper.waiting[-1]
    key = keeper._keys.known_receipt_key(person)
    assert key is not None
    open_record(key, last.id, last.leaf, read_record(keeper.root, last.segment, last.place, last.length))


@pytest.mark.parametrize("seed", range(4))
def test_the_first_source_is_read_from_the_bytes(seed: int) -> None:
    receipt = FeedCase(seed=seed, count=10).receipt
    bits = [receipt.scored[each.index].sources for each in receipt.chosen]
    expected = bytes((each & -each).bit_length() - 1 for each in bits)
    assert sources_of(layout.encode(receipt), 10) == expected
    with pytest.raises(ValueError, match="another page"):
        sources_of(layout.encode(receipt), 9)


async def test_the_same_page_is_another_leaf_for_somebody_else(tmp_path: Path) -> None:
    keeper = local_keeper(tmp_path)
    first, second = uuid.uuid4(), uuid.uuid4()
    assert somebody(first) != somebody(second)
    leaves = [(await keep_one(keeper, person, 5))["leaf"] for person in (first, second)]
    assert leaves[0] != leaves[1]
