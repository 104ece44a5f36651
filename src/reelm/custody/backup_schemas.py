"""The words of the keys protocol about backups."""

from uuid import UUID

from reelm.custody.messages import FreshKey, Message, Request

MAX_STREAMS = 500


class MakeBackupKeys(Request, frozen=True):
    """A fresh key for each person's rows; None stands for the rows of nobody."""

    people: list[UUID | None]


class BackupKeyLines(Message, frozen=True):
    """In the order asked; None for somebody who has no keys any more."""

    items: list[FreshKey | None]


class TakeSnapshot(Request, frozen=True):
    """Seal a copy of the key store as it is now under the epoch's key."""


class SnapshotPart(Request, frozen=True):
    """A piece of the snapshot that was taken last."""

    digest: str
    start: int


class TurnEpoch(Request, frozen=True):
    """End the epoch now: everything sealed under its key opens no more."""


class SnapshotTaken(Message, frozen=True):
    """A snapshot's SHA-256 (hexadecimal) and size."""

    digest: str
    size_bytes: int


class EpochBegun(Message, frozen=True):
    """The new epoch's number."""

    number: int


BackupRequest = MakeBackupKeys | TakeSnapshot | SnapshotPart | TurnEpoch
