"""Makes the report of a copy: checks it once more while counting, and looks up what findings are about."""

import json
from collections.abc import Mapping
from typing import Any

from reelm_audit.bundle import Bundle
from reelm_audit.checking import Verdict, check_copy
from reelm_audit.report.overview import Overview
from reelm_audit.report.page import render
from reelm_audit.report.sections import Subject
from reelm_audit.tlog import canonical
from reelm_audit.tlog.tiles import TileError

SHOWN = 300  # findings whose entry is shown


def make(
    bundle: Bundle,
    at: int,
    command: str,
    *,
    vkey: str | None = None,
    known_builds: frozenset[str] | None = None,
    watched: Verdict | None = None,
) -> tuple[bytes, Verdict]:
    """Return the page and the verdict it tells; the same bytes for the same copy, time and command.

    `watched` is the verdict of a look at the living realm, which knows more than its copy does.
    """
    overview = Overview()
    verdict = check_copy(bundle, vkey=vkey, known_builds=known_builds, see=overview.see)
    if watched is not None:
        verdict = watched
    return render(
        verdict, overview, _subject(bundle, verdict, at), _evidence(bundle, verdict), command
    ), verdict


def _subject(bundle: Bundle, verdict: Verdict, at: int) -> Subject:
    """Read the charter for names; what it lacks is not said."""
    text: Any = None
    data = bundle.document(verdict.charter.digest) if verdict.charter else None
    if data is not None:
        try:
            text = canonical.decode(data)
        except canonical.CanonicalError:
            text = None
    url = bundle.about.url
    name = _text(text, "name") or url.partition("://")[2] or url
    sites = tuple(
        f"{_text(site, 'site')}{', ' + _text(site, 'country') if _text(site, 'country') else ''}"
        for site in _list(text, "storage")
        if _text(site, "site")
    )
    holders = text.get("keyholders") if isinstance(text, Mapping) else None
    keyholders = {
        _text(each, "vkey"): _text(each, "name") for each in _list(holders, "members") if _text(each, "name")
    }
    operator = text.get("operator") if isinstance(text, Mapping) else None
    return Subject(url, name, _text(operator, "name"), sites, keyholders, at)


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found[:200] if isinstance(found, str) else ""


def _list(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


def _evidence(bundle: Bundle, verdict: Verdict) -> dict[int, Any]:
    """Return the entries that the first findings are about, decoded where they can be."""
    wanted = [finding.index for finding in verdict.findings if finding.index is not None][:SHOWN]
    found: dict[int, Any] = {}
    size = verdict.vouched.checkpoint.size if verdict.vouched else 0
    for index in wanted:
        data = None if index in found else _entry(bundle, size, index)
        if data is not None:
            try:
                found[index] = json.loads(data)
            except (ValueError, RecursionError):
                found[index] = data
    return found


def _entry(bundle: Bundle, size: int, index: int) -> bytes | None:
    try:
        for start, entries in bundle.bundles(size, index):
            return entries[index - start]
    except (TileError, IndexError):
        pass
    return None
