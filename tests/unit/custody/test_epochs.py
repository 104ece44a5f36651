"""Epochs with real files: what a snapshot opens with, and that it opens no more after the turn."""

import datetime as dt
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.unit.custody.conftest import House

from reelm.custody import epochs, errors
from reelm.custody.backup_schemas import SnapshotPart
from reelm.custody.envelope import create_slot, new_key
from reelm.custody.epochs import EPOCH_SECONDS, Epochs, epoch_of, export_epoch, open_snapshot
from reelm.custody.keystore import Keystore
from reelm.custody.messages import KeyBytes
from reelm.custody.service import BackupOpener, open_stream, seal_stream
from reelm.kit.errors import NotFoundError

DAY = 1_795_000_000
LINA, MALLORY = UUID(int=0x11), UUID(int=0x12)


@pytest.fixture
def keys(folder: Path) -> Path:
    return folder / "keys"


@pytest.fixture
def store(keys: Path) -> Iterator[Keystore]:
    made = Keystore(keys)
    for person in (LINA, MALLORY):
        made.add_person(person, data_key=new_key(), ledger_key=new_key(), password="x", passkey=None, now=DAY)
    yield made
    made.close()


def _open(escrow: Path, sealed: bytes, target: Path) -> Keystore:
    open_snapshot(escrow, sealed, target)
    return Keystore(target)


def test_a_snapshot_becomes_a_store_again(folder: Path, keys: Path, store: Keystore) -> None:
    made = Epochs(keys, store)
    sealed = made.snapshot(DAY)
    number = export_epoch(keys, folder / "escrow")
    assert epoch_of(sealed) == number == DAY
    restored = _open(folder / "escrow", sealed, folder / "new")
    for person in (LINA, MALLORY):
        before, after = store.find_person(person), restored.find_person(person)
        assert before is not None
        assert after is not None
        assert before.data_key == after.data_key
        assert store.find_ledger_key(person) == restored.find_ledger_key(person)
    restored.close()
    for path in (folder / "escrow", folder / "new"):
        assert not any(found.stat().st_mode & 0o077 for found in [path, *path.rglob("*")])
    with pytest.raises(FileExistsError):
        open_snapshot(folder / "escrow", sealed, folder / "new")


def test_after_the_turn_yesterday_s_snapshot_opens_nowhere(folder: Path, keys: Path, store: Keystore) -> None:
    """An operator who keeps backups, and the export as the promise wants it: replaced each time."""
    made = Epochs(keys, store)
    yesterday = made.snapshot(DAY)
    export_epoch(keys, folder / "escrow")
    _open(folder / "escrow", yesterday, folder / "then").close()
    store.erase_person(LINA)
    store.scrub()
    assert made.turn_if_due(DAY + EPOCH_SECONDS)
    export_epoch(keys, folder / "escrow")
    for place in (folder / "escrow", keys):
        with pytest.raises(errors.EpochGoneError):
            open_snapshot(place, yesterday, folder / "again")
    assert not (folder / "again" / "store.sqlite").exists()
    # The one that took its place has the others, and not her.
    today = (folder / "escrow" / "epoch" / f"{DAY + EPOCH_SECONDS}.snapshot").read_bytes()
    restored = _open(folder / "escrow", today, folder / "now")
    assert restored.find_person(LINA) is None
    assert restored.find_person(MALLORY) is not None
    restored.close()


def test_no_byte_of_an_old_epoch_s_key_stays(folder: Path, keys: Path, store: Keystore) -> None:
    made = Epochs(keys, store)
    made.snapshot(DAY)
    old = (keys / "epoch" / f"{DAY}.key").read_bytes()
    export_epoch(keys, folder / "escrow")
    made.turn(DAY + 5)
    export_epoch(keys, folder / "escrow")
    for place in (keys, folder / "escrow"):
        assert not [path for path in place.rglob("*") if path.is_file() and old in path.read_bytes()]
        assert [path.name for path in sorted((place / "epoch").iterdir())] == [
            f"{DAY + 5}.key",
            f"{DAY + 5}.snapshot",
        ]


def test_a_person_s_rows_of_before_do_not_open_after(folder: Path, keys: Path, store: Keystore) -> None:
    """The whole promise: rows sealed in a backup, the person erased, the epoch turned, the backup put back."""
    from reelm.custody.backup_keys import _key_context
    from reelm.custody.envelope import seal
    from reelm.kit.clock import SystemClock

    person = store.find_person(LINA)
    assert person is not None
    fresh = new_key()
    wrapped = seal(person.data_key, fresh, _key_context(LINA))
    rows = seal_stream(fresh, b"what she wrote", LINA)
    made = Epochs(keys, store)
    backup = made.snapshot(DAY)
    export_epoch(keys, folder / "escrow")
    open_snapshot(folder / "escrow", backup, folder / "same day")
    with BackupOpener(folder / "same day", SystemClock()) as opener:
        key = opener.open_key(LINA, wrapped)
        assert key is not None
        assert open_stream(key, rows, LINA) == b"what she wrote"
    store.erase_person(LINA)
    store.scrub()
    made.turn(DAY + EPOCH_SECONDS)
    export_epoch(keys, folder / "escrow")
    with pytest.raises(errors.EpochGoneError):
        open_snapshot(folder / "escrow", backup, folder / "next day")
    today = next((folder / "escrow" / "epoch").glob("*.snapshot")).read_bytes()
    open_snapshot(folder / "escrow", today, folder / "next day")
    with BackupOpener(folder / "next day", SystemClock()) as opener:
        assert opener.open_key(LINA, wrapped) is None


def test_an_epoch_lasts_less_than_a_day_and_looks_only_forward(keys: Path, store: Keystore) -> None:
    made = Epochs(keys, store)
    assert made.settle(DAY) == DAY
    assert not made.turn_if_due(DAY + EPOCH_SECONDS - 1)
    assert made.turn_if_due(DAY + EPOCH_SECONDS)
    assert EPOCH_SECONDS + 3600 < 24 * 3600
    # A clock that steps back gives no number twice.
    assert made.turn(DAY) == DAY + EPOCH_SECONDS + 1


@pytest.mark.parametrize("step", range(1, 12))
def test_a_turn_cut_off_anywhere_is_finished(
    folder: Path, keys: Path, store: Keystore, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Whatever the last step that reached the disk was: one epoch, whose snapshot opens."""
    made = Epochs(keys, store)
    before = made.snapshot(DAY)
    left = step

    class CutError(Exception):
        pass

    def cut(function):  # type: ignore[no-untyped-def]
        def stopping(*arguments, **named):  # type: ignore[no-untyped-def]
            nonlocal left
            left -= 1
            if left == 0:
                raise CutError
            return function(*arguments, **named)

        return stopping

    with monkeypatch.context() as patched:
        for name in ("open", "fsync", "urandom"):
            patched.setattr(os, name, cut(getattr(os, name)))
        patched.setattr(Path, "replace", cut(Path.replace))
        patched.setattr(Path, "unlink", cut(Path.unlink))
        try:
            made.turn(DAY + 9)
        except CutError:
            pass
        else:
            assert left > 0
    again = Epochs(keys, store)
    number = again.settle(DAY + 10)
    assert number in {DAY, DAY + 9}
    names = sorted(path.name for path in (keys / "epoch").iterdir())
    assert names == [f"{number}.key", f"{number}.snapshot"]
    kept = (keys / "epoch" / f"{number}.snapshot").read_bytes()
    _open(keys, kept, folder / "new").close()
    if number != DAY:
        with pytest.raises(errors.EpochGoneError):
            open_snapshot(keys, before, folder / "old")
    assert again.turn(DAY + 20) == DAY + 20


def test_damaged_and_foreign_snapshots_are_refused(folder: Path, keys: Path, store: Keystore) -> None:
    sealed = Epochs(keys, store).snapshot(DAY)
    for place in (0, 14, 20, 28, 40, len(sealed) // 2, len(sealed) - 1):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises((errors.SealBrokenError, errors.EpochGoneError)):
            open_snapshot(keys, bytes(broken), folder / "new")
    for wrong in (b"", sealed[:20], sealed[:-1], b"x" * 100):
        with pytest.raises((errors.SealBrokenError, errors.EpochGoneError)):
            open_snapshot(keys, wrong, folder / "new")
    other = Keystore(folder / "other")
    Epochs(folder / "other", other).settle(DAY)
    other.close()
    with pytest.raises(errors.EpochGoneError):
        open_snapshot(folder / "other", sealed, folder / "new")
    shutil.copy(keys / "epoch" / f"{DAY}.key", folder / "other" / "epoch")
    with pytest.raises(errors.SealBrokenError):  # the epoch's key without the key that it is sealed under
        open_snapshot(folder / "other", sealed, folder / "new")
    assert not (folder / "new").exists()


def test_a_snapshot_holds_no_session_and_nothing_that_was_erased(
    folder: Path, keys: Path, store: Keystore
) -> None:
    row = store.reader.execute("SELECT ledger_key FROM people WHERE person_id = ?", (LINA.bytes,)).fetchone()
    with store.writing() as db:
        db.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
            (b"s" * 16, b"token-hash-of-her" * 2, MALLORY.bytes, b"", DAY, DAY, DAY + 1),
        )
    store.erase_person(LINA)  # and no scrub yet
    copy = store.copy()
    for trace in (LINA.bytes, row[0], b"token-hash-of-her"):
        assert trace not in copy
    assert MALLORY.bytes in copy
    (folder / "copy.sqlite").write_bytes(copy)
    with sqlite3.connect(folder / "copy.sqlite") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
    db.close()


def test_an_old_store_is_carried_forward(folder: Path) -> None:
    """A store of the first version, as the realm that made it left it."""
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    create_slot(keys)
    from reelm.custody import storefile

    with sqlite3.connect(keys / "store.sqlite", isolation_level=None) as db:
        db.executescript(f"BEGIN; {storefile._MIGRATIONS[0]}; PRAGMA user_version = 1; COMMIT;")
    db.close()
    made = Keystore(keys)
    assert made.find_log_head() is None
    assert made.find_charter_pin() is None
    assert made.list_counts(before=10) == []
    made.close()
    with sqlite3.connect(keys / "store.sqlite") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(storefile._MIGRATIONS),)
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(errors.KeyStoreError):
        Keystore(keys)


def test_an_upgrade_that_is_cut_off_leaves_the_version_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reelm.custody import storefile

    keys = folder / "keys"
    Keystore(keys).close()
    good = storefile._MIGRATIONS
    monkeypatch.setattr(
        storefile, "_MIGRATIONS", (*good, "CREATE TABLE half (id INTEGER) STRICT; SELECT no_such_function()")
    )
    with pytest.raises(sqlite3.OperationalError):
        Keystore(keys)
    monkeypatch.setattr(storefile, "_MIGRATIONS", good)
    store = Keystore(keys)
    assert store.reader.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchone() is None
    store.close()


# --- through the keys process ---------------------------------------------------------------------------------


async def test_the_command_line_fetches_a_snapshot_and_others_don_t(house: House) -> None:
    cli, web = house.client("cli"), house.client()
    people = [(await house.person(web))[0] for _ in range(3)]
    sealed = await cli.snapshot()
    assert len(sealed) > 64 * 1024  # it comes in pieces
    export_epoch(house.folder / "keys", house.folder / "escrow")
    restored = _open(house.folder / "escrow", sealed, house.folder / "new")
    assert set(restored.list_people()) == set(people)
    restored.close()
    for caller in ("web", "worker", "sequencer"):
        client = house.client(caller)
        for refused in (client.snapshot(), client.turn_epoch()):
            with pytest.raises(errors.CallerRefusedError):
                await refused
    await cli.turn_epoch()
    export_epoch(house.folder / "keys", house.folder / "escrow")
    with pytest.raises(errors.EpochGoneError):
        open_snapshot(house.folder / "escrow", sealed, house.folder / "again")


async def test_the_epoch_turns_by_the_clock(house: House) -> None:
    assert house.keeper is not None
    await house.keeper.every_hour()
    first = await house.client("cli").snapshot()
    for _ in range(21):
        house.clock.advance(dt.timedelta(hours=1))
        await house.keeper.every_hour()
    assert epoch_of(await house.client("cli").snapshot()) == epoch_of(first)
    for _ in range(2):
        house.clock.advance(dt.timedelta(hours=1))
        await house.keeper.every_hour()
    assert epoch_of(await house.client("cli").snapshot()) > epoch_of(first)
    with pytest.raises(NotFoundError):
        await house.client("cli")._ask(SnapshotPart("0" * 64, 0), KeyBytes)
    assert epochs.MAGIC in first
