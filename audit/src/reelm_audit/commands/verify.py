"""`reelm-audit verify`: check a copy of a ledger, offline."""

import argparse
from pathlib import Path

from reelm_audit.bundle import open_bundle
from reelm_audit.checking import check_copy
from reelm_audit.output import Subparsers
from reelm_audit.verdicts import add_options, known_builds, say_verdict


def register(commands: Subparsers) -> None:
    """Add `verify`."""
    parser = commands.add_parser(
        "verify",
        help="check a copy of a ledger, offline",
        description="Check a copy that `watch` made, a folder or its zip. Says the same bytes on every run.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    add_options(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    bundle = open_bundle(chosen.bundle)
    return say_verdict(
        check_copy(bundle, vkey=chosen.vkey, known_builds=known_builds(chosen)), as_json=chosen.json
    )
