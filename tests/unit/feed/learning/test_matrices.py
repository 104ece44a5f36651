"""Matrices of neighbours: what is read is what was written, sums are exact, and only whole sets are ever used."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from reelm.feed.learning import shelf
from reelm.feed.learning.matrices import Follower, Matrices, MatricesError, Rows
from reelm.feed.learning.shelf import put_in_force

GENERATION = b"g" * 16


def rows_of(*lines: dict[int, int]) -> Rows:
    """Rows from {neighbour: weight}, sorted as they must be."""
    ordered = [sorted(line.items(), key=lambda pair: (-pair[1], pair[0])) for line in lines]
    return Rows(
        np.cumsum([0, *(len(line) for line in lines)]).astype(np.int64),
        np.array([row for line in ordered for row, _ in line], np.uint32),
        np.array([weight for line in ordered for _, weight in line], np.int16),
    )


def test_what_was_put_in_force_is_what_is_read(tmp_path: Path) -> None:
    manifest = put_in_force(tmp_path, GENERATION, 7, {"item": rows_of({1: 5, 2: 9}, {}, {0: -3})})
    found = Matrices.open(tmp_path, GENERATION)
    neighbours, weights = found.neighbours("item", 0)
    assert neighbours.tolist() == [2, 1]
    assert weights.tolist() == [9, 5]
    assert found.neighbours("item", 1)[0].tolist() == []
    assert found.neighbours("item", 99)[0].tolist() == []
    assert found.neighbours("content", 0)[0].tolist() == []
    assert found.digest.hex() == manifest.digest == shelf.digest_of(manifest)
    assert (found.made_at, found.rows("item"), found.rows("next")) == (7, 3, 0)


def test_sums_are_exact_at_the_largest_weights_and_in_any_order(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    lines = [
        {int(row): int(weight) for row, weight in zip(chance.integers(0, 400, 60), values, strict=True)}
        for values in chance.choice([-32767, 32767, 1, -1, 12345], (400, 60))
    ]
    put_in_force(tmp_path, GENERATION, 1, {"item": rows_of(*lines)})
    found = Matrices.open(tmp_path)
    rows = [*chance.integers(0, 400, 100).tolist(), 4000, -1]
    factors = chance.choice([-40, -5, 6, 4, 12, 127], len(rows)).tolist()
    expected: dict[int, int] = {}
    for row, factor in zip(rows, factors, strict=True):
        for neighbour, weight in lines[row].items() if 0 <= row < 400 else ():
            expected[neighbour] = expected.get(neighbour, 0) + weight * factor
    reached, sums = found.sums("item", rows, factors)
    assert dict(zip(reached.tolist(), sums.tolist(), strict=True)) == expected
    again = found.sums("item", rows[::-1], factors[::-1])
    assert [part.tolist() for part in again] == [reached.tolist(), sums.tolist()]
    assert found.sums("item", [], [])[0].tolist() == []
    assert found.sums("next", rows, factors)[1].tolist() == []


def test_another_catalog_is_refused(tmp_path: Path) -> None:
    put_in_force(tmp_path, GENERATION, 1, {"item": rows_of({1: 5}, {})})
    with pytest.raises(MatricesError, match="another catalog"):
        Matrices.open(tmp_path, b"h" * 16)
    assert Follower(tmp_path).current(b"h" * 16).neighbours("item", 0)[0].tolist() == []


def test_a_follower_sees_what_is_put_in_force_later_and_keeps_what_it_has_until_then(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    assert follower.current(GENERATION).digest == bytes(32)
    put_in_force(tmp_path, GENERATION, 1, {"item": rows_of({1: 5}, {})})
    first = follower.current(GENERATION)
    assert first.neighbours("item", 0)[1].tolist() == [5]
    assert follower.current(GENERATION) is first
    for made_at in range(2, 6):
        put_in_force(tmp_path, GENERATION, made_at, {"item": rows_of({1: made_at + 10}, {})})
    assert first.neighbours("item", 0)[1].tolist() == [5]
    assert follower.current(GENERATION).neighbours("item", 0)[1].tolist() == [15]
    assert len([each for each in tmp_path.iterdir() if not each.is_symlink()]) == 2


@pytest.mark.parametrize("step", ["write", "manifest", "rename", "point"])
def test_a_writer_that_ends_midway_leaves_what_was_in_force(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(tmp_path, GENERATION, 1, {"item": rows_of({1: 5}, {})})
    before = Matrices.open(tmp_path, GENERATION).digest

    def ends(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    where = {
        "write": (np, "save"),
        "manifest": (shelf, "_write_durably"),
        "rename": (Path, "rename"),
        "point": (shelf, "point"),
    }
    monkeypatch.setattr(*where[step], ends)
    with pytest.raises(KeyboardInterrupt):
        put_in_force(tmp_path, GENERATION, 2, {"item": rows_of({1: 6}, {})})
    monkeypatch.undo()
    assert Matrices.open(tmp_path, GENERATION).digest == before
    shelf.clear_drafts(tmp_path)
    assert not list(tmp_path.glob(".new-*"))
    put_in_force(tmp_path, GENERATION, 2, {"item": rows_of({1: 6}, {})})
    assert Matrices.open(tmp_path, GENERATION).neighbours("item", 0)[1].tolist() == [6]


@pytest.mark.parametrize("damage", ["short", "no_manifest", "other_kind_of_number", "format", "gone"])
def test_what_is_not_whole_is_never_read(tmp_path: Path, damage: str) -> None:
    put_in_force(tmp_path, GENERATION, 1, {"item": rows_of({1: 5, 2: 4}, {}, {})})
    folder = (tmp_path / "current").resolve()
    weights = folder / "item.weight.npy"
    if damage == "short":
        os.truncate(weights, weights.stat().st_size - 2)
    elif damage == "no_manifest":
        (folder / "manifest.json").unlink()
    elif damage == "other_kind_of_number":
        np.save(weights, np.array([5, 4], np.int64))
    elif damage == "gone":
        weights.unlink()
    else:
        said = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**said, "format": "other/1"}))
    with pytest.raises(MatricesError):
        Matrices.open(tmp_path, GENERATION)
