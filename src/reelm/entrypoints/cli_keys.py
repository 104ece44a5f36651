"""The command `reelm rotate-key`."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from reelm.settings import DATA_VARIABLE

Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
_DEFAULT_DATA = Path("data")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("rotate-key")(rotate_key)


def rotate_key(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Give a stopped realm a new key-encryption key and destroy the old one. People notice nothing.

    Run it again if it was interrupted. What opens the backups changes, too: run `reelm escrow` afterwards.
    """
    from reelm.entrypoints.rotation import rotate_key as rotate

    slot = rotate(data)
    print(
        msgspec.json.encode({"slot": slot}).decode()
        if as_json
        else "The key store is sealed under a new key; the old one was destroyed.\n"
        "What opens your backups has changed: start the realm and run `reelm escrow FOLDER` anew."
    )
