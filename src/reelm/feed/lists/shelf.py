"""The files of public lists: a folder an epoch, whole or not there, and a pointer to the newest that the ledger has.

`<epoch>/<language>.<jurisdiction>.<age band>.json` is a list, compressed; `….receipts` its pages' receipts;
`<epoch>/document` is what the ledger's entry commits to. Kept for a week.
"""

import hashlib
import re
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from reelm.feed.lists.making import EPOCH_SECONDS, ListName, Made
from reelm_audit.tlog import canonical

FORMAT: Final = "reelm-lists/1"
KEPT_SECONDS: Final = 7 * 24 * 3600
_DOCUMENT = "document"
_CURRENT = "current"
_WORD = re.compile(r"[A-Za-z0-9-]{1,35}")


class InForce(msgspec.Struct, frozen=True):
    """The newest lists that the ledger has, and what they were made on: catalog, and the map of adjustments."""

    epoch: int
    generation: str
    seq: int
    adjustments: str


class Shelf:
    """The folder of lists."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def in_force(self) -> InForce | None:
        try:
            return msgspec.json.decode((self._folder / _CURRENT).read_bytes(), type=InForce)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def put(self, epoch: int, made: Sequence[Made]) -> bytes:
        """Put the lists of an epoch on the shelf, all or none; return the document that names them.

        What is there of that epoch already stays as it is.
        """
        if (known := self.document(epoch)) is not None:
            return known
        document = canonical.encode(
            {"format": FORMAT, "epoch": epoch, "lists": {_title(one.name): _digests(one) for one in made}}
        )
        new = self._folder / f"{epoch}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True, mode=0o700)
        for one in made:
            (new / f"{_file(one.name)}.json").write_bytes(zlib.compress(one.body))
            (new / f"{_file(one.name)}.receipts").write_bytes(zlib.compress(one.receipts))
        (new / _DOCUMENT).write_bytes(document)
        new.replace(self._folder / str(epoch))
        return document

    def document(self, epoch: int) -> bytes | None:
        try:
            return (self._folder / str(epoch) / _DOCUMENT).read_bytes()
        except FileNotFoundError:
            return None

    def enforce(self, now_in_force: InForce) -> None:
        """Have these lists be the ones given out from here on."""
        new = self._folder / f"{_CURRENT}.new"
        new.write_bytes(msgspec.json.encode(now_in_force))
        new.replace(self._folder / _CURRENT)

    def find(self, name: ListName, *, receipts: bool = False) -> bytes | None:
        """Return a list's JSON, or its receipts; None for one that there is not, or that is not in force yet."""
        known = self.in_force()
        parts = (name.language, name.jurisdiction, name.age_band)
        if known is None or name.epoch > known.epoch or not all(_WORD.fullmatch(part) for part in parts):
            return None
        path = self._folder / str(name.epoch) / f"{_file(name)}.{'receipts' if receipts else 'json'}"
        try:
            return zlib.decompress(path.read_bytes())
        except FileNotFoundError:
            return None

    def thin(self, now: int) -> None:
        """Remove what is older than a week, but for what is in force."""
        known = self.in_force()
        oldest = (now - KEPT_SECONDS) // EPOCH_SECONDS
        for path in self._folder.iterdir():
            if (
                path.name.isdigit()
                and int(path.name) < oldest
                and (not known or int(path.name) != known.epoch)
            ):
                shutil.rmtree(path)


def _file(name: ListName) -> str:
    return f"{name.language}.{name.jurisdiction}.{name.age_band}"


def _title(name: ListName) -> str:
    return f"{name.language}/{name.jurisdiction}/{name.age_band}"


def _digests(made: Made) -> dict[str, str]:
    return {
        "list": hashlib.sha256(made.body).hexdigest(),
        "receipt": hashlib.sha256(made.receipts).hexdigest(),
    }
