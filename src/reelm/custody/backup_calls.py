"""The part of the client that is about backups; the command line only."""

from collections.abc import Sequence
from uuid import UUID

from reelm.custody.backup_schemas import MAX_STREAMS, BackupKeyLines, MakeBackupKeys
from reelm.custody.calls import Calls
from reelm.custody.messages import FreshKey


class BackupCalls(Calls):
    """What `KeysClient` can ask for a backup."""

    async def backup_keys(self, people: Sequence[UUID | None]) -> list[FreshKey | None]:
        """For each person a fresh key and its wrapped form; None for somebody without keys.

        The person None stands for rows that belong to nobody.
        """
        lines: list[FreshKey | None] = []
        for start in range(0, len(people), MAX_STREAMS):
            request = MakeBackupKeys(list(people[start : start + MAX_STREAMS]))
            lines += (await self._ask(request, BackupKeyLines)).items
        return lines
