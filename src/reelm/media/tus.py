"""The tus resumable upload protocol 1.0.0 over HTTP: headers in, decisions in `uploads`, headers out.

Core and the extensions creation, creation-with-upload, checksum, expiration and termination. Bodies are taken
chunk by chunk from the connection; no handler here ever holds a whole one.
"""

import asyncio
import base64
import binascii
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, head, patch, post, route
from litestar.enums import HttpMethod

from reelm.accounts.service import Visitor
from reelm.kit.errors import ReelmError, SignInRequiredError
from reelm.kit.http import on_reelm_error, problems
from reelm.kit.limits import Limit, RateLimiter
from reelm.media.repository import Purpose, UploadRow
from reelm.media.service import MediaService
from reelm.media.upload_errors import (
    ChecksumMismatchError,
    OffsetMismatchError,
    ProtocolVersionError,
    QuotaExceededError,
    StorageFullError,
    TooManyUploadsError,
    UploadEmptyError,
    UploadGoneError,
    UploadHeaderError,
    UploadTooLargeError,
    UploadTypeError,
)
from reelm.media.uploads import CHECKSUMS, Checksum, ClientGoneError

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
PIECE_TYPE = "application/offset+octet-stream"
SILENCE_SECONDS = 60.0
HEARD_OUT_BYTES = 16 * 1024 * 1024
HEARD_OUT_SECONDS = 10.0
_NUMBER = re.compile(r"[0-9]{1,15}")
_CREATIONS = Limit(burst=60, seconds_each=10)
_METADATA_CHARS = 4096

_Request = Request[Any, Any, Any]


def _demand_version(request: _Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise ProtocolVersionError


def _number(request: _Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise UploadHeaderError(fields={name: "not_a_number" if text else "missing"})
    return int(text)


def _length(request: _Request) -> int | None:
    text = request.headers.get("content-length")
    return int(text) if text and _NUMBER.fullmatch(text) else None


def metadata(header: str) -> dict[str, str]:
    """Read `Upload-Metadata`: `key base64value` pairs between commas. Raises `UploadHeaderError`."""
    found: dict[str, str] = {}
    if len(header) > _METADATA_CHARS:
        raise UploadHeaderError(fields={"upload-metadata": "too_long"})
    for pair in header.split(",") if header.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not key or key in found:
            raise UploadHeaderError(fields={"upload-metadata": "malformed"})
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise UploadHeaderError(fields={"upload-metadata": "malformed"}) from error
    return found


def checksum(header: str | None) -> Checksum | None:
    """Read `Upload-Checksum`: an algorithm and a base64 digest. Raises `UploadHeaderError`."""
    if header is None:
        return None
    algorithm, _, digest = header.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise UploadHeaderError(fields={"upload-checksum": "algorithm_unsupported"})
    try:
        return Checksum(algorithm, base64.b64decode(digest.strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        raise UploadHeaderError(fields={"upload-checksum": "malformed"}) from error


class Body:
    """A request's body, chunk by chunk as it comes; `over` once all of it has come."""

    def __init__(self, request: _Request) -> None:
        self._request = request
        self.over = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Raises `ClientGoneError` when it stops coming."""
        while not self.over:
            try:
                message: Any = await asyncio.wait_for(self._request.receive(), SILENCE_SECONDS)
            except TimeoutError as error:
                raise ClientGoneError from error
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            self.over = not message.get("more_body", False)
            if message.get("body"):
                yield message["body"]


@asynccontextmanager
async def _heard_out(request: _Request) -> AsyncIterator[Body]:
    """Read on for a while before refusing: a client that is still sending would not hear the refusal."""
    body = Body(request)
    try:
        yield body
    except ReelmError:
        left = HEARD_OUT_BYTES
        with contextlib.suppress(ClientGoneError, TimeoutError):
            async with asyncio.timeout(HEARD_OUT_SECONDS):
                async for chunk in body:
                    left -= len(chunk)
                    if left < 0:
                        break
        raise


def _answer(row: UploadRow | None, status: int, **extra: str) -> Response[None]:
    headers = {"tus-resumable": VERSION, "cache-control": "no-store"}
    if row is not None:
        headers["upload-offset"] = str(row.received_bytes)
        if row.clip_id is None:
            headers["upload-expires"] = format_datetime(row.expires_at, usegmt=True)
    headers.update({name.replace("_", "-"): value for name, value in extra.items()})
    return Response(None, status_code=status, headers=headers, media_type="text/plain")


def _on_refusal(request: _Request, error: ReelmError) -> Response[Any]:
    """Answer a refusal with what every tus response carries."""
    response = on_reelm_error(request, error)
    response.headers["tus-resumable"] = VERSION
    if isinstance(error, ProtocolVersionError):
        response.headers["tus-version"] = VERSION
    return response


@route(
    ["/uploads", "/uploads/{upload_id:uuid}"],
    http_method=[HttpMethod.OPTIONS],
    status_code=204,
    include_in_schema=False,
)
async def describe_uploads(media: MediaService) -> Response[None]:
    """Say what of the protocol is spoken here, and how large an upload may be."""
    return Response(
        None,
        media_type="text/plain",
        status_code=204,
        headers={
            "tus-resumable": VERSION,
            "tus-version": VERSION,
            "tus-extension": EXTENSIONS,
            "tus-max-size": str(media.uploads.largest_bytes),
            "tus-checksum-algorithm": ",".join(CHECKSUMS),
        },
    )


_CREATE_REFUSALS = problems(
    SignInRequiredError,
    UploadHeaderError,
    UploadEmptyError,
    ProtocolVersionError,
    UploadTooLargeError,
    UploadTypeError,
    QuotaExceededError,
    TooManyUploadsError,
    StorageFullError,
)
_PIECE_REFUSALS = problems(
    SignInRequiredError,
    UploadHeaderError,
    UploadGoneError,
    ProtocolVersionError,
    UploadTooLargeError,
    UploadTypeError,
    OffsetMismatchError,
    ChecksumMismatchError,
    StorageFullError,
)


@post("/uploads", status_code=201, responses=_CREATE_REFUSALS, tags=["media"])
async def create_upload(
    request: _Request, visitor: Visitor, media: MediaService, limiter: RateLimiter
) -> Response[None]:
    """Begin an upload (tus creation); the upload's id is the last segment of `Location`."""
    async with _heard_out(request) as body:
        _demand_version(request)
        size = _number(request, "upload-length")
        if size == 0:
            raise UploadEmptyError
        about = metadata(request.headers.get("upload-metadata", ""))
        limiter.spend("uploads", str(visitor.person_id), _CREATIONS)
        piece = request.headers.get("content-type", "") == PIECE_TYPE
        check = checksum(request.headers.get("upload-checksum")) if piece else None
        name, kind = about.get("filename", ""), about.get("filetype", "")
        purpose: Purpose = "import" if about.get("purpose") == "import" else "clip"
        row = await media.uploads.create(visitor, size, name, kind, purpose)
        if piece:
            # The upload exists from here on; what does not arrive well is sent again with PATCH.
            with contextlib.suppress(ClientGoneError, ChecksumMismatchError):
                await media.uploads.append(
                    visitor, row.id, 0, body, announced=_length(request), checksum=check
                )
            row = await media.uploads.get(visitor, row.id)
    return _answer(row, 201, location=f"/api/v1/uploads/{row.id}")


@head(
    "/uploads/{upload_id:uuid}",
    responses=problems(SignInRequiredError, UploadGoneError, ProtocolVersionError),
    tags=["media"],
)
async def find_offset(
    request: _Request, upload_id: UUID, visitor: Visitor, media: MediaService
) -> Response[None]:
    """Say how many bytes are stored (tus core)."""
    _demand_version(request)
    row = await media.uploads.get(visitor, upload_id)
    return _answer(row, 200, upload_length=str(row.size_bytes))


@patch("/uploads/{upload_id:uuid}", status_code=204, responses=_PIECE_REFUSALS, tags=["media"])
async def append_piece(
    request: _Request, upload_id: UUID, visitor: Visitor, media: MediaService
) -> Response[None]:
    """Go on from `Upload-Offset` (tus core); what this answers is stored for good."""
    async with _heard_out(request) as body:
        _demand_version(request)
        if request.headers.get("content-type", "") != PIECE_TYPE:
            raise UploadTypeError(f"A piece of an upload is sent as {PIECE_TYPE}.")
        check = checksum(request.headers.get("upload-checksum"))
        offset = _number(request, "upload-offset")
        announced = _length(request)
        with contextlib.suppress(ClientGoneError):
            await media.uploads.append(visitor, upload_id, offset, body, announced=announced, checksum=check)
        row = await media.uploads.get(visitor, upload_id)
    return _answer(row, 204)


@delete(
    "/uploads/{upload_id:uuid}",
    status_code=204,
    responses=problems(SignInRequiredError, UploadGoneError, ProtocolVersionError),
    tags=["media"],
)
async def terminate_upload(
    request: _Request, upload_id: UUID, visitor: Visitor, media: MediaService
) -> Response[None]:
    """Throw an upload away (tus termination)."""
    _demand_version(request)
    await media.uploads.terminate(visitor, upload_id)
    return _answer(None, 204)


tus_router = Router(
    "/",
    route_handlers=[describe_uploads, create_upload, find_offset, append_piece, terminate_upload],
    exception_handlers={ReelmError: _on_refusal},
)
