"""The command `reelm feed snapshots`: what retrieval read, for an auditor whom the charter names."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from reelm.settings import DATA_VARIABLE

Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_DEFAULT_DATA = Path("data")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(snapshots)


def snapshots(
    target: Annotated[Path, typer.Argument(help="A folder that is empty or does not exist yet.")],
    start: Annotated[dt.datetime, typer.Option("--from", formats=_TIMES, help="From when, UTC.")],
    end: Annotated[dt.datetime, typer.Option("--to", formats=_TIMES, help="Until when, UTC.")],
    data: Data = _DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Copy the catalog's bases and log of a time into a folder, for an auditor whom the charter names."""
    from reelm.feed.catalog.handing import NothingKeptError, hand_out

    first, last = (int(each.replace(tzinfo=dt.UTC).timestamp()) for each in (start, end))
    try:
        handed = hand_out(data / "feed", first, last, target)
    except FileExistsError:
        typer.echo(f"{target} holds something already. Name a folder that is empty or new.", err=True)
        raise typer.Exit(1) from None
    except NothingKeptError:
        typer.echo("Nothing of that time is kept: bases and log go after 30 days.", err=True)
        raise typer.Exit(1) from None
    if as_json:
        print(msgspec.json.encode(handed).decode())
        return
    print(
        f"{handed.bases} bases and {handed.frames} frames of the log, {handed.bytes / 1e6:.1f} MB, in {target}"
    )
    print("Hand it only to whom the charter names: it says what is public, and since when.")
