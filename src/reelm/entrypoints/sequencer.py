"""The sequencer process: keeps the realm's ledger, one at a time, and brings charter and release into it.

What passes by itself (a database that restarts, a full disk) is waited for. What contradicts itself stops the ledger
until somebody has looked: `/health` says why, and `reelm ledger resume` lets it go on.
"""

import asyncio
import contextlib
import signal

import structlog

from reelm.border.service import BorderClient
from reelm.custody.errors import CheckpointRefusedError
from reelm.custody.service import KeysClient
from reelm.entrypoints.asking import through_border
from reelm.kit import metrics as kit_metrics
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.errors import OverloadedError
from reelm.kit.exclusive import Exclusive
from reelm.kit.ids import SystemIds
from reelm.kit.listen import Listener
from reelm.ledger.entries import (
    CharterAdopted,
    KeyholderSignature,
    PromiseKeyNamed,
    ReleaseDeployed,
    minute,
)
from reelm.ledger.errors import LedgerFatalError, LedgerTakenOverError
from reelm.ledger.meter import LedgerMeter
from reelm.ledger.repository import RESUMED, WANTED
from reelm.ledger.sequencer import LOCK, Sequencer, origin_of
from reelm.ledger.service import LedgerService
from reelm.realm import deployment
from reelm.realm.service import RealmService
from reelm.realm.stating import SiteTeller
from reelm.settings import Role, Settings

ROLE: Role = "reelm_ledger"
_LOCK_SECONDS = 1.0
_TROUBLE_SECONDS = 1.0
_PATIENCE_SECONDS = 15.0

_log = structlog.get_logger("reelm.ledger")


def run(settings: Settings) -> int:
    """Keep the ledger until SIGTERM or SIGINT; return the exit code."""
    kit_metrics.prepare(settings.data / "run" / "metrics")
    return asyncio.run(_keep(settings))


async def _keep(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    keeping = asyncio.ensure_future(_Process(settings).run())
    asked = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait([keeping, asked], return_when=asyncio.FIRST_COMPLETED)
    for task in (keeping, asked):
        task.cancel()
    await asyncio.gather(keeping, asked, return_exceptions=True)
    if keeping in done:
        keeping.result()
    return 0


class KeysSigner:
    """The log's key, which lies in the keys process."""

    def __init__(self, keys: KeysClient) -> None:
        self._keys = keys

    async def sign_checkpoint(self, text: str) -> str:
        """Return the signature line. Raises `LedgerFatalError` for what contradicts an earlier signature."""
        try:
            return await self._keys.sign_checkpoint(text)
        except CheckpointRefusedError as error:
            raise LedgerFatalError(f"the keys process refuses to sign: {error.detail}") from error

    async def log_vkey(self, origin: str) -> str:
        """Return the log's verifier key. Raises `LedgerFatalError` for another origin than the first."""
        try:
            return await self._keys.log_vkey(origin)
        except CheckpointRefusedError as error:
            raise LedgerFatalError(
                f"the keys process signs for another ledger than {origin}: {error.detail}"
            ) from error

    async def promise_vkey(self) -> str:
        """Return the verifier key of those who vouch for promises."""
        return await self._keys.promise_vkey()


class _Process:
    """The life of one sequencer process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._realm = RealmService.load(settings)
        self._lock = Exclusive(settings.database, ROLE, LOCK)
        self._resumed = asyncio.Event()
        self._sequencer: Sequencer | None = None
        self._meter = LedgerMeter()

    async def run(self) -> None:
        listener = Listener(self._settings.database, ROLE)
        listener.on(WANTED, lambda _: self._want())
        listener.on(RESUMED, lambda _: self._resumed.set())
        secret = self._settings.caller_secrets.get("sequencer", "")
        keys = KeysClient(
            self._settings.keys_address,
            self._clock,
            caller="sequencer",
            secret=secret,
            patience_seconds=_PATIENCE_SECONDS,
        )
        await listener.start()
        try:
            while True:
                await self._once(KeysSigner(keys))
        finally:
            await self._lock.release()
            await listener.stop()
            await keys.close()

    def _want(self) -> None:
        if self._sequencer is not None:
            self._sequencer.want()

    async def _once(self, signer: KeysSigner) -> None:
        """Keep the ledger until something ends it; wait as long as that takes to mend."""
        try:
            await self._hold()
            database = await Database.open(self._settings.database, ROLE, size=4)
            made = self._made(database, signer)
            try:
                await self._hold_and_keep(made, database, signer)
            except LedgerFatalError as error:
                await self._stopped(made, error)
            finally:
                self._sequencer = None
                await database.close()
        except LedgerTakenOverError:
            _log.warning("ledger.taken_over")
            await self._lock.release()
        except (OverloadedError, OSError) as error:
            _log.warning("ledger.waits", reason=type(error).__name__)
            await asyncio.sleep(_TROUBLE_SECONDS)

    async def _hold(self) -> None:
        while not await self._lock.try_acquire():  # noqa: ASYNC110 - the lock is in another process
            await asyncio.sleep(_LOCK_SECONDS)

    def _made(self, database: Database, signer: KeysSigner) -> Sequencer:
        policies = self._realm.document.witness_policies
        return Sequencer(
            database,
            LocalBlobStore(self._settings.blobs),
            signer,
            self._clock,
            origin=origin_of(self._settings.web.origin),
            release_policy=policies.release,
            public_policy=policies.public,
            ask=through_border(BorderClient.of(self._settings, "sequencer")),
        )

    async def _hold_and_keep(self, made: Sequencer, database: Database, signer: KeysSigner) -> None:
        head = await made.start()
        self._meter.set("stopped", 0)
        await self._say_what_is_new(database, await signer.promise_vkey())
        self._sequencer = made
        _log.info("ledger.ready", size=head.size, origin=head.origin)
        keeping = asyncio.ensure_future(made.run())
        lost = asyncio.ensure_future(self._lock.lost.wait())
        telling = asyncio.ensure_future(self._teller(database).run())
        try:
            await asyncio.wait([keeping, lost], return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            telling.cancel()
            if not keeping.done():
                keeping.cancel()
            await asyncio.gather(keeping, lost, telling, return_exceptions=True)
        if not keeping.cancelled():
            keeping.result()

    async def _stopped(self, made: Sequencer, error: LedgerFatalError) -> None:
        """Say why, everywhere, and do nothing until somebody lets the ledger go on."""
        self._resumed.clear()
        await made.stop_for(error)
        _log.error("ledger.stopped", reason=str(error))
        self._meter.set("stopped", 1)
        await self._lock.release()
        await self._resumed.wait()

    def _teller(self, database: Database) -> SiteTeller:
        return SiteTeller(self._settings, self._realm, database, self._ledger(database), self._clock)

    def _ledger(self, database: Database) -> LedgerService:
        return LedgerService(
            database, LocalBlobStore(self._settings.blobs), self._clock, SystemIds(self._clock)
        )

    async def _say_what_is_new(self, database: Database, promise_vkey: str) -> None:
        """Bring charter, release and the promises' key into the ledger where they are not what is there."""
        ledger = self._ledger(database)
        await ledger.publish_document(self._realm.charter_document)
        with contextlib.suppress(FileNotFoundError):
            await ledger.publish_document(deployment.read_data_map(self._settings.data / "run"))
        async with database.transaction() as uow:
            adopted = await ledger.last(uow, CharterAdopted)
            if adopted is None or adopted.charter != self._realm.charter_digest:
                await ledger.append(uow, self._charter(adopted))
            with contextlib.suppress(FileNotFoundError):
                deployed = self._release()
                last = await ledger.last(uow, ReleaseDeployed)
                if last is None or _told(last) != _told(deployed):
                    await ledger.append(uow, deployed)
            named = await ledger.last(uow, PromiseKeyNamed)
            if named is None or named.vkey != promise_vkey:
                at, charter = minute(self._clock.now()), self._realm.charter_digest
                await ledger.append(uow, PromiseKeyNamed(at=at, charter=charter, vkey=promise_vkey))

    def _charter(self, before: CharterAdopted | None) -> CharterAdopted:
        """The charter in force, with the signatures of its keyholders and of those of the version before."""
        document = self._realm.document
        own = {member.vkey for member in document.keyholders.members}
        signatures = self._realm.charter_signatures({*own, *(before.keyholders if before else [])})
        if len([each for each in signatures if each.keyholder in own]) < document.keyholders.threshold:
            _log.warning("ledger.charter_unsigned", signatures=len(signatures))
        return CharterAdopted(
            at=minute(self._clock.now()),
            charter=self._realm.charter_digest,
            version=document.version,
            previous=before.charter if before else None,
            keyholders=[member.vkey for member in document.keyholders.members],
            threshold=document.keyholders.threshold,
            release_policy=document.witness_policies.release,
            public_policy=document.witness_policies.public,
            approver_residency=document.staff.approver_residency,
            emergency=document.staff.emergency,
            signatures=[KeyholderSignature(each.keyholder, each.signature) for each in signatures],
        )

    def _release(self) -> ReleaseDeployed:
        """What serves now. Raises FileNotFoundError where no migration has written it down."""
        now = deployment.read(self._settings.data / "run")
        return ReleaseDeployed(
            at=minute(self._clock.now()),
            charter=self._realm.charter_digest,
            version=now.version,
            build=now.build,
            source=now.source,
            ranker=now.ranker,
            data_map=now.data_map,
        )


def _told(release: ReleaseDeployed) -> tuple[str, ...]:
    return release.version, release.build, release.source, release.ranker, release.data_map
