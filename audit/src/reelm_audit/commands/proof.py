"""`reelm-audit proof`: check the proof that one entry is in a ledger, offline."""

import argparse
from pathlib import Path

from reelm_audit.bundle import open_bundle
from reelm_audit.findings import FINE, FOUND
from reelm_audit.output import CouldNotCheckError, Subparsers, say, say_json
from reelm_audit.tlog import policy, proof
from reelm_audit.tlog.encoding import b64encode
from reelm_audit.tlog.merkle import ProofError
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.policy import NO_WITNESSES, Policy, PolicyError
from reelm_audit.tlog.tiles import TileError

_LIMIT = 4_000_000


def register(commands: Subparsers) -> None:
    """Add `proof`."""
    parser = commands.add_parser("proof", help="check the proof that an entry is in a ledger, offline")
    parser.add_argument("file", type=Path, metavar="FILE", help="the proof (C2SP tlog-proof)")
    entry = parser.add_mutually_exclusive_group(required=True)
    entry.add_argument("--entry", type=Path, metavar="FILE", help="the entry's exact bytes")
    entry.add_argument(
        "--mirror", type=Path, metavar="BUNDLE", help="a copy of the ledger that holds the entry"
    )
    add_trust(parser)
    parser.set_defaults(run=_run)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whom the auditor trusts."""
    parser.add_argument("--vkey", help="the log's verifier key")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="who must have signed (C2SP tlog-policy)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def read(path: Path) -> bytes:
    """Read a small file."""
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise CouldNotCheckError(f"{path} can't be read: {error}") from error
    if len(data) > _LIMIT:
        raise CouldNotCheckError(f"{path} is too large")
    return data


def trust(chosen: argparse.Namespace) -> tuple[Verifier | None, Policy | None]:
    """Return the log's key and the policy, as far as they were given."""
    try:
        log = Verifier.from_vkey(chosen.vkey) if chosen.vkey else None
        return log, policy.parse(read(chosen.policy)) if chosen.policy else None
    except (NoteError, PolicyError) as error:
        raise CouldNotCheckError(str(error)) from error


def _run(chosen: argparse.Namespace) -> int:
    log, witnesses = trust(chosen)
    try:
        shown = proof.parse(read(chosen.file))
        if log is None and not (witnesses and witnesses.logs):
            if chosen.mirror is None:
                raise CouldNotCheckError(
                    "say whose ledger it is: --vkey, --mirror, or a --policy that names the log"
                )
            log = Verifier.from_vkey(open_bundle(chosen.mirror).about.vkey)
        entry = read(chosen.entry) if chosen.entry else _entry(chosen.mirror, shown.index)
        witnessed = shown.verify(entry, witnesses or NO_WITNESSES, log or ())
    except (ProofError, NoteError, PolicyError) as error:
        return _say_wrong(str(error), as_json=chosen.json)
    checkpoint = witnessed.checkpoint
    if chosen.json:
        say_json(
            {
                "valid": True,
                "origin": checkpoint.origin,
                "index": shown.index,
                "size": checkpoint.size,
                "root": b64encode(checkpoint.root),
                "witnesses": witnessed.witnesses,
            }
        )
        return FINE
    say(
        f"Entry {shown.index} is in the ledger {checkpoint.origin}, under its checkpoint of {checkpoint.size}."
    )
    say(f"Signed by the log{''.join(f', and by witness {name}' for name in sorted(witnessed.witnesses))}.")
    return FINE


def _say_wrong(reason: str, *, as_json: bool) -> int:
    if as_json:
        say_json({"valid": False, "reason": reason})
    else:
        say(f"The proof does not hold: {reason}.")
    return FOUND


def _entry(path: Path, index: int) -> bytes:
    bundle = open_bundle(path)
    try:
        for start, entries in bundle.bundles(bundle.about.size, index):
            if start <= index < start + len(entries):
                return entries[index - start]
            break
    except TileError as error:
        raise CouldNotCheckError(str(error)) from error
    raise CouldNotCheckError(f"entry {index} is not in this copy")
