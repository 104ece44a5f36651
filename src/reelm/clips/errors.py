"""What clips refuse, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError, NotAllowedError, NotFoundError


class ClipNotFailedError(ConflictError):
    """Only what failed, or was cancelled, can be tried again."""

    code = "clips.not_failed"
    title = "This clip did not fail, so there is nothing to try again."


class ClipNotProcessingError(ConflictError):
    """Only what is still being prepared can be stopped."""

    code = "clips.not_processing"
    title = "This clip is prepared already. You can delete it instead."


class ClipPublishedError(ConflictError):
    """What was published once can't become a draft or wait for an hour again."""

    code = "clips.published"
    title = "This clip is published already. You can change who sees it, or delete it."


class CaptionTooLongError(InvalidRequestError):
    """More characters than the realm takes."""

    code = "clips.caption_too_long"
    title = "This caption is too long."


class PublishTimeUnsuitableError(InvalidRequestError):
    """An hour that is over, or more than a year away."""

    code = "clips.publish_time_unsuitable"
    title = "Please choose an hour within the coming year."


class CoverUnsuitableError(InvalidRequestError):
    """A moment after the clip's end."""

    code = "clips.cover_unsuitable"
    title = "Please choose a cover from within the clip."


class DownloadNotAllowedError(NotAllowedError):
    """The author keeps the clip."""

    code = "clips.download_not_allowed"
    title = "The person who made this clip does not let others download it."


class RepostNotAllowedError(NotAllowedError):
    """Not everyone may see the clip, so it can't be passed on."""

    code = "clips.repost_not_allowed"
    title = "This clip is not for everyone, so it can't be passed on."


class ClipNotPlayableError(ConflictError):
    """There is nothing to play yet."""

    code = "clips.not_playable"
    title = "This clip is still being prepared."


class OriginalGoneError(NotFoundError):
    """The video that the clip was to be made from is no longer there."""

    code = "clips.original_gone"
    title = "The uploaded video is gone. Please delete this clip and upload the video again."


class SoundGoneError(NotFoundError):
    """The sound was withdrawn before the clip was made with it."""

    code = "clips.sound_gone"
    title = "The sound you chose can't be used any more. Please make the clip with another one."
