"""The commands `reelm zone …`: the network's public addresses, and who may change where they lead."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from reelm.entrypoints.folder import StartError
from reelm.settings import DATA_VARIABLE

if TYPE_CHECKING:
    from reelm.entrypoints.zone import ZoneFolder
    from reelm.realm.zone import Routes

app = typer.Typer(help="The network's public addresses.", no_args_is_help=True)
Data = Annotated[Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder of the zone.")]
RealmOptions = Annotated[
    list[str], typer.Option("--realm", help="NAME=WEB,BORDER: where a realm answers; NAME= takes it out.")
]
Holders = Annotated[list[str], typer.Option("--keyholder", help="NAME=VKEY: whose signature counts.")]
_DEFAULT_DATA = Path("zone")


@app.command()
def init(
    network: Annotated[str, typer.Argument(help="The network's name.")],
    data: Data = _DEFAULT_DATA,
    realms: RealmOptions = [],  # noqa: B006 - read only
    keyholders: Holders = [],  # noqa: B006 - read only
    threshold: Annotated[int, typer.Option("--threshold", min=1)] = 1,
) -> None:
    """Begin a zone. Without keyholders it makes the first one's key in its folder, and is in force at once."""
    from reelm.entrypoints.zone import FIRST_KEYHOLDER, ZoneFolder
    from reelm.realm.zone import Routes, ZoneKeyholder, digest_of

    folder = ZoneFolder(data)
    holders = [ZoneKeyholder(*_pair(each)) for each in keyholders]
    if not holders:
        holders = [ZoneKeyholder(FIRST_KEYHOLDER, folder.own_key().vkey)]
    routes = _with_realms(Routes(network, 1, threshold, holders, {}), realms)
    with _sentences():
        folder.begin(routes, own_key=not keyholders)
        if not keyholders:
            folder.adopt(digest_of(routes))
    _tell(folder, digest_of(routes))


@app.command()
def propose(
    data: Data = _DEFAULT_DATA,
    realms: RealmOptions = [],  # noqa: B006 - read only
    moves: Annotated[
        list[str], typer.Option("--move", help="PATH=REALM: who answers for a path; PATH= takes it back.")
    ] = [],  # noqa: B006 - read only
    keyholders: Holders = [],  # noqa: B006 - read only
    threshold: Annotated[int | None, typer.Option("--threshold", min=1)] = None,
) -> None:
    """Propose a change of the routes in force. Naming keyholders names all of them anew."""
    from reelm.entrypoints.zone import ZoneFolder
    from reelm.realm.zone import Moved, ZoneKeyholder, digest_of

    folder = ZoneFolder(data)
    with _sentences():
        before = folder.in_force()
    moved = {each.path: each.realm for each in before.moved}
    for path, realm in map(_pair, moves):
        moved.pop(path, None)
        if realm:
            moved[path] = realm
    routes = msgspec.structs.replace(
        _with_realms(before, realms),
        version=before.version + 1,
        previous=digest_of(before),
        threshold=threshold or before.threshold,
        keyholders=[ZoneKeyholder(*_pair(each)) for each in keyholders] or before.keyholders,
        moved=[Moved(path, realm) for path, realm in sorted(moved.items())],
    )
    with _sentences():
        digest = folder.propose(routes)
    _tell(folder, digest)


@app.command()
def sign(
    digest: Annotated[str, typer.Argument(help="The proposal, as `propose` named it.")],
    data: Data = _DEFAULT_DATA,
    key: Annotated[
        Path | None, typer.Option("--key", exists=True, dir_okay=False, help="The keyholder's key.")
    ] = None,
) -> None:
    """Sign a proposal with a keyholder's key, wherever the folder was brought."""
    from reelm.entrypoints.zone import KEY_FILE, ZoneFolder

    folder = ZoneFolder(data)
    with _sentences():
        names = folder.sign(digest, key or folder.path / KEY_FILE)
    print(f"Signed by {', '.join(names) or 'keyholders of the version in force'}.")


@app.command()
def adopt(digest: Annotated[str, typer.Argument(help="The proposal.")], data: Data = _DEFAULT_DATA) -> None:
    """Put a proposal in force, if enough have signed; whoever serves the zone follows at once."""
    from reelm.entrypoints.zone import ZoneFolder

    with _sentences():
        routes = ZoneFolder(data).adopt(digest)
    print(f"Version {routes.version} of the routes of {routes.network} is in force.")


@app.command()
def show(data: Data = _DEFAULT_DATA) -> None:
    """Print the routes in force, after checking all their history."""
    from reelm.entrypoints.zone import ZoneFolder

    with _sentences():
        routes = ZoneFolder(data).in_force()
    print(msgspec.json.format(msgspec.json.encode(routes), indent=2).decode())


@app.command()
def serve(
    data: Data = _DEFAULT_DATA,
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8090,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    weak: Annotated[
        bool, typer.Option("--weak", help="Serve also where the process can't be confined.")
    ] = False,
) -> None:
    """Answer for id.<network>: redirects to the realm that has what is asked for. Until Ctrl-C."""
    from reelm.entrypoints.zone import serve as run

    def ready(bound: int) -> None:
        print(f"The zone is ready at http://{host}:{bound}", flush=True)

    try:
        raise typer.Exit(run(data, host, port, ready=ready, weak=weak))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _with_realms(routes: "Routes", given: list[str]) -> "Routes":
    from reelm.realm.zone import ZoneRealm

    realms = dict(routes.realms)
    for name, addresses in map(_pair, given):
        web, _, border = addresses.partition(",")
        realms.pop(name, None)
        if web:
            realms[name] = ZoneRealm(web.rstrip("/"), border.rstrip("/"))
    return msgspec.structs.replace(routes, realms=realms)


def _pair(text: str) -> tuple[str, str]:
    name, sign_of_equality, value = text.partition("=")
    if not sign_of_equality:
        raise StartError(f"{text!r} has no =.")
    return name, value


def _tell(folder: "ZoneFolder", digest: str) -> None:
    print(f"{digest}\nin {folder.path}")


class _sentences:  # noqa: N801 - used like a statement
    """Says a refusal in its sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from reelm.realm.zone import ZoneError

        if isinstance(error, ZoneError):
            raise StartError(str(error)) from error
