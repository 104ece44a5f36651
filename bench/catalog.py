"""What the shared catalogue costs, at 200,000 clips: a clip that comes, one that goes, all lists, a base, a look-up.

In one process, as the indexer and a reader do it, without a database. Times are the processor's, so that they can be
taken beside other work. `python bench/catalog.py [CLIPS]`
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.record import machine, record

from reelm.feed.catalog import CATALOG, COUNTERS, Catalog, lists, snapshots
from reelm.feed.catalog.records import Identity
from reelm.feed.catalog.store import NewRow, Store

CLIPS = 200_000
AT_ONCE = 200
NOW = 1_790_000_000


def clips(count: int, chance: random.Random) -> Iterator[list[NewRow]]:
    """Clips as a realm has them: many by few authors, each with a sound and three tags."""
    authors = [chance.randbytes(16) for _ in range(max(1, count // 20))]
    for start in range(0, count, AT_ONCE):
        yield [
            NewRow(
                Identity(
                    chance.randbytes(16),
                    chance.randbytes(16),
                    chance.choice(authors),
                    chance.randrange(1, max(2, count // 3)),
                    tuple(chance.sample(range(1, max(9, count // 10)), 3)),
                ),
                chance.randrange(1, 4),
                NOW - (count - start),
                9_000,
                tuple(chance.randrange(300) for _ in COUNTERS),
            )
            for _ in range(min(AT_ONCE, count - start))
        ]


@contextmanager
def timed(into: dict[str, float], name: str, of: int = 1, scale: float = 1e6) -> Iterator[None]:
    """Count the processor's time for one of `of` things; `scale` 1e6 gives microseconds."""
    began = time.process_time()
    yield
    into[name] = into.get(name, 0.0) + (time.process_time() - began) / of * scale


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS
    chance, found = random.Random(7), dict[str, float]()
    ids: list[UUID] = []
    with tempfile.TemporaryDirectory(prefix="reelm-bench-") as folder, Store(Path(folder)) as store:
        for batch in clips(count, chance):
            ids.append(UUID(bytes=batch[0].identity.id))
            with timed(found, "put_us", count):
                store.change(NOW, batch)
        with timed(found, "lists_ms", scale=1e3):
            renewed = lists.renewed(store.mapping, NOW)
        store.renew_lists(NOW, renewed=renewed)
        with timed(found, "base_taken_ms", scale=1e3):
            taken = snapshots.take(store, NOW)
        with timed(found, "base_written_ms", scale=1e3):
            base = snapshots.write(taken)
        found["base_mb"] = base.path.stat().st_size / 1e6
        moved = chance.sample(range(count), min(2_000, count))
        with timed(found, "counters_us", 2 * len(moved)):
            store.change(NOW, sets=dict.fromkeys(("views", "finishes"), (moved, moved)))
        gone = moved[:200]
        with timed(found, "bury_us", len(gone)):
            for row in gone:
                store.change(NOW, buried=[row])
        catalog = Catalog(Path(folder) / CATALOG)
        with timed(found, "row_us", len(ids)):
            catalog.rows(ids)
        with timed(found, "newest_of_us", 500):
            for key in range(1, 501):
                catalog.newest_of("tag", key, 15)
        found["file_mb"] = store.mapping.path.stat().st_size / 1e6
        found["identities_mb"] = (store.folder / "identities").stat().st_size / 1e6
    with tempfile.TemporaryDirectory(prefix="reelm-bench-") as folder:
        with Store(Path(folder)) as store:
            for batch in clips(2_000, chance):
                store.change(NOW, batch)
        began = time.perf_counter()
        with Store(Path(folder)):
            found["reopened_ms"] = (time.perf_counter() - began) * 1e3
    print(
        f"{machine()}; {count:,} clips; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most"
    )
    for name, value in found.items():
        print(f"  {name:16} {value:10.2f}")
    if count == CLIPS:
        record("catalog", **{name: round(value, 2) for name, value in found.items()})


if __name__ == "__main__":
    main()
