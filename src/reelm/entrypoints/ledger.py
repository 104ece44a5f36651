"""`reelm ledger …`: how it stands, whether it is whole, what to do when it has stopped, and adoption after a restore.

Runs at the machine, as the sequencer's login role; what changes anything takes the sequencer's lock first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, get_args

import msgspec

from reelm.custody.service import KeysClient
from reelm.entrypoints.asking import by_whoever_can
from reelm.entrypoints.folder import StartError
from reelm.entrypoints.sequencer import ROLE, KeysSigner
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.exclusive import Exclusive
from reelm.kit.ids import SystemIds
from reelm.ledger import entries
from reelm.ledger.adoption import Adopter, Adoption
from reelm.ledger.errors import LedgerFatalError
from reelm.ledger.fsck import Findings, Fsck
from reelm.ledger.repository import CHANGED, RESUMED, LedgerReader, LedgerWriter, SequencerWriter
from reelm.ledger.sequencer import LOCK, origin_of
from reelm.ledger.service import LedgerState, read_state
from reelm.realm.service import RealmService
from reelm.settings import Settings
from reelm_audit.tlog import policy

T = TypeVar("T")


def state(settings: Settings) -> LedgerState:
    """Return how the ledger stands."""

    async def ask(database: Database) -> LedgerState:
        async with database.transaction() as uow:
            return await read_state(uow, SystemClock().now())

    return _run(settings, ask)


def fsck(settings: Settings, *, repair: bool = False) -> Findings:
    """Build the ledger again from its entries and compare; with `repair` rewrite tiles, under the lock."""

    async def check(database: Database) -> Findings:
        blobs = LocalBlobStore(settings.blobs)
        if not repair:
            return await Fsck(database, blobs).run()
        async with _alone(settings):
            return await Fsck(database, blobs, repair=True).run()

    return _run(settings, check)


def resume(settings: Settings) -> Findings:
    """Let a ledger that has stopped go on, if there is nothing wrong with it; return what `fsck` found."""

    async def check(database: Database) -> Findings:
        found = await Fsck(database, LocalBlobStore(settings.blobs)).run()
        if found.clean:
            await _let_go_on(database)
        return found

    return _run(settings, check)


def adopt(settings: Settings) -> Adoption:
    """Bring a restored database up to what was published. Needs the keys process, and no sequencer at work."""
    return _run(settings, lambda database: adopt_with(settings, database))


async def adopt_with(settings: Settings, database: Database) -> Adoption:
    """Adopt on an open database of the role `reelm_ledger`. Raises `LedgerFatalError`, `StartError`."""
    clock = SystemClock()
    realm = RealmService.load(settings)
    keys = KeysClient(
        settings.keys_address, clock, caller="sequencer", secret=settings.caller_secrets.get("sequencer", "")
    )
    async with _alone(settings):
        try:
            async with database.transaction() as uow:
                head = await LedgerReader(uow).find_head()
            origin = head.origin if head else origin_of(settings.web.origin)
            texts = realm.document.witness_policies
            adopter = Adopter(
                database,
                LocalBlobStore(settings.blobs),
                clock,
                SystemIds(clock),
                origin=origin,
                vkey=await KeysSigner(keys).log_vkey(origin),
                policies=(texts.release, texts.public),
                witnesses=[policy.parse(texts.release), policy.parse(texts.public)],
                charter=realm.charter_digest,
                ask=by_whoever_can(settings, "sequencer", clock),
            )
            adoption = await adopter.run()
        finally:
            await keys.close()
    await _let_go_on(database)
    return adoption


def schemas() -> dict[str, Any]:
    """Return the JSON Schemas of all kinds of entries, by kind."""
    return {str(kind.__struct_config__.tag): msgspec.json.schema(kind) for kind in get_args(entries.AnyEntry)}


async def _let_go_on(database: Database) -> None:
    async with database.transaction() as uow:
        await SequencerWriter(uow).forget_problem()
        await LedgerWriter(uow).tell(RESUMED)
        await LedgerWriter(uow).tell(CHANGED)


@asynccontextmanager
async def _alone(settings: Settings) -> Any:
    lock = Exclusive(settings.database, ROLE, LOCK)
    try:
        if not await lock.try_acquire():
            raise StartError(
                "The ledger is being kept right now.", "This can be done only while it has stopped."
            )
        yield
    finally:
        await lock.release()


def _run(settings: Settings, act: Callable[[Database], Awaitable[T]]) -> T:
    async def with_database() -> T:
        database = await Database.open(settings.database, ROLE, size=2)
        try:
            return await act(database)
        finally:
            await database.close()

    try:
        return asyncio.run(with_database())
    except LedgerFatalError as error:
        raise StartError(f"{str(error)[:1].upper()}{str(error)[1:]}.", "Nothing was changed.") from error
