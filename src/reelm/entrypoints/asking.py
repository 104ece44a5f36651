"""How the ledger's witnesses are asked: through the border, like everything that leaves the realm.

A command at the machine that runs while there is no border (adoption, in a restore) asks in its own process, by the
same code and with the same refusals.
"""

from reelm.border.errands import MOST_CONTROL_BYTES, OWN
from reelm.border.outward import Outward, OutwardError
from reelm.border.service import BorderClient
from reelm.entrypoints.parts import accepts
from reelm.kit.clock import Clock
from reelm.kit.errors import ReelmError
from reelm.ledger.transport import Answer, Send, UnreachableError
from reelm.settings import BorderCaller, Settings

PATIENCE_SECONDS = 8.0


def through_border(client: BorderClient) -> Send:
    """Ask through the border process. While that isn't up, nobody is reached; it is tried again."""

    async def send(method: str, url: str, body: bytes | None = None) -> Answer:
        try:
            said = await client.control("POST" if method == "POST" else "GET", url, body)
        except ReelmError as error:
            raise UnreachableError(error.fields.get("reason") or error.code) from error
        return Answer(said.status, said.body)

    return send


def directly(clock: Clock, *, seconds: float = PATIENCE_SECONDS) -> Send:
    """Ask from this process."""
    outward = Outward(clock, private=OWN)

    async def send(method: str, url: str, body: bytes | None = None) -> Answer:
        try:
            answer = await outward.request(
                method,
                url,
                kind="control",
                purpose="witness",
                most_bytes=MOST_CONTROL_BYTES,
                timeout_seconds=seconds,
                headers={"Accept": "text/plain"},
                body=body,
            )
        except (OutwardError, ValueError) as error:
            raise UnreachableError(str(error)) from error
        return Answer(answer.status, answer.body)

    return send


def by_whoever_can(settings: Settings, caller: BorderCaller, clock: Clock) -> Send:
    """Ask through the border if it is up, from this process if not."""
    if accepts(settings.border_address):
        return through_border(BorderClient.of(settings, caller))
    return directly(clock)
