"""What the activity room refuses, and why."""

from reelm.kit.errors import ConflictError


class NotChosenError(ConflictError):
    """Who has not chosen to see what friends do is not shown it."""

    code = "activity.not_chosen"
    title = "Choose first that you want to see what your friends do."
