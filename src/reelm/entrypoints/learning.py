"""`python -m reelm.entrypoints.learning`: a child of the indexer that learns one thing and ends.

It reads a job from its standard input and writes what it did to its standard output. It is nice to everybody else,
takes no more than a fixed amount of memory, and does not outlive who asked.
"""

import asyncio
import os
import resource
import signal
import sys

import msgspec

from reelm.entrypoints.process import ORPHANED, die_with_parent
from reelm.feed.learning.job import Done, Job

# One thread: sums of floats come out the same everywhere, and others of the machine get their turn.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1")
COMMAND = ("env", *_ONE_THREAD, sys.executable, "-m", "reelm.entrypoints.learning")
MOST_BYTES = 3 * 2**30
_NICE = 10


def main() -> int:
    """Do the job; return the exit code."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    if os.getppid() != job.parent:
        return ORPHANED
    die_with_parent(job.parent, signal.SIGKILL)
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    from reelm.feed.learning.training import child

    try:
        done = asyncio.run(child.do(job))
    except MemoryError:
        done = Done(act=job.act, problem=f"it would have taken more than {MOST_BYTES // 2**20} MiB of memory")
    answer.write(msgspec.json.encode(done))
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
