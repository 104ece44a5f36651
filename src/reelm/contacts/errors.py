"""What the contacts room refuses."""

from reelm.kit.errors import InvalidRequestError, NotAllowedError


class TooYoungToBeFoundError(NotAllowedError):
    """Nobody under sixteen can be found by a number or an address."""

    code = "contacts.too_young"
    title = "Under 16, you can't be found by your number or address. You can still find others."


class EntryUnsuitableError(InvalidRequestError):
    """An entry that is not 76 bytes, a binding key that is not 32, or more than two of a kind."""

    code = "contacts.entry_unsuitable"
    title = "That is not what makes somebody findable."
