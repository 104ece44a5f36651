"""Prometheus metrics, shared by the processes of a realm through files in one folder.

The folder must be named before the first metric is made: `prepare` does it, once, at the start of a process.
"""

import os
from pathlib import Path
from typing import Any

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it from the environment, and nowhere else


def prepare(folder: Path) -> None:
    """Name the folder that the realm's processes count in."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[_FOLDER] = str(folder)


def exposition() -> tuple[bytes, str]:
    """Return all processes' metrics in Prometheus' text format, and its content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    if os.environ.get(_FOLDER):
        collect: Any = MultiProcessCollector
        collect(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


class RequestMeter:
    """Counts requests and their time, by method and status."""

    def __init__(self) -> None:
        from prometheus_client import REGISTRY, Counter, Histogram

        known: Any = REGISTRY._names_to_collectors  # noqa: SLF001 - a second app in one process shares its metrics
        if "reelm_requests_total" in known:
            self._requests, self._seconds = known["reelm_requests_total"], known["reelm_request_seconds"]
            return
        self._requests = Counter("reelm_requests_total", "Requests answered.", ["method", "status"])
        self._seconds = Histogram(
            "reelm_request_seconds",
            "Seconds from request to the end of the answer.",
            ["method"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )

    def count(self, method: str, status: int, seconds: float) -> None:
        self._requests.labels(method, str(status)).inc()
        self._seconds.labels(method).observe(seconds)
