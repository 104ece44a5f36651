"""The part of the client that is about backups; the command line only."""

from collections.abc import Sequence
from uuid import UUID

from reelm.custody.backup_schemas import (
    MAX_STREAMS,
    BackupKeyLines,
    EpochBegun,
    MakeBackupKeys,
    SnapshotPart,
    SnapshotTaken,
    TakeSnapshot,
    TurnEpoch,
)
from reelm.custody.calls import Calls
from reelm.custody.messages import FreshKey, KeyBytes


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

    async def snapshot(self) -> bytes:
        """A copy of the key store without sessions, sealed under the present epoch's key (`open_snapshot`).

        It opens until the epoch turns, at most a day, and only with what `export_epoch` has put elsewhere.
        """
        taken = await self._ask(TakeSnapshot(), SnapshotTaken)
        sealed = bytearray()
        while len(sealed) < taken.size_bytes:
            part = (await self._ask(SnapshotPart(taken.digest, len(sealed)), KeyBytes)).key
            sealed += part
        return bytes(sealed)

    async def turn_epoch(self) -> int:
        """Begin a new epoch now and destroy the old one's key; return the new one's number."""
        return (await self._ask(TurnEpoch(), EpochBegun)).number
