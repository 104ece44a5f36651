"""What the supervisor loads before it forks: all of it is shared, none of it is only for rare work."""

import json
import subprocess
import sys

_LOOK = """
import json, os, sys
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import reelm.entrypoints.cli, reelm.entrypoints.up
from reelm.entrypoints.parts import preload
preload()
print(json.dumps({"loaded": sorted({name.split(".")[0] for name in sys.modules}),
                  "threads": len(os.listdir("/proc/self/task"))}))
"""
_RARE = {"alembic", "sqlalchemy", "av", "PIL", "lightgbm", "cedarpy", "httpx", "pytest"}


def test_what_is_rarely_needed_is_not_in_every_process_and_forking_is_safe() -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    assert not _RARE & set(seen["loaded"])
    assert {"reelm", "asyncpg", "granian", "litestar", "msgspec"} <= set(seen["loaded"])
    assert seen["threads"] == 1
