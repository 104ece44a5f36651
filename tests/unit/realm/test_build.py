"""A build's digest follows the files and nothing else."""

import os

import pytest

from reelm.realm.build import build_digest, ranker_digest


@pytest.fixture
def package(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").write_text("x = 1\n")
    (tmp_path / "c.json").write_text("{}")
    return tmp_path


def _fresh(root):
    build_digest.cache_clear()
    return build_digest(root)


def test_times_and_compiled_files_do_not_matter(package):
    before = _fresh(package)
    os.utime(package / "c.json", (1, 1))
    (package / "a" / "__pycache__").mkdir()
    (package / "a" / "__pycache__" / "b.cpython-311.pyc").write_bytes(b"compiled")
    assert _fresh(package) == before


@pytest.mark.parametrize("change", ["content", "name", "moved", "added"])
def test_every_change_of_a_file_matters(package, change):
    before = _fresh(package)
    match change:
        case "content":
            (package / "c.json").write_text("{ }")
        case "name":
            (package / "c.json").rename(package / "d.json")
        case "moved":
            (package / "a" / "b.py").rename(package / "b.py")
        case "added":
            (package / "empty").touch()
    assert _fresh(package) != before


def test_the_ranking_has_a_digest_of_its_own():
    build_digest.cache_clear()
    assert ranker_digest() != build_digest()
