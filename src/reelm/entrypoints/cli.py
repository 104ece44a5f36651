"""The command `reelm`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from reelm import __version__
from reelm.entrypoints import cli_backup, cli_keys, cli_model, cli_receipts, cli_snapshots
from reelm.entrypoints.cli_border import app as border_app
from reelm.entrypoints.cli_charter import app as charter_app
from reelm.entrypoints.cli_ledger import app as ledger_app
from reelm.entrypoints.cli_network import app as network_app
from reelm.entrypoints.cli_staff import app as staff_app
from reelm.entrypoints.cli_zone import app as zone_app
from reelm.entrypoints.folder import StartError
from reelm.settings import DATA_VARIABLE, PORT_VARIABLE, given_password

app = typer.Typer(
    name="reelm",
    help="Runs and looks after a realm: a short-video network of your own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
user_app = typer.Typer(help="People of the realm.", no_args_is_help=True)
clip_app = typer.Typer(help="Clips of the realm.", no_args_is_help=True)
feed_app = typer.Typer(help="The feeds of the realm.", no_args_is_help=True)
app.add_typer(user_app, name="user")
app.add_typer(clip_app, name="clip")
app.add_typer(feed_app, name="feed")
cli_model.register(feed_app)
cli_snapshots.register(feed_app)
cli_receipts.register(feed_app)
app.add_typer(charter_app, name="charter")
app.add_typer(ledger_app, name="ledger")
app.add_typer(border_app, name="border")
cli_backup.register(app)
cli_keys.register(app)
app.add_typer(staff_app, name="staff")
app.add_typer(network_app, name="network")
app.add_typer(zone_app, name="zone")

Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", envvar=PORT_VARIABLE, min=0, max=65535, help="The port of the web server."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the address, and nothing else but trouble.")]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]

_DEFAULT_DATA = Path("data")


@app.command()
def up(
    data: Data = _DEFAULT_DATA,
    port: Port = None,
    quiet: Quiet = False,
    without_border: Annotated[
        bool, typer.Option("--without-border", help="Its border runs elsewhere: `reelm border`.")
    ] = False,
) -> None:
    """Start the realm and keep it running until Ctrl-C."""
    from reelm.entrypoints.up import up as run

    raise typer.Exit(run(data, port, quiet=quiet, border=not without_border))


@app.command()
def demo(data: Data = _DEFAULT_DATA, port: Port = None, quiet: Quiet = False) -> None:
    """Start the realm and, if it's empty, fill it with people, clips and talk."""
    from reelm.entrypoints.filling import fill_if_empty
    from reelm.entrypoints.up import up as run

    raise typer.Exit(
        run(
            data,
            port,
            quiet=quiet,
            after=lambda settings: fill_if_empty(settings, quiet=quiet),
            witnesses=True,
        )
    )


@app.command()
def migrate(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Bring the database of a running realm, or an external one, to this release."""
    from reelm.entrypoints import migrate as migration
    from reelm.entrypoints.handout import settings_of_running

    code = migration.run(settings_of_running(data))
    _say(
        {"migrated": code == 0},
        "The database is up to date." if code == 0 else "The migration failed.",
        as_json,
    )
    raise typer.Exit(code)


@app.command()
def doctor(data: Data = _DEFAULT_DATA, port: Port = None, as_json: Json = False) -> None:
    """Look for what would keep the realm from running well, and say what it can't promise."""
    from reelm.entrypoints.doctor import examine, show

    findings = examine(data, port)
    show(findings, as_json=as_json)
    raise typer.Exit(1 if any(finding.verdict == "bad" for finding in findings) else 0)


@app.command(hidden=True)
def openapi() -> None:
    """Print the API's description, for `make gen`."""
    from reelm.entrypoints.description import describe

    print(json.dumps(describe(), indent=1, ensure_ascii=False))


@app.command()
def version(as_json: Json = False) -> None:
    """Say which release this is."""
    _say({"version": __version__}, f"Reelm {__version__}", as_json)


@app.command()
def build(as_json: Json = False) -> None:
    """Print the digest of this build, the one that the ledger names for what is deployed."""
    from reelm.realm.build import build_digest

    _say({"version": __version__, "build": build_digest()}, build_digest(), as_json)


@user_app.command("list")
def user_list(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """List the people of the realm by handle."""
    from reelm.entrypoints import operator
    from reelm.entrypoints.handout import settings_of_running

    people = operator.people(settings_of_running(data))
    if as_json:
        _say({"people": people}, "", as_json)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("handle", "name", "role", "since")
    for person in people:
        table.add_row(*(str(person[column]) for column in ("handle", "display_name", "role", "created_at")))
    Console().print(table)


@user_app.command("invite")
def user_invite(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Make a one-time link with which a person becomes an operator."""
    from reelm.entrypoints import operator
    from reelm.entrypoints.handout import settings_of_running

    link = operator.invite(settings_of_running(data), always=True)
    _say({"link": link}, link, as_json)


@clip_app.command("add")
def clip_add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    handle: Annotated[str, typer.Option("--handle", help="Who publishes it.")],
    data: Data = _DEFAULT_DATA,
    caption: Annotated[str, typer.Option("--caption")] = "",
    url: Annotated[
        str, typer.Option("--url", help="The realm's address, if it isn't the one of --data.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Publish a video file as a phone would; asks for the password, or reads it from REELM_PASSWORD."""
    from reelm.entrypoints.publishing import publish

    password = given_password() or typer.prompt(f"Password of {handle}", hide_input=True, err=True)
    clip = publish(
        url or _address(data), file, handle=handle, password=password, caption=caption, quiet=as_json
    )
    _say(clip, f"{clip['status']}: {clip['url']}", as_json)
    raise typer.Exit(0 if clip["status"] == "ready" else 1)


def _address(data: Path) -> str:
    from reelm.entrypoints.folder import DataFolder

    owner = DataFolder(data).owner()
    if owner is None:
        raise StartError(f"No realm runs on {data}.", "Start it with: reelm up --data DIR")
    return str(owner["address"])


def _say(answer: dict[str, Any], text: str, as_json: bool) -> None:
    print(json.dumps(answer, ensure_ascii=False, default=str) if as_json else text)


def main() -> None:
    """Run the command; what a person can act on is said in a sentence, without a traceback."""
    try:
        app()
    except StartError as error:
        print(f"{error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
