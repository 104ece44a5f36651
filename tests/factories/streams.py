"""A person's live stream, read over a real connection."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx


class Heard:
    """A stream that is read in the background."""

    def __init__(self):
        self.events = []
        self.pings = 0
        self.ended = asyncio.Event()
        self._news = asyncio.Event()

    async def read(self, response):
        fields = {}
        async for line in response.aiter_lines():
            if line.startswith(":"):
                self.pings += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                if "data" in fields:
                    self.events.append((fields["event"], json.loads(fields["data"]), fields.get("id")))
                    self._news.set()
                fields = {}
        self.ended.set()

    async def until(self, kind, check=lambda data: True):
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if event[0] == kind and check(event[1]):
                        return event
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(person, **headers):
    heard = Heard()
    async with (
        httpx.AsyncClient(base_url=person.client.base_url, timeout=60) as own,
        own.stream("GET", "/api/v1/stream", headers={**person.headers, **headers}) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        reading = asyncio.create_task(heard.read(response))
        await heard.until("unread")
        yield heard
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
