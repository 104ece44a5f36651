"""HTTP of people's rights: see, take, bring and erase everything about oneself."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, post
from litestar.params import Parameter
from litestar.response import Stream

from reelm.accounts.service import Visitor
from reelm.custody.service import KeysClient, ProofRequiredError, SignInRefusedError
from reelm.kit.database import UnitOfWork
from reelm.kit.http import ITEM, SIGNED_IN, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.kit.pages import PAGE_LIMIT, Page
from reelm.ledger.service import LedgerBusyError
from reelm.media.service import Asked, RangeUnsuitableError, SealedReader, opened
from reelm.rights.errors import ArchiveNotReadyError, HandleMismatchError, NotAnImportError, UnderWayError
from reelm.rights.schemas import Erased, ErasureNew, Export, Import, ImportNew, OwnData
from reelm.rights.service import RightsService

_EXPORTS = Limit(burst=5, seconds_each=3600)
_ERASURES = Limit(burst=5, seconds_each=60)
# A session that ends while its archive is on its way ends the way, too.
_ASK_AGAIN_BYTES = 16 * 1024 * 1024
Limited = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)]


@get("/me/data", responses=problems(*SIGNED_IN), tags=["rights"])
async def see_data(visitor: Visitor, uow: UnitOfWork, rights: RightsService) -> OwnData:
    """Say what the realm keeps about oneself: every table, why, until when, and how many rows."""
    return await rights.see(uow)


@get("/me/data/{table:str}", responses=problems(*ITEM), tags=["rights"])
async def list_data(
    table: str,
    visitor: Visitor,
    uow: UnitOfWork,
    rights: RightsService,
    limit: Limited = 10,
    cursor: str | None = None,
) -> Page[dict[str, Any]]:
    """Page through one's own rows of a table, with what is encrypted opened."""
    return await rights.list_rows(uow, visitor, table, limit, cursor)


@post("/me/exports", status_code=202, responses=problems(*SIGNED_IN, UnderWayError), tags=["rights"])
async def start_export(
    visitor: Visitor, uow: UnitOfWork, rights: RightsService, limiter: RateLimiter
) -> Export:
    """Begin an archive of everything about oneself; one at a time."""
    limiter.spend("exports", str(visitor.person_id), _EXPORTS)
    return await rights.export(uow, visitor)


@get("/me/exports", responses=problems(*SIGNED_IN), tags=["rights"])
async def list_exports(
    visitor: Visitor,
    uow: UnitOfWork,
    rights: RightsService,
    limit: Limited = 10,
    cursor: str | None = None,
) -> Page[Export]:
    """Page through one's exports, newest first."""
    return await rights.list_exports(uow, visitor, limit, cursor)


@get("/me/exports/{export_id:uuid}", responses=problems(*ITEM), tags=["rights"])
async def get_export(export_id: UUID, visitor: Visitor, uow: UnitOfWork, rights: RightsService) -> Export:
    """Say how far an export is."""
    return await rights.get_export(uow, visitor, export_id)


@delete("/me/exports/{export_id:uuid}", status_code=204, responses=problems(*ITEM), tags=["rights"])
async def end_export(export_id: UUID, visitor: Visitor, uow: UnitOfWork, rights: RightsService) -> None:
    """Cancel an export, or remove a finished one and its archive."""
    await rights.end_export(uow, visitor, export_id)


@get(
    "/me/exports/{export_id:uuid}/archive",
    responses=problems(*ITEM, ArchiveNotReadyError, RangeUnsuitableError),
    media_type="application/zip",
    tags=["rights"],
)
async def get_archive(
    request: Request[Any, Any, Any],
    export_id: UUID,
    visitor: Visitor,
    uow: UnitOfWork,
    rights: RightsService,
    keys: KeysClient,
) -> Response[Any]:
    """Fetch the archive, decrypted on its way; by ranges, so that a broken download goes on."""
    reader = await rights.open_archive(uow, visitor, export_id)
    tag = f'"{export_id.hex}"'
    try:
        window = Asked(request.scope).window(reader.size, tag)
    except BaseException:
        reader.close()
        raise
    start, length = window or (0, reader.size)
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "etag": tag,
        "content-length": str(length),
        "content-disposition": f'attachment; filename="reelm-{export_id.hex[:12]}.zip"',
    }
    if window is not None:
        headers["content-range"] = f"bytes {start}-{start + length - 1}/{reader.size}"
    return Stream(
        _sent(reader, start, length, keys, visitor.token),
        status_code=200 if window is None else 206,
        headers=headers,
        media_type="application/zip",
    )


async def _sent(
    reader: SealedReader, start: int, length: int, keys: KeysClient, token: str
) -> AsyncIterator[bytes]:
    """Open a few segments at a time, for as long as the session lives."""
    with reader:
        since = 0
        async for piece in opened(reader.iterate(start, length)):
            since += len(piece)
            if since >= _ASK_AGAIN_BYTES:
                await keys.resolve(token)
                since = 0
            yield piece


@post(
    "/me/imports",
    status_code=202,
    responses=problems(*SIGNED_IN, NotAnImportError, UnderWayError),
    tags=["rights"],
)
async def start_import(
    data: ImportNew, visitor: Visitor, uow: UnitOfWork, rights: RightsService, limiter: RateLimiter
) -> Import:
    """Bring in an archive from another realm: an upload that was announced with `purpose=import`."""
    limiter.spend("imports", str(visitor.person_id), _EXPORTS)
    return await rights.bring(uow, visitor, data.upload_id)


@get("/me/imports", responses=problems(*SIGNED_IN), tags=["rights"])
async def list_imports(
    visitor: Visitor,
    uow: UnitOfWork,
    rights: RightsService,
    limit: Limited = 10,
    cursor: str | None = None,
) -> Page[Import]:
    """Page through one's imports, newest first."""
    return await rights.list_imports(uow, visitor, limit, cursor)


@get("/me/imports/{import_id:uuid}", responses=problems(*ITEM), tags=["rights"])
async def get_import(import_id: UUID, visitor: Visitor, uow: UnitOfWork, rights: RightsService) -> Import:
    """Say how far an import is, what came and what could not."""
    return await rights.get_import(uow, visitor, import_id)


@delete("/me/imports/{import_id:uuid}", status_code=204, responses=problems(*ITEM), tags=["rights"])
async def end_import(import_id: UUID, visitor: Visitor, uow: UnitOfWork, rights: RightsService) -> None:
    """Stop an import, or take a finished one off the list; what was brought stays."""
    await rights.end_import(uow, visitor, import_id)


@post(
    "/me/erasure",
    status_code=202,
    responses=problems(
        *SIGNED_IN, ProofRequiredError, SignInRefusedError, HandleMismatchError, LedgerBusyError
    ),
    tags=["rights"],
)
async def erase(data: ErasureNew, visitor: Visitor, rights: RightsService, limiter: RateLimiter) -> Erased:
    """Erase oneself, for good: handle typed again, and password or passkey. There is no way back."""
    limiter.spend("erasures", str(visitor.person_id), _ERASURES)
    return await rights.erase(visitor, data)


router = Router(
    "/api/v1",
    route_handlers=[
        see_data,
        list_data,
        start_export,
        list_exports,
        get_export,
        end_export,
        get_archive,
        start_import,
        list_imports,
        get_import,
        end_import,
        erase,
    ],
)
