"""What the parts of the client stand on: one way to ask."""

from typing import TypeVar

from reelm.custody import schemas
from reelm.custody.messages import Message

Body = TypeVar("Body", bound=Message)


class Calls:
    """Base of the client's parts, one a topic."""

    async def _ask(self, request: schemas.AnyRequest, kind: type[Body], *, repeatable: bool = True) -> Body:
        raise NotImplementedError

    def forget_everything(self) -> None:
        """Forget every session that is remembered."""
        raise NotImplementedError
