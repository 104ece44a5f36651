"""What grants tell the rooms above, in the same transaction."""

from uuid import UUID

from reelm.kit.events import DomainEvent


class DataOpened(DomainEvent, frozen=True):
    """The ledger holds, for the first time under this grant, that data of these people is opened."""

    grant_id: UUID
    person_ids: tuple[UUID, ...]


class EmergencyBegun(DomainEvent, frozen=True):
    """A member of staff approved their own request. All of them hear of it, and the people concerned do."""

    grant_id: UUID
    person_ids: tuple[UUID, ...]
    staff_ids: tuple[UUID, ...]
