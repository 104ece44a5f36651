"""Releases: which software wrote what follows, and whether its map of the data is published."""

from collections.abc import Mapping

from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.subject import At, Bench, Handler

BEFORE_A_RELEASE = frozenset({"charter.adopted", "release.deployed", "ledger.restored", "key.rotated"})


class Software:
    """The release that serves now."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.build: str | None = None
        self.data_map: str | None = None
        self._missing_reported = False
        self.handlers: Mapping[str, Handler] = {"release.deployed": self._deployed}

    def look(self, minute: int) -> None:
        """Nothing about a release has a deadline."""

    def check_deployed(self, entry: Entry, at: At) -> None:
        """Report the first entry that no release has made."""
        if not self._missing_reported and entry["kind"] not in BEFORE_A_RELEASE:
            self._missing_reported = True
            self._bench.report(
                found("release.missing", f"Before this {entry['kind']} no release is named.", at.index)
            )

    def _deployed(self, entry: Entry, at: At) -> None:
        self.build, self.data_map = entry["build"], entry["data_map"]
        known = self._bench.context.known_builds
        if known is not None and self.build not in known:
            self._bench.report(
                found(
                    "release.unknown-build",
                    f"{entry['version']}, {self.build[:12]}….",
                    at.index,
                    build=self.build,
                )
            )
        look_up = self._bench.context.document
        if look_up is not None and look_up(self.data_map) is None:
            self._bench.report(
                found(
                    "release.data-map-missing",
                    f"Data map {self.data_map[:12]}….",
                    at.index,
                    sha256=self.data_map,
                )
            )
