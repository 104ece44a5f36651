"""Messages in an archive: who is in which conversation, and how the person opens what their devices sealed.

The rows themselves are in `data/` like all others, sealed as they are: the realm has no key for them. The text that
opens the history with the recovery key goes along, so that it can be read without Reelm (`spec/messages`).
"""

from pathlib import Path

import msgspec

from reelm.rights.archive import ArchiveWriter
from reelm.rights.hand import Hand
from reelm.rights.repository import RightsReader, TalkPersonRow

CONVERSATIONS, SCRIPT = "account/conversations.jsonl", "open-messages.py"


class TalkPerson(msgspec.Struct, frozen=True):
    """Somebody in a conversation. `id` is how the history names who said something."""

    id: str
    handle: str
    display_name: str
    state: str


class TalkLine(msgspec.Struct, frozen=True):
    """A conversation that the person is in, or was asked into."""

    id: str
    kind: str
    people: list[TalkPerson]


async def write_talks(hand: Hand, writer: ArchiveWriter) -> None:
    """Write who talks where, and what opens the history."""
    async with hand.transaction() as uow:
        rows = await RightsReader(uow).own_talks()
    lines = _lines(rows)
    with writer.file(CONVERSATIONS, "social") as file:
        file.rows = len(lines)
        for line in lines:
            file.write(msgspec.json.encode(line) + b"\n")
    script = Path(__file__).with_name("open_messages.txt").read_bytes()
    writer.add(SCRIPT, "operational", script)


def _lines(rows: list[TalkPersonRow]) -> list[TalkLine]:
    found: dict[str, TalkLine] = {}
    for row in rows:
        line = found.setdefault(str(row.id), TalkLine(str(row.id), row.kind, []))
        line.people.append(TalkPerson(str(row.person_id), row.handle, row.display_name, row.state))
    return list(found.values())
