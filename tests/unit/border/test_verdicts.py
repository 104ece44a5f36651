"""The policy that a new network starts with, held against a table kept as data; the border and the auditor agree."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from reelm.realm.policy import ACTS, DATA_CLASSES, PolicySet, check, decide
from reelm_audit.rules.crossing import NEVER, Asked, permits

SPEC = Path(__file__).parents[3] / "spec" / "border"
TABLE = json.loads((SPEC / "verdicts.json").read_text())
TEXT = files("reelm.border").joinpath("default.cedar").read_text()
POLICY = PolicySet(TEXT)
CELLS = [
    (destination, data_class, purpose, permitted)
    for destination, classes in TABLE["permitted"].items()
    for data_class, purposes in classes.items()
    for purpose, permitted in purposes.items()
]


def verdicts(
    policy: PolicySet, destination: str, data_class: str, purpose: str, act: str
) -> tuple[bool, bool]:
    """What the border decides, and what the auditor does."""
    member = destination == "same network"
    context = {
        "peer": "world",
        "network_member": member,
        "data_class": data_class,
        "purpose": purpose,
        "object_type": "Video",
    }
    ours = decide(policy, "us", act, "Video", context).allowed  # type: ignore[arg-type]
    theirs = permits(policy.text, Asked("us", "world", member, act, "Video", purpose), data_class)
    return ours, theirs


@pytest.mark.parametrize(("destination", "data_class", "purpose", "permitted"), CELLS)
def test_every_cell_of_the_table(
    destination: str, data_class: str, purpose: str, permitted: list[str]
) -> None:
    for act in ACTS:
        expected = act in permitted
        assert verdicts(POLICY, destination, data_class, purpose, act) == (expected, expected), act


def test_the_table_names_every_class_and_act() -> None:
    assert set(TABLE["acts"]) == set(ACTS)
    for classes in TABLE["permitted"].values():
        assert set(classes) == set(DATA_CLASSES)


def test_what_never_crosses_is_in_no_cell() -> None:
    found = {data_class for _, data_class, _, permitted in CELLS if permitted}
    assert found == {"public", "social"}
    assert not found & NEVER


def test_a_border_without_a_policy_lets_nothing_through() -> None:
    assert check("") == []
    for destination, data_class, purpose, _ in CELLS:
        for act in ACTS:
            assert verdicts(PolicySet(""), destination, data_class, purpose, act) == (False, False)


def test_no_permission_reaches_past_what_is_forbidden() -> None:
    generous = PolicySet(TEXT + '@id("everything") permit (principal, action, resource);')
    for destination, data_class, purpose, _ in CELLS:
        ours, theirs = verdicts(generous, destination, data_class, purpose, "Create")
        assert ours == theirs == (data_class not in NEVER)
