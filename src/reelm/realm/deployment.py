"""What begins to serve: a build, its ranking and its data map, as the ledger will say of it.

`reelm migrate` writes it down beside the run files at every start, since it alone loads the models; the sequencer
brings it into the ledger when it differs from the last one there, and the web processes show it.
"""

import hashlib
from pathlib import Path

import msgspec

from reelm.realm.build import build_digest, ranker_digest, source_revision

_DEPLOYMENT, _DATA_MAP = "deployment.json", "data-map.json"


class Deployment(msgspec.Struct, frozen=True):
    """Digests are SHA-256, hexadecimal; `source` is a revision or empty."""

    version: str
    build: str
    source: str
    ranker: str
    data_map: str


def write(run: Path, version: str, data_map: bytes) -> Deployment:
    """Write the present deployment and its data map into the folder `run`."""
    deployment = Deployment(
        version, build_digest(), source_revision(), ranker_digest(), hashlib.sha256(data_map).hexdigest()
    )
    _replace(run / _DATA_MAP, data_map)
    _replace(run / _DEPLOYMENT, msgspec.json.encode(deployment))
    return deployment


def read(run: Path) -> Deployment:
    """Return what `write` wrote. Raises FileNotFoundError before the first migration."""
    return msgspec.json.decode((run / _DEPLOYMENT).read_bytes(), type=Deployment)


def read_data_map(run: Path) -> bytes:
    """Return the data map's canonical bytes. Raises FileNotFoundError before the first migration."""
    return (run / _DATA_MAP).read_bytes()


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(data)
    draft.chmod(0o644)
    draft.replace(path)
