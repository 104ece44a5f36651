"""What the notices room refuses, and why."""

from reelm.kit.errors import TooManyRequestsError


class TooManyStreamsError(TooManyRequestsError):
    """The person has as many live streams open here as one person may."""

    code = "notices.too_many_streams"
    title = "You have this open in too many places at once. Close one of them to hear live news here."
