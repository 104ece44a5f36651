"""Refusals and failures of the media engine: what a person can do about each is in its detail."""

from typing import ClassVar

from reelm.kit.errors import ReelmError


class MediaError(ReelmError):
    """Anything that goes wrong between an upload and its renditions.

    `retryable` says whether the same bytes may succeed later; a refusal of the file itself is not.
    `technical` is for the log, never for the person.
    """

    code = "media.failed"
    status = 422
    title = "This video could not be prepared."
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, technical: str = "") -> None:
        super().__init__(detail)
        self.technical = technical


class NotAVideoError(MediaError):
    """The bytes are no video file that Reelm takes."""

    code = "media.not_a_video"
    title = "This file is not a video that can be read here. Please choose an MP4, MOV, WebM, MKV, MPEG or AVI file."


class PlaylistRefusedError(MediaError):
    """A playlist, manifest or concat script: it names other files instead of holding a video."""

    code = "media.playlist_refused"
    title = "This file is a list that points to other videos. Please upload the video itself."


class EmptyFileError(MediaError):
    """No bytes at all."""

    code = "media.empty"
    title = "This file is empty. Please choose the video again; it may not have finished saving."


class TruncatedError(MediaError):
    """The container promises more than the file holds."""

    code = "media.truncated"
    title = "The end of this video is missing. Please save or copy it again, then upload it once more."


class NoVideoTrackError(MediaError):
    """Sound only, or a cover picture only."""

    code = "media.no_video_track"
    title = "There is sound in this file but no picture. Please choose a file with video."


class ZeroLengthError(MediaError):
    """A video track without a moment of video."""

    code = "media.zero_length"
    title = "This video has no length. Please record it again or choose another one."


class TooShortError(MediaError):
    """One frame, or next to nothing."""

    code = "media.too_short"
    title = "This video is too short to play. Please choose one of at least a tenth of a second."


class TooLongError(MediaError):
    """Over the realm's limit."""

    code = "media.too_long"
    title = "This video is too long. Please shorten it and upload it again."


class TooLargeFrameError(MediaError):
    """More pixels than a phone, or this realm, should decode."""

    code = "media.too_large_frame"
    title = "This picture is too large. Please export the video in 4K (4096 pixels) or smaller."


class CodecUnsupportedError(MediaError):
    """A known container around a picture format that is not on the allow-list."""

    code = "media.codec_unsupported"
    title = "This kind of video is not supported. Please export it as H.264 (MP4) and upload it again."


class UnreadableError(MediaError):
    """The decoder gave up, crashed or hit its limits."""

    code = "media.unreadable"
    title = "This video is damaged and can't be read. Please export it again, for example as MP4."


class InvalidEditError(MediaError):
    """The edit list does not fit the clip."""

    code = "media.invalid_edit"
    title = "This edit does not fit the video. Please check its trim, crop and times."


class EncodeError(MediaError):
    """The encoder failed for a reason that may pass."""

    code = "media.encode_failed"
    status = 500
    title = "This video could not be prepared. Please try again; if it fails twice, export it as MP4 first."
    retryable = True


class TooHeavyError(MediaError):
    """The encoder ran into its limit of time or memory."""

    code = "media.too_heavy"
    title = (
        "This video takes too much to prepare. Please export it in 1080p as H.264 (MP4) and upload it again."
    )


class DiskFullError(MediaError):
    """The realm has no room; the upload is kept and work goes on when there is."""

    code = "media.disk_full"
    status = 507
    title = "This realm is out of storage. Your video is kept, and goes on as soon as there is room."
    retryable = True


class CancelledError(MediaError):
    """The person stopped it."""

    code = "media.cancelled"
    status = 409
    title = "Preparing this video was stopped. You can start it again from your drafts."
    retryable = True


class SandboxWeakError(MediaError):
    """This machine can't confine the decoder, and the operator has not allowed doing without."""

    code = "media.sandbox_weak"
    status = 503
    title = "This realm can't accept videos at the moment. Its operator has been told what to do."
    retryable = True


class SealBrokenError(MediaError):
    """Sealed bytes were altered, cut or reordered, or the key is another one."""

    code = "media.seal_broken"
    status = 500
    title = "This file's seal is broken, so it is not shown."
