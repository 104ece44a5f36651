"""Bad logs: what is wrong with a ledger itself, found in a copy alone: its signatures, witnesses, entries.

(What takes two looks to find, a fork for example, is in `tests/unit/audit`.)
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.factories.ledgers import ORIGIN, Script

from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.note import Ed25519Signer
from reelm_audit.tlog.tiles import decode_bundle, encode_bundle, entries_path


@dataclass(frozen=True)
class BadLog:
    """One kind of violation of the log: what is done to a good realm's copy, and the code it is found under."""

    name: str
    code: str
    write: Callable[[Script, Path], Path]


def _with_note(s: Script, folder: Path, note: str) -> Path:
    return s.write(folder, note=note)


def _without_signature(s: Script, folder: Path) -> Path:
    s.log = Ed25519Signer(ORIGIN, s.secret())
    note = s.note(s.checkpoint())
    s.log = Script(seed=s.seed).log
    return _with_note(s, folder, note)


def _altered_after_signing(s: Script, folder: Path) -> Path:
    text = s.checkpoint()
    note = s.note(text)
    return _with_note(s, folder, note.replace(f"\n{s.size}\n", f"\n{s.size - 1}\n", 1))


def _of_another_log(s: Script, folder: Path) -> Path:
    text = s.checkpoint().replace(ORIGIN, "elsewhere.example/ledger")
    return _with_note(s, folder, s.note(text))


def _rewritten_entry(s: Script, folder: Path) -> Path:
    note, entries = s.note(s.checkpoint()), list(s.entries)
    victim = next(n for n, data in enumerate(entries) if b'"rights.exported"' in data and n > 50)
    entries[victim] = entries[victim].replace(b'"rights.exported"', b'"rights.exported"', 1)
    person = json.loads(entries[victim])["person"].encode()
    entries[victim] = entries[victim].replace(person, bytes(reversed(person)))
    return s.write(folder, note=note, entries=entries)


def _swapped_bundles(s: Script, folder: Path) -> Path:
    s.write(folder)
    path = folder / entries_path(0)
    entries = decode_bundle(path.read_bytes())
    exports = [n for n, data in enumerate(entries) if b'"rights.erased"' in data]
    first, last = exports[0], exports[-1]
    entries[first], entries[last] = (
        _same_time(entries[last], entries[first]),
        _same_time(entries[first], entries[last]),
    )
    path.write_bytes(encode_bundle(entries))
    return folder


def _same_time(entry: bytes, like: bytes) -> bytes:
    """Swap persons, but not times: to the rules all stays plausible."""
    person = json.loads(entry)["person"].encode()
    return like.replace(json.loads(like)["person"].encode(), person)


def _truncated(s: Script, folder: Path) -> Path:
    s.write(folder)
    path = folder / entries_path(s.size // 256, s.size % 256)
    path.write_bytes(encode_bundle(decode_bundle(path.read_bytes())[:-3]))
    return folder


def _bundle_gone(s: Script, folder: Path) -> Path:
    s.write(folder)
    (folder / entries_path(s.size // 256, s.size % 256)).unlink()
    return folder


def _bundle_torn(s: Script, folder: Path) -> Path:
    s.write(folder)
    path = folder / entries_path(s.size // 256, s.size % 256)
    path.write_bytes(path.read_bytes()[:-7])
    return folder


def _one_witness(s: Script, folder: Path) -> Path:
    return _with_note(s, folder, s.note(s.checkpoint(), s.cosigners[:1]))


def _strange_witnesses(s: Script, folder: Path) -> Path:
    strangers = [CosignatureSigner(f"stranger{n}.example", s.secret()) for n in (1, 2)]
    return _with_note(s, folder, s.note(s.checkpoint(), strangers))


def _forged_witness(s: Script, folder: Path) -> Path:
    note = s.note(s.checkpoint())
    lines = note.split("\n")
    name, signature = lines[-2].rsplit(" ", 1)
    raw = bytearray(base64.b64decode(signature))
    raw[-1] ^= 1
    third = f"{name} {base64.b64encode(raw).decode()}\n"
    return _with_note(s, folder, note + third)


def _witness_of_yesterday(s: Script, folder: Path) -> Path:
    """The signature is real, but of a shorter state of the ledger."""
    old = s.note(s.checkpoint(s.size - 10)).split("\n")
    return _with_note(s, folder, s.note(s.checkpoint()) + old[-2] + "\n")


IN_THE_LOG = (
    BadLog("a checkpoint signed by somebody else", "log.signature-missing", _without_signature),
    BadLog("a checkpoint altered after signing", "log.signature-missing", _altered_after_signing),
    BadLog("a checkpoint of another ledger", "log.signature-missing", _of_another_log),
    BadLog("a rewritten entry", "log.root-differs", _rewritten_entry),
    BadLog("entries exchanged", "log.root-differs", _swapped_bundles),
    BadLog("the last entries cut off", "log.entries-missing", _truncated),
    BadLog("a bundle of entries gone", "log.entries-missing", _bundle_gone),
    BadLog("a bundle of entries torn", "log.entries-missing", _bundle_torn),
    BadLog("one witness of two", "log.quorum-missing", _one_witness),
    BadLog("witnesses nobody knows", "log.quorum-missing", _strange_witnesses),
    BadLog("a forged witness", "log.cosignature-invalid", _forged_witness),
    BadLog("a witness's signature of yesterday", "log.cosignature-invalid", _witness_of_yesterday),
)


def build_log(seed: int = 1) -> Script:
    """Return a good script of a little more than one bundle."""
    return Script(seed=seed).life(380).quiet()
