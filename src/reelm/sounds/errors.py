"""What sounds refuse, and why."""

from reelm.kit.errors import NotAllowedError


class SoundNotReusableError(NotAllowedError):
    """Its author keeps this sound, or its first clip is not public."""

    code = "sounds.not_reusable"
    title = "The person who made this sound keeps it for themselves. Please choose another one."
