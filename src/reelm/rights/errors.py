"""What can go wrong with exports, imports and erasures, and is foreseen."""

from reelm.kit.errors import ConflictError, InvalidRequestError, ReelmError


class HandleMismatchError(InvalidRequestError):
    """The handle that was typed to confirm an erasure is not the person's own."""

    code = "rights.handle_mismatch"
    title = "This is not your handle. Nothing was erased."


class UnderWayError(ConflictError):
    """One export and one import at a time."""

    code = "rights.under_way"
    title = "One is being made already. Wait for it, or cancel it first."


class ArchiveNotReadyError(ConflictError):
    """The export is being made, failed, or has run out."""

    code = "rights.archive_not_ready"
    title = "There is no archive to fetch here now."


class NotAnImportError(ConflictError):
    """The upload was not announced as an archive (`purpose=import`), is not complete, or was used."""

    code = "rights.not_an_import"
    title = "This upload is not an archive that can be brought in."


class ArchiveError(ReelmError):
    """Base of what makes an archive unfit to be brought in. Nothing of it was taken."""

    code = "rights.archive_damaged"
    status = 422
    title = "This archive is damaged or was changed. Nothing of it was taken."


class ArchiveForeignError(ArchiveError):
    """A file that no realm has made as an export."""

    code = "rights.archive_foreign"
    title = "This file is not an export of a Reelm realm."


class ArchiveTooLargeError(ArchiveError):
    """More than a person can have here: bytes, files, lines or clips."""

    code = "rights.archive_too_large"
    title = "This archive holds more than can be brought in."


class SignatureWrongError(ArchiveError):
    """The manifest's signature does not verify with the key it names."""

    code = "rights.signature_wrong"
    title = "The signature of this archive is not good. Nothing of it was taken."


class ExportFailedError(ReelmError):
    """The realm could not make the archive, several times."""

    code = "rights.export_failed"
    status = 500
    title = "The archive could not be made. Nothing of yours was changed; please try again."


class ImportFailedError(ReelmError):
    """The realm could not go on with an import, several times."""

    code = "rights.import_failed"
    status = 500
    title = "The import stopped on our side. What was brought in stays; trying again goes on from there."


FAILURES: dict[str, type[ReelmError]] = {
    kind.code: kind
    for kind in (
        ArchiveError,
        ArchiveForeignError,
        ArchiveTooLargeError,
        SignatureWrongError,
        ExportFailedError,
        ImportFailedError,
    )
}
