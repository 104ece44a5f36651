"""The API's description as it is served: in one order, and with failures in the one form they have."""

from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin

from reelm.kit.http import PROBLEM_TYPE


class Description(JsonRenderPlugin):
    """Renders the OpenAPI document.

    The framework adds its own 400 to whatever takes parameters; here such a request is answered with the 422
    problem that every route declares, so the 400 is taken out. And what answers with nothing has no content.
    """

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document as JSON, its paths sorted."""
        paths = {path: _tidy(item) for path, item in sorted(openapi_schema["paths"].items())}
        return super().render(request, {**openapi_schema, "paths": paths})


def _tidy(item: dict[str, Any]) -> dict[str, Any]:
    return {verb: _as_answered(operation) for verb, operation in sorted(item.items())}


def _as_answered(operation: Any) -> Any:
    if not isinstance(operation, dict) or "responses" not in operation:
        return operation
    kept = {
        status: {key: value for key, value in response.items() if key != "content" or not _is_empty(value)}
        for status, response in operation["responses"].items()
        if status != "400" or PROBLEM_TYPE in response.get("content", {})
    }
    return {**operation, "responses": kept}


def _is_empty(content: Any) -> bool:
    return all(each.get("schema") == {"type": "null"} for each in content.values())
