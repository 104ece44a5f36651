"""Figures of the shared catalog for Prometheus."""

from typing import Any

_GAUGES = {
    "reelm_catalog_clips": "Public clips in the shared catalog.",
    "reelm_catalog_rows": "Rows of the shared catalog, dead ones among them.",
    "reelm_catalog_seq": "Frames of the catalog's delta log.",
    "reelm_catalog_followed_timestamp_seconds": "When the catalog was last level with the database, Unix seconds.",
    "reelm_catalog_base_seq": "The frame of the newest base snapshot.",
}


class CatalogMeter:
    """Sets the gauges; each exists once a process."""

    def __init__(self) -> None:
        from prometheus_client import REGISTRY, Gauge

        known: Any = REGISTRY._names_to_collectors  # noqa: SLF001 - a second catalog in one process shares them
        self._gauges: dict[str, Any] = {
            name: known.get(name) or Gauge(name, about, multiprocess_mode="livemostrecent")
            for name, about in _GAUGES.items()
        }

    def set(self, name: str, value: float) -> None:
        """Set one gauge, by its name without `reelm_catalog_`."""
        self._gauges[f"reelm_catalog_{name}"].set(value)
