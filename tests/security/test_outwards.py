"""Nothing goes out: no code fetches an address, and nothing that can be typed makes the server call one."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import httpx
from tests.factories.clips import put_clip
from tests.factories.publishing import make_clip, settled

REPOSITORY = Path(__file__).parents[2]
ID = "01a2005a-0000-7000-8000-000000000000"

_REACH_OUT = {
    "urllib.request",
    "http.client",
    "httpx",
    "requests",
    "aiohttp",
    "ftplib",
    "smtplib",
    "urllib3",
    "websockets",
}
# What asks this machine's own realm: whether it is up, and the commands `clip add` and `demo`. And the border.
_MAY_CONNECT = {
    "entrypoints/serving.py",
    "entrypoints/publishing.py",
    "border/outward.py",
}


def test_no_code_fetches_an_address() -> None:
    found = []
    source = REPOSITORY / "src" / "reelm"
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            imported = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Attribute) and node.attr in {"create_connection", "open_connection"}:
                imported = [node.attr]
            reached = {each for each in imported if each in _REACH_OUT or each.endswith("_connection")}
            if reached and name not in _MAY_CONNECT and not name.startswith("entrypoints/demo/"):
                found.append(f"{name}:{node.lineno} {reached}")  # type: ignore[attr-defined]
    assert not found


async def test_nothing_typed_makes_the_server_call(
    client: httpx.AsyncClient, admin: Any, sign_up: Any
) -> None:
    """A listener whose address is put wherever something can be typed; a playlist that names it is uploaded as a film."""
    calls: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x.mp4"
    person = await sign_up(display_name=url[:40])
    await person.patch("/me", {"bio": url})
    clip = await put_clip(admin, person.id, url)
    await person.post(f"/clips/{clip}/comments", {"text": url})
    await client.get("/api/v1/search", params={"q": url})
    await client.get(
        f"/c/{clip}", headers={"referer": url, "x-forwarded-for": url, "forwarded": f"host={url}"}
    )
    await person.request("PUT", "/me/avatar", content=f'<svg xmlns="x"><image href="{url}"/></svg>'.encode())
    await client.post(
        "/api/v1/sessions", json={"passkey": {"challenge_id": ID, "credential": {"id": url, "jku": url}}}
    )
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n".encode()
    made = await settled(person, (await make_clip(person, playlist, caption=url))["id"])
    assert made["status"] == "failed"
    server.close()
    await server.wait_closed()
    assert not calls
