"""The published test vectors: made again without a difference, and judged as they say."""

import base64
import json

import pytest
from tests.oracle import ours, published

from reelm_audit.tlog import canonical, policy, tiles

MADE = published.everything()
CHECKED = [
    {"check": name.removesuffix(".json"), **case}
    for name in MADE
    if name.removesuffix(".json") in published.mutations.MUTATIONS
    for case in json.loads(MADE[name])
]


@pytest.mark.parametrize("name", MADE)
def test_vectors_are_made_again_without_a_difference(name):
    assert (published.FOLDER / name).read_bytes() == MADE[name], "`make gen` makes them"


def test_nothing_else_lies_there():
    assert {path.name for path in published.FOLDER.iterdir()} == {*MADE, "README.md"}


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: f"{case['check']}: {case['name']}")
def test_cases_are_judged_as_they_say(case):
    assert (not ours.refusal(case)) == case["accepted"]


@pytest.mark.parametrize("case", json.loads(MADE["policies.json"]), ids=lambda case: case["name"])
def test_policies_are_judged_as_they_say(case):
    if not case["accepted"]:
        with pytest.raises(policy.PolicyError):
            policy.parse(case["policy"])
        return
    read = policy.parse(case["policy"])
    assert {names: read.is_met_by(names.split()) for names in case["quorums"]} == case["quorums"]


@pytest.mark.parametrize("case", json.loads(MADE["paths.json"]), ids=lambda case: case["path"])
def test_paths_are_judged_as_they_say(case):
    if case["accepted"]:
        assert tiles.parse_path(case["path"]) == tiles.Tile(case["level"], case["index"], case["width"])
    else:
        with pytest.raises(tiles.TileError):
            tiles.parse_path(case["path"])


@pytest.mark.parametrize("case", json.loads(MADE["canonical.json"]), ids=lambda case: case["bytes"][:40])
def test_canonical_json_is_judged_as_it_says(case):
    data = base64.b64decode(case["bytes"])
    if case["accepted"]:
        assert canonical.encode(canonical.decode(data)) == data
    else:
        with pytest.raises(canonical.CanonicalError):
            canonical.decode(data)
