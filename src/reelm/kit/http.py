"""HTTP helpers: problem bodies, the unit of work of a request, and what routes declare about their failures.

Steps of a request: who asks (custody's session) → unit of work with that person's ticket → handler → commit →
response. The commit comes before the response, so what was answered was stored.
"""

import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec

from reelm.kit.database import UnitOfWork
from reelm.kit.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    ReelmError,
    SignInRequiredError,
    TooManyRequestsError,
)
from reelm.settings import Settings

PROBLEM_TYPE = "application/problem+json"
_log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details. `code` is stable; `fields` names what was wrong with which field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    fields: dict[str, str] = {}
    retry_after_seconds: int | None = None


class UnexpectedError(ReelmError):
    """Something nobody foresaw; the request's id finds it in the log."""

    code = "reelm.unexpected"
    status = 500
    title = "Something went wrong on our side. Nothing you sent was half-done; please try again."


def problems(*kinds: type[ReelmError]) -> dict[int, ResponseSpec]:
    """Declare a route's expected failures for OpenAPI."""
    by_status: dict[int, list[type[ReelmError]]] = {}
    declared: tuple[type[ReelmError], ...] = (*kinds, InvalidRequestError, TooManyRequestsError)
    for kind in declared:
        by_status.setdefault(kind.status, []).append(kind)
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=" ".join(f"`{kind.code}`: {kind.title}" for kind in found),
            media_type=PROBLEM_TYPE,
            generate_examples=False,
        )
        for status, found in by_status.items()
    }


SIGNED_IN = (SignInRequiredError,)
ITEM = (SignInRequiredError, NotFoundError)
CHANGE = (SignInRequiredError, NotFoundError, ConflictError)


def problem_of(error: ReelmError, request_id: str) -> Problem:
    """Describe an expected failure."""
    return Problem(
        type=f"urn:reelm:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        fields=error.fields,
        retry_after_seconds=error.retry_after_seconds,
    )


def as_problem(error: ReelmError, request_id: str) -> Response[Problem]:
    """Make the response for an expected failure."""
    headers = {"cache-control": "no-store"}
    if error.retry_after_seconds is not None:
        headers["retry-after"] = str(error.retry_after_seconds)
    return Response(
        problem_of(error, request_id), status_code=error.status, media_type=PROBLEM_TYPE, headers=headers
    )


def request_id_of(request: Request[Any, Any, Any]) -> str:
    """Return the id that the access log, the problem body and the response header share."""
    found: str = request.scope.get("state", {}).get("request_id", "")
    return found


def on_reelm_error(request: Request[Any, Any, Any], error: ReelmError) -> Response[Problem]:
    """Answer an expected failure."""
    return as_problem(error, request_id_of(request))


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Turn the framework's own refusals into problem bodies."""
    kind: ReelmError
    if isinstance(error, ValidationException):
        kind = InvalidRequestError(fields=_fields_of(error))
    elif isinstance(error, NotFoundException):
        kind = NotFoundError()
    elif isinstance(error, MethodNotAllowedException):
        kind = RefusedError(405, "reelm.method_not_allowed", "This address does not take that method.")
    elif error.status_code in {400, 413, 415, 422}:
        status = 413 if error.status_code == 413 else 422
        kind = RefusedError(status, "reelm.invalid_request", "What was sent can't be read.")
    else:
        kind = RefusedError(error.status_code, "reelm.refused", "This request was refused.")
    response = as_problem(kind, request_id_of(request))
    if isinstance(error, MethodNotAllowedException) and error.headers:
        response.headers.update(error.headers)
    return response


class RefusedError(ReelmError):
    """A refusal of the framework, with its own status."""

    def __init__(self, status: int, code: str, title: str) -> None:
        self.status, self.code, self.title = status, code, title  # type: ignore[misc]
        super().__init__(title)


def _fields_of(error: ValidationException) -> dict[str, str]:
    fields: dict[str, str] = {}
    extra = error.extra if isinstance(error.extra, list) else []
    for item in extra:
        if isinstance(item, dict):
            fields[str(item.get("key", "body"))] = str(item.get("message", "invalid"))
    return fields


def on_undecodable(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[Problem]:
    """Answer a JSON body that is no UTF-8; the framework lets that through as it is."""
    refusal = InvalidRequestError("The body has to be JSON in UTF-8.", fields={"body": "not_utf8"})
    return as_problem(refusal, request_id_of(request))


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer what nobody foresaw, and leave its trace in the log."""
    _log.log(
        logging.ERROR,
        "unexpected failure",
        path=request.url.path,
        method=request.method,
        request_id=request_id_of(request),
        exc_info=error,
    )
    return as_problem(UnexpectedError(), request_id_of(request))


async def unit_of_work(state: State, ticket: str | None) -> AsyncIterator[UnitOfWork]:
    """Provide the request's transaction: committed when the handler returns, undone when it raises."""
    uow: UnitOfWork = state.database.begin(ticket)
    try:
        yield uow
    except BaseException:
        await uow.finish(commit=False)
        raise
    await uow.finish(commit=True)


def parse_id(text: str) -> UUID:
    """Read an id from a path. Raises `NotFoundError`: what is no id names nothing."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundError from error


def address_of(request: Request[Any, Any, Any], settings: Settings) -> str:
    """Return the client's network address: the peer's, or what a trusted proxy says it is.

    Only for limits; it is not stored.
    """
    peer = request.client.host if request.client else ""
    if peer in settings.web.trusted_proxies:
        forwarded = request.headers.get("x-forwarded-for", "")
        return forwarded.rsplit(",", 1)[-1].strip() or peer
    return peer
