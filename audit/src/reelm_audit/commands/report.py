"""`reelm-audit report`: one page on what a check came to, for people."""

import argparse
import datetime as dt
import tempfile
from pathlib import Path

from reelm_audit import clock
from reelm_audit.bundle import open_bundle
from reelm_audit.client import RealmClient
from reelm_audit.files import write_whole
from reelm_audit.findings import exit_code
from reelm_audit.mirror import Mirror
from reelm_audit.output import CouldNotCheckError, Subparsers, say
from reelm_audit.report.making import make
from reelm_audit.verdicts import add_options, known_builds
from reelm_audit.watching import Watch


def register(commands: Subparsers) -> None:
    """Add `report`."""
    parser = commands.add_parser(
        "report",
        help="write one page that people can read on what a check came to",
        description="Check a realm, or a copy that `watch` made, and write a self-contained HTML page. For the same "
        "copy and the same --at it is the same page, byte for byte.",
    )
    parser.add_argument(
        "source", metavar="URL|BUNDLE", help="a realm's address, or a copy: a folder or its zip"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="where the page is written")
    parser.add_argument(
        "--at", type=_moment, metavar="TIME", help="when this is said to be checked (RFC 3339)"
    )
    parser.add_argument("--mirror", type=Path, metavar="FOLDER", help="keep the copy there")
    add_options(parser)
    parser.set_defaults(run=_run)


def _moment(text: str) -> int:
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("say a time such as 2026-11-22T09:30:00Z") from error
    if when.tzinfo is None:
        raise argparse.ArgumentTypeError("say the time zone, too: 2026-11-22T09:30:00Z")
    return int(when.timestamp())


def _run(chosen: argparse.Namespace) -> int:
    at = clock.now() if chosen.at is None else chosen.at
    builds = known_builds(chosen)
    if "://" not in chosen.source and Path(chosen.source).exists():
        command = f"reelm-audit verify {Path(chosen.source).name}"
        page, verdict = make(
            open_bundle(Path(chosen.source)), at, command, vkey=chosen.vkey, known_builds=builds
        )
    else:
        with tempfile.TemporaryDirectory(prefix="reelm-audit-") as folder:
            client, mirror = RealmClient(chosen.source), Mirror(chosen.mirror or Path(folder))
            try:
                watched = Watch(client, mirror, clock.now, vkey=chosen.vkey, known_builds=builds).look()
                command = f"reelm-audit watch {client.url} --vkey {mirror.about.vkey}"
                page, verdict = make(
                    mirror.bundle(), at, command, vkey=chosen.vkey, known_builds=builds, watched=watched
                )
            finally:
                client.close()
                mirror.close()
    try:
        write_whole(chosen.out, page)
    except OSError as error:
        raise CouldNotCheckError(f"{chosen.out} can't be written: {error}") from error
    say(f"The report is in {chosen.out}.")
    return exit_code(verdict.findings)
