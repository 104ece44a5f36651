"""What happens to people, told to the rooms above."""

from uuid import UUID

from reelm.custody.service import Visitor
from reelm.kit.events import DomainEvent


class Blocked(DomainEvent, frozen=True):
    """`person_id` no longer wants to meet `other_id`: ties between them end."""

    person_id: UUID
    other_id: UUID


class ProfileChanged(DomainEvent, frozen=True):
    """What everybody may see of a person changed: name, words about them, picture."""

    person_id: UUID


class PersonErased(DomainEvent, frozen=True):
    """A person and all their rows go with this transaction; it is told before the rows are gone."""

    person_id: UUID


class PrivacyChanged(DomainEvent, frozen=True):
    """A person made their account private, or open again; their clips' audiences follow."""

    visitor: Visitor
    private: bool
