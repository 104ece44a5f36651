"""Snapshots of the key store, for whoever writes a backup: taken whole, handed over in pieces."""

import hashlib
from pathlib import Path

from reelm.custody.backup_schemas import EpochBegun, SnapshotPart, SnapshotTaken, TakeSnapshot, TurnEpoch
from reelm.custody.door import Door
from reelm.custody.epochs import Epochs
from reelm.custody.keystore import Keystore
from reelm.custody.messages import Handlers, KeyBytes
from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError

PART_BYTES = 64 * 1024


class Snapshots:
    """Answers for the epochs. One snapshot at a time is held for whoever fetches it, sealed."""

    def __init__(self, folder: Path, store: Keystore, door: Door, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._epochs = Epochs(folder, store)
        self._taken: tuple[str, bytes] = ("", b"")

    def handlers(self) -> Handlers:
        return {TakeSnapshot: self.take, SnapshotPart: self.part, TurnEpoch: self.turn}

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    async def take(self, _: TakeSnapshot) -> SnapshotTaken:
        sealed = await self._door.write(self._epochs.snapshot, self._now())
        digest = hashlib.sha256(sealed).hexdigest()
        self._taken = (digest, sealed)
        return SnapshotTaken(digest, len(sealed))

    async def part(self, asked: SnapshotPart) -> KeyBytes:
        """Raises NotFoundError when another snapshot was taken since."""
        digest, sealed = self._taken
        if asked.digest != digest or not 0 <= asked.start < len(sealed):
            raise NotFoundError
        piece = sealed[asked.start : asked.start + PART_BYTES]
        if asked.start + PART_BYTES >= len(sealed):
            self._taken = ("", b"")
        return KeyBytes(piece)

    async def turn(self, _: TurnEpoch) -> EpochBegun:
        self._taken = ("", b"")
        return EpochBegun(await self._door.write(self._epochs.turn, self._now()))

    async def turn_if_due(self) -> bool:
        """Turn the epoch when it is a day old."""
        return await self._door.write(self._epochs.turn_if_due, self._now())
