"""What a receipt costs a page of For You: CPU of keeping one, and its bytes on the disk."""

import asyncio
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.record import record
from tests.factories.feedcase import FeedCase
from tests.factories.receipts import local_keeper, somebody

from reelm_audit.feed import layout

PAGES = 3_000
PEOPLE = 200


async def _keep(folder: Path) -> tuple[float, float, int, int]:
    keeper = local_keeper(folder)
    people = [somebody(uuid.uuid4()) for _ in range(PEOPLE)]
    at = int(time.time())
    pages = []
    for seed in range(20):
        receipt = layout.changed(FeedCase(seed=seed, count=10, adjustments=False).receipt, time=at)
        pages.append((layout.encode(receipt), [uuid.UUID(bytes=clip) for clip in receipt.clips]))
    costs = []
    for number in range(PAGES):
        data, clips = pages[number % len(pages)]
        began = time.process_time_ns()
        await keeper.keep(people[number % PEOPLE], data, clips, at)
        costs.append(time.process_time_ns() - began)
    sizes = sum(len(data) for data, _ in pages) // len(pages)
    stored = sum(segment.size for segment in keeper.segments.values()) // PAGES
    keeper.close()
    costs.sort()
    return sum(costs) / PAGES / 1e6, costs[PAGES * 99 // 100] / 1e6, sizes, stored


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="reelm-bench-") as folder:
        mean, p99, size, stored = asyncio.run(_keep(Path(folder)))
    print(f"A receipt: {mean:.3f} ms of CPU on average, p99 {p99:.3f}; {size} bytes, {stored} on the disk.")
    record("receipts", keep_ms=round(mean, 3), keep_p99_ms=round(p99, 3), bytes=size, stored_bytes=stored)


if __name__ == "__main__":
    main()
