"""The Go project's own implementation of notes and logs judges what our library makes."""

from pathlib import Path

import pytest
from tests.oracle import cases, mutations, program

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert program.is_available(), "`make oracle` installs Go and its library"
    return program.build(tmp_path_factory.mktemp("oracle"))


def test_go_accepts_what_our_library_makes(oracle):
    made = [*cases.good().values(), *cases.many()]
    assert len(made) > 600
    refused = zip(made, program.refusals(oracle, made), strict=True)
    assert not [(case["name"], reason) for case, reason in refused if reason]


def test_go_refuses_every_mutation(oracle):
    mutants = mutations.mutants()
    judged = zip(mutants, program.refusals(oracle, mutants), strict=True)
    assert not [case["name"] for case, reason in judged if not reason]


def test_the_vectors_kept_here_are_what_go_makes(oracle):
    assert program.produced(oracle) == program.VECTORS.read_bytes()
