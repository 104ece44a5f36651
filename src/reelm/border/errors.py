"""What the border refuses, and what doesn't answer."""

from typing import ClassVar

from reelm.kit.errors import NotFoundError, OverloadedError, ReelmError


class BorderUnavailableError(OverloadedError):
    """The border process doesn't answer: it is restarting, or it is stopped."""

    code = "border.unavailable"
    title = "The way to other realms is closed for a moment. Nothing was lost; please try again soon."


class BorderForbiddenError(ReelmError):
    """This realm doesn't make such a connection; `reason` is one of a few words."""

    code: ClassVar[str] = "border.forbidden"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "This realm does not speak with that address."

    @property
    def reason(self) -> str:
        return self.fields.get("reason", "")


class BorderUnreachableError(OverloadedError):
    """The other side doesn't answer, or not as agreed; `reason` is one of a few words."""

    code = "border.unreachable"
    title = "The other realm does not answer just now. Please try again later."

    @property
    def reason(self) -> str:
        return self.fields.get("reason", "")


class UnknownAddressError(NotFoundError):
    """No realm that this one knows has anybody at that address."""

    code = "border.unknown_address"
    title = "Nobody is known at this address."


FAULTS: dict[str, type[ReelmError]] = {
    each.code: each
    for each in (BorderUnavailableError, BorderForbiddenError, BorderUnreachableError, UnknownAddressError)
}
