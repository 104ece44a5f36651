"""A keys process for the fault tests: everything real but the realm's database."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from reelm.custody.keeper import Keeper, relying_party
from reelm.custody.passwords import Passwords
from reelm.custody.server import bind
from reelm.kit.clock import SystemClock
from reelm.kit.ids import SystemIds


class NullRows:
    """No database: nothing is visible, nothing exists."""

    async def install_subject_secret(self, secret: bytes) -> None:
        pass

    async def find_clip_key(self, ticket: str, clip_id: UUID) -> None:
        return None

    async def find_clip_author(self, ticket: str, clip_id: UUID) -> None:
        return None

    async def list_clip_keys(self, ticket: str, clip_ids: list[UUID]) -> list[tuple[UUID, UUID, bytes]]:
        return []

    async def list_existing(self, person_ids: list[UUID]) -> set[UUID]:
        return set()

    async def announce_revoked(self, session_ids: list[UUID]) -> None:
        pass


async def main(folder: Path) -> None:
    clock = SystemClock()
    keeper = Keeper(
        folder / "keys",
        NullRows(),
        relying_party("https://reelm.example"),
        clock,
        SystemIds(clock),
        allowed_uids={os.getuid()},
        passwords=Passwords(memory_kib=64, time_cost=1),
    )
    await keeper.start(bind(str(folder / "keys.sock")))
    os.write(1, b"ready\n")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
