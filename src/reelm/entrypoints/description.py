"""The API's own description, asked of the application itself without starting a realm."""

import asyncio
import json
from pathlib import Path
from typing import Any

from reelm.entrypoints.web import create_app
from reelm.settings import DatabaseSettings, Settings

_PATH = "/api/openapi.json"


def describe() -> Any:
    """The OpenAPI document as served, with keys in the order the application gives them."""
    settings = Settings(data=Path("data"), database=DatabaseSettings(host=""))
    return json.loads(asyncio.run(_get(create_app(settings), _PATH)))


async def _get(app: Any, path: str) -> bytes:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    body = bytearray()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"{path} answered {message['status']}")
        body.extend(message.get("body", b""))

    await app(scope, receive, send)
    return bytes(body)
