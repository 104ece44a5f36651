"""Good cases, made by our library."""

import hashlib

from tests.factories.logs import MemoryLog
from tests.oracle.ours import Case, text

from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.note import sign_note
from reelm_audit.tlog.proof import TlogProof
from reelm_audit.tlog.tiles import encode_bundle

SIZE, OLD, INDEX = 700, 300, 420


def a_log() -> MemoryLog:
    witnesses = [
        CosignatureSigner(name, hashlib.sha256(name.encode()).digest())
        for name in ("w1.example", "w2.example/ü")
    ]
    log = MemoryLog(witnesses=witnesses)
    log.append(*[b"%d" % number * (number % 5) for number in range(SIZE)])
    log.publish()
    return log


def good() -> dict[str, Case]:
    """Return one good case of each check, made by our library."""
    log = a_log()
    keys = [log.key.vkey, *[each.vkey for each in log.witnesses]]
    tree = {"size": SIZE, "root": text(log.root())}
    leaf = {"index": INDEX, "leaf": text(log.leaves[INDEX])}
    shown = log.proof(INDEX)
    published = {
        path: text(data) for path, data in log.files.items() if path.startswith(("tile/0", "tile/1"))
    }
    last = SIZE - SIZE % 256
    made: dict[str, Case] = {
        "note": {"note": text(sign_note("\nsome text\n\nand more\n", log.key).encode()), "keys": keys[:1]},
        "checkpoint": {"note": text(log.note().encode()), "keys": keys, "origin": log.key.name, **tree},
        "inclusion": {**tree, **leaf, "proof": [text(each) for each in shown.hashes]},
        "consistency": {
            **tree, "old": OLD, "old_root": text(log.root(OLD)),
            "proof": [text(each) for each in log.consistency(OLD)],
        },
        "tiles": {**tree, **leaf, "files": published},
        "bundle": {
            "text": text(encode_bundle(log.entries[last:])), "size": SIZE - last, "index": 3,
            "entry": text(log.entries[last + 3]),
        },
        "proof": {
            "text": text(TlogProof(INDEX, shown.hashes, shown.note, b"extra").text().encode()),
            "entry": text(log.entries[INDEX]), "keys": keys, "origin": log.key.name,
        },
    }  # fmt: skip
    return {check: {"name": f"our {check}", "check": check, **case} for check, case in made.items()}


def many() -> list[Case]:
    """Return many good cases: proofs between all kinds of sizes, checkpoints and tiles at the edges of tiles."""
    log = a_log()
    sizes = [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        15,
        16,
        17,
        31,
        33,
        63,
        64,
        65,
        100,
        127,
        128,
        129,
        255,
        256,
        257,
        511,
        512,
    ]
    sizes += [513, 640, 699, 700]
    cases: list[Case] = []
    for size in sizes:
        root = text(log.root(size))
        for index in sorted({0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size))):
            hashes = [text(each) for each in log.proof(index, size).hashes]
            at = {"name": f"inclusion {index}/{size}", "check": "inclusion", "size": size, "root": root}
            cases.append({**at, "index": index, "leaf": text(log.leaves[index]), "proof": hashes})
        for old in [each for each in sizes if each <= size]:
            hashes = [text(each) for each in log.consistency(old, size)]
            at = {"name": f"consistency {old}/{size}", "check": "consistency", "size": size, "root": root}
            cases.append({**at, "old": old, "old_root": text(log.root(old)), "proof": hashes})
    return cases
