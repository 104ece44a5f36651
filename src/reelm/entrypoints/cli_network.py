"""The commands `reelm network …`."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from reelm.settings import DATA_VARIABLE

app = typer.Typer(help="The other realms of this network.", no_args_is_help=True)
Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
_DEFAULT_DATA = Path("data")


@app.command()
def join(
    url: Annotated[str, typer.Argument(help="The other realm's address, as people type it.")],
    data: Data = _DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Get to know another realm: fetch its charter, check who signed it, and exchange with it from now on."""
    from reelm.entrypoints import network
    from reelm.entrypoints.handout import settings_of_running

    found = network.join(settings_of_running(data), url)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    print(f"{found.name} ({found.realm}) is known now, by its charter {found.charter[:12]}….")
    print("That realm has to do the same with this one before anything is exchanged.")


@app.command()
def leave(
    realm: Annotated[str, typer.Argument(help="The other realm's name.")],
    data: Data = _DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Forget another realm: nothing is released to it or taken from it any more."""
    from reelm.entrypoints import network
    from reelm.entrypoints.handout import settings_of_running

    was_known = network.leave(settings_of_running(data), realm)
    if as_json:
        print(msgspec.json.encode({"left": was_known}).decode())
    else:
        print(f"{realm} is forgotten." if was_known else f"{realm} was not known.")
    raise typer.Exit(0 if was_known else 1)


@app.command("list")
def list_known(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """List the realms that this one knows."""
    from reelm.entrypoints import network
    from reelm.entrypoints.handout import settings_of_running

    found = network.known(settings_of_running(data))
    if as_json:
        print(msgspec.json.encode({"realms": found}).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("realm", "name", "address", "state", "charter", "known since")
    for each in found:
        table.add_row(each.realm, each.name, each.web, each.state, each.charter[:12], each.known_at)
    Console().print(table)


@app.command()
def demo(
    data: Annotated[
        Path, typer.Option("--data", help="The folder in which every realm gets one of its own.")
    ] = Path("network"),
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65000, help="The first of the ports that are used.")
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Without people and clips.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the addresses, and nothing else.")] = False,
) -> None:
    """Start two networks of several realms, with people who follow each other across, until Ctrl-C."""
    from reelm.entrypoints.network_demo import run

    raise typer.Exit(run(data, first_port=port, quiet=quiet, empty=empty))
