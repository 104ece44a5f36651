"""What happens in conversations, told to the rooms above. Nothing of it says what was written."""

from uuid import UUID

from reelm.kit.events import DomainEvent


class MessageSent(DomainEvent, frozen=True):
    """`sender_id` sent something to `person_ids`, who are members and did not mute the conversation."""

    conversation_id: UUID
    sender_id: UUID
    person_ids: tuple[UUID, ...]


class ConversationRequested(DomainEvent, frozen=True):
    """`asker_id` wrote to `person_ids`, who don't follow them."""

    conversation_id: UUID
    asker_id: UUID
    person_ids: tuple[UUID, ...]
