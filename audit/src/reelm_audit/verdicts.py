"""How a verdict is told, and the options that the commands which come to one have in common."""

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

from reelm_audit.checking import Verdict
from reelm_audit.findings import exit_code
from reelm_audit.output import CouldNotCheckError, say, say_findings, say_json

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_STRENGTHS = {
    "witnessed": "witnessed: outsiders vouch that everybody is shown this same ledger",
    "unwitnessed": "unwitnessed: the charter names no witness, so the realm alone vouches for it",
    "self-declared": "self-declared: the witnesses that the charter names have not signed",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every checking command has."""
    parser.add_argument("--vkey", help="the log's verifier key, if you know it from elsewhere")
    parser.add_argument(
        "--builds", type=Path, metavar="FILE", help="digests of builds that you have looked at, one a line"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def known_builds(chosen: argparse.Namespace) -> frozenset[str] | None:
    """Read the file of known builds, if one was given."""
    if chosen.builds is None:
        return None
    try:
        words = [line.split()[0] for line in chosen.builds.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheckError(f"{chosen.builds} can't be read: {error}") from error
    if not all(_DIGEST.fullmatch(word) for word in words):
        raise CouldNotCheckError(f"{chosen.builds} holds something else than digests")
    return frozenset(words)


def say_verdict(verdict: Verdict, *, as_json: bool) -> int:
    """Print a verdict; return the exit code."""
    if as_json:
        say_json(verdict.as_json())
        return exit_code(verdict.findings)
    say(f"Realm    {verdict.url}")
    if verdict.vouched is not None:
        checkpoint = verdict.vouched.checkpoint
        say(f"Ledger   {checkpoint.origin}: {checkpoint.size} entries, root {checkpoint.root.hex()[:16]}…")
        say(f"Key      {verdict.vouched.key.vkey}")
    if verdict.witnesses is not None:
        say(f"Strength {_STRENGTHS[verdict.witnesses.strength]}")
        for witness in verdict.witnesses.policy.witnesses:
            when = verdict.witnesses.times.get(witness.name)
            told = "has not signed" if when is None else f"signed {_moment(when)}"
            say(f"         {witness.key.name} {told}")
    say_findings(verdict.findings)
    for code, count in sorted(verdict.more.items()):
        say(f"    and {count} more of {code}")
    if not verdict.findings:
        say("Nothing is wrong with what can be checked.")
    return exit_code(verdict.findings)


def _moment(when: int) -> str:
    try:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "at an impossible time"
