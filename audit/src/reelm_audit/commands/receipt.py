"""`reelm-audit receipt`: check a person's receipt, offline."""

import argparse
from pathlib import Path

from reelm_audit import receipts
from reelm_audit.commands.proof import add_trust, read, trust
from reelm_audit.findings import FINE, FOUND
from reelm_audit.output import Subparsers, as_line, say, say_json
from reelm_audit.receipts import CheckedReceipt, ReceiptError

_FIELDS = {
    "person": "It is about the holder of this receipt",
    "people": "It is about the holder of this receipt",
    "document": "It commits to the document below",
}


def register(commands: Subparsers) -> None:
    """Add `receipt`."""
    parser = commands.add_parser(
        "receipt",
        help="check a person's receipt, offline",
        description="Without --vkey and --policy the keys are used that the receipt names: compare them.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    add_trust(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    log, witnesses = trust(chosen)
    try:
        checked = receipts.check(receipts.parse(read(chosen.file)), log, witnesses)
    except ReceiptError as error:
        if chosen.json:
            say_json({"valid": False, "reason": str(error)})
        else:
            say(f"The receipt does not hold: {error}.")
        return FOUND
    if chosen.json:
        say_json(_as_json(checked))
    else:
        _say(checked, known_key=log is not None)
    return FINE


def _as_json(checked: CheckedReceipt) -> dict[str, object]:
    checkpoint = checked.witnessed.checkpoint
    return {
        "valid": True,
        "realm": checked.receipt.realm,
        "origin": checkpoint.origin,
        "vkey": checked.receipt.vkey,
        "index": checked.receipt.proof.index,
        "size": checkpoint.size,
        "witnesses": checked.witnessed.witnesses,
        "entry": dict(checked.entry),
        "opened": [{"field": name, "document": opening.document} for name, opening in checked.opened],
    }


def _say(checked: CheckedReceipt, *, known_key: bool) -> None:
    checkpoint = checked.witnessed.checkpoint
    say(f"Entry {checked.receipt.proof.index} of the ledger {checkpoint.origin} ({checked.receipt.realm})")
    say(f"    {as_line(checked.entry)}")
    for field, opening in checked.opened:
        say(f"{_FIELDS[field]}: {opening.document}")
    say(f"It is in the ledger, under the checkpoint of {checkpoint.size} entries.")
    if checked.witnessed.witnesses:
        say(f"Witnessed by {', '.join(sorted(checked.witnessed.witnesses))}.")
    else:
        say("No witness vouches for this checkpoint: the realm alone does.")
    if not known_key:
        say(f"Checked with the key that the receipt itself names: {checked.receipt.vkey}")
        say("Compare it with the key on the realm's transparency page, or give it with --vkey.")
