"""`reelm-audit watch`: follow a realm, keep a copy of its ledger, say what is wrong."""

import argparse
import hashlib
import sys
import time
from pathlib import Path

from reelm_audit import clock
from reelm_audit.client import RealmClient
from reelm_audit.findings import COULD_NOT_CHECK
from reelm_audit.mirror import Mirror
from reelm_audit.output import CouldNotCheckError, Subparsers, complain, say, say_findings, say_json
from reelm_audit.verdicts import add_options, known_builds, say_verdict
from reelm_audit.watching import Watch, tell


def register(commands: Subparsers) -> None:
    """Add `watch`."""
    parser = commands.add_parser("watch", help="follow a realm: keep a copy of its ledger, say what is wrong")
    parser.add_argument("url", metavar="URL", help="the realm's address")
    parser.add_argument(
        "--mirror",
        type=Path,
        metavar="FOLDER",
        help="where the copy is kept (default: a folder named after the realm)",
    )
    parser.add_argument(
        "--every", type=_seconds, metavar="SECONDS", help="look again and again, until stopped"
    )
    parser.add_argument("--webhook", type=_web, metavar="URL", help="post new findings there, as JSON")
    add_options(parser)
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("say 1 to 86400 seconds")
    return seconds


def _web(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise argparse.ArgumentTypeError("say an http or https address")
    return text


def _folder(url: str) -> Path:
    name = "".join(c if c.isalnum() or c in ".-" else "_" for c in url.partition("://")[2])
    return Path(f"{name[:80]}-{hashlib.sha256(url.encode()).hexdigest()[:8]}.mirror")


def _run(chosen: argparse.Namespace) -> int:
    client = RealmClient(chosen.url)
    mirror = Mirror(chosen.mirror or _folder(client.url))
    try:
        watch = Watch(client, mirror, clock.now, vkey=chosen.vkey, known_builds=known_builds(chosen))
        if chosen.every is None:
            return _once(watch, client, chosen)
        return _again_and_again(watch, client, chosen)
    finally:
        client.close()
        mirror.close()


def _once(watch: Watch, client: RealmClient, chosen: argparse.Namespace) -> int:
    verdict = watch.look()
    if chosen.webhook and verdict.findings:
        tell(chosen.webhook, client.url, verdict.findings)
    return say_verdict(verdict, as_json=chosen.json)


def _again_and_again(watch: Watch, client: RealmClient, chosen: argparse.Namespace) -> int:
    first, code = True, COULD_NOT_CHECK
    while True:
        try:
            verdict = watch.look()
            new = watch.new_findings(verdict)
            if first:
                code = say_verdict(verdict, as_json=chosen.json)
            elif chosen.json:
                say_json(verdict.as_json())
            elif new:
                say_findings(new)
            first = False
            if chosen.webhook and new:
                tell(chosen.webhook, client.url, new)
        except CouldNotCheckError as error:
            complain(error)
        try:
            time.sleep(chosen.every)
        except KeyboardInterrupt:
            say(to=sys.stderr)
            return code
