"""The command `reelm feed receipts`."""

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


def register(feed: typer.Typer) -> None:
    """Add the command to those of the feed."""
    feed.command()(receipts)


def receipts(
    data: Data = _DEFAULT_DATA,
    days: Annotated[int, typer.Option("--days", min=1, max=30, help="How far back files are checked.")] = 1,
    as_json: Json = False,
) -> None:
    """Say whether what was served is on its way into the ledger, can be proved, and was adjusted as declared."""
    from reelm.entrypoints.handout import settings_of_running
    from reelm.entrypoints.receipts import look_at

    found = look_at(settings_of_running(data), days)
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        when = found.last_batch_at.isoformat(timespec="seconds") if found.last_batch_at else "never"
        print(f"Last batch: {when}. {found.waiting} pages wait for the next.")
        print(f"{found.batches_checked} batches with pages checked, {found.adjustments} clips adjusted.")
        for problem in found.problems:
            print(problem)
    if found.problems:
        raise typer.Exit(1)
