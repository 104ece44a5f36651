"""The commands `reelm feed learn` and `reelm feed model …`."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from reelm.settings import DATA_VARIABLE

app = typer.Typer(help="The models that put clips in order.", no_args_is_help=True)
Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
_DEFAULT_DATA = Path("data")


def register(feed: typer.Typer) -> None:
    """Add the commands to those of the feed."""
    feed.command()(learn)
    feed.add_typer(app, name="model")


def learn(
    data: Data = _DEFAULT_DATA,
    now: Annotated[
        bool, typer.Option("--now", help="Take in what is new at once, instead of in a few minutes.")
    ] = False,
    whole: Annotated[bool, typer.Option("--whole", help="Begin anew, as every night.")] = False,
    train: Annotated[bool, typer.Option("--train", help="Train a ranker too, as every night.")] = False,
    as_json: Json = False,
) -> None:
    """Say what was learned last; with --now, learn."""
    from reelm.entrypoints import model
    from reelm.entrypoints.handout import settings_of_running
    from reelm.feed.learning.learner import read_report

    settings = settings_of_running(data)
    if now or whole or train:
        acts = (["whole"] if whole else ["minutes"] if now else []) + (["train"] if train else [])
        done = model.learn(settings, acts)  # type: ignore[arg-type]
    else:
        done = list(read_report(settings.feed).last.values())
    if as_json:
        print(msgspec.json.encode(done).decode())
        return
    if not done:
        print("Nothing was learned yet.")
    for each in done:
        if each.problem:
            print(f"{each.act}: {each.problem}")
        elif each.act == "train":
            print(f"{each.act}: model {each.digest[:16]} is {each.verdict}")
        else:
            print(
                f"{each.act}: {each.likes} likes of {each.people} people, {each.pairs} pairs of clips, "
                f"{each.clips} clips described{'' if each.changed else '; nothing changed'}"
            )


@app.command("list")
def list_models(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """List the models there are, and which is in force."""
    from reelm.entrypoints import model
    from reelm.entrypoints.handout import settings_of_running

    _tell(model.models(settings_of_running(data)), as_json=as_json)


@app.command()
def release(
    digest: Annotated[str, typer.Argument(help="The model's digest, or its first digits.")],
    data: Data = _DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Put a model in force; the public ledger says so first."""
    from reelm.entrypoints import model
    from reelm.entrypoints.handout import settings_of_running

    _tell(model.put_in_force(settings_of_running(data), digest, "release"), as_json=as_json)


@app.command()
def rollback(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Go back to the model that was in force before; the public ledger says so first."""
    from reelm.entrypoints import model
    from reelm.entrypoints.handout import settings_of_running

    _tell(model.roll_back(settings_of_running(data)), as_json=as_json)


def _tell(found: object, *, as_json: bool) -> None:
    from reelm.entrypoints.model import Models

    assert isinstance(found, Models)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    for each in found.models:
        mark = "in force" if each.digest == found.in_force else each.verdict
        print(f"{each.digest[:16]}  {each.made_at:%Y-%m-%d %H:%M}  {each.name}  {mark}")
    for change in found.changes:
        when = f"{change.in_force_at:%Y-%m-%d %H:%M}" if change.in_force_at else "waits for the ledger"
        print(f"{change.cause}: {change.model[:16]}, {when}, entry {change.entry_index}")
