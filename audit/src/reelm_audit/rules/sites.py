"""Storage sites: each one the charter names is answered for every day, by its own signer, and no other is."""

from collections.abc import Mapping

from reelm_audit.entries import to_sign
from reelm_audit.rules.borders import Borders
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.minutes import DAY, text_of
from reelm_audit.rules.subject import At, Bench, Handler
from reelm_audit.tlog.note import NoteError, Verifier

LATE_MINUTES = 2 * DAY


class Sites:
    """The last statement of each site."""

    def __init__(self, bench: Bench, borders: Borders) -> None:
        self._bench = bench
        self._borders = borders
        self._last: dict[str, int] = {}
        self._told_until: dict[str, int] = {}
        self.handlers: Mapping[str, Handler] = {"site.stated": self._stated}

    def look(self, minute: int) -> None:
        """Report sites of which nothing was stated for two days while the realm was at work."""
        named = {site["site"] for site in self._sites()}
        for site, last in self._last.items():
            since = max(last, self._told_until.get(site, 0))
            if site in named and minute > since + LATE_MINUTES:
                self._told_until[site] = minute
                self._bench.report(found("site.silent", f"{site}: nothing since {text_of(last)}."))

    def _sites(self) -> list[Mapping[str, str]]:
        sites = self._borders.charter().get("storage", [])
        return [site for site in sites if isinstance(site, dict) and "site" in site]

    def _stated(self, entry: Entry, at: At) -> None:
        self._last[entry["site"]] = at.minute
        sites = self._sites()
        if not sites:  # the charter's text is not at hand
            return
        named = next((site for site in sites if site["site"] == entry["site"]), None)
        if named is None:
            self._bench.report(found("site.unnamed", f"{entry['site']}, {entry['country']}.", at.index))
            return
        if named.get("country", "") != entry["country"]:
            detail = (
                f"{entry['site']}: {entry['country'] or 'nowhere'}, not {named.get('country') or 'stated'}."
            )
            self._bench.report(found("site.country-differs", detail, at.index))
        signer = named.get("signer") or entry["signer"]
        if signer != entry["signer"]:
            self._bench.report(found("site.other-signer", f"{entry['site']}.", at.index))
            return
        try:
            key = Verifier.from_vkey(signer).public_key
        except NoteError as error:
            self._bench.report(found("site.signature-invalid", f"{entry['site']}: {error}.", at.index))
            return
        otherwise = found("site.signature-invalid", f"{entry['site']}.", at.index)
        self._bench.signatures.ask(key, to_sign(entry), entry["signature"], otherwise)
