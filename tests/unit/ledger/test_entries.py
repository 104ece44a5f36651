"""The kinds of entries: their forms are generated and equal what is declared, and their bytes have one spelling."""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from reelm.entrypoints import ledger as commands
from reelm.ledger.entries import AnyEntry, RightsErased
from reelm_audit.tlog import canonical

REPOSITORY = Path(__file__).parents[3]
HINT = "run `make gen`"


def test_the_forms_are_generated_and_complete() -> None:
    declared = commands.schemas()
    folder = REPOSITORY / "spec" / "ledger" / "schemas"
    written = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    assert written == declared, HINT
    together = REPOSITORY / "audit" / "src" / "reelm_audit" / "schemas.json"
    assert json.loads(together.read_text()) == declared, HINT
    assert len(declared) == len(get_args(AnyEntry))


def test_every_kind_is_closed_and_says_when_and_under_which_charter() -> None:
    for kind, schema in commands.schemas().items():
        form = schema["$defs"][schema["$ref"].rpartition("/")[2]]
        assert form["additionalProperties"] is False, kind
        assert {"kind", "at", "charter"} <= set(form["required"]), kind
        assert form["description"], kind


def test_bytes_are_canonical_and_leave_out_what_has_no_value() -> None:
    entry = RightsErased(at="2026-11-22T08:00Z", charter="c" * 64, person="a" * 64)
    body = entry.to_bytes()
    assert canonical.decode(body) == {
        "kind": "rights.erased",
        "at": "2026-11-22T08:00Z",
        "charter": "c" * 64,
        "person": "a" * 64,
    }
    assert msgspec.json.decode(body, type=AnyEntry) == entry


@pytest.mark.parametrize(
    "change",
    [
        {"at": "2026-11-22T08:00:01Z"},
        {"at": "2026-11-22"},
        {"charter": "C" * 64},
        {"person": "a" * 63},
        {"name": "Alice"},
        {"kind": "rights.unheard"},
    ],
)
def test_what_is_no_entry_is_not_read(change: dict[str, str]) -> None:
    good = {"kind": "rights.erased", "at": "2026-11-22T08:00Z", "charter": "c" * 64, "person": "a" * 64}
    msgspec.json.decode(json.dumps(good), type=AnyEntry)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps({**good, **change}), type=AnyEntry)
