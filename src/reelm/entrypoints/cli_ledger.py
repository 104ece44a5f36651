"""The commands `reelm ledger …`."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from reelm.settings import DATA_VARIABLE

app = typer.Typer(help="The realm's public ledger.", no_args_is_help=True)
Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
_DEFAULT_DATA = Path("data")


@app.command()
def state(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Say how the ledger stands, and who has cosigned it."""
    from reelm.entrypoints import ledger
    from reelm.entrypoints.handout import settings_of_running

    found = ledger.state(settings_of_running(data))
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    print(
        f"{found.origin}: {found.size} entries, {found.state}"
        + (f" ({found.problem})" if found.problem else "")
    )
    print(f"key: {found.vkey}")
    if found.waiting:
        print(f"{found.waiting} entries wait for their place")
    for witness in found.witnesses:
        when = witness.last_cosigned_at.isoformat(timespec="seconds") if witness.last_cosigned_at else "never"
        trouble = f"; {witness.problem}" if witness.problem else ""
        print(f"witness {witness.name} ({', '.join(witness.policies)}): last cosigned {when}{trouble}")


@app.command()
def fsck(
    data: Data = _DEFAULT_DATA,
    repair: Annotated[
        bool, typer.Option("--repair", help="Write damaged tiles anew from their entries.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build the whole ledger again from its entries, and compare it with every tile and checkpoint."""
    from reelm.entrypoints import ledger
    from reelm.entrypoints.handout import settings_of_running

    _tell(ledger.fsck(settings_of_running(data), repair=repair), as_json=as_json)


@app.command()
def resume(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Let a ledger that has stopped go on, if nothing is wrong with it."""
    from reelm.entrypoints import ledger
    from reelm.entrypoints.handout import settings_of_running

    _tell(ledger.resume(settings_of_running(data)), as_json=as_json)


def _tell(found: object, *, as_json: bool) -> None:
    from reelm.ledger.fsck import Findings

    assert isinstance(found, Findings)
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        mended = f", {found.repaired} written anew" if found.repaired else ""
        print(f"{found.size} entries, {found.files} tiles{mended}; root {found.root}")
        for problem in found.problems:
            print(f"wrong: {problem}")
    raise typer.Exit(0 if found.clean else 1)


@app.command()
def adopt(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """After a restore: bring the database up to what was published, and say what the gap holds."""
    from reelm.entrypoints import ledger
    from reelm.entrypoints.handout import settings_of_running

    adoption = ledger.adopt(settings_of_running(data))
    if as_json:
        print(msgspec.json.encode(adoption).decode())
        return
    print(f"{adoption.db_size} entries were restored, {adoption.adopted_size} are published: adopted.")
    for each in adoption.gap:
        print(
            f"{each.index} {each.kind}"
            + ("" if each.known else ": what it speaks of is not in this database")
        )


@app.command(hidden=True)
def schemas(
    folder: Annotated[Path, typer.Argument(help="Where one file a kind is written.")],
    together: Annotated[Path, typer.Argument(help="The file that holds all of them.")],
) -> None:
    """Write the JSON Schemas of all kinds of entries, for `make gen`."""
    from reelm.entrypoints import ledger

    found = ledger.schemas()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        if old.stem not in found:
            old.unlink()
    for kind, schema in found.items():
        (folder / f"{kind}.json").write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")
    together.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
