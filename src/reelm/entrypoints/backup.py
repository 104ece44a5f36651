"""`reelm backup`, `reelm restore` and `reelm escrow`: the commands around the room `backups`.

A backup is taken of a running realm. A restore makes a new data folder, with the database and the keys process
running and nothing that serves, until everything is back and the ledger is whole.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from reelm.backups import restoring
from reelm.backups.errors import BackupError
from reelm.backups.manifest import Manifest
from reelm.backups.restoring import Restored
from reelm.backups.writing import BackupWriter, Tell
from reelm.custody.errors import EpochGoneError, KeyFileError, SealBrokenError
from reelm.custody.service import BackupOpener, KeysClient, export_epoch, open_snapshot
from reelm.entrypoints import ledger, log
from reelm.entrypoints.folder import NOBODY, DataFolder, StartError, reachable_by
from reelm.entrypoints.handout import settings_of, settings_of_running
from reelm.entrypoints.parts import after_program, database_program, early_programs
from reelm.entrypoints.postgres import Cluster
from reelm.entrypoints.progress import Progress
from reelm.entrypoints.supervisor import Supervisor
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.ledger.errors import LedgerFatalError
from reelm.ledger.fsck import Fsck
from reelm.ledger.service import entries
from reelm.realm import sites, stating
from reelm.realm.service import RealmService
from reelm.settings import Settings

_PATIENCE_SECONDS = 30.0


class RestoreReport(msgspec.Struct, frozen=True):
    """What a restore did. `erased_again`: people whom the ledger says were erased after the backup."""

    restored: Restored
    ledger_entries: int
    adopted_entries: int
    erased_again: int
    lost_acts: list[str]
    problems: list[str]


def backup(settings: Settings, target: Path, *, keep: int, tell: Tell) -> Manifest:
    """Write a backup of the running realm of `settings`. Raises StartError."""
    realm = RealmService.load(settings)
    refusals = sites.check_backup(realm.document, settings, target)
    if refusals:
        raise StartError(" ".join(refusals), "Name the site in the charter, or write to one that it names.")

    async def write() -> Manifest:
        clock = SystemClock()
        database = await Database.open(settings.database, "reelm_admin", size=1)
        keys = _keys(settings)
        try:
            writer = BackupWriter(settings, database, keys, realm, clock)
            made = await writer.write(target, keep=keep, tell=tell)
            stating.note_backup(settings, sites.backup_site(realm.document, settings), target)
            return made
        finally:
            await keys.close()
            await database.close()

    try:
        return asyncio.run(write())
    except BackupError as error:
        raise StartError(error.message, error.hint) from error


def _keys(settings: Settings) -> KeysClient:
    return KeysClient(
        settings.keys_address,
        SystemClock(),
        caller="cli",
        secret=settings.caller_secrets.get("cli", ""),
        patience_seconds=_PATIENCE_SECONDS,
    )


async def _turn(settings: Settings) -> None:
    keys = _keys(settings)
    try:
        await keys.turn_epoch()
    finally:
        await keys.close()


def escrow(data: Path, folder: Path, *, turn: bool) -> int:
    """Put what opens this realm's backups into `folder`; return the epoch. Raises StartError.

    `turn`: begin a new epoch first, so that what older snapshots held of the erased opens no more.
    """
    settings = settings_of_running(data)
    if settings.data.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise StartError(
            "That is inside the realm's own folder.", "Choose a place apart from it and from the backups."
        )
    if turn:
        asyncio.run(_turn(settings))
    try:
        return export_epoch(settings.data / "keys", folder)
    except (EpochGoneError, OSError) as error:
        raise StartError(f"The keys could not be put there: {error}", "Nothing else was changed.") from error


def restore(source: Path, data: Path, *, escrow: Path, tiles: Path | None, tell: Tell) -> RestoreReport:
    """Make a new data folder from a backup; what it holds is started with `reelm up`. Raises StartError."""
    try:
        chosen = restoring.choose(source)
        manifest = restoring.read(chosen)
        restoring.check(chosen, manifest, tell)
        folder = _empty_folder(data)
        os.umask(0o077)
        try:
            folder.prepare()
            log.configure("restore", folder.logs, quiet=True)
            _put_keys(chosen, escrow, folder.path / "keys")
            restoring.put_files(chosen, manifest, folder.path, tell)
            if tiles is not None:
                _put_tiles(tiles, folder.path / "blobs" / "ledger")
            return _with_parts(folder, manifest, chosen, tell)
        except BaseException:
            _empty(folder.path)
            raise
    except BackupError as error:
        raise StartError(error.message, error.hint) from error


def _empty_folder(data: Path) -> DataFolder:
    folder = DataFolder(data)
    if folder.path.exists() and any(folder.path.iterdir()):
        raise BackupError(f"{folder.path} is not empty.", "Restore into a folder that doesn't exist yet.")
    return folder


def _empty(folder: Path) -> None:
    """Leave a half-made realm to nobody: it was empty before."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _put_keys(backup_folder: Path, escrow: Path, keys: Path) -> None:
    """Open the backup's key store; where its epoch is over, the one that was put into escrow since."""
    newer = sorted((escrow / "epoch").glob("*.snapshot"))
    candidates = [backup_folder / "keys.snapshot", *newer[-1:]]
    reason = ""
    for candidate in candidates:
        try:
            open_snapshot(escrow, candidate.read_bytes(), keys)
        except (EpochGoneError, SealBrokenError, KeyFileError, OSError) as error:
            reason = reason or str(error)
            continue
        return
    raise BackupError(
        f"No key store opens with what is in {escrow}: {reason}",
        "Name the folder that `reelm escrow` wrote to.",
    )


def _put_tiles(tiles: Path, to: Path) -> None:
    """Take the published ledger as it survived instead of the backup's older copy."""
    if not (tiles / "tile").is_dir():
        raise BackupError(f"There is no published ledger in {tiles}.", "Name the folder that holds `tile/`.")
    shutil.copytree(tiles, to, dirs_exist_ok=True)


def _with_parts(folder: DataFolder, manifest: Manifest, chosen: Path, tell: Tell) -> RestoreReport:
    """Start database and keys, put the rows back in a process of its own, and stop everything again."""
    sockets = folder.choose_sockets(
        reachable_by_all=os.geteuid() != 0 or reachable_by(NOBODY, folder.postgres)
    )
    settings = settings_of(folder, sockets, None)
    report, failure = folder.run / "restored.json", folder.run / "restore.failed"
    folder.lock("http://restore.invalid")
    try:
        with Progress(quiet=True):
            cluster = Cluster(folder, sockets)
            cluster.prepare()
            supervisor = Supervisor([database_program(cluster), *early_programs(settings, quiet=True)])
            supervisor.watch_signals()
            try:
                if supervisor.start():
                    run = _in_a_child(settings, manifest, chosen, report, failure, tell)
                    supervisor.add(after_program("restore", run, folder.logs, quiet=True))
                    supervisor.start()
            finally:
                supervisor.stop()
    finally:
        folder.forget_sockets()
        folder.unlock()
    if not report.exists():
        said = failure.read_text() if failure.exists() else "It was stopped before the end."
        raise BackupError(f"The restore did not succeed: {said}", "Nothing of it was kept.")
    return msgspec.json.decode(report.read_bytes(), type=RestoreReport)


def _in_a_child(
    settings: Settings, manifest: Manifest, chosen: Path, report: Path, failure: Path, tell: Tell
) -> Callable[[], int]:
    def run() -> int:
        try:
            done = asyncio.run(_put_back(settings, manifest, chosen, tell))
        except (BackupError, LedgerFatalError, StartError) as error:
            failure.write_text(f"{getattr(error, 'message', '') or error}")
            return 1
        report.write_bytes(msgspec.json.encode(done))
        return 0

    return run


async def _put_back(settings: Settings, manifest: Manifest, chosen: Path, tell: Tell) -> RestoreReport:
    admin = await Database.open(settings.database, "reelm_admin", size=1)
    log_keeper = await Database.open(settings.database, "reelm_ledger", size=2)
    try:
        with BackupOpener(settings.data / "keys", SystemClock()) as opener:
            restored = await restoring.put_rows(chosen, manifest, opener, admin, settings.event_days, tell)
            tell("Adopting the ledger as it was published")
            adoption = await ledger.adopt_with(settings, log_keeper)
            erased = {
                msgspec.json.decode(each.body, type=entries.RightsErased).person
                for each in adoption.gap
                if each.kind == "rights.erased"
            }
            async with admin.transaction() as uow:
                again = await restoring.erase_again(uow, opener, erased)
        tell("Checking the ledger")
        found = await Fsck(log_keeper, LocalBlobStore(settings.blobs)).run()
    finally:
        await log_keeper.close()
        await admin.close()
    lost = [f"{each.index} {each.kind}" for each in adoption.gap if not each.known]
    return RestoreReport(restored, adoption.db_size, adoption.adopted_size, again, lost, list(found.problems))
