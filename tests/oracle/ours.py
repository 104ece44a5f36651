"""The oracle's cases, put to our own library: the same fields, the same question."""

import base64
from collections.abc import Mapping
from typing import Any

from reelm_audit.tlog import checkpoint, merkle, note, policy, proof, tiles
from reelm_audit.tlog.cosignature import any_verifier
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.tlog.tiles import TileError

Case = dict[str, Any]


def refusal(case: Case) -> str:
    """Return why our library refuses this case, or nothing if it accepts it."""
    try:
        _CHECKS[case["check"]](case)
    except ValueError as error:
        return str(error) or type(error).__name__
    return ""


def raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _open(signed: bytes, keys: list[str]) -> note.OpenedNote:
    verifiers = [any_verifier(key) for key in keys]
    opened = note.open_note(signed, verifiers)
    if not all(opened.signed_by(each) for each in verifiers):
        raise NoteError("not all have signed")
    return opened


def _note(case: Case) -> None:
    _open(raw(case["note"]), case["keys"])


def _checkpoint(case: Case) -> None:
    log = Verifier.from_vkey(case["keys"][0])
    others = [any_verifier(key) for key in case["keys"][1:]]
    opened = checkpoint.open_checkpoint(raw(case["note"]), log, others)
    if not all(opened.note.signed_by(each) for each in others):
        raise NoteError("not all have signed")
    said = (case["origin"], case.get("size", 0), raw(case["root"]))
    if (opened.checkpoint.origin, opened.checkpoint.size, opened.checkpoint.root) != said:
        raise NoteError("another checkpoint")


def _proof_of(case: Case) -> list[bytes]:
    return [raw(each) for each in case.get("proof") or []]


def _inclusion(case: Case) -> None:
    merkle.verify_inclusion(
        raw(case["leaf"]), case.get("index", 0), case.get("size", 0), _proof_of(case), raw(case["root"])
    )


def _consistency(case: Case) -> None:
    merkle.verify_consistency(
        case.get("old", 0), raw(case["old_root"]), case.get("size", 0), raw(case["root"]), _proof_of(case)
    )


def _tiles(case: Case) -> None:
    files: Mapping[tiles.Tile, bytes] = {
        tiles.parse_path(path): raw(data) for path, data in case["files"].items()
    }
    for tile, data in files.items():
        if len(data) != tile.width * merkle.HASH_BYTES:
            raise TileError("a tile has another width than its path says")

    def fetch(tile: tiles.Tile) -> bytes:
        if tile not in files:
            raise TileError(f"{tile.path} is missing")
        return files[tile]

    size, index, root = case["size"], case.get("index", 0), raw(case["root"])
    reader = tiles.TileHashReader(size, root, fetch)
    if reader([(0, index)]) != [raw(case["leaf"])]:
        raise TileError("the tiles hold another leaf")
    merkle.verify_inclusion(raw(case["leaf"]), index, size, merkle.inclusion_proof(index, size, reader), root)


def _bundle(case: Case) -> None:
    entries = tiles.decode_bundle(raw(case["text"]), case["size"])
    index = case.get("index", 0)
    if index >= len(entries) or entries[index] != raw(case.get("entry")):
        raise TileError("the bundle holds other entries")


def _proof(case: Case) -> None:
    log, *others = case["keys"]
    names = [f"w{number}" for number in range(len(others))]
    lines = [f"witness {name} {key}\n" for name, key in zip(names, others, strict=True)]
    quorum = f"group all-of-them all {' '.join(names)}\nquorum all-of-them\n" if names else "quorum none\n"
    asked = policy.parse("".join(lines) + quorum)
    witnessed = proof.parse(raw(case["text"])).verify(raw(case.get("entry")), asked, Verifier.from_vkey(log))
    if witnessed.checkpoint.origin != case["origin"]:
        raise NoteError("another log")


_CHECKS = {
    "note": _note,
    "checkpoint": _checkpoint,
    "inclusion": _inclusion,
    "consistency": _consistency,
    "tiles": _tiles,
    "bundle": _bundle,
    "proof": _proof,
}
