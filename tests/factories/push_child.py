"""A push service on this machine, in a process of its own: takes what RFC 8030 says, and tells what it was sent.

Started with a folder: writes its port there, and each request as one JSON line. A device's path says how it answers:
`/ok/…` takes it, `/gone/…` is 410, `/no/…` is 400, `/busy/…` is 429 with Retry-After at first, `/away/…` redirects,
`/slow/…` takes the first request and never answers it.
"""

import asyncio
import base64
import contextlib
import json
import sys
from pathlib import Path

MISSED = {"busy": (429, "Retry-After: 1\r\n"), "away": (307, "Location: {elsewhere}\r\n")}


class Service:
    """One push service."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "asked.jsonl"
        self.log.touch()
        self.asked: dict[str, int] = {}
        self.elsewhere = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.answer(reader, writer)
        writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        times = self.asked[path] = self.asked.get(path, 0) + 1
        told = {"method": method, "path": path, "headers": headers, "body": base64.b64encode(body).decode()}
        with self.log.open("a") as file:
            file.write(json.dumps(told) + "\n")
        way = path.split("/")[1]
        if way == "slow" and times == 1:
            await asyncio.sleep(3600)
        status, more = {"gone": (410, ""), "no": (400, "")}.get(way, (201, ""))
        if way == "away" or (way == "busy" and times == 1):
            status, more = MISSED[way]
        writer.write(
            f"HTTP/1.1 {status} X\r\n{more.format(elsewhere=self.elsewhere)}Content-Length: 0\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        await writer.drain()


async def main(folder: Path) -> None:
    service = Service(folder)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    service.elsewhere = f"http://127.0.0.1:{port}/ok/elsewhere"
    draft = folder / "port.new"
    draft.write_text(str(port))
    draft.replace(folder / "port")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
