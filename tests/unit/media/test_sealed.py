"""Sealed files: what is read is what was written, in any pieces; every other byte is noticed."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelm.media.errors import SealBrokenError
from reelm.media.sealed import SEGMENT, SealedReader, SealedWriter, seal_file, unseal_file

KEY = bytes(range(32))
NAME = b"clip-1/original"
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

sizes = st.one_of(
    st.integers(0, 300), st.sampled_from([SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 7])
)


def pattern(size: int, seed: int = 0) -> bytes:
    return bytes((seed * 31 + i * 7 + i // 251) % 256 for i in range(size))


def write_parts(path: Path, chunks: list[bytes]) -> None:
    path.unlink(missing_ok=True)
    for chunk in chunks:
        with SealedWriter(path, KEY, NAME) as writer:
            writer.write(chunk)
    writer = SealedWriter(path, KEY, NAME)
    writer.finish()


@QUICK
@given(lengths=st.lists(sizes, max_size=5), data=st.data())
def test_any_range_of_any_parts_reads_back(tmp_path: Path, lengths: list[int], data: st.DataObject) -> None:
    chunks = [pattern(length, seed) for seed, length in enumerate(lengths)]
    whole = b"".join(chunks)
    write_parts(tmp_path / "f", chunks)
    with SealedReader(tmp_path / "f", KEY, NAME) as reader:
        assert reader.size == len(whole)
        start = data.draw(st.integers(0, len(whole) + 2))
        length = data.draw(st.integers(0, len(whole) + 2))
        assert reader.read_range(start, length) == whole[start : start + length]
        assert b"".join(reader.iterate()) == whole


@QUICK
@given(lengths=st.lists(sizes, min_size=1, max_size=3), cut=st.floats(0, 1), rest=sizes)
def test_after_a_crash_anywhere_what_was_made_durable_is_kept(
    tmp_path: Path, lengths: list[int], cut: float, rest: int
) -> None:
    """Cut the unfinished file at any byte: ended parts before the cut survive, and writing goes on."""
    path = tmp_path / "f"
    path.unlink(missing_ok=True)
    chunks = [pattern(length, seed) for seed, length in enumerate(lengths)]
    whole = b"".join(chunks)
    marks = [(0, 0)]
    for chunk in chunks:
        with SealedWriter(path, KEY, NAME) as writer:
            writer.write(chunk)
        marks.append((path.stat().st_size, marks[-1][1] + len(chunk)))
    at = round(cut * path.stat().st_size)
    os.truncate(path, at)
    durable = max(plain for sealed, plain in marks if sealed <= at)
    writer = SealedWriter(path, KEY, NAME)
    kept = writer.size
    assert durable <= kept <= len(whole)
    more = pattern(rest, 99)
    writer.write(more)
    assert writer.finish() == kept + rest
    with SealedReader(path, KEY, NAME) as reader:
        assert reader.read_range(0, reader.size) == whole[:kept] + more


def test_a_crash_in_the_middle_keeps_whole_segments(tmp_path: Path) -> None:
    path = tmp_path / "f"
    child = os.fork()
    if not child:  # this process dies without ending its part
        writer = SealedWriter(path, KEY, NAME)
        writer.write(pattern(3 * SEGMENT + 100))
        writer._file.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert path.stat().st_size == 24 + 3 * (SEGMENT + 20)
    os.truncate(path, path.stat().st_size - 5)  # and its last write is torn
    again = SealedWriter(path, KEY, NAME)
    assert again.size == 2 * SEGMENT
    again.close()
    thrice = SealedWriter(path, KEY, NAME)
    assert thrice.size == 2 * SEGMENT
    thrice.write(b"tail")
    thrice.finish()
    with SealedReader(path, KEY, NAME) as reader:
        assert reader.read_range(0, 1 << 20) == pattern(3 * SEGMENT + 100)[: 2 * SEGMENT] + b"tail"
        reader.verify()


@QUICK
@given(
    lengths=st.lists(sizes, min_size=1, max_size=3),
    where=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
)
def test_every_flipped_bit_is_noticed(tmp_path: Path, lengths: list[int], where: float, bit: int) -> None:
    path = tmp_path / "f"
    write_parts(path, [pattern(length, seed) for seed, length in enumerate(lengths)])
    sealed = bytearray(path.read_bytes())
    sealed[int(where * len(sealed))] ^= 1 << bit
    path.write_bytes(sealed)
    with pytest.raises(SealBrokenError):
        verify(path)


def verify(path: Path) -> None:
    with SealedReader(path, KEY, NAME) as reader:
        reader.verify()


@pytest.mark.parametrize("cut", [1, 8, 16, 30, 70_000])
def test_a_cut_file_is_noticed(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "f"
    write_parts(path, [pattern(2 * SEGMENT)])
    os.truncate(path, path.stat().st_size - cut)
    with pytest.raises(SealBrokenError):
        verify(path)


def test_segments_and_parts_cannot_change_places(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_parts(path, [pattern(2 * SEGMENT, 1), pattern(2 * SEGMENT, 2)])
    sealed = path.read_bytes()
    step = SEGMENT + 20
    first, second = slice(24, 24 + step), slice(24 + step, 24 + 2 * step)
    part = 24 + 2 * step
    for swapped in (
        sealed[:24] + sealed[second] + sealed[first] + sealed[part:],
        sealed[part : 2 * part] + sealed[:part] + sealed[2 * part :],
        sealed[:part] + sealed[:part] + sealed[2 * part :],
    ):
        assert len(swapped) == len(sealed)
        path.write_bytes(swapped)
        with pytest.raises(SealBrokenError):
            verify(path)


def test_another_key_or_another_name_opens_nothing(tmp_path: Path) -> None:
    write_parts(tmp_path / "f", [b"private"])
    for key, name in ((bytes(32), NAME), (KEY, b"clip-2/original")):
        with pytest.raises(SealBrokenError):
            SealedReader(tmp_path / "f", key, name)


def test_two_files_of_the_same_bytes_look_different(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(pattern(200_000))
    for name in ("a", "b"):
        assert seal_file(plain, tmp_path / name, KEY, NAME) == 200_000
    a, b = (tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()
    assert a[24:70_000] != b[24:70_000]
    assert pattern(200_000)[:64] not in a
    assert unseal_file(tmp_path / "a", tmp_path / "out", KEY, NAME) == 200_000
    assert (tmp_path / "out").read_bytes() == plain.read_bytes()
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_a_finished_file_takes_no_more(tmp_path: Path) -> None:
    write_parts(tmp_path / "f", [b"x"])
    with pytest.raises(SealBrokenError):
        SealedWriter(tmp_path / "f", KEY, NAME)


def test_a_range_opens_only_its_own_segments(tmp_path: Path) -> None:
    """Damage elsewhere does not keep a range from being read, nor is it read."""
    path = tmp_path / "f"
    write_parts(path, [pattern(4 * SEGMENT)])
    sealed = bytearray(path.read_bytes())
    sealed[24 + 4 + 10] ^= 1
    path.write_bytes(sealed)
    with SealedReader(path, KEY, NAME) as reader:
        assert (
            reader.read_range(2 * SEGMENT + 5, 10) == pattern(4 * SEGMENT)[2 * SEGMENT + 5 : 2 * SEGMENT + 15]
        )
        with pytest.raises(SealBrokenError):
            reader.read_range(0, 1)
