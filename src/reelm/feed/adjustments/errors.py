"""What can go wrong with adjustments, and is foreseen."""

from reelm.kit.errors import ConflictError


class NotPublicError(ConflictError):
    """Only a public clip is shown by For You at all."""

    code = "feed.adjusted_not_public"
    title = "This clip is not public: there is nothing to adjust."


class AdjustedAlreadyError(ConflictError):
    """One adjustment a clip, so that what was declared can be read at a glance."""

    code = "feed.adjusted_already"
    title = "Something is declared about this clip already. Take it back first."
