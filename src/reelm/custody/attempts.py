"""Brute force: how many wrong passwords are heard, without giving anyone the power to lock the owner out.

Every attempt is counted before its hash is computed, and given back when it was right, so only wrong passwords
cost. From a device that never signed in as this person, four buckets hold at once:

1. one address against one person: 8 at once, then one a minute;
2. everybody against one person: 30 at once, then one every 20 seconds;
3. one address against everybody: 100 at once, then one every 5 seconds;
4. everybody against everybody: 200 at once, then 10 a second.

A device that has signed in before carries a vouching token and has one bucket of its own instead, so the owner
is heard on their own phone while strangers are guessing. Passkeys are not limited by wrong passwords.

Kept in memory: a restart forgets, and nobody outside can cause one.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from reelm.kit.clock import Clock
from reelm.kit.errors import TooManyRequestsError

_REMEMBERED: Final = 100_000


@dataclass(frozen=True)
class Allowance:
    """`burst` attempts at once, then one every `seconds_each`."""

    burst: int
    seconds_each: float


PER_PAIR: Final = Allowance(8, 60)
PER_ADDRESS: Final = Allowance(100, 5)
PER_PERSON: Final = Allowance(30, 20)
PER_DEVICE: Final = Allowance(10, 30)
PER_REALM: Final = Allowance(200, 0.1)


class Attempts:
    """Counts attempts. `begin` raises TooManyRequestsError; `right` gives an attempt back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def begin(self, name: str, *, address: str, device: str | None) -> list[str]:
        """Count an attempt and return what `right` needs. Nothing is counted when it is refused.

        `name` is what was typed, whether or not anybody has it, so that the limits don't tell who exists.
        """
        who = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        if device:
            buckets = [(f"device {who} {device}", PER_DEVICE)]
        else:
            buckets = [
                (f"pair {who} {address}", PER_PAIR),
                (f"person {who}", PER_PERSON),
                *([(f"address {address}", PER_ADDRESS)] if address else []),
                ("realm", PER_REALM),
            ]
        now = self._clock.monotonic()
        levels = [self._level(bucket, allowance, now) for bucket, allowance in buckets]
        waits = [
            (1 - level) * allowance.seconds_each
            for level, (_, allowance) in zip(levels, buckets, strict=True)
            if level < 1
        ]
        if waits:
            raise TooManyRequestsError(
                "That was tried too often. Please wait, or use a passkey or a device you signed in on before.",
                retry_after_seconds=max(1, round(max(waits))),
            )
        for level, (bucket, _) in zip(levels, buckets, strict=True):
            self._left[bucket] = (level - 1, now)
            self._left.move_to_end(bucket)
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return [bucket for bucket, _ in buckets]

    def _level(self, name: str, allowance: Allowance, now: float) -> float:
        left, seen = self._left.get(name, (float(allowance.burst), now))
        return min(float(allowance.burst), left + max(0.0, now - seen) / allowance.seconds_each)

    def right(self, counted: list[str]) -> None:
        """The password was right: the attempt does not count."""
        for name in counted:
            if name in self._left:
                left, seen = self._left[name]
                self._left[name] = (left + 1, seen)
