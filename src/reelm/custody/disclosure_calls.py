"""The part of the client that opens what recipients of messages reported."""

from uuid import UUID

from reelm.custody.calls import Calls
from reelm.custody.disclosure_schemas import Disclosed, OpenDisclosure


class DisclosureCalls(Calls):
    """What `KeysClient` can ask under release rule (d)."""

    async def open_disclosure(self, token: str, report_id: UUID) -> Disclosed:
        """Open a report for the staff whose session it is; each time is counted and noted.

        Raises NotFoundError for whoever is no staff and for what is not there, StaffUnknownError, AboutYourselfError.
        """
        return await self._ask(OpenDisclosure(token, report_id), Disclosed, repeatable=False)
