"""One delivery on its way: signed, sent, and what the answer means."""

import msgspec

from reelm.border.batches import body_of
from reelm.border.outward import ForbiddenError, Outward, UnreachableError
from reelm.border.releasing import Answer
from reelm.border.repository import PeerRow
from reelm.border.repository_releasing import Batch
from reelm.border.signing import Signing

SECONDS = 30.0
MOST_ANSWER_BYTES = 64 * 1024
# What asking again won't change. Who isn't known there, or is asked to wait, tries again.
_FINAL = frozenset({400, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431})


class Taken(msgspec.Struct, frozen=True):
    """What a peer answers when it has taken a delivery; `refused` are positions in it."""

    taken: int
    refused: list[int] = []


class Delivering:
    """Sends deliveries to other realms' shared inboxes."""

    def __init__(self, outward: Outward, signing: Signing) -> None:
        self._outward = outward
        self._signing = signing

    async def deliver(self, peer: PeerRow, batch: Batch, objects: list[tuple[bytes, bytes]]) -> Answer:
        """Send, and say what came of it."""
        url = f"{peer.border.rstrip('/')}/inbox"
        body = body_of(objects)
        headers = self._signing.headers("POST", url, body, f"{batch.root.hex()} {batch.entry_index}")
        try:
            answer = await self._outward.request(
                "POST",
                url,
                kind="crossing",
                purpose="delivery",
                most_bytes=MOST_ANSWER_BYTES,
                timeout_seconds=SECONDS,
                headers=headers,
                body=body,
            )
        except (ForbiddenError, UnreachableError) as error:
            return Answer(False, problem=error.reason)
        if answer.status != 202:
            return Answer(False, problem=f"status_{answer.status}", final=answer.status in _FINAL)
        try:
            taken = msgspec.json.decode(answer.body, type=Taken)
        except msgspec.MsgspecError:
            return Answer(False, problem="malformed")
        return Answer(True, tuple(each for each in taken.refused if 0 <= each < batch.count))
