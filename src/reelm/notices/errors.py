"""What the notices room refuses, and why."""

from reelm.kit.errors import ConflictError, NotAllowedError, TooManyRequestsError


class TooManyStreamsError(TooManyRequestsError):
    """The person has as many live streams open here as one person may."""

    code = "notices.too_many_streams"
    title = "You have this open in too many places at once. Close one of them to hear live news here."


class PushServiceUnknownError(NotAllowedError):
    """The device's push service isn't one that this realm's operator lets notices go to."""

    code = "notices.push_service"
    title = "This realm does not send notices to your browser's push service."


class TooManyDevicesError(ConflictError):
    """The person has as many devices that are told as one person may."""

    code = "notices.too_many_devices"
    title = "You are told on as many devices as one account may be. Take one of them off first."
