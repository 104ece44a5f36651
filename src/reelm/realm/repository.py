"""SQL of the room `realm`: it has no table of its own, and asks one question."""

from reelm.kit.database import UnitOfWork


class RealmReader:
    """What the realm asks the database."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def is_operator(self) -> bool:
        """Whether who asks is an operator of the realm."""
        found: bool = await self._uow.fetch_value("SELECT reelm.is_operator()")
        return found
