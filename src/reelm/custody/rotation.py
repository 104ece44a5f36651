"""A new key-encryption key: every row of the store sealed anew, the old key file destroyed.

For when a key file may have been seen, or on a day in the calendar. It runs while no keys process does. Steps: 1. a
new key file, which from then on seals what is new; 2. every value of the store under it, in one transaction; 3. the
epoch's key, and a new epoch, since older snapshots hold values under the old key; 4. the old key files, overwritten
and removed. Whatever it was cut off at, running it again finishes it, with the key file that was begun.

What somebody read who had the old key *and* the store stays read: people's own keys are the same as before.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from reelm.custody.envelope import KekRing, context, create_slot, read_ring, slot_path
from reelm.custody.epochs import Epochs, destroy, reseal_epoch_keys
from reelm.custody.errors import KeyFileError
from reelm.custody.keystore import Keystore

_LAST_SLOT = 255
Bind = Callable[[tuple[object, ...]], bytes]


def _of(table: str, column: str) -> Bind:
    """The context of a value whose row is told by one id."""
    return lambda row: context(table, column, _bytes(row[0]))


def _bytes(value: object) -> bytes | str:
    return value if isinstance(value, bytes) else str(value)


# Where sealed values are: table, columns that tell the row, the sealed column, and what the value is bound to.
_SEALED: tuple[tuple[str, str, str, Bind], ...] = (
    (
        "secrets",
        "name, generation",
        "sealed",
        lambda row: context("secrets", "sealed", str(row[0]), str(row[1])),
    ),
    ("people", "person_id", "data_key", _of("people", "data_key")),
    ("people", "person_id", "ledger_key", _of("people", "ledger_key")),
    ("people", "person_id", "password", _of("people", "password")),
    (
        "passkeys",
        "passkey_id, person_id",
        "sealed",
        lambda row: context("passkeys", "sealed", _bytes(row[0]), _bytes(row[1])),
    ),
    ("kek_checks", "slot", "sealed", _of("kek_checks", "sealed")),
    ("log_head", "only", "sealed", lambda _: context("log_head", "sealed")),
    ("charter_pin", "only", "sealed", lambda _: context("charter_pin", "sealed")),
)


def rotate(folder: Path, now: int) -> int:
    """Rotate the key-encryption key of a `keys` folder; return its new slot. Raises KeyFileError, KeyStoreError."""
    slots = read_ring(folder).slots
    if len(slots) == 1:
        if slots[0] == _LAST_SLOT:
            raise KeyFileError("there is no slot left for another key file")
        create_slot(folder, slots[0] + 1)
    store = Keystore(folder)
    try:
        ring = store.ring
        with store.writing() as db:
            for table, ids, column, bind in _SEALED:
                _reseal(db, ring, table, ids, column, bind)
            db.execute("DELETE FROM kek_checks WHERE slot <> ?", (ring.active,))
        store.scrub()
        epochs = Epochs(folder, store)
        epochs.settle(now)  # a turn that was cut off may have left an older key, overwritten already
        reseal_epoch_keys(folder, ring)
        epochs.turn(now)
    finally:
        store.close()
    for slot in ring.slots:
        if slot != ring.active:
            destroy(slot_path(folder, slot))
    return ring.active


def _reseal(db: sqlite3.Connection, ring: KekRing, table: str, ids: str, column: str, bind: Bind) -> None:
    where = " AND ".join(f"{name.strip()} = ?" for name in ids.split(","))
    rows = db.execute(f"SELECT {ids}, {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()  # noqa: S608
    for *row, sealed in rows:
        about = bind(tuple(row))
        if table == "kek_checks" and row[0] != ring.active:
            continue  # each proves its own slot's file, and goes with it
        fresh = ring.seal(ring.unseal(sealed, about), about)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (fresh, *row))  # noqa: S608
