"""A delivery from another realm, from its bytes to what is held for the worker: the whole of it in one transaction.

1. The head is judged before a byte of the body is read: type, length, who signed. 2. A delivery that is here already,
known by its root, is answered as it was the first time. 3. The body is read, each object judged. 4. One transaction:
the batch, what is held, `border.received` with the sender's root, counts, refusals, and the worker's job. 5. 202.
Of one realm, one delivery is written at a time; two at most are read.
"""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reelm.border.classify import Fields, fields_in_force, most_guarded
from reelm.border.constitution import Constitution
from reelm.border.counting import Counting, refusal
from reelm.border.judging import Frame, Judged, judge
from reelm.border.listening import Asked
from reelm.border.parcel import MOST_BYTES, Item, Parcel, ParcelError, read_batch, read_parcel
from reelm.border.repository_inbound import ArrivalsReader, ArrivalsWriter, First, Held, Sender
from reelm.border.repository_releasing import Counted, RefusalKey, ReleasingWriter
from reelm.border.signing import BATCH, DELIVERY_TYPE, UnsignedError, check_digest, key_name, verify
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.kit.errors import TooManyRequestsError
from reelm.kit.ids import Ids
from reelm.kit.limits import Limit, RateLimiter
from reelm.ledger.service import LedgerService, entries

DELIVERIES = Limit(burst=100, seconds_each=0.04)
_READ_AT_ONCE = 2
_TYPES = {DELIVERY_TYPE, 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'}


class TurnedAwayError(Exception):
    """A delivery, or whoever brings it, is turned away. `reason` is one of a few words."""

    def __init__(self, status: int, reason: str, *, peer: str = "", wait: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.peer = peer
        self.wait = wait


@dataclass(frozen=True)
class Taken:
    """What is answered: how many were taken, and the positions of those that weren't."""

    taken: int
    refused: list[int]


class Senders:
    """Who may speak with this realm: those whose signature is by the key of a peer."""

    def __init__(self, database: Database, clock: Clock, limits: RateLimiter) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits

    async def who(self, asked: Asked, base: str, *, body: bool) -> Sender:
        """Return who signed the request that came for `base`. Raises `TurnedAwayError`."""
        try:
            name = key_name(asked.headers)
        except UnsignedError as error:
            raise TurnedAwayError(401, error.reason) from error
        async with self._database.transaction() as uow:
            found = await ArrivalsReader(uow).list_senders(name)
        if len(found) != 1:
            raise TurnedAwayError(401, "unknown_peer")
        sender = found[0]
        try:
            verify(asked.method, base + asked.target, asked.headers, sender.vkey, self._clock, body=body)
        except UnsignedError as error:
            raise TurnedAwayError(401, error.reason) from error
        # From here on it is known whose request this is.
        if sender.state == "paused":
            raise TurnedAwayError(503, "paused", peer=sender.realm, wait=300)
        if sender.state != "open":
            raise TurnedAwayError(403, "refused_peer", peer=sender.realm)
        try:
            self._limits.spend("deliveries", sender.realm, DELIVERIES)
        except TooManyRequestsError as error:
            wait = error.retry_after_seconds
            raise TurnedAwayError(429, "too_many", peer=sender.realm, wait=wait) from error
        return sender


class Arriving:
    """Takes deliveries."""

    def __init__(
        self,
        database: Database,
        ledger: LedgerService,
        constitution: Constitution,
        counting: Counting,
        senders: Senders,
        clock: Clock,
        ids: Ids,
        fields: Fields | None = None,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._constitution = constitution
        self._counting = counting
        self._senders = senders
        self._clock = clock
        self._ids = ids
        self._fields = fields or fields_in_force()
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)

    async def take(self, asked: Asked, base: str) -> Taken:
        """Take one delivery. Raises `TurnedAwayError`, `OverloadedError`, and what reading a body raises."""
        _check_head(asked)
        sender = await self._senders.who(asked, base, body=True)
        try:
            root, index = read_batch(asked.headers.get(BATCH, ""))
            async with self._database.transaction() as uow:
                first = await ArrivalsReader(uow).find_first(sender.realm, root)
            body = await asked.body(MOST_BYTES)
            check_digest(asked.headers, body)
            if first is not None:
                return _again(first)
            async with self._reading:
                parcel, judged = await asyncio.to_thread(self._read, body, root, sender)
        except ParcelError as error:
            status = 413 if error.reason in {"too_big", "too_many"} else 400
            raise TurnedAwayError(status, error.reason, peer=sender.realm) from error
        except UnsignedError as error:
            raise TurnedAwayError(401, error.reason, peer=sender.realm) from error
        return await self._keep(sender, index, parcel, judged)

    def _read(self, body: bytes, root: bytes, sender: Sender) -> tuple[Parcel, list[Judged]]:
        parcel = read_parcel(body, root)
        frame = Frame(
            sender.ids.rstrip("/"),
            sender.web.rstrip("/"),
            sender.border.rstrip("/"),
            self._constitution.now().ids,
            self._clock.now(),
        )
        return parcel, [judge(item.activity, frame, self._fields) for item in parcel.items]

    async def _keep(self, sender: Sender, index: int, parcel: Parcel, judged: Sequence[Judged]) -> Taken:
        now = self._clock.now()
        batch_id = self._ids.new()
        peer = sender.realm
        async with self._database.transaction() as uow:
            writer = ArrivalsWriter(uow)
            if await writer.hold_sender(peer, now) != "open":
                raise TurnedAwayError(503, "paused", peer=peer, wait=300)
            first = await writer.find_first(peer, parcel.root)
            if first is not None:
                return _again(first)
            known = await writer.list_known(peer, [each.uri for each in judged if not each.reason])
            verdicts = _without_repeated(judged, known)
            refused = [position for position, each in enumerate(verdicts) if each.reason]
            size = sum(len(item.encoded) for item in parcel.items)
            entry = self._entry(peer, index, parcel, size, len(refused), now)
            ref = await self._ledger.append(uow, entry)
            await writer.add_batch(
                batch_id, peer, parcel.root, len(parcel.items), size, ref, index, refused, now
            )
            held = self._held(parcel.items, verdicts)
            await writer.hold(batch_id, peer, held, now)
            await ReleasingWriter(uow).count(now, _counted(peer, parcel.items, verdicts))
            await self._counting.note_refused(uow, _refusals(peer, verdicts))
            if held:
                await writer.announce()
        return Taken(len(held), refused)

    def _held(self, items: Sequence[Item], verdicts: Sequence[Judged]) -> list[Held]:
        return [
            Held(self._ids.new(), position, each.uri, each.act, each.object_type, item.activity)
            for position, (item, each) in enumerate(zip(items, verdicts, strict=True))
            if not each.reason
        ]

    def _entry(
        self, peer: str, index: int, parcel: Parcel, size: int, refused: int, now: dt.datetime
    ) -> entries.BorderReceived:
        return entries.BorderReceived(
            at=entries.minute(now),
            charter=self._constitution.now().digest,
            peer=peer,
            batch=parcel.root.hex(),
            entry=index,
            count=len(parcel.items),
            bytes=size,
            refused=refused,
        )


def _check_head(asked: Asked) -> None:
    headers = asked.headers
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise TurnedAwayError(415, "encoded")
    if headers.get("content-type", "").lower() not in _TYPES:
        raise TurnedAwayError(415, "content_type")
    length = headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or len(length) > 12:
        raise TurnedAwayError(411, "length")
    if int(length) > MOST_BYTES:
        raise TurnedAwayError(413, "too_big")


def _again(first: First) -> Taken:
    return Taken(first.count - len(first.refused), first.refused)


def _without_repeated(judged: Sequence[Judged], known: set[str]) -> list[Judged]:
    """Refuse what was taken before in another delivery, or stands in this one twice."""
    seen = set(known)
    verdicts: list[Judged] = []
    for each in judged:
        if each.reason:
            verdicts.append(each)
        elif each.uri in seen:
            repeated = Judged(each.uri, each.act, each.object_type, each.classes, ("id",), "repeated")
            verdicts.append(repeated)
        else:
            seen.add(each.uri)
            verdicts.append(each)
    return verdicts


def _counted(peer: str, items: Sequence[Item], verdicts: Sequence[Judged]) -> list[Counted]:
    sums: dict[str, list[int]] = {}
    for item, each in zip(items, verdicts, strict=True):
        if each.reason:
            continue
        total = sums.setdefault(most_guarded({*each.classes}), [0, 0])
        total[0] += 1
        total[1] += len(item.encoded)
    return [Counted("crossing", "in", peer, each, *total) for each, total in sorted(sums.items())]


def _refusals(peer: str, verdicts: Sequence[Judged]) -> Counter[RefusalKey]:
    return Counter(
        refusal(
            "in", "crossing", peer, each.object_type, each.reason, classes=each.classes, fields=each.fields
        )
        for each in verdicts
        if each.reason
    )
