"""The API describes itself: the snapshot in spec/ is what is served, and failures are declared in one form."""

import json
from pathlib import Path

import pytest

from reelm.entrypoints.description import describe

# The next major version of the framework wants dependencies and bodies marked; this one infers them by name.
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

SNAPSHOT = Path(__file__).parents[3] / "spec" / "openapi.json"
VERBS = {"get", "put", "post", "delete", "patch", "head", "options"}


def _operations():
    for path, item in describe()["paths"].items():
        for verb, operation in item.items():
            if verb in VERBS:
                yield f"{verb.upper()} {path}", operation


def test_the_snapshot_is_what_is_served():
    made = json.dumps(describe(), indent=1, ensure_ascii=False) + "\n"
    assert SNAPSHOT.read_text() == made, "run: make gen"


def test_every_failure_is_a_problem():
    wrong = [
        f"{name} {status}"
        for name, operation in _operations()
        for status, response in operation["responses"].items()
        if status.startswith(("4", "5")) and name.split(" ")[1] != "/health"
        if "content" in response and set(response["content"]) != {"application/problem+json"}
    ]
    assert not wrong


def test_every_operation_belongs_to_a_room_and_has_a_name_of_its_own():
    operations = dict(_operations())
    assert len(operations) > 60
    assert not [name for name, operation in operations.items() if not operation.get("tags")]
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(ids) == len(set(ids))
