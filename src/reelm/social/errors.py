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


class NotAFriendError(ConflictError):
    """Close friends are friends first, and what is for them never leaves the realm."""

    code = "social.not_a_friend"
    title = "Only friends who live in this realm can be close friends."


class TooManyInvitesError(ConflictError):
    """The visitor has as many invites out as one may have."""

    code = "social.too_many_invites"
    title = "You have many invites already. Take one back first."


class OwnInviteError(ConflictError):
    """The invite is the visitor's own."""

    code = "social.own_invite"
    title = "This invite is your own."
