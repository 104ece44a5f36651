"""What a fill must remember to go on after a kill: passwords and what is done already, in one secret file."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from reelm.entrypoints.demo.people import CAST


class Memory:
    """`DATA/secrets/demo.json`, readable by its owner only, replaced whole at each change."""

    def __init__(self, data: Path) -> None:
        self._path = place(data)
        self._lock = threading.Lock()
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._kept: dict[str, Any] = json.loads(self._path.read_text()) if self._path.exists() else {}
        if "passwords" not in self._kept:
            self._kept = {
                "passwords": {persona.handle: secrets.token_urlsafe(12) for persona in CAST},
                "realm": secrets.token_hex(16),
                "done": {},
                "complete": False,
            }
            self._write()

    def password(self, handle: str) -> str:
        """The password of one of the cast, random per realm."""
        return str(self._kept["passwords"][handle])

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(12)) -> str:
        """A secret of this realm's demo by its name, made once."""
        with self._lock:
            known = self._kept.setdefault("secrets", {})
            if name not in known:
                known[name] = make()
                self._write()
            return str(known[name])

    def find(self, deed: str) -> str | None:
        """What a deed led to (an id, or just `yes`), if it's done."""
        with self._lock:
            found = self._kept["done"].get(deed)
        return None if found is None else str(found)

    def keep(self, deed: str, result: str = "yes") -> None:
        """Remember that a deed is done. A deed forgotten in a power cut is only done again."""
        with self._lock:
            self._kept["done"][deed] = result
            self._write()

    def finish(self) -> None:
        """Remember that nothing is left to do."""
        with self._lock:
            self._kept["complete"] = True
            self._write()

    def id_for(self, words: str) -> str:
        """An id that is always the same for the same words in this realm, so that sending twice stores once."""
        return str(uuid5(UUID(self._kept["realm"]), words))

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._kept, file)
        fresh.replace(self._path)


def place(data: Path) -> Path:
    """Where the memory of a realm's demo is."""
    return data / "secrets" / "demo.json"


def is_unfinished(data: Path) -> bool:
    """Whether a fill began here and was cut off."""
    try:
        return not json.loads(place(data).read_text())["complete"]
    except (OSError, ValueError, KeyError):
        return False
