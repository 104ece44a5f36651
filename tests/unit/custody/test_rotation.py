"""A new key-encryption key: everything opens as before, nothing with the old one, whatever it was cut off at."""

import os
import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from tests.unit.custody.conftest import House

from reelm.custody import errors
from reelm.custody.envelope import create_slot, new_key, read_ring
from reelm.custody.epochs import Epochs, export_epoch, open_snapshot
from reelm.custody.keystore import Keystore
from reelm.custody.marks import CharterPin, LogHead
from reelm.custody.rotation import rotate

DAY = 1_795_000_000
ORIGIN = "reelm.example/ledger"


def _fill(keys: Path) -> dict[UUID, tuple[bytes, bytes]]:
    store = Keystore(keys)
    people = {}
    for number in range(5):
        person, data_key, ledger_key = UUID(int=number + 1), new_key(), new_key()
        password = "a hash" if number else None
        passkey = (UUID(int=100 + number), b"%032d" % number, b"a public key")
        store.add_person(
            person, data_key=data_key, ledger_key=ledger_key, password=password, passkey=passkey, now=DAY
        )
        people[person] = (data_key, ledger_key)
    store.secret("log", DAY, new_key)
    store.advance_log_head(LogHead(ORIGIN, 7, bytes(32)))
    store.pin_charter(CharterPin("c4" * 32, ["vkey"], 1))
    Epochs(keys, store).settle(DAY)
    store.close()
    return people


def _check(keys: Path, people: dict[UUID, tuple[bytes, bytes]]) -> None:
    store = Keystore(keys)
    for person, (data_key, ledger_key) in people.items():
        found = store.find_person(person)
        assert found is not None
        assert (found.data_key, store.find_ledger_key(person)) == (data_key, ledger_key)
        assert found.password == ("a hash" if person.int > 1 else None)
        assert [store.open_passkey(row) for row in store.list_passkeys(person)] == [b"a public key"]
    assert store.find_log_head() == LogHead(ORIGIN, 7, bytes(32))
    assert store.find_charter_pin() == CharterPin("c4" * 32, ["vkey"], 1)
    store.close()


def test_everything_opens_as_before_and_nothing_with_the_old_key(folder: Path) -> None:
    keys = folder / "keys"
    people = _fill(keys)
    old = (keys / "kek").read_bytes()
    secret = Keystore(keys)
    log = secret.secret("log", DAY, new_key)
    secret.close()
    before = sqlite3.connect(keys / "store.sqlite")
    sealed = [
        row[0] for row in before.execute("SELECT data_key FROM people UNION SELECT ledger_key FROM people")
    ]
    before.close()
    assert rotate(keys, DAY + 5) == 2
    assert sorted(path.name for path in keys.glob("kek*")) == ["kek-2"]
    assert (keys / "kek-2").stat().st_mode & 0o777 == 0o600
    _check(keys, people)
    again = Keystore(keys)
    assert again.secret("log", DAY, new_key) == log
    again.close()
    raw = b"".join(path.read_bytes() for path in keys.rglob("*") if path.is_file())
    assert old not in raw
    assert not [value for value in sealed if value in raw]
    assert rotate(keys, DAY + 6) == 3
    _check(keys, people)


def test_backups_of_before_end_with_the_epoch_and_the_export_follows(folder: Path) -> None:
    keys, escrow = folder / "keys", folder / "escrow"
    people = _fill(keys)
    store = Keystore(keys)
    before = Epochs(keys, store).snapshot(DAY)
    store.close()
    export_epoch(keys, escrow)
    old = (escrow / "kek").read_bytes()
    rotate(keys, DAY + 5)
    export_epoch(keys, escrow)
    assert not [path for path in escrow.rglob("*") if path.is_file() and old in path.read_bytes()]
    with pytest.raises(errors.EpochGoneError):
        open_snapshot(escrow, before, folder / "old")
    open_snapshot(escrow, next((escrow / "epoch").glob("*.snapshot")).read_bytes(), folder / "new")
    _check(folder / "new", people)


@pytest.mark.parametrize("step", range(1, 40, 2))
def test_a_rotation_cut_off_anywhere_is_finished(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    keys = folder / "keys"
    people = _fill(keys)
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
        for name in ("open", "fsync", "link"):
            patched.setattr(os, name, cut(getattr(os, name)))
        patched.setattr(Path, "replace", cut(Path.replace))
        patched.setattr(Path, "unlink", cut(Path.unlink))
        patched.setattr(Keystore, "scrub", cut(Keystore.scrub))
        try:
            rotate(keys, DAY + 5)
        except CutError:
            pass
        else:
            assert left > 0
    _check(keys, people)  # a realm that is started now
    rotate(keys, DAY + 9)
    assert len(read_ring(keys).slots) == 1
    _check(keys, people)


def test_a_key_file_that_is_not_the_store_s_rotates_nothing(folder: Path) -> None:
    keys = folder / "keys"
    people = _fill(keys)
    right = (keys / "kek").read_bytes()
    (keys / "kek").write_bytes(os.urandom(32))
    with pytest.raises(errors.KeyStoreError):
        rotate(keys, DAY)
    # What was begun is a second key file that nothing is sealed under.
    (keys / "kek").write_bytes(right)
    _check(keys, people)
    create_slot(folder, 255)
    (folder / "kek-255").rename(folder / "only-one")
    rotate(keys, DAY + 1)
    _check(keys, people)


async def test_sessions_and_the_log_go_on(house: House) -> None:
    web, sequencer = house.client(), house.client("sequencer")
    _, token = await house.person(web)
    key, vkey = await web.person_key(token), await sequencer.log_vkey(ORIGIN)
    await house.stop()
    rotate(house.folder / "keys", int(house.clock.now().timestamp()))
    await house.start()
    assert await web.person_key(token) == key
    assert await sequencer.log_vkey(ORIGIN) == vkey
