"""The commands `reelm backup`, `reelm restore` and `reelm escrow`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from reelm.settings import DATA_VARIABLE

Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
_DEFAULT_DATA = Path("data")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (backup, restore, escrow):
        app.command()(command)


def backup(
    target: Annotated[Path, typer.Argument(help="Where backups are kept, best on another disk.")],
    data: Data = _DEFAULT_DATA,
    keep: Annotated[int, typer.Option("--keep", min=1, help="How many backups stay there.")] = 7,
    as_json: Json = False,
) -> None:
    """Back up a running realm. Nobody's data in it can be read without that person's own key."""
    from reelm.entrypoints.backup import backup as write
    from reelm.entrypoints.handout import settings_of_running

    made = write(settings_of_running(data), target, keep=keep, tell=_teller(quiet=as_json))
    rows = sum(made.public_rows.values()) + sum(made.sealed_rows.values())
    if as_json:
        print(
            msgspec.json.encode(
                {"made_at": made.made_at, "rows": rows, "people": len(made.people), "files": len(made.blobs)}
            ).decode()
        )
        return
    print(f"{rows} rows of {len(made.people)} people, {len(made.blobs)} files: backed up to {target}.")
    print("What opens it is not in it. Keep that elsewhere, anew each day: reelm escrow FOLDER")


def escrow(
    folder: Annotated[Path, typer.Argument(help="A place apart from the realm and from its backups.")],
    data: Data = _DEFAULT_DATA,
    turn: Annotated[
        bool, typer.Option("--turn", help="Begin a new epoch first, without waiting for the day's end.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put there what opens the backups, in place of what was there before.

    Whoever has it beside a backup can read everybody in it; keep it like a key. Don't keep older copies: they open
    what people have erased since.
    """
    from reelm.entrypoints.backup import escrow as put

    epoch = put(data, folder, turn=turn)
    print(
        msgspec.json.encode({"epoch": epoch, "folder": str(folder)}).decode()
        if as_json
        else f"The keys of epoch {epoch} are in {folder}. Older ones there were destroyed."
    )


def restore(
    source: Annotated[Path, typer.Argument(exists=True, help="A backup, or the folder that holds several.")],
    data: Annotated[Path, typer.Option("--data", help="The new folder; it must be empty or not there.")],
    escrow: Annotated[Path, typer.Option("--escrow", exists=True, help="What `reelm escrow` wrote.")],
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", exists=True, help="The published ledger (blobs/ledger), where it survived."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a realm's folder anew from a backup. Start it afterwards with `reelm up --data FOLDER`."""
    from reelm.entrypoints.backup import restore as put_back

    done = put_back(source, data, escrow=escrow, tiles=ledger, tell=_teller(quiet=as_json))
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        back = done.restored
        print(f"{back.rows} rows of {back.people} people and {back.files} files are back,")
        print(f"as they were on {back.made_at:%Y-%m-%d at %H:%M} UTC.")
        if back.without_keys or done.erased_again:
            print(f"{back.without_keys + done.erased_again} people who were erased since are not in it.")
        print(f"The ledger had {done.ledger_entries} entries, {done.adopted_entries} were published.")
        for act in done.lost_acts:
            print(f"published, but its rows are gone: {act}")
        for problem in done.problems:
            print(f"wrong: {problem}")
        print(f"Start it with: reelm up --data {data}")
    raise typer.Exit(1 if done.problems else 0)


def _teller(*, quiet: bool) -> Callable[[str], None]:
    console = Console(stderr=True, quiet=quiet, highlight=False)
    return lambda text: console.print(f"[dim]{text} …[/dim]")
