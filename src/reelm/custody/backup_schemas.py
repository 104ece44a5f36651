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


BackupRequest = MakeBackupKeys
