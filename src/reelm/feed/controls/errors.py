"""What the controls refuse, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError


class TooManyWishesError(ConflictError):
    """A person has as many wishes as are kept."""

    code = "feed.too_many_wishes"
    title = "That is as many wishes as fit. Take one back first."


class WishUnsuitableError(InvalidRequestError):
    """There is no such tag, or the visitor wished about themselves."""

    code = "feed.wish_unsuitable"
    title = "That can't be wished about."


class WithoutProfilingError(ConflictError):
    """For You is made for a person; this one chose a feed that is not."""

    code = "feed.without_profiling"
    title = (
        "Your feed is made without profiling: read the public list instead (GET /api/v1/feeds/lists/current)."
    )
