"""What `reelm demo` does once the realm is up: fill it, if nobody has published anything yet.

A fill that was cut off goes on.
"""

import json

from rich.console import Console

from reelm.entrypoints.publishing import Client
from reelm.settings import Settings


def fill_if_empty(settings: Settings, *, quiet: bool) -> int:
    """Fill the realm through its own HTTP API when its feed is empty or half filled; an exit code."""
    base = f"http://{settings.web.host}:{settings.web.port}"
    status, _, answer = Client(base).call("GET", "/api/v1/feeds/local?limit=1")
    if status != 200:
        raise RuntimeError(f"the feed answered {status}")
    from reelm.entrypoints.demo.memory import is_unfinished, place
    from reelm.entrypoints.demo.office import Office

    if json.loads(answer)["items"] and not is_unfinished(settings.data):
        if place(settings.data).exists():
            Office(base, settings).play()
        return 0
    console = Console(stderr=True, quiet=quiet, highlight=False)
    console.print("Filling the realm with people and clips; watch them appear.")
    from reelm.entrypoints.demo.fill import fill  # drawing and music load only for a demo

    fill(base, console.print, data=settings.data)
    Office(base, settings).play()
    console.print("Two desks have decided about two requests to open data; the ledger tells of both.")
    console.print(f"The demo is complete: {base}")
    return 0
