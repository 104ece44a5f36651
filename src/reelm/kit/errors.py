"""Expected failures: typed, with a dotted code, a status and fields (RFC 9457 problem details).

A room's `errors.py` subclasses `ReelmError` once per failure. The HTTP handler in `kit.http` turns
any of them into a problem body; nothing else does.
"""

from collections.abc import Mapping
from typing import ClassVar


class ReelmError(Exception):
    """A failure that was foreseen, and that says what to do.

    Attributes:
        code: dotted, stable, `room.what_happened`; clients translate by it.
        status: HTTP status.
        title: one short English sentence, the same for every instance.
    """

    code: ClassVar[str] = "reelm.failed"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "That did not work."

    def __init__(
        self,
        detail: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.fields = dict(fields or {})
        self.retry_after_seconds = retry_after_seconds


class NotFoundError(ReelmError):
    """What does not exist, or what this viewer may not know exists."""

    code = "reelm.not_found"
    status = 404
    title = "There is nothing here for you."


class SignInRequiredError(ReelmError):
    """The act needs a signed-in person."""

    code = "accounts.sign_in_required"
    status = 401
    title = "Please sign in first."


class NotAllowedError(ReelmError):
    """The person sees the thing, but may not do this to it."""

    code = "reelm.not_allowed"
    status = 403
    title = "You may not do this."


class ForeignOriginError(ReelmError):
    """A cookie came with an unsafe request from another origin (cross-site request forgery)."""

    code = "reelm.foreign_origin"
    status = 403
    title = "This request did not come from this site."


class InvalidRequestError(ReelmError):
    """The payload is malformed: `fields` says where."""

    code = "reelm.invalid_request"
    status = 422
    title = "Some of what was sent can't be used."


class BodyTooLargeError(InvalidRequestError):
    """More bytes than this address takes."""

    code = "reelm.body_too_large"
    status = 413
    title = "That is more than this address takes."


class ConflictError(ReelmError):
    """The thing is not in a state in which this can be done."""

    code = "reelm.conflict"
    status = 409
    title = "That can't be done in the present state."


class TooManyRequestsError(ReelmError):
    """A rate limit; `retry_after_seconds` says when to come back."""

    code = "reelm.too_many_requests"
    status = 429
    title = "That was a bit fast. Please wait a moment."


class OverloadedError(ReelmError):
    """A part of the realm is busy or restarting; nothing was lost, and a retry will do."""

    code = "reelm.overloaded"
    status = 503
    title = "The realm is busy. Please try again in a moment."
