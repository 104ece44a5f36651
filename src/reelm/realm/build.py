"""Which build this is: one digest over every file of the installed package, the web client included.

Anyone who has the same files gets the same digest, whatever machine they lie on: `reelm build`.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import reelm

_LEFT_OUT = {"__pycache__", ".mypy_cache"}
SHORT_DIGITS = 16


@cache
def build_digest(root: Path | None = None) -> str:
    """Return the SHA-256, hexadecimal, over names and contents of the package's files in the order of names."""
    whole = hashlib.sha256(b"reelm/build/v1\n")
    folder = root or Path(reelm.__file__).parent
    for path in sorted(_files(folder), key=lambda path: path.relative_to(folder).as_posix().encode()):
        name = path.relative_to(folder).as_posix().encode()
        content = hashlib.sha256(path.read_bytes())
        whole.update(len(name).to_bytes(4, "big") + name + content.digest())
    return whole.hexdigest()


@cache
def ranker_digest() -> str:
    """Return the digest of what decides the order of a feed: the pipeline's own files."""
    return build_digest(Path(reelm.__file__).parent / "feed" / "pipeline")


def source_revision() -> str:
    """Return the revision this checkout is at; empty where the package wasn't installed from a checkout."""
    repository = Path(reelm.__file__).parents[2] / ".git"
    try:
        head = (repository / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        return (repository / head.removeprefix("ref: ")).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not _LEFT_OUT & set(path.parts) and not path.name.endswith(".pyc"):
            yield path
