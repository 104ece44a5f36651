"""Identity as an argument: time-ordered ids (RFC 9562 UUID version 7) and unguessable tokens."""

import hashlib
import secrets
from typing import Protocol
from uuid import UUID

from reelm.kit.clock import Clock


class Ids(Protocol):
    """Where a service gets new identities from."""

    def new(self) -> UUID:
        """Return a new id; later ids sort after earlier ones, to the millisecond."""
        ...

    def token(self) -> str:
        """Return 256 unguessable bits as URL-safe text."""
        ...


class SystemIds:
    """Ids from the system's random source.

    RFC 9562 §5.7: 48 bits of Unix milliseconds, version, 12 random bits, variant, 62 random bits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def new(self) -> UUID:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | secrets.randbits(80)
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return UUID(int=value)

    def token(self) -> str:
        return secrets.token_urlsafe(32)


def trace_of(thing: UUID) -> str:
    """Return what a log calls a thing: the same each time, and no way back to its id once the thing is gone."""
    return hashlib.sha256(thing.bytes).hexdigest()[:12]
