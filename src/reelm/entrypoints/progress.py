"""What a person sees while a realm starts: one line that changes on a terminal, plain lines elsewhere."""

import sys
from typing import Self

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType

_SAYINGS = {
    "postgres": "Starting the database",
    "migrate": "Bringing the tables up to date",
    "keys": "Starting the key process",
    "worker": "Starting the worker",
}
_CLEAR_LINE = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))


class Progress:
    """Tells on stderr what the start waits for; silent when `quiet`.

    It draws when something changes and has no refreshing thread, because this process forks.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(file=sys.stderr, quiet=quiet, highlight=False)
        self._said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        self.close()

    def say(self, text: str) -> None:
        if text == self._said:
            return
        self._said = text
        if self._console.is_terminal:
            self._console.control(_CLEAR_LINE)
            self._console.print(f"[dim]{text} …[/dim]", end="")
        else:
            self._console.print(f"{text} …")

    def waiting_for(self, name: str) -> None:
        if name:
            self.say(_SAYINGS.get(name, "Starting the web server"))

    def close(self) -> None:
        if self._console.is_terminal:
            self._console.control(_CLEAR_LINE)
