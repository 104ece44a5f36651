"""HTTP of the public ledger: what auditors, witnesses and anybody read, and the same for the realm's own pages.

A full tile never changes; a partial one is replaced by a wider one. The gate lets any site's page read `/ledger/`.
"""

import re
from typing import Annotated

from litestar import Response, Router, get
from litestar.params import Parameter

from reelm.kit.errors import NotFoundError
from reelm.kit.http import problems
from reelm.kit.pages import Page
from reelm.ledger.errors import LedgerLateError
from reelm.ledger.schemas import EntryLine, EntryView, LedgerState
from reelm.ledger.service import LedgerService
from reelm.ledger.tiles import PUBLIC, RELEASE
from reelm_audit.tlog.tiles import WIDTH, TileError, parse_path

_BRIEF, _SHORT, _FOREVER = 2, 60, 31_536_000
_DIGEST = re.compile(r"([0-9a-f]{64})\.json")
_TEXT, _BYTES, _JSON = "text/plain", "application/octet-stream", "application/json"


def _published(content: bytes | str, media_type: str, seconds: int, *, changes: bool) -> Response[bytes]:
    body = content if isinstance(content, bytes) else content.encode()
    kept = f"public, max-age={seconds}" + ("" if changes else ", immutable")
    return Response(body, media_type=media_type, headers={"cache-control": kept})


@get("/checkpoint", media_type=_TEXT, responses=problems(NotFoundError), tags=["ledger"])
async def get_checkpoint(ledger: LedgerService) -> Response[bytes]:
    """Return the published checkpoint: the newest with the public quorum (C2SP tlog-checkpoint)."""
    return _published(await ledger.store.get_checkpoint(PUBLIC), _TEXT, _BRIEF, changes=True)


@get("/checkpoint.release", media_type=_TEXT, responses=problems(NotFoundError), tags=["ledger"])
async def get_release_checkpoint(ledger: LedgerService) -> Response[bytes]:
    """Return the newest checkpoint with the release quorum: what keys are released under."""
    return _published(await ledger.store.get_checkpoint(RELEASE), _TEXT, _BRIEF, changes=True)


@get("/tile/{path:path}", media_type=_BYTES, responses=problems(NotFoundError), tags=["ledger"])
async def get_tile(ledger: LedgerService, path: str) -> Response[bytes]:
    """Return a tile of hashes, or a bundle of entries (C2SP tlog-tiles)."""
    try:
        tile = parse_path("tile/" + path.lstrip("/"))
    except TileError as error:
        raise NotFoundError from error
    seconds = _FOREVER if tile.width == WIDTH else _SHORT
    return _published(await ledger.store.get(tile), _BYTES, seconds, changes=tile.width < WIDTH)


@get("/document/{name:str}", responses=problems(NotFoundError), tags=["ledger"])
async def get_document(ledger: LedgerService, name: str) -> Response[bytes]:
    """Return a document that entries commit to; its name is its SHA-256."""
    match = _DIGEST.fullmatch(name)
    if match is None:
        raise NotFoundError
    return _published(await ledger.store.get_document(match[1]), _JSON, _FOREVER, changes=False)


@get("/ledger", responses=problems(), tags=["ledger"])
async def get_state(ledger: LedgerService) -> Response[LedgerState]:
    """Say how the ledger stands: its size, who has cosigned it and when, and how many entries of each kind."""
    return Response(await ledger.state(), headers={"cache-control": f"public, max-age={_BRIEF}"})


@get("/ledger/entries", responses=problems(), tags=["ledger"])
async def list_entries(
    ledger: LedgerService,
    kind: Annotated[str | None, Parameter(max_length=400)] = None,
    limit: Annotated[int, Parameter(ge=1, le=50)] = 10,
    cursor: str | None = None,
) -> Page[EntryLine]:
    """List entries, newest first; `kind` is one kind, or several with commas between them."""
    return await ledger.page(kind, limit, cursor)


@get("/ledger/entries/{index:int}", responses=problems(NotFoundError), tags=["ledger"])
async def get_entry(ledger: LedgerService, index: int) -> EntryView:
    """Return one entry, with the exact bytes that the ledger holds."""
    return await ledger.view(index)


@get(
    "/ledger/proofs/{index:int}",
    media_type=_TEXT,
    responses=problems(NotFoundError, LedgerLateError),
    tags=["ledger"],
)
async def get_proof(ledger: LedgerService, index: int) -> Response[bytes]:
    """Return the proof that one entry is in the published ledger (C2SP tlog-proof): keep it, check it offline."""
    return _published(await ledger.proof(index), _TEXT, _BRIEF, changes=True)


files = Router("/ledger", route_handlers=[get_checkpoint, get_release_checkpoint, get_tile, get_document])
router = Router("/api/v1", route_handlers=[get_state, list_entries, get_entry, get_proof])
