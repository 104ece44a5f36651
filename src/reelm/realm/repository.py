"""SQL of the room `realm`: it has no table of its own, and asks two questions."""

from reelm.kit.database import UnitOfWork


class RealmReader:
    """What the realm asks the database."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def is_operator(self) -> bool:
        """Whether who asks is an operator of the realm."""
        found: bool = await self._uow.fetch_value("SELECT reelm.is_operator()")
        return found

    async def list_held_bytes(self) -> list[tuple[str, str, int]]:
        """How many bytes each column of each table takes: table, column, bytes. For the ledger's keeper."""
        rows = await self._uow.fetch("SELECT held_table, held_column, bytes FROM reelm.held_bytes()")
        return [(row["held_table"], row["held_column"], row["bytes"]) for row in rows]
