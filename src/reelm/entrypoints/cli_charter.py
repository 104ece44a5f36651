"""The command `reelm charter`: what a realm says of itself, and who must sign before it says something else."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from reelm.settings import DATA_VARIABLE

if TYPE_CHECKING:
    from reelm.realm.schemas_charter import ProposalView

app = typer.Typer(
    name="charter", help="What the realm says of itself, and who must sign a change.", no_args_is_help=True
)

Data = Annotated[
    Path, typer.Option("--data", envvar=DATA_VARIABLE, help="The folder that holds everything of the realm.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
Digest = Annotated[str, typer.Argument(help="The proposal, by its digest or the beginning of it.")]
Read = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A whole charter, JSON.")]
_DEFAULT_DATA = Path("data")


@app.command("init")
def charter_init(
    data: Data = _DEFAULT_DATA,
    file: Annotated[
        Path | None,
        typer.Option("--from", exists=True, dir_okay=False, help="A charter to begin with, JSON."),
    ] = None,
    name: Annotated[str, typer.Option(help="What the realm is called.")] = "",
    realm: Annotated[str, typer.Option(help="Its id within a network, like `us`.")] = "",
    network: Annotated[str, typer.Option(help="The network it belongs to, a domain.")] = "",
    operator: Annotated[str, typer.Option(help="Who runs it.")] = "",
    country: Annotated[str, typer.Option(help="The operator's country, two letters.")] = "",
    owner: Annotated[
        list[str] | None, typer.Option(help="NAME[:COUNTRY[:PERCENT]]; once for each owner.")
    ] = None,
    lives: Annotated[
        list[str] | None,
        typer.Option(help="COUNTRY[:STORED,IN]; once for each country whose people live here."),
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="NAME:COUNTRY[:PURPOSE,…]; once for each site of data.")
    ] = None,
    web: Annotated[str, typer.Option(help="The public web address.")] = "",
    border: Annotated[str, typer.Option(help="The border's public address.")] = "",
    ids: Annotated[str, typer.Option(help="The address under which people and clips are named.")] = "",
    as_json: Json = False,
) -> None:
    """Write a new realm's first charter, with a key for its operator and one for each site."""
    from reelm.entrypoints import chartering

    said: dict[str, Any] = {
        "name": name,
        "realm": realm,
        "network": network,
        "web": web,
        "border": border,
        "ids": ids,
        "operator": operator,
        "country": country,
        "owners": owner or [],
        "lives": lives or [],
        "sites": site or [],
    }
    made = chartering.init(data, file, said)
    if as_json:
        print(json.dumps(made))
        return
    print(f"The charter of {made['name']} is in {data / 'realm.json'}: version 1, {made['digest']}.")
    print("Its one keyholder is the operator; the key is in keyholder/. Move it elsewhere, and keep it.")


@app.command("schema", hidden=True)
def charter_schema(target: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Write the JSON Schema of a charter, for `make gen`."""
    from reelm.entrypoints import chartering

    target.write_bytes(chartering.schema())


@app.command("propose")
def charter_propose(file: Read, data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Propose a whole charter as the next version."""
    from reelm.entrypoints import chartering

    _show(chartering.propose(data, file), as_json=as_json)


@app.command("sign")
def charter_sign(
    what: Annotated[
        str, typer.Argument(help="A proposal's digest; or its document, where there is no realm.")
    ],
    data: Data = _DEFAULT_DATA,
    key: Annotated[
        Path | None, typer.Option("--key", exists=True, dir_okay=False, help="The keyholder's key.")
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(
            "--signature", exists=True, dir_okay=False, help="Bring in a signature that was made elsewhere."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the signature there, to be brought in.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sign without asking again.")] = False,
    as_json: Json = False,
) -> None:
    """Sign a version; of a document in a file, on a machine that needs neither a realm nor a network."""
    from reelm.entrypoints import chartering

    if signature is not None:
        _show(chartering.bring(data, what, signature), as_json=as_json)
        return
    paper = chartering.paper(data, what, key)
    if not as_json:
        typer.echo(paper.text)
    if not yes and not typer.confirm(f"Sign this as {paper.keyholder}?"):
        raise typer.Exit(1)
    signed = chartering.sign(paper)
    if out is not None:
        out.write_bytes(msgspec.json.encode(signed) + b"\n")
    elif paper.offline:
        print(msgspec.json.encode(signed).decode())
    else:
        _show(chartering.add(data, signed), as_json=as_json)


@app.command("adopt")
def charter_adopt(digest: Digest, data: Data = _DEFAULT_DATA, as_json: Json = False) -> None:
    """Let a version take effect that is signed enough: all parts of the realm stop, and start under it."""
    from reelm.entrypoints import chartering

    done = chartering.adopt(data, digest)
    if as_json:
        print(msgspec.json.encode(done).decode())
    elif done.effect == "restarting":
        print("Adopted. The realm stops its parts and starts them under the new charter, now.")
    else:
        print("Adopted. It takes effect when the realm is started.")


@app.command("show")
def charter_show(
    digest: Annotated[str, typer.Argument(help="A proposal; without one, the charter in force.")] = "",
    data: Data = _DEFAULT_DATA,
    document: Annotated[
        bool, typer.Option("--document", help="Print the document itself, to be changed or signed elsewhere.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the charter in force and what is proposed, or one proposal."""
    from reelm.entrypoints import chartering

    if document:
        print(msgspec.json.format(chartering.document(data, digest), indent=2).decode())
    elif digest:
        _show(chartering.view(data, digest), as_json=as_json)
    else:
        shown = chartering.overview(data)
        if as_json:
            print(msgspec.json.encode(shown).decode())
            return
        print(f"{shown.name}, version {shown.version}: {shown.digest}")
        print(
            f"{shown.threshold} of {len(shown.keyholders)} keyholders change it: {', '.join(shown.keyholders)}."
        )
        print(f"Signed by {', '.join(shown.signed) or 'nobody'}.")
        for each in shown.proposals:
            print()
            _show(each, as_json=False)


@app.command("diff")
def charter_diff(
    what: Annotated[str, typer.Argument(help="A proposal's digest, or a charter in a file.")],
    data: Data = _DEFAULT_DATA,
    against: Annotated[
        Path | None,
        typer.Option("--against", exists=True, dir_okay=False, help="A charter in a file, not the realm's."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say in sentences what a version changes."""
    from reelm.entrypoints import chartering

    found = chartering.diff(data, what, against)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    for change in found:
        print(change.sentence)
    if not found:
        print("It changes nothing.")


def _show(view: "ProposalView", *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(view).decode())
        return
    print(f"Version {view.version}: {view.digest}")
    for change in view.changes:
        print(f"  {change.sentence}")
    print(f"Signed by {', '.join(view.signed) or 'nobody'}.")
    if view.missing:
        print(f"Of these, signatures are missing: {', '.join(view.missing)}.")
    for name in view.vetoes:
        print(f"{name} may veto this, and has not signed.")
    for sentence in view.refusals:
        print(sentence)
    if view.adoptable:
        print(f"It can be adopted: reelm charter adopt {view.digest}")
