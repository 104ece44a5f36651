"""What the social room refuses, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError


class OneselfError(InvalidRequestError):
    """Nobody follows themselves."""

    code = "social.oneself"
    title = "You can't follow yourself."


class BlockedByYouError(ConflictError):
    """The visitor blocks this person, so they can't follow them."""

    code = "social.blocked_by_you"
    title = "You blocked this person. Lift the block first."
