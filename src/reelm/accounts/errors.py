"""What accounts refuse, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError, NotAllowedError


class HandleTakenError(ConflictError):
    """Somebody has this handle already."""

    code = "accounts.handle_taken"
    title = "This name is taken. Please choose another one."


class HandleUnsuitableError(InvalidRequestError):
    """The handle has letters that can't be in one, or the wrong length."""

    code = "accounts.handle_unsuitable"
    title = (
        "A name has 3 to 24 letters a to z, digits, dots or underscores, and begins with a letter or digit."
    )


class TooYoungError(NotAllowedError):
    """Under the realm's minimum age; nothing of the attempt is kept."""

    code = "accounts.too_young"
    title = (
        "You can watch without an account, and make one when you are old enough. We kept nothing you typed."
    )


class BirthDateUnsuitableError(InvalidRequestError):
    """A date in the future, or of more than 120 years ago."""

    code = "accounts.birth_date_unsuitable"
    title = "Please check the date of birth."


class CountryUnsuitableError(InvalidRequestError):
    """Not an ISO 3166-1 alpha-2 code."""

    code = "accounts.country_unsuitable"
    title = "Please choose a country."


class ContactTakenError(ConflictError):
    """The e-mail address or telephone number belongs to another account."""

    code = "accounts.contact_taken"
    title = "This can't be added to your account."


class InvitationRefusedError(NotAllowedError):
    """The one-time link was used, has run out, or never was."""

    code = "accounts.invitation_refused"
    title = "This invitation was used already or has run out. Please ask for a new one."


class KeyReusedError(ConflictError):
    """An Idempotency-Key came back with another request."""

    code = "accounts.key_reused"
    title = "This Idempotency-Key was used for a different request."
