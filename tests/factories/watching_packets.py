"""Who on this machine connects to whom: every TCP connection that the kernel lists, asked often enough to miss none.

A connection stays in the list for a minute after it ended (TIME_WAIT), at the side that ended it first.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_EVERY_SECONDS = 0.02
End = tuple[str, int]


@dataclass
class Seen:
    """The connections that were seen: pairs of ends."""

    pairs: set[tuple[End, End]] = field(default_factory=set)

    def look(self) -> None:
        """Take in what the kernel lists now."""
        for name in ("tcp", "tcp6", "udp", "udp6"):
            with contextlib.suppress(FileNotFoundError):
                for line in Path("/proc/net", name).read_text().splitlines()[1:]:
                    local, remote = line.split()[1:3]
                    if int(remote.rpartition(":")[2], 16):
                        self.pairs.add((_end(local), _end(remote)))

    def with_ports(self, ports: set[int]) -> set[tuple[End, End]]:
        """Return the connections of which one end is one of these ports."""
        return {pair for pair in self.pairs if {pair[0][1], pair[1][1]} & ports}


@contextlib.contextmanager
def watching() -> Iterator[Seen]:
    """Look all the time, from before to after."""
    seen, over = Seen(), threading.Event()

    def run() -> None:
        while not over.wait(_EVERY_SECONDS):
            seen.look()

    thread = threading.Thread(target=run)
    seen.look()
    already = set(seen.pairs)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        seen.look()
        seen.pairs -= already


def _end(text: str) -> End:
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    if len(raw) == 16:
        raw = raw[12:]  # an IPv4 address within an IPv6 one, or loopback, whose last word tells it apart
    return ".".join(str(byte) for byte in reversed(raw)), int(port, 16)
