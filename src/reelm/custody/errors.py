"""What custody refuses, and why. `FAULTS` lets a client raise the same type that the keys process raised."""

from reelm.custody.opening_errors import REFUSALS
from reelm.kit.errors import (
    ConflictError,
    InvalidRequestError,
    NotAllowedError,
    NotFoundError,
    OverloadedError,
    ReelmError,
    SignInRequiredError,
    TooManyRequestsError,
)


class KeyFileError(Exception):
    """A key file is missing, of the wrong size, or readable by others: the process must not start."""


class KeyStoreError(Exception):
    """The key store can't be opened with these keys, or was written by a newer release."""


class SealBrokenError(Exception):
    """A sealed value does not open here: another key, another place, or a changed byte."""


class EpochGoneError(Exception):
    """A snapshot's epoch is over: its key was destroyed, as it has to be."""


class KeysUnavailableError(OverloadedError):
    """The keys process does not answer; it is restarting, or it is stopped."""

    code = "custody.keys_unavailable"
    title = "The realm can't check who you are just now. Nothing was lost; please try again in a moment."


class BusyError(OverloadedError):
    """Too many password checks wait already."""

    code = "custody.busy"
    title = "Many people are signing in right now. Please try again in a moment."


class SignInRefusedError(ReelmError):
    """Wrong password, unknown person, unknown passkey: always the same answer."""

    code = "custody.sign_in_refused"
    status = 401
    title = "That name and password do not go together."


class ProofRequiredError(NotAllowedError):
    """The act needs more than a session: the person's password or a fresh passkey answer."""

    code = "custody.proof_required"
    title = "Please show once more that it is you, with your password or a passkey."


class PasskeyRefusedError(ReelmError):
    """The passkey's answer does not verify, or the challenge was used, is too old, or was someone else's."""

    code = "custody.passkey_refused"
    status = 401
    title = "That passkey could not be checked. Please try again."


class PasswordUnsuitableError(InvalidRequestError):
    """The new password is too short or too long."""

    code = "custody.password_unsuitable"
    title = "Please choose a password of 8 to 256 characters."


class CredentialMissingError(InvalidRequestError):
    """A sign-up came with neither a password nor a passkey."""

    code = "custody.credential_missing"
    title = "Please choose a password or a passkey."


class AlreadyEnrolledError(ConflictError):
    """The person id is taken by a person with other credentials."""

    code = "custody.already_enrolled"
    title = "This person is enrolled already."


class LastCredentialError(ConflictError):
    """Without this passkey the person could not sign in again."""

    code = "custody.last_credential"
    title = "This is your only way to sign in. Add another one first."


class ContactUnsuitableError(InvalidRequestError):
    """An e-mail address or telephone number that can't be one."""

    code = "custody.contact_unsuitable"
    title = "That does not look like an e-mail address or an international telephone number."


class TicketRefusedError(NotAllowedError):
    """A ticket that is forged, expired, or for another purpose, clip or person."""

    code = "custody.ticket_refused"
    title = "This ticket does not open that."


class CallerRefusedError(NotAllowedError):
    """The process that asks may not ask this."""

    code = "custody.caller_refused"
    title = "This process may not ask for that."


class CheckpointRefusedError(ConflictError):
    """A checkpoint that is malformed, of another log, or contradicts one that was signed before."""

    code = "custody.checkpoint_refused"
    title = "This checkpoint can't be signed."


class EnoughEvaluatedError(TooManyRequestsError):
    """The person's allowance does not reach: `left` says how many it does, `at` when it will reach for these."""

    code = "contacts.enough"
    title = "That is enough searching for now. There will be more again later."


class ElementUnsuitableError(InvalidRequestError):
    """What was sent is not a list of 1 to 100 blinded elements."""

    code = "contacts.element_unsuitable"
    title = "That is not what a search for contacts sends."


class StaffUnknownError(NotAllowedError):
    """The ledger has no enrolment of this member of staff by a keyholder of the charter, or they have left."""

    code = "custody.staff_unknown"
    title = "Your staff key does not count here."


class AboutYourselfError(NotAllowedError):
    """A member of staff would open a report about a message of their own."""

    code = "custody.about_yourself"
    title = "This is about yourself: somebody else opens it."


FAULTS: dict[str, type[ReelmError]] = {
    error.code: error
    for error in (
        *REFUSALS,
        AboutYourselfError,
        AlreadyEnrolledError,
        BusyError,
        CallerRefusedError,
        CheckpointRefusedError,
        ContactUnsuitableError,
        CredentialMissingError,
        ElementUnsuitableError,
        EnoughEvaluatedError,
        InvalidRequestError,
        KeysUnavailableError,
        LastCredentialError,
        NotFoundError,
        OverloadedError,
        PasskeyRefusedError,
        PasswordUnsuitableError,
        ProofRequiredError,
        SignInRefusedError,
        SignInRequiredError,
        StaffUnknownError,
        TicketRefusedError,
        TooManyRequestsError,
    )
}
