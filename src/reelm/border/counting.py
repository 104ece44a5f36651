"""How much crossed, and what was not let through: kept in the database with the act, told to the ledger in time.

Crossings are counted in the transaction that writes their entry, so that both always agree. What else goes over the
border is counted in memory and written every second; a kill -9 loses at most that second of it. Every hour that is
over is told, with the border's signature, also one in which nothing crossed; refusals are told by the minute.
"""

import asyncio
import base64
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from reelm.border.classify import ORDER, names_to_tell
from reelm.border.constitution import Constitution
from reelm.border.repository_releasing import Counted, RefusalKey, ReleasingWriter
from reelm.kit.clock import Clock
from reelm.kit.database import Database, UnitOfWork
from reelm.ledger.service import LedgerService, entries
from reelm_audit.entries import to_sign
from reelm_audit.tlog.note import Ed25519Signer

WRITE_SECONDS = 1.0
MOST_COUNTS = 256
_HOUR = dt.timedelta(hours=1)
_MINUTE = dt.timedelta(minutes=1)
_LATE = 3 * _MINUTE
_HOURS_TOLD_AT_ONCE = 48
_REFUSALS_AT_ONCE = 500
_REFUSALS_IN_MEMORY = 1000
_CLASS_OF = {"control": "operational", "storage": "operational", "delivery": "operational", "fetch": "public"}
_UNSIGNED = "A" * 86 + "=="


def refusal(
    direction: str,
    channel: str,
    peer: str,
    object_type: str,
    reason: str,
    *,
    classes: Iterable[str] = (),
    fields: Iterable[str] = (),
) -> RefusalKey:
    """Say what was refused, in words that may be told to everyone: names of fields, never what they held."""
    held = set(classes)
    return RefusalKey(
        direction,
        channel,
        peer[:253],
        (names_to_tell({object_type}) or ["unreadable"])[0],
        tuple(each for each in ORDER if each in held),
        tuple(names_to_tell(set(fields))),
        (names_to_tell({reason}) or ["unreadable"])[0],
    )


class Counting:
    """The border's books. One a process."""

    def __init__(
        self,
        database: Database,
        ledger: LedgerService,
        constitution: Constitution,
        key: Ed25519Signer,
        clock: Clock,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._constitution = constitution
        self._key = key
        self._clock = clock
        self._flows: Counter[tuple[str, str, str]] = Counter()
        self._flow_bytes: Counter[tuple[str, str, str]] = Counter()
        self._refused: Counter[RefusalKey] = Counter()
        self._first_hour = _hour_of(clock.now())

    # --- what is counted ----------------------------------------------------------------------------------

    def connection(self, kind: str, host: str, sent: int, received: int) -> None:
        """A connection is over. Deliveries to other realms are counted with their entry, not here."""
        if kind == "crossing":
            return
        for direction, size in (("out", sent), ("in", received)):
            self._flows[kind, direction, host] += 1
            self._flow_bytes[kind, direction, host] += size

    def refused(self, key: RefusalKey, count: int = 1) -> None:
        """Something was not let through; written within a second."""
        if key in self._refused or len(self._refused) < _REFUSALS_IN_MEMORY:
            self._refused[key] += count
        else:
            rest = key._replace(peer="", fields=(), object_type="various", reason="too_many")
            self._refused[rest] += count

    async def note_refused(self, uow: UnitOfWork, refused: Counter[RefusalKey]) -> None:
        """The same, in the transaction of the act."""
        now = self._clock.now()
        await _write_refusals(uow, refused, now)

    async def write(self) -> None:
        """Make durable what was counted in memory."""
        if not self._flows and not self._refused:
            return
        flows, sizes, refused = self._flows, self._flow_bytes, self._refused
        self._flows, self._flow_bytes, self._refused = Counter(), Counter(), Counter()
        counted = [
            Counted(*way, _CLASS_OF.get(way[0], "operational"), objects, sizes[way])
            for way, objects in sorted(flows.items())
        ]
        now = self._clock.now()
        try:
            async with self._database.transaction() as uow:
                await ReleasingWriter(uow).count(now, counted)
                await _write_refusals(uow, refused, now)
        except BaseException:
            self._flows.update(flows)
            self._flow_bytes.update(sizes)
            self._refused.update(refused)
            raise

    # --- what is told -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write and tell, until cancelled."""
        while True:
            await self.write()
            await self.tell_refusals()
            await self.tell_hours()
            await asyncio.sleep(WRITE_SECONDS)

    async def tell_refusals(self) -> int:
        """Tell the ledger what was refused in minutes that are over; return how many entries it took."""
        now = self._clock.now()
        before = now.replace(second=0, microsecond=0)
        terms = self._constitution.now()
        async with self._database.transaction() as uow:
            taken = await ReleasingWriter(uow).take_refusals(before, _REFUSALS_AT_ONCE)
            for when, key, count in taken:
                await self._ledger.append(
                    uow, _refused_entry(when if now - when < _LATE else now, terms.digest, key, count)
                )
        return len(taken)

    async def tell_hours(self) -> int:
        """Tell the ledger of every hour that is over for a minute; return how many."""
        now = self._clock.now()
        over = _hour_of(now - _MINUTE)
        async with self._database.transaction() as uow:
            last = await self._ledger.last(uow, entries.BorderCounted)
            begin = dt.datetime.fromisoformat(last.hour) + _HOUR if last else self._first_hour
            if begin >= over:
                return 0
            by_hour: dict[dt.datetime, list[Counted]] = {}
            for hour, counted in await ReleasingWriter(uow).take_hours(over):
                # Of an hour that was told already: it was written in its very last moment, and is the next one's.
                by_hour.setdefault(max(hour, begin), []).append(counted)
            begin = max(begin, min([over - _HOURS_TOLD_AT_ONCE * _HOUR, *by_hour]))
            told = 0
            for hour in _hours(begin, over):
                await self._ledger.append(uow, self._counted(hour, now, by_hour.get(hour, [])))
                told += 1
        return told

    def _counted(
        self, hour: dt.datetime, now: dt.datetime, counted: Sequence[Counted]
    ) -> entries.BorderCounted:
        entry = entries.BorderCounted(
            at=entries.minute(now),
            charter=self._constitution.now().digest,
            hour=entries.minute(hour),
            counts=_lines(counted),
            border=self._key.vkey,
            signature=_UNSIGNED,
        )
        signature = self._key.sign(to_sign(msgspec.to_builtins(entry)))
        return msgspec.structs.replace(entry, signature=base64.b64encode(signature).decode())


async def _write_refusals(uow: UnitOfWork, refused: Counter[RefusalKey], now: dt.datetime) -> None:
    if not refused:
        return
    writer = ReleasingWriter(uow)
    await writer.note_refusals(now.replace(second=0, microsecond=0), sorted(refused.items()))
    sums: Counter[tuple[str, str, str]] = Counter()
    for key, count in refused.items():
        guarded = key.classes[-1] if key.classes else "operational"
        sums[key.direction, key.peer, guarded] += count
    await writer.count(
        now,
        [Counted("refused", *key, objects=count, bytes=0) for key, count in sorted(sums.items())],
    )


def _lines(counted: Sequence[Counted]) -> list[entries.BorderCount]:
    """One line for each way; beyond what an entry holds, hosts and peers of the smallest are left unnamed."""
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for each in counted:
        line = sums.setdefault((each.kind, each.direction, each.peer, each.data_class), [0, 0])
        line[0] += each.objects
        line[1] += each.bytes
    if len(sums) > MOST_COUNTS:
        named = sorted(sums, key=lambda way: (way[0] == "crossing", sums[way][1]), reverse=True)
        for way in named[MOST_COUNTS // 2 :]:
            objects, size = sums.pop(way)
            rest = sums.setdefault((way[0], way[1], "", way[3]), [0, 0])
            rest[0] += objects
            rest[1] += size
    return [
        msgspec.convert(
            dict(
                zip(
                    ("kind", "direction", "peer", "data_class", "objects", "bytes"),
                    (*way, *total),
                    strict=True,
                )
            ),
            entries.BorderCount,
        )
        for way, total in sorted(sums.items())
    ]


def _refused_entry(when: dt.datetime, charter: str, key: RefusalKey, count: int) -> entries.BorderRefused:
    told = {
        "at": entries.minute(when),
        "charter": charter,
        "direction": key.direction,
        "channel": key.channel,
        "peer": key.peer,
        "object_type": key.object_type,
        "classes": key.classes,
        "fields": key.fields,
        "reason": key.reason,
        "count": count,
    }
    return msgspec.convert({"kind": "border.refused", **told}, entries.BorderRefused)


def _hour_of(when: dt.datetime) -> dt.datetime:
    return when.replace(minute=0, second=0, microsecond=0)


def _hours(begin: dt.datetime, end: dt.datetime) -> Iterable[dt.datetime]:
    while begin < end:
        yield begin
        begin += _HOUR
