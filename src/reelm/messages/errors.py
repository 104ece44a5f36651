"""What the messages room refuses, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError, NotAllowedError, TooManyRequestsError


class IdentityExistsError(ConflictError):
    """The person has another identity key, and the request does not say that it replaces it."""

    code = "messages.identity_exists"
    title = "You have a key for messages already. Recover it, or start anew."


class TooManyDevicesError(ConflictError):
    """A person reads messages on at most eight devices."""

    code = "messages.too_many_devices"
    title = "You read messages on eight devices already. End one of them first."


class UnknownDeviceError(ConflictError):
    """What was sent names a device that is none of the person's, or that has ended."""

    code = "messages.unknown_device"
    title = "This device is not one of yours any more."


class PairExistsError(ConflictError):
    """The two have a conversation; `fields.id` names it."""

    code = "messages.pair_exists"
    title = "You have a conversation with this person already."


class EpochPassedError(ConflictError):
    """Somebody else changed the conversation first; `fields.epoch` is where it is now."""

    code = "messages.epoch_passed"
    title = "The conversation has changed meanwhile. Fetch what is new, and try again."


class NotAcceptedError(ConflictError):
    """Who was asked into a conversation accepts first."""

    code = "messages.not_accepted"
    title = "Accept the request first."


class NotPossibleError(NotAllowedError):
    """The people named can't be written to; which of the reasons it is, is not said."""

    code = "messages.not_possible"
    title = "You can't write to this person."


class NotAdminError(NotAllowedError):
    """Only who looks after a group brings people in and takes them out."""

    code = "messages.not_admin"
    title = "Only those who look after a group change who is in it."


class TooManyPeopleError(InvalidRequestError):
    """A conversation has at most 32 people."""

    code = "messages.too_many_people"
    title = "A conversation has at most 32 people."


class TooManyRequestsADayError(TooManyRequestsError):
    """Twenty people a day who don't follow one back can be written to for the first time."""

    code = "messages.too_many_requests"
    title = "You have written to many new people today. Please go on tomorrow."
