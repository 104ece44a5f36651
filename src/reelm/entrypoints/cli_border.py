"""The commands `reelm border …`; alone, it runs the border of a realm that was started without one."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from reelm.entrypoints.folder import StartError
from reelm.settings import DATA_VARIABLE, Settings

app = typer.Typer(help="The realm's border: what crosses, by which policy.")
Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but trouble.")]
_DEFAULT_DATA = Path("data")
T = TypeVar("T")


@app.callback(invoke_without_command=True)
def border(context: typer.Context, data: Data = _DEFAULT_DATA, quiet: Quiet = False) -> None:
    """Run only the border of a realm that was started without it: who runs it holds the only way out."""
    if context.invoked_subcommand is None:
        from reelm.entrypoints.border import run_alone

        raise typer.Exit(run_alone(data, quiet=quiet))


@app.command()
def show(data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Say with which realms this one speaks, how much crossed, what waits and what was given up."""
    from reelm.border.repository_console import ConsoleReader

    async def look(uow: Any) -> Any:
        reader = ConsoleReader(uow)
        return await reader.list_peers(), await reader.list_deliveries("dead", None, 50)

    peers, dead = _ask(data, look)
    if as_json:
        found = {
            "peers": [each._asdict() for each in peers],
            "dead": [each._asdict() for each in dead],
        }
        print(json.dumps(found, default=str))
        return
    for peer in peers:
        heard = peer.last_heard_at.isoformat(timespec="seconds") if peer.last_heard_at else "never"
        print(
            f"{peer.realm} ({peer.state}): out {peer.out_objects} objects, in {peer.in_objects}; "
            f"{peer.refused} refused, {peer.waiting} wait, {peer.dead} given up; last heard of {heard}"
        )
    if not peers:
        print("This realm knows no other one.")
    for each in dead:
        print(f"given up: {each.id} to {each.peer}, {each.objects} objects, {each.problem}")


@app.command()
def policy(
    data: Data = _DEFAULT_DATA,
    peer: Annotated[str, typer.Option("--peer", help="Say what may go to this realm.")] = "",
    as_json: Json = False,
) -> None:
    """Print the charter's border policies; with --peer every verdict for that realm."""
    from reelm.border.verdicts import table
    from reelm.entrypoints.handout import settings_of_running

    settings = settings_of_running(data)
    text, rows = asyncio.run(_verdicts(settings, peer, table))
    if as_json:
        print(json.dumps({"policy": text, "verdicts": [row._asdict() for row in rows]}))
        return
    print(text or "The charter has no border policies: nothing leaves this realm.")
    for row in rows:
        print(f"{row.act} {row.object_type} · {row.data_class} · {row.purpose}: {row.policy or 'refused'}")


@app.command()
def retry(
    delivery: Annotated[str, typer.Argument(help="The delivery's id, or `all`.")],
    data: Data = _DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Try deliveries again that were given up."""
    from reelm.border.repository_releasing import ReleasingWriter

    try:
        wanted = None if delivery == "all" else UUID(delivery)
    except ValueError:
        raise StartError(f"{delivery} is no delivery.", "reelm border show lists those given up.") from None
    count = _ask(data, lambda uow: ReleasingWriter(uow).revive(wanted))
    print(json.dumps({"retried": count}) if as_json else f"{count} deliveries are tried again.")
    raise typer.Exit(0 if count or wanted is None else 1)


async def _verdicts(settings: Settings, peer: str, table: Callable[..., T]) -> tuple[str, T]:
    from reelm.border.constitution import Constitution
    from reelm.border.repository_releasing import ReleasingReader

    terms = Constitution(settings).now()
    about = None
    if peer:
        about = await _within(settings, lambda uow: ReleasingReader(uow).find_peer(peer))
        if about is None:
            raise StartError(
                f"This realm knows none called {peer}.", "reelm network list names those it knows."
            )
    return terms.document.borders, table(terms, about)


def _ask(data: Path, act: Callable[[Any], Awaitable[T]]) -> T:
    from reelm.entrypoints.handout import settings_of_running

    return asyncio.run(_within(settings_of_running(data), act))


async def _within(settings: Settings, act: Callable[[Any], Awaitable[T]]) -> T:
    from reelm.kit.database import Database

    database = await Database.open(settings.database, "reelm_border", size=1)
    try:
        async with database.transaction() as uow:
            return await act(uow)
    finally:
        await database.close()
