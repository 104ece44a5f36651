"""What can go wrong with a report, foreseen."""

from reelm.kit.errors import InvalidRequestError


class NotTheMessageError(InvalidRequestError):
    """What was disclosed does not fit what was sent; `fields` names the numbers."""

    code = "messages.not_the_message"
    title = "This is not what was sent."


class OnlyOwnError(InvalidRequestError):
    """Every message of the report is the reporter's own."""

    code = "messages.only_own"
    title = "These are your own messages. Choose at least one of somebody else."
