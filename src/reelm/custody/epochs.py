"""Epochs: the keys under which snapshots of the key store leave this machine, and how each comes to its end.

A backup holds a snapshot of the key store, sealed under the epoch's key. When the epoch turns, the realm has a new
key and a fresh snapshot under it, without whoever was erased since, and the old key is destroyed: what was sealed
under it, wherever copies of it lie, opens no more. The folder `epoch` beside the store:

    <number>.key        the epoch's key, sealed under the key-encryption key; the number is when it was made
    <number>.snapshot   the store as it was at the epoch's beginning, or at the last backup

Turning: 1. the new key, durable; 2. a fresh snapshot under it, durable; 3. everything older, overwritten and removed.
After a crash in between `settle` goes on where it stopped: as long as no newer snapshot is whole, the old key stays.

That bytes which were overwritten are gone is the file system's promise, and one that flash and copy-on-write storage
don't keep: there, too, the key is sealed under the key-encryption key.
"""

import os
import struct
from pathlib import Path

from reelm.custody.envelope import KEY_BYTES, KekRing, context, new_key, read_ring, seal, unseal
from reelm.custody.errors import EpochGoneError, SealBrokenError
from reelm.custody.keystore import Keystore

EPOCH_SECONDS = 22 * 3600  # looked at once an hour, so a day at most
MAGIC = b"REELM-KEYS-1\n"
_HEAD = struct.Struct(">QQ")
_STORE = "store.sqlite"


def _key_context(number: int) -> bytes:
    return context("epochs", "key", str(number))


def seal_snapshot(key: bytes, number: int, made_at: int, store: bytes) -> bytes:
    """Seal a copy of the store: magic, epoch and time in clear, then the copy, bound to them."""
    head = MAGIC + _HEAD.pack(number, made_at)
    return head + seal(key, store, context("epochs", "snapshot", head))


def epoch_of(sealed: bytes) -> int:
    """Return the epoch that a snapshot was made in. Raises SealBrokenError for what is no snapshot."""
    if not sealed.startswith(MAGIC) or len(sealed) < len(MAGIC) + _HEAD.size:
        raise SealBrokenError
    number, _ = _HEAD.unpack_from(sealed, len(MAGIC))
    return int(number)


class Epochs:
    """The epochs of one key store. Its methods block; they run on the store's writer thread."""

    def __init__(self, folder: Path, store: Keystore) -> None:
        self._folder = folder / "epoch"
        self._store = store

    def settle(self, now: int) -> int:
        """Make the first epoch, or finish a turn that was cut off; return the epoch."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for draft in self._folder.glob(".*.new"):
            destroy(draft)
        numbers = _numbers(self._folder)
        if not numbers:
            return self._begin(now, now)
        newest = numbers[-1]
        if not (self._folder / f"{newest}.snapshot").exists():
            self._keep_snapshot(newest, now)
        self._end_before(newest)
        return newest

    def turn(self, now: int) -> int:
        """Begin a new epoch and end all older ones; return its number."""
        last = self.settle(now)
        return self._begin(max(now, last + 1), now)

    def turn_if_due(self, now: int) -> bool:
        """Turn if the epoch is old enough."""
        if now - self.settle(now) < EPOCH_SECONDS:
            return False
        self.turn(now)
        return True

    def snapshot(self, now: int) -> bytes:
        """Return a sealed copy of the store as it is now; the folder keeps it, too."""
        return self._keep_snapshot(self.settle(now), now)

    def _begin(self, number: int, now: int) -> int:
        sealed = self._store.ring.seal(new_key(), _key_context(number))
        _write(self._folder / f"{number}.key", sealed)
        self._keep_snapshot(number, now)
        self._end_before(number)
        return number

    def _keep_snapshot(self, number: int, now: int) -> bytes:
        key = read_epoch_key(self._folder, number, self._store.ring)
        sealed = seal_snapshot(key, number, now, self._store.copy())
        _write(self._folder / f"{number}.snapshot", sealed)
        return sealed

    def _end_before(self, number: int) -> None:
        for path in sorted(self._folder.iterdir()):
            if path.stem.isdecimal() and int(path.stem) < number:
                destroy(path)
        _sync(self._folder)


def read_epoch_key(folder: Path, number: int, ring: KekRing) -> bytes:
    """Open an epoch's key. Raises EpochGoneError when it is not here, SealBrokenError under another KEK."""
    path = folder / f"{number}.key"
    if not path.exists():
        raise EpochGoneError(f"The key of epoch {number} is not here: that epoch is over.")
    key = ring.unseal(path.read_bytes(), _key_context(number))
    if len(key) != KEY_BYTES:
        raise SealBrokenError
    return key


def export_epoch(folder: Path, escrow: Path) -> int:
    """Copy what opens the present epoch into `escrow` and destroy what was there of older ones; return the epoch.

    `folder` is the realm's `keys` folder. The copy holds the key-encryption key, the epoch's key and its snapshot:
    whoever has it beside a backup can read everybody in it.
    """
    numbers = _numbers(folder / "epoch")
    if not numbers:
        raise EpochGoneError("There is no epoch yet. Start the realm first.")
    number = numbers[-1]
    target = escrow / "epoch"
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    escrow.chmod(0o700)
    slots = {path.name: path.read_bytes() for path in sorted(folder.glob("kek*"))}
    for name, key in slots.items():
        _write(escrow / name, key)
    for path in sorted(escrow.glob("kek*")):
        if path.name not in slots:
            destroy(path)
    for name in (f"{number}.key", f"{number}.snapshot"):
        _write(target / name, (folder / "epoch" / name).read_bytes())
    for path in sorted(target.iterdir()):
        if path.stem.isdecimal() and int(path.stem) != number:
            destroy(path)
    _sync(target)
    return number


def open_snapshot(keys: Path, sealed: bytes, target: Path) -> int:
    """Make a `keys` folder at `target` from a snapshot and a folder that `export_epoch` wrote; return the epoch.

    Raises EpochGoneError when the snapshot's epoch is over, SealBrokenError when it does not open, KeyFileError for
    key files that are missing or readable by others, and FileExistsError rather than replace a store.
    """
    number = epoch_of(sealed)
    ring = read_ring(keys)
    key = read_epoch_key(keys / "epoch", number, ring)
    end = len(MAGIC) + _HEAD.size
    try:
        store = unseal(key, sealed[end:], context("epochs", "snapshot", sealed[:end]))
    except SealBrokenError:
        raise EpochGoneError(f"This snapshot was sealed under another key of epoch {number}.") from None
    if (target / _STORE).exists():
        raise FileExistsError(f"{target} has a key store already")
    (target / "epoch").mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)
    for path in sorted(keys.glob("kek*")):
        _write(target / path.name, path.read_bytes())
    _write(target / "epoch" / f"{number}.key", (keys / "epoch" / f"{number}.key").read_bytes())
    _write(target / _STORE, store)
    return number


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.key") if path.stem.isdecimal())


def _write(path: Path, data: bytes) -> None:
    """Write a file for nobody else to read, whole or not at all, durable when this returns."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync(path.parent)


def destroy(path: Path) -> None:
    """Overwrite a file and remove it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def reseal_epoch_keys(folder: Path, ring: KekRing) -> None:
    """Seal the keys of the epochs in a `keys` folder under the ring's active key."""
    place = folder / "epoch"
    for number in _numbers(place):
        about = _key_context(number)
        path = place / f"{number}.key"
        _write(path, ring.seal(ring.unseal(path.read_bytes(), about), about))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
