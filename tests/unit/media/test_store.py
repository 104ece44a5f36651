"""The store of media files: whole or not at all, sealed to their name, withheld at once."""

import asyncio
import os
from pathlib import Path
from uuid import UUID

import pytest

from reelm.kit.blobs import LocalBlobStore
from reelm.kit.errors import NotFoundError
from reelm.media.errors import SealBrokenError
from reelm.media.store import MediaStore

CLIP = UUID("01a20044-059c-7a6d-83ce-270fd1ac5a63")
KEY = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(LocalBlobStore(tmp_path / "blobs"), tmp_path / "scratch")


async def test_a_sealed_file_comes_back(store: MediaStore, tmp_path: Path) -> None:
    data = os.urandom(200_000)
    source = tmp_path / "source"
    source.write_bytes(data)
    await store.put_file("sealed/a/b", source, KEY)
    assert source.read_bytes() == data
    kept = store.blobs.local_path("sealed/a/b")
    assert kept is not None
    assert data[:64] not in kept.read_bytes()
    await store.take_out("sealed/a/b", tmp_path / "target", KEY)
    assert (tmp_path / "target").read_bytes() == data
    with store.reader("sealed/a/b", KEY) as reader:
        assert reader.read_range(70_000, 10) == data[70_000:70_010]


async def test_a_sealed_file_is_bound_to_its_name(store: MediaStore, tmp_path: Path) -> None:
    await store.put_sealed("sealed/a/b", b"mine", KEY)
    await store.blobs.rename("sealed/a/b", "sealed/a/c")
    with pytest.raises(SealBrokenError):
        await store.take_out("sealed/a/c", tmp_path / "target", KEY)
    assert not (tmp_path / "target").exists()
    with pytest.raises(NotFoundError):
        await store.take_out("sealed/a/b", tmp_path / "target", KEY)


async def test_withholding_twice_loses_nothing(store: MediaStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("one", "two"):
        source.write_text(name)
        await store.put_file(f"public/{CLIP}/{name}", source, None)
        await store.withhold(CLIP)
        source.unlink()
    assert await store.blobs.names(f"public/{CLIP}") == []
    assert await store.blobs.names(f"leaving/{CLIP}") == [f"leaving/{CLIP}/one", f"leaving/{CLIP}/two"]
    await store.withhold(CLIP)
    await store.forget(CLIP)
    assert await store.blobs.names(f"leaving/{CLIP}") == []


async def test_one_holder_at_a_time(store: MediaStore) -> None:
    order = []

    async def hold(number: int) -> None:
        async with store.held(CLIP):
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(hold(number) for number in range(5)))
    assert order[::2] == order[1::2]
