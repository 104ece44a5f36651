"""The border's books beside what the links carried: connection by connection, byte by byte, both ways."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.egress.streams import BrokenStreamError, Seen, Stream


@dataclass(frozen=True)
class Line:
    """One connection of the day: what the border wrote down of it, and what the link carried."""

    kind: str
    way: str
    told_sent: int
    told_received: int
    seen_sent: int
    seen_received: int

    @property
    def agrees(self) -> bool:
        return (self.told_sent, self.told_received) == (self.seen_sent, self.seen_received)


@dataclass
class Account:
    """The comparison. `wrong` are sentences; empty if all is as it should be."""

    lines: list[Line] = field(default_factory=list)
    attempts: int = 0
    wrong: list[str] = field(default_factory=list)


def connections_told(log: Path) -> list[dict[str, Any]]:
    """What the border wrote of each connection, from its log and the older pieces of it."""
    pieces = sorted(log.parent.glob(f"{log.name}*"), key=lambda path: path.stat().st_mtime)
    events = (json.loads(line) for path in pieces for line in path.read_text().splitlines())
    return [event for event in events if event.get("event") == "border.connection"]


def compare(seen: Seen, told: Iterable[Mapping[str, Any]], own: frozenset[str]) -> Account:
    """Compare; `own` are the border's addresses. Whoever opened a connection knows it by its own port."""
    account = Account()
    books: defaultdict[tuple[bool, int, int], list[Mapping[str, Any]]] = defaultdict(list)
    for event in told:
        outwards = event["kind"] != "service"
        books[outwards, int(event["local_port"]) if outwards else 0, int(event["port"])].append(event)
    for stream in seen.streams:
        _one(stream, books, own, account)
    for events in books.values():
        account.wrong += [f"the border tells of a connection that no link carried: {each}" for each in events]
    account.wrong += [f"on the link, and nothing that may be there: {each}" for each in seen.others]
    return account


def _one(
    stream: Stream,
    books: defaultdict[tuple[bool, int, int], list[Mapping[str, Any]]],
    own: frozenset[str],
    account: Account,
) -> None:
    outwards = stream.opener[0] in own
    try:
        there, back = stream.to_other.whole(), stream.to_opener.whole()
    except BrokenStreamError as error:
        account.wrong.append(f"{stream}: {error}")
        return
    sent, received = (there, back) if outwards else (back, there)
    key = (True, stream.opener[1], stream.other[1]) if outwards else (False, 0, stream.opener[1])
    events = books[key]
    if not events:
        if sent or received:
            account.wrong.append(
                f"{stream} carried {len(sent)} bytes out and {len(received)} in; the border knows nothing of it"
            )
        account.attempts += 1
        return
    event = events.pop(0)
    if not outwards and stream.other[0] not in own:
        account.wrong.append(f"{stream} is between two foreign hosts")
    line = Line(
        event["kind"], str(stream), int(event["sent"]), int(event["received"]), len(sent), len(received)
    )
    account.lines.append(line)
    if not line.agrees:
        account.wrong.append(
            f"{stream} ({line.kind}): the border tells of {line.told_sent} bytes out and {line.told_received} in, "
            f"the link carried {line.seen_sent} and {line.seen_received}"
        )


def everything(seen: Seen) -> tuple[bytes, bytes]:
    """All bytes in which a mark is looked for: every frame as it was, and every stream put together."""
    streams = b"\n".join(
        bytes(flow.data) for stream in seen.streams for flow in (stream.to_other, stream.to_opener)
    )
    return seen.raw, streams
