"""What each stage took in, kept and removed, counted for Prometheus; every removal under a reason code."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter

STAGES = ("sources", "eligibility", "filters", "features", "score", "select", "receipt")


class StageMeter:
    """Counters of the pipeline; pages add to them once, when they are done."""

    def __init__(self) -> None:
        rows = _counter(
            "reelm_feed_stage_clips", "Clips that stages of For You took in or kept.", ["stage", "what"]
        )
        self._removed = _counter(
            "reelm_feed_removed_clips",
            "Clips that stages of For You removed, by reason.",
            ["stage", "reason"],
        )
        self._pages = _counter("reelm_feed_pages", "Pages of For You.", ["mode"])
        self._in = {stage: rows.labels(stage, "in") for stage in STAGES}
        self._kept = {stage: rows.labels(stage, "kept") for stage in STAGES}
        self._known: dict[tuple[str, str], Counter] = {}
        self._modes: dict[str, Counter] = {}

    def page(self, mode: str) -> None:
        """Count a page that was served."""
        if mode not in self._modes:
            self._modes[mode] = self._pages.labels(mode)
        self._modes[mode].inc()

    def stage(self, name: str, took_in: int, kept: int, removed: Mapping[str, int] | None = None) -> None:
        """Count what went through a stage."""
        self._in[name].inc(took_in)
        self._kept[name].inc(kept)
        for reason, count in (removed or {}).items():
            if not count:
                continue
            known = self._known.get((name, reason))
            if known is None:
                known = self._known[name, reason] = self._removed.labels(name, reason)
            known.inc(count)


def _counter(name: str, text: str, labels: list[str]) -> "Counter":
    # Not before `metrics.prepare`, which says where processes count: the library looks when it is loaded.
    from prometheus_client import REGISTRY, Counter

    known = REGISTRY._names_to_collectors.get(name)  # noqa: SLF001 - a second app in one process shares its metrics
    if isinstance(known, Counter):
        return known
    return Counter(name, text, labels)
