"""What an upload refuses, and why. Statuses are those of the tus protocol 1.0 where it names one."""

from reelm.kit.errors import (
    ConflictError,
    InvalidRequestError,
    NotAllowedError,
    NotFoundError,
    OverloadedError,
    ReelmError,
)


class UploadGoneError(NotFoundError):
    """There is no such upload for this person; it may have run out."""

    code = "uploads.not_found"
    title = "This upload is gone. Please start it again."


class ProtocolVersionError(ReelmError):
    """`Tus-Resumable` is missing or names a version that is not spoken here."""

    code = "uploads.version_unsupported"
    status = 412
    title = "This realm takes uploads by the tus protocol, version 1.0.0."


class UploadHeaderError(InvalidRequestError):
    """A header of the protocol is missing or malformed."""

    code = "uploads.header_unsuitable"
    status = 400
    title = "The upload's headers can't be read."


class UploadEmptyError(InvalidRequestError):
    """Nothing to upload."""

    code = "uploads.empty"
    status = 400
    title = "This file is empty. Please choose the video again; it may not have finished saving."


class UploadTooLargeError(ReelmError):
    """More bytes than the realm takes, or than the upload announced."""

    code = "uploads.too_large"
    status = 413
    title = "This video is larger than this realm takes. Please shorten it or export it smaller."


class UploadTypeError(ReelmError):
    """A declared type that is no video, or a body that is no piece of an upload."""

    code = "uploads.type_unsupported"
    status = 415
    title = "Please choose a video file."


class OffsetMismatchError(ConflictError):
    """The piece begins elsewhere than where the stored bytes end; ask with HEAD and go on from there."""

    code = "uploads.offset_mismatch"
    title = "This piece does not continue what is stored."


class ChecksumMismatchError(ReelmError):
    """The piece was changed on its way; nothing of it is kept."""

    code = "uploads.checksum_mismatch"
    status = 460
    title = "This piece was damaged on its way. Please send it again."


class QuotaExceededError(NotAllowedError):
    """The person's videos take up all the room the realm gives one person."""

    code = "uploads.quota_exceeded"
    title = "Your videos fill the room this realm gives you. Delete some, then upload again."


class TooManyUploadsError(NotAllowedError):
    """Many uploads are under way already."""

    code = "uploads.too_many"
    title = "You have many unfinished uploads. Finish or cancel some first."


class StorageFullError(OverloadedError):
    """The disk has no room for the announced bytes; none were taken."""

    code = "uploads.storage_full"
    status = 507
    title = "The realm's storage is full. Nothing you sent before is lost; please try again later."


class UploadIncompleteError(ConflictError):
    """A clip was asked for before all bytes had arrived."""

    code = "uploads.incomplete"
    title = "The video has not arrived completely yet. Please finish the upload first."


class UploadUsedError(ConflictError):
    """The upload became a clip already."""

    code = "uploads.used"
    title = "This upload is already part of a clip."


class PictureUnsuitableError(InvalidRequestError):
    """The bytes are no picture that can be a profile picture."""

    code = "media.picture_unsuitable"
    title = "This picture can't be used. Please choose a JPEG, PNG or WebP of at most 10 MB."


class LinkExpiredError(NotAllowedError):
    """A signed address whose time is over; the clip's JSON has a fresh one."""

    code = "media.link_expired"
    title = "This address has run out. Please open the clip again."


class MethodNotTakenError(ReelmError):
    """Media files are read, never written, here."""

    code = "reelm.method_not_allowed"
    status = 405
    title = "This address does not take that method."
