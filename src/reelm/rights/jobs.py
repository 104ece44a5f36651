"""The jobs of the rights room: their names and payloads. A job carries the ticket that lets the worker act."""

from uuid import UUID

from reelm.kit.jobs import Job

EXPORT, IMPORT, ERASE = "rights.export", "rights.import", "rights.erase"
EXPORT_PURPOSE, IMPORT_PURPOSE, ERASE_PURPOSE = "rights_export", "rights_import", "rights_erase"


class RightsJob(Job, frozen=True, tag="rights"):
    """Work for one person: an export, an import, or (without an id) their erasure."""

    person_id: UUID
    ticket: str
    id: UUID | None = None
