"""`reelm-audit receipt`: check a person's receipt: of a ledger entry about them, or of a page they were shown."""

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from reelm_audit import pages, receipts
from reelm_audit.bundle import open_bundle
from reelm_audit.client import RealmClient
from reelm_audit.commands.proof import add_trust, read, trust
from reelm_audit.feed import files
from reelm_audit.findings import FINE, FOUND, exit_code
from reelm_audit.output import CouldNotCheckError, Subparsers, as_line, say, say_findings, say_json
from reelm_audit.pages import Material, PageReport, Ranking, Trust
from reelm_audit.receipts import CheckedReceipt, ReceiptError
from reelm_audit.tlog.note import NoteError, Verifier

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
        description="A receipt of a ledger entry, or of a page of For You, which is computed again. "
        "Without --vkey and --policy the keys are used that the receipt names: compare them.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    add_trust(parser)
    page = parser.add_argument_group("for a page of For You")
    page.add_argument("--model", type=Path, metavar="FILE", help="the model that the receipt names")
    page.add_argument("--rules", type=Path, metavar="FILE", help="the rules of choosing that it names")
    page.add_argument("--from", dest="url", metavar="URL", help="fetch model and rules from the realm")
    page.add_argument(
        "--mirror", type=Path, metavar="BUNDLE", help="a copy of the ledger: what was in force?"
    )
    page.add_argument(
        "--promise-vkey", help="the key that vouches for promises, if you know it from elsewhere"
    )
    page.add_argument(
        "--snapshots", type=Path, metavar="FOLDER", help="what auditors get: retrieve public candidates again"
    )
    page.add_argument(
        "--met", type=Path, metavar="FILE", help="clips that the viewer had met or did not want, an id a line"
    )
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    data = read(chosen.file)
    if files.is_one(data):
        return _say_page(_check_page(data, chosen), chosen)
    log, witnesses = trust(chosen)
    try:
        checked = receipts.check(receipts.parse(data), log, witnesses)
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


# — a page —


def _check_page(data: bytes, chosen: argparse.Namespace) -> PageReport:
    log, witnesses = trust(chosen)
    ranking: Ranking | None = None
    sources: list[Callable[[str], bytes | None]] = [_given(chosen)]
    if chosen.mirror is not None:
        bundle = open_bundle(chosen.mirror)
        ranking, log = pages.read_ledger(bundle, chosen.vkey)
        sources.append(bundle.document)
    client = RealmClient(chosen.url) if chosen.url else None
    if client is not None:
        sources.append(client.document)

    def look_up(digest: str) -> bytes | None:
        return next((found for source in sources if (found := source(digest)) is not None), None)

    try:
        promiser = Verifier.from_vkey(chosen.promise_vkey) if chosen.promise_vkey else None
        return pages.check_page_file(
            data, Trust(log, witnesses, promiser), look_up, ranking, _material(chosen)
        )
    except NoteError as error:
        raise CouldNotCheckError(str(error)) from error
    finally:
        if client is not None:
            client.close()


def _material(chosen: argparse.Namespace) -> Material | None:
    if chosen.snapshots is None:
        return None
    if chosen.met is None:
        return Material(chosen.snapshots)
    try:
        ids = [
            UUID(line.strip()).bytes for line in read(chosen.met).decode("ascii").splitlines() if line.strip()
        ]
    except ValueError as error:
        raise CouldNotCheckError(f"{chosen.met} holds something else than clips' ids") from error
    return Material(chosen.snapshots, frozenset(ids))


def _given(chosen: argparse.Namespace) -> Callable[[str], bytes | None]:
    """Return the documents given as files, by digest. One that the receipt doesn't name is no document of it."""
    given = [read(path) for path in (chosen.model, chosen.rules) if path is not None]
    return {hashlib.sha256(each).hexdigest(): each for each in given}.get


def _say_page(report: PageReport, chosen: argparse.Namespace) -> int:
    receipt, file = report.receipt, report.file
    if chosen.json:
        said: dict[str, object] = {
            "valid": exit_code(report.findings) == FINE,
            "kind": "page",
            "replayed": report.replayed,
            "findings": [finding.as_json() for finding in report.findings],
        }
        if receipt is not None and file is not None:
            said |= {
                "realm": file.realm,
                "time": receipt.time,
                "clips": [clip.hex() for clip in receipt.clips],
                "model": receipt.model.hex(),
                "policy": receipt.policy.hex(),
                "batch": file.inclusion.batch if file.inclusion else None,
            }
        if report.retrieved is not None:
            said["retrieved"] = {
                "checked": report.retrieved.checked,
                "viewers_own": report.retrieved.viewers_own,
                "tombstones": report.retrieved.tombstones,
                "left_out": report.retrieved.left_out,
            }
        say_json(said)
        return exit_code(report.findings)
    if receipt is not None and file is not None:
        say(
            f"A page of {len(receipt.chosen)} clips of {file.realm}, chosen from {len(receipt.scored)} scored"
        )
        say(f"    and {len(receipt.rest)} other candidates by model {receipt.model.hex()[:16]}….")
        if report.replayed:
            say("Computed again from the receipt, it is the same page, and the receipt has the same bytes.")
        if report.retrieved is not None:
            say(f"{report.retrieved.checked} candidates were retrieved again from the snapshots.")
        if file.inclusion is not None and not any(f.code.startswith("feed.batch") for f in report.findings):
            say(f"It is in batch {file.inclusion.batch} of the ledger, entry {file.inclusion.entry_index}.")
    say_findings(report.findings)
    if file is not None and chosen.vkey is None and chosen.mirror is None:
        say(f"Checked with the key that the file itself names: {file.vkey}")
        say("Compare it with the key on the realm's transparency page, or give it with --vkey.")
    return exit_code(report.findings)


# — an entry —


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
