"""What the described API says of itself, held against what the framework makes of it."""

import json

from tests.factories.statements import REPOSITORY

from reelm.entrypoints.web import _ROOM_NAMES


def test_no_field_of_a_body_is_called_like_what_routes_are_given() -> None:
    """The framework would answer a wrong value of such a field as a failure of ours: 500 instead of 422."""
    given = {*_ROOM_NAMES, "guest", "visitor", "uow"}
    described = json.loads((REPOSITORY / "spec" / "openapi.json").read_text())
    wrong = set()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                schema = described["components"]["schemas"].get(name, content["schema"])
                wrong |= {(method, path, field) for field in schema.get("properties", {}) if field in given}
    assert not wrong
