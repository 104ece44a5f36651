"""Profile pictures: opened in the sandbox, cut square, scaled to 256 pixels, written anew without metadata."""

import json
import sys
import tempfile
from pathlib import Path

from reelm.media import confine, sandbox
from reelm.media.upload_errors import PictureUnsuitableError

LARGEST_BYTES = 10_000_000
EDGE = 256
_CHILD = str(Path(__file__).with_name("avatar_child.py"))
_MEMORY = 1 << 30
_CPU_SECONDS, _WALL_SECONDS = 10, 20.0


def scaled(picture: bytes, scratch: Path, *, allow_weak: bool) -> bytes:
    """Return `picture` as a 256 by 256 WebP. Blocks; raises `PictureUnsuitableError`."""
    if not picture or len(picture) > LARGEST_BYTES:
        raise PictureUnsuitableError(fields={"picture": "too_large" if picture else "missing"})
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="avatar-", dir=scratch) as folder:
        source, target = Path(folder, "in"), Path(folder, "out.webp")
        source.write_bytes(picture)
        site = _site()
        policy = sandbox.Policy(
            read=(source, *(site / name for name in ("PIL", "pillow.libs") if (site / name).exists())),
            write=(Path(folder),),
            memory_bytes=_MEMORY,
            cpu_seconds=_CPU_SECONDS,
            wall_seconds=_WALL_SECONDS,
            file_bytes=4 << 20,
            open_files=32,
            allow_weak=allow_weak,
        )
        job = {
            "site": str(site),
            "confine": str(Path(confine.__file__)),
            "policy": json.loads(policy.encode([])),
            "source": str(source),
            "target": str(target),
            "edge": EDGE,
        }
        done = sandbox.run_own([sys.executable, "-I", "-S", _CHILD, json.dumps(job)], policy)
        if done.returncode or not target.is_file():
            raise PictureUnsuitableError(fields={"picture": "unreadable"})
        return target.read_bytes()


def _site() -> Path:
    import importlib.util

    spec = importlib.util.find_spec("PIL")
    if spec is None or spec.origin is None:
        raise PictureUnsuitableError
    return Path(spec.origin).parent.parent
