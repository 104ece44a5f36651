"""What federation refuses, and why."""

from reelm.kit.errors import ConflictError, NotFoundError, OverloadedError


class ConsentNeededError(ConflictError):
    """The act would make the person known to another realm. `fields`: `realm`, and its `name`."""

    code = "federation.consent_needed"
    title = "This person lives in another realm. It will know your name and what you do there."


class UnknownRealmError(NotFoundError):
    """No realm of that name is known here."""

    code = "federation.unknown_realm"
    title = "This realm knows no other realm of that name."


class LookupLateError(OverloadedError):
    """The other realm, or the way to it, gives no answer now."""

    code = "federation.lookup_late"
    title = "The other realm doesn't answer now. Please try again in a moment."
