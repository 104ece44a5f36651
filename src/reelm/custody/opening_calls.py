"""The part of the client that opens data under a grant."""

from reelm.custody.calls import Calls
from reelm.custody.opening_schemas import GrantOpening, OpenedData


class OpeningCalls(Calls):
    """What `KeysClient` can ask under release rule (c)."""

    async def open_under_grant(self, asked: GrantOpening) -> OpenedData:
        """Open one kind of one person's data; all evidence comes along and is checked there.

        Raises a GrantRefusedError that says what is wrong with it, or NotFoundError for a clip that is not there.
        An answer that is lost can't be asked for again: every opening is an entry of its own, but for a clip's key.
        """
        return await self._ask(asked, OpenedData, repeatable=False)
