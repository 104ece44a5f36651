"""The command `reelm staff`: for keyholders, at the machine that has their key."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from reelm.settings import DATA_VARIABLE

app = typer.Typer(name="staff", help="Who may open personal data: a keyholder's word.", no_args_is_help=True)

Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", exists=True, dir_okay=False, help="The keyholder's key, if it isn't kept beside the data."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Sign without asking again.")]
Handle = Annotated[str, typer.Argument(help="The member of staff, by handle.")]
_DEFAULT_DATA = Path("data")


@app.command("list")
def staff_list(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """List everybody who brought a key, and whose key counts."""
    from reelm.entrypoints import staff
    from reelm.entrypoints.handout import settings_of_running

    found = staff.list_staff(settings_of_running(data))
    if as_json:
        print(json.dumps({"staff": found}))
        return
    from rich.console import Console
    from rich.table import Table

    columns = ("handle", "key_id", "country", "state", "enrolled_at", "index")
    table = Table("handle", "key", "country", "state", "since", "ledger entry")
    for each in found:
        table.add_row(*("" if each[column] is None else str(each[column]) for column in columns))
    Console().print(table)


@app.command("enrol")
def staff_enrol(
    handle: Handle, data: Data = _DEFAULT_DATA, key: Key = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Sign that a member of staff's key counts."""
    _sign("enrol", handle, data, key, yes=yes, as_json=as_json)


@app.command("remove")
def staff_remove(
    handle: Handle, data: Data = _DEFAULT_DATA, key: Key = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Sign that a member of staff's key counts no more."""
    _sign("remove", handle, data, key, yes=yes, as_json=as_json)


def _sign(
    act: Literal["enrol", "remove"], handle: str, data: Path, key: Path | None, *, yes: bool, as_json: bool
) -> None:
    from reelm.entrypoints import staff
    from reelm.entrypoints.handout import settings_of_running

    settings = settings_of_running(data)
    try:
        proposal = staff.propose(settings, act, handle, key)
        if not as_json:
            typer.echo(
                f"@{proposal.handle} ({proposal.country}), key {proposal.key_id}. "
                f"Keyholder {proposal.keyholder} signs:\n\n{proposal.text}\n"
            )
        if not yes and not typer.confirm("Sign this? It goes into the public ledger and stays there."):
            raise typer.Exit(1)
        done = staff.carry_out(settings, proposal, key)
    except staff.StaffError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _say(done, as_json=as_json)


def _say(done: Any, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(done).decode())
        return
    verb = "counts from now on" if done.state == "enrolled" else "counts no more"
    where = (
        f"It is entry {done.index} of the ledger."
        if done.index is not None
        else "The ledger has not confirmed it yet; it will as soon as its witnesses do."
    )
    typer.echo(f"The key of @{done.handle} {verb}. {where}")
