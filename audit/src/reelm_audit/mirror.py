"""The copy of a ledger that `watch` keeps and grows. Every step can be interrupted, and goes on from there."""

import fcntl
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reelm_audit.bundle import ABOUT, CHECKPOINT, About, Bundle, open_bundle
from reelm_audit.files import make_folder, sync_folder, write_whole
from reelm_audit.output import CouldNotCheckError
from reelm_audit.tlog.merkle import Frontier
from reelm_audit.tlog.tiles import WIDTH, encode_bundle, entries_path


class Mirror:
    """A copy in a folder, held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_folder(folder)
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise CouldNotCheckError(f"another process is using {folder}") from error
        self._unsynced: set[Path] = set()
        self._stale: list[Path] = []

    def close(self) -> None:
        """Let another process use the folder."""
        os.close(self._lock)

    @property
    def is_new(self) -> bool:
        """Say whether nothing was looked at yet."""
        return not (self.folder / ABOUT).exists()

    def begin(self, about: About) -> None:
        """Write down whose copy this will be."""
        write_whole(self.folder / ABOUT, about.encode())

    def bundle(self) -> Bundle:
        """Return the copy as `verify` reads it."""
        return open_bundle(self.folder)

    @property
    def about(self) -> About:
        """Whose copy this is, and how far it has come."""
        return self.bundle().about

    def last_checkpoint(self) -> bytes | None:
        """Return the checkpoint of the last look, if there was one."""
        path = self.folder / CHECKPOINT
        return path.read_bytes() if path.exists() else None

    def keep_checkpoint(self, note: bytes) -> None:
        """Remember a checkpoint that was verified, and shown to extend the last one."""
        write_whole(self.folder / CHECKPOINT, note)

    def keep_evidence(self, name: str, data: bytes) -> Path:
        """Put aside what proves that something is wrong; return where."""
        path = self.folder / "evidence" / name
        make_folder(path.parent)
        write_whole(path, data)
        return path

    def keep_document(self, digest: str, data: bytes) -> None:
        """Keep a published document."""
        path = self.folder / "document" / f"{digest}.json"
        make_folder(path.parent)
        write_whole(path, data)

    def add(self, start: int, entries: Sequence[bytes]) -> None:
        """Write the bundle that begins at entry `start`; it counts once `advance` says so."""
        path = self.folder / entries_path(start // WIDTH, len(entries))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, encode_bundle(entries), named=False)
        self._unsynced.add(path.parent)
        partials = path.parent if len(entries) < WIDTH else path.with_name(path.name + ".p")
        if partials.is_dir():
            self._stale += [each for each in partials.iterdir() if each != path]

    def advance(self, frontier: Frontier) -> None:
        """Count the entries added so far as here, and drop the partial bundles they replace."""
        for folder in self._unsynced:
            for above in (folder, *folder.parents):
                sync_folder(above)
                if above == self.folder:
                    break
        nodes = tuple(node.hex() for node in frontier.nodes)
        write_whole(self.folder / ABOUT, replace(self.about, size=frontier.size, nodes=nodes).encode())
        for path in self._stale:
            path.unlink(missing_ok=True)
            if path.parent.name.endswith(".p") and not any(path.parent.iterdir()):
                path.parent.rmdir()
        self._unsynced.clear()
        self._stale.clear()

    def change_key(self, vkey: str) -> None:
        """Follow a change of the log's key that the ledger itself announces."""
        write_whole(self.folder / ABOUT, replace(self.about, vkey=vkey).encode())
