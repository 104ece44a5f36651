"""Messages on devices: no notices, for nobody here can read them. That there is one is all that is told."""

from uuid import UUID

from reelm.kit.database import UnitOfWork
from reelm.kit.events import EventBus
from reelm.messages.service import ConversationRequested, MessageSent
from reelm.notices.repository_push import PushWriter


class PushTeller:
    """Lets the devices of those be told whom a message reaches, in the transaction that takes it."""

    def subscribe(self, bus: EventBus) -> None:
        """Hear what happens in conversations. Called once, by entrypoints."""
        bus.on(MessageSent, self._on_sent)
        bus.on(ConversationRequested, self._on_requested)

    async def _on_sent(self, uow: UnitOfWork, event: MessageSent) -> None:
        await self._push(uow, event.conversation_id, "message")

    async def _on_requested(self, uow: UnitOfWork, event: ConversationRequested) -> None:
        await self._push(uow, event.conversation_id, "request")

    async def _push(self, uow: UnitOfWork, conversation_id: UUID, kind: str) -> None:
        await PushWriter(uow).push_of_conversation(conversation_id, kind)
