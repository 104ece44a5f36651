"""Figures of the ledger for Prometheus, and what an operator is woken for."""

from typing import Any

_GAUGES = {
    "reelm_ledger_size": "Entries that have their place.",
    "reelm_ledger_released": "Size of the last checkpoint with the release quorum.",
    "reelm_ledger_published": "Size of the last checkpoint with the public quorum.",
    "reelm_ledger_late_seconds": "Seconds since a quorum that is asked for was lost; 0 while there is one.",
    "reelm_ledger_stopped": "1 when the ledger contradicts itself and has stopped, else 0.",
}


class LedgerMeter:
    """Sets the gauges; each exists once a process."""

    def __init__(self) -> None:
        from prometheus_client import REGISTRY, Gauge

        known: Any = REGISTRY._names_to_collectors  # noqa: SLF001 - a second ledger in one process shares them
        self._gauges: dict[str, Any] = {
            name: known.get(name) or Gauge(name, about, multiprocess_mode="livemostrecent")
            for name, about in _GAUGES.items()
        }

    def set(self, name: str, value: float) -> None:
        """Set one gauge, by its name without `reelm_ledger_`."""
        self._gauges[f"reelm_ledger_{name}"].set(value)
