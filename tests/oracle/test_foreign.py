"""What a verifier that is not ours has made, our library accepts; and what must be refused it refuses."""

import json

import pytest
from tests.oracle import cases, mutations
from tests.oracle.ours import refusal
from tests.oracle.program import VECTORS

FOREIGN = json.loads(VECTORS.read_text(encoding="utf-8"))
MUTANTS = mutations.mutants()


def test_there_is_something_of_every_kind():
    assert {case["check"] for case in FOREIGN} == set(mutations.MUTATIONS)
    assert len(FOREIGN) > 150
    assert len(MUTANTS) >= 100
    assert len({case["name"] for case in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("case", FOREIGN, ids=lambda case: case["name"])
def test_ours_accepts_what_go_made(case):
    assert not refusal(case)


@pytest.mark.parametrize("case", cases.good().values(), ids=lambda case: case["name"])
def test_ours_accepts_what_the_mutations_start_from(case):
    assert not refusal(case)


@pytest.mark.parametrize("case", MUTANTS, ids=lambda case: case["name"])
def test_ours_refuses_every_mutation(case):
    assert refusal(case)
