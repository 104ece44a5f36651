"""`reelm-audit network`: look at several realms at once, and hold their ledgers against each other."""

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reelm_audit import clock
from reelm_audit.checking import Verdict
from reelm_audit.client import RealmClient
from reelm_audit.files import write_whole
from reelm_audit.findings import exit_code, in_order
from reelm_audit.mirror import Mirror
from reelm_audit.output import CouldNotCheckError, Subparsers, say, say_findings, say_json
from reelm_audit.pairing import Match, Side, matched
from reelm_audit.report.network import Member, render
from reelm_audit.rules.crossing import border_of
from reelm_audit.tlog import canonical
from reelm_audit.verdicts import say_verdict
from reelm_audit.watching import Watch


def register(commands: Subparsers) -> None:
    """Add `network`."""
    parser = commands.add_parser(
        "network",
        help="look at several realms, and hold what they say of each other against each other",
        description="Watch each realm once; then compare what one ledger says was sent with what the other says "
        "arrived. Copies are kept with --mirrors, so that the next look goes on from them.",
    )
    parser.add_argument("urls", metavar="URL", nargs="+", help="the realms' addresses, two at least")
    parser.add_argument("--mirrors", type=Path, metavar="FOLDER", help="keep the copies there")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write one page that people can read")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if len(set(chosen.urls)) < 2:
        raise CouldNotCheckError("name two different realms at least")
    with contextlib.ExitStack() as stack:
        folder = chosen.mirrors or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="reelm-audit-"))
        )
        members = [_look(url, folder / f"{number:02}", stack) for number, url in enumerate(chosen.urls, 1)]
    names = [member.realm for member in members]
    if len(set(names)) < len(names):
        raise CouldNotCheckError(f"two of the realms call themselves alike: {', '.join(sorted(names))}")
    matches, between = matched(member.side for member in members)
    between = in_order(between)
    if chosen.out is not None:
        _write(chosen.out, render(members, matches, between, clock.now()))
    code = max(exit_code(between), *(exit_code(member.verdict.findings) for member in members))
    if chosen.json:
        say_json(
            {
                "realms": [
                    {**each.verdict.as_json(), "realm": each.realm, "url": each.url} for each in members
                ],
                "matches": [_match_as_json(each) for each in matches],
                "findings": [finding.as_json() for finding in between],
            }
        )
        return code
    for member in members:
        say_verdict(member.verdict, as_json=False)
        say()
    for match in matches:
        say(
            f"{match.sender} → {match.receiver}: both ledgers tell of {match.deliveries} deliveries with "
            f"{match.objects} objects, alike."
        )
    if not matches:
        say("No delivery between these realms is in both ledgers yet.")
    say_findings(between)
    if chosen.out is not None:
        say(f"The page is in {chosen.out}.")
    return code


def _look(url: str, folder: Path, stack: contextlib.ExitStack) -> Member:
    """Look at one realm once. Raises `CouldNotCheckError` where its charter can't be read."""
    client, mirror = RealmClient(url), Mirror(folder)
    stack.callback(client.close)
    stack.callback(mirror.close)
    verdict = Watch(client, mirror, clock.now).look()
    bundle = mirror.bundle()
    charter = border_of(bundle.document(verdict.charter.digest) if verdict.charter else None)
    realm = charter.get("realm") or "home"
    name = charter.get("name") or client.url
    side = Side(str(realm)).take(_entries(bundle, verdict))
    return Member(str(realm), str(name), client.url, verdict, side, _sites(charter))


def _entries(bundle: Any, verdict: Verdict) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the entries that speak of other realms, and enough of the others to know how far the ledger reaches."""
    size = verdict.vouched.checkpoint.size if verdict.vouched else 0
    for index, data in bundle.entries(size):
        if b'"border.' in data or index == size - 1:
            try:
                entry = canonical.decode(data)
            except canonical.CanonicalError:
                continue  # the rules have reported it
            if isinstance(entry, dict) and "at" in entry and "kind" in entry:
                yield index, entry


def _sites(charter: Mapping[str, Any]) -> tuple[str, ...]:
    sites = charter.get("storage")
    named = [each for each in sites if isinstance(each, dict)] if isinstance(sites, list) else []
    return tuple(
        ", ".join(part for part in (str(each.get("site", "")), str(each.get("country", ""))) if part)
        for each in named
    )


def _match_as_json(match: Match) -> dict[str, Any]:
    return {
        "from": match.sender,
        "to": match.receiver,
        "deliveries": match.deliveries,
        "objects": match.objects,
        "strength": "peer-matched",
    }


def _write(path: Path, page: bytes) -> None:
    try:
        write_whole(path, page)
    except OSError as error:
        raise CouldNotCheckError(f"{path} can't be written: {error}") from error
