"""Writes every frame of every interface of its namespace to a pcap file, and says at the end if it lost one.

A process of its own: `python -m tests.egress.capture FILE`. It says `ready`, ends when its input does, and says how
many frames it wrote and how many the kernel had to drop. Frames come through a ring shared with the kernel
(packet(7), linux/if_packet.h, TPACKET_V2), since nobody but the machine's root may have a socket buffer large enough.
"""

import json
import mmap
import select
import socket
import struct
import sys
from pathlib import Path
from typing import IO

EVERYTHING = 0x0003
SOL_PACKET, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION, TPACKET_V2 = 263, 5, 6, 10, 1
FRAME, FRAMES, BLOCK = 128 * 1024, 1024, 1024 * 1024
STATUS_USER, STATUS_LOSING = 1, 4
PCAP_HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
_HEAD = struct.Struct("<IIIHHII")
_STATUS = struct.Struct("<I")


class Ring:
    """The frames of one socket that sees all interfaces of its namespace."""

    def __init__(self) -> None:
        # Of all interfaces, from now on; what came before the ring is there is thrown away by the kernel.
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
        self.socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        asked = struct.pack("<IIII", BLOCK, FRAMES * FRAME // BLOCK, FRAME, FRAMES)
        self.socket.setsockopt(SOL_PACKET, PACKET_RX_RING, asked)
        self._ring = mmap.mmap(self.socket.fileno(), FRAMES * FRAME)
        self._next = 0

    def take(self) -> tuple[int, int, bytes] | None:
        """Return the next frame with its time (seconds, microseconds), or None when there is none yet."""
        at = self._next * FRAME
        status, _, kept, mac, _, seconds, nanoseconds = _HEAD.unpack_from(self._ring, at)
        if not status & STATUS_USER:
            return None
        frame = self._ring[at + mac : at + mac + kept]
        _STATUS.pack_into(self._ring, at, 0)
        self._next = (self._next + 1) % FRAMES
        return seconds, nanoseconds // 1000, frame

    def lost(self) -> int:
        _, dropped = struct.unpack("<II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        return int(dropped)


def record(file: IO[bytes], until: IO[bytes]) -> dict[str, int]:
    """Write frames until `until` ends, and then what came before that."""
    ring = Ring()
    file.write(PCAP_HEAD)
    print("ready", flush=True)  # noqa: T201
    waiting = select.poll()
    waiting.register(ring.socket.fileno(), select.POLLIN)
    waiting.register(until.fileno(), select.POLLIN | select.POLLHUP)
    written, ending = 0, False
    while True:
        found = ring.take()
        if found is None:
            if ending:
                return {"frames": written, "lost": ring.lost()}
            ending = any(number == until.fileno() for number, _ in waiting.poll(100))
            continue
        seconds, micros, frame = found
        file.write(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)
        written += 1


def main() -> None:
    with Path(sys.argv[1]).open("wb") as file:
        print(json.dumps(record(file, sys.stdin.buffer)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
