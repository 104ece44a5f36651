"""What other realms sent, for the room that takes it in: one after the other, each settled in its own transaction."""

from reelm.border.repository_arrivals import Arrival, HeldReader, HeldWriter
from reelm.kit.database import UnitOfWork

KEPT_DAYS = 30
TRIES = 8


class ArrivalDesk:
    """Hands out what is held, and notes what became of it."""

    async def held(self, uow: UnitOfWork, limit: int) -> list[Arrival]:
        return await HeldReader(uow).list_held(limit)

    async def hold(self, uow: UnitOfWork, arrival: Arrival) -> bool:
        """Keep others from taking it in at the same time; false when somebody has."""
        return await HeldWriter(uow).hold(arrival.id)

    async def settle(self, uow: UnitOfWork, arrival: Arrival, refused_for: str | None) -> None:
        """Say that it was taken in, or why it was refused."""
        state = "taken" if refused_for is None else "refused"
        await HeldWriter(uow).settle(arrival.id, state, refused_for)

    async def put_off(self, uow: UnitOfWork, arrival: Arrival, reason: str) -> bool:
        """Try it again later; false (and refused) when it was tried often enough."""
        if arrival.attempts + 1 >= TRIES:
            await self.settle(uow, arrival, reason)
            return False
        await HeldWriter(uow).tried(arrival.id, reason)
        return True

    async def forget(self, uow: UnitOfWork) -> None:
        """Forget what was settled long ago."""
        await HeldWriter(uow).forget_settled(KEPT_DAYS)
