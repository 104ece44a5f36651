"""Makes `spec/receipt/vectors`: what any verifier of pages must accept, compute and refuse."""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from tests.factories import feedforgeries as forgeries
from tests.factories.feedcase import POLICY, TIME, FeedCase
from tests.factories.feedcheats import TAMPERINGS

from reelm_audit.feed import choosing, files, layout, maps, promises, ranker, replay
from reelm_audit.feed.verdict import judge
from reelm_audit.tlog import canonical

FOLDER = Path(__file__).parents[2] / "spec" / "receipt" / "vectors"
OF_THE_RECEIPT = {
    "feed.malformed", "feed.score-differs", "feed.features-contradict", "feed.order-differs", "feed.scored-set",
    "feed.candidate-twice", "feed.candidates-unsorted", "feed.model-other", "feed.model-unreadable",
    "feed.policy-other", "feed.policy-unreadable", "feed.exploration-differs", "feed.spacing-broken",
    "feed.clip-twice", "feed.groups-differ", "feed.viewer-differs", "feed.adjusted-twice",
}  # fmt: skip


# Fewer are scored, so that the files stay small.
SMALL = {**POLICY, "scored": {"best": 24, "fresh": 4}}


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def numbers() -> dict[str, Any]:
    """The published logarithm, keys of things, and what chance is made of."""
    some = [*range(40), 99, 255, 256, 1000, 65_535, 10**6, 2**31 - 1, 2**40, 2**52]
    visit, first = bytes(range(16)), [bytes([n] * 16) for n in range(3)]
    served = layout.served_after(layout.ZERO, first)
    seed = layout.seed_of(visit, 3, served)
    return {
        "qlog": [[value, layout.qlog(value)] for value in some],
        "uuid_keys": [[each.hex(), layout.uuid_key(each)] for each in (bytes(range(16)), bytes(range(255, 239, -1)))],
        "text_keys": [[each, layout.text_key(each)] for each in ("cats", "été", "en", "FR", "猫")],
        "served": {"shown": [each.hex() for each in first], "after": served.hex()},
        "seed": {"visit": visit.hex(), "position": 3, "served": served.hex(), "seed": seed.hex()},
        "chance": [
            {"row": row, "scored": layout.chance(seed, row).hex(), "exploring": layout.chance(seed, row, choosing.EXPLORE).hex()}
            for row in (0, 1, 255, 70_000, 2**32 - 1)
        ],
    }  # fmt: skip


def pages() -> list[dict[str, Any]]:
    """Receipts that hold, with everything that is computed from them. Models and policies are in `documents.json`."""
    made = []
    for seed, candidates, position in ((1, 230, 0), (2, 90, 13), (3, 5, 65_000), (4, 72, 20)):
        policy = SMALL if seed == 2 else POLICY
        case = FeedCase(
            seed, candidates=candidates, position=position, adjustments=candidates > 20, policy_fields=policy
        )
        receipt = case.receipt
        points = {each.index: each.points for each in receipt.adjusted}
        scores = replay.finals(receipt, case.model)
        places = choosing.select(
            receipt.scored, scores, case.policy, receipt.seed, position, len(receipt.chosen)
        )
        why = case.model.contributions(receipt.scored[3].features, points.get(3, 0))
        made.append(
            {
                "receipt": text(layout.encode(receipt)),
                "digest": layout.digest_of(layout.encode(receipt)).hex(),
                "seed": receipt.seed.hex(),
                "pre": [each.pre for each in receipt.scored],
                "final": scores,
                "page": [{"index": p.index, "exploring": p.exploring, "rules": p.rules} for p in places],
                "contributions": {
                    "index": 3, "unit": why.unit, "start": why.start, "features": list(why.features),
                    "rounding": why.rounding, "adjustment": why.adjustment,
                },
                "key": case.key.hex(),
                "leaf": promises.leaf_of(case.key, receipt.clips, layout.digest_of(layout.encode(receipt))).hex(),
            }
        )  # fmt: skip
    return made


def documents() -> dict[str, str]:
    """Models and policies by digest, as text."""
    found: dict[str, str] = {}
    for seed in (1, 2, 3, 4):
        case = FeedCase(seed, candidates=5, adjustments=False)
        found[case.model.digest.hex()] = case.model_bytes.decode()
        found[case.policy.digest.hex()] = case.policy_bytes.decode()
    small = canonical.encode(SMALL)
    return {**found, hashlib.sha256(small).hexdigest(): small.decode()}


def tampered() -> list[dict[str, Any]]:
    """Pages whose receipt, model and policy don't belong together, and the code of what is found."""
    made = []
    for kind in TAMPERINGS:
        if kind.code not in OF_THE_RECEIPT or kind.name == "a hidden boost":
            continue
        case = FeedCase(1, candidates=60, adjustments=kind.code == "feed.adjusted-twice", policy_fields=SMALL)
        page = kind.tamper(case)
        verdict = judge(files.evidence(page.file), page.model, page.policy)
        assert {each.code for each in verdict.problems} <= {kind.code, "feed.adjustment-unproved"}, kind.name
        entry = {"name": kind.name, "code": kind.code, "receipt": text(page.file.receipt)}
        if page.model != case.model_bytes:
            entry["model"] = page.model.decode()
        if page.policy != case.policy_bytes:
            entry["policy"] = page.policy.decode()
        made.append(entry)
    return made


def shapes() -> list[dict[str, Any]]:
    """Bytes that are no receipt of version 1."""
    case = FeedCase(3, candidates=5, adjustments=False)
    data = layout.encode(case.receipt)

    def with_byte(at: int, value: int) -> bytes:
        return data[:at] + bytes([value]) + data[at + 1 :]

    bad = {
        "nothing": b"", "another magic": b"XLR1" + data[4:], "another version": b"RLR2" + data[4:],
        "only a head": data[:250], "half a head": data[:100], "a byte too few": data[:-1],
        "a byte too many": data + b"\0", "an unknown mode": with_byte(4, 3),
        "more scored than there is room for": with_byte(243, 81), "more chosen than scored": with_byte(245, 6),
        "nine commitments": with_byte(249, 9), "a source beyond the known": with_byte(250 + 5, 4),
        "no source at all": data[:254] + b"\0\0" + data[256:],
        "a choice of nobody": with_byte(250 + 61 * 5, 5),
    }  # fmt: skip
    for name, each in bad.items():
        try:
            layout.decode(each)
        except layout.LayoutError:
            continue
        raise AssertionError(name)
    return [{"accepted": True, "name": "five candidates", "bytes": text(data)}] + [
        {"accepted": False, "name": name, "bytes": text(each)} for name, each in bad.items()
    ]


def models() -> list[dict[str, Any]]:
    """Models to refuse: each differs in one thing from one to accept."""
    good = FeedCase(1, candidates=5, trees=1, adjustments=False).model_bytes.decode()
    value = json.loads(good)
    wrong = {
        "a float": good.replace('"linear_shift":4', '"linear_shift":4.0'),
        "a space": good.replace('"linear_shift":4', '"linear_shift": 4'),
        "another format": good.replace("reelm-model/1", "reelm-model/2"),
        "a field too many": good.replace('"linear_shift":4', '"later":1,"linear_shift":4'),
        "sums that a double does not hold": good.replace('"shift":6', '"shift":24').replace('"wish_points":150', '"wish_points":2000000'),
    }  # fmt: skip
    for name, change in {
        "a weight too few": lambda v: v["linear"].pop(),
        "a child before its parent": lambda v: _first_split(v, "left", 0),
        "a child beyond the tree": lambda v: _first_split(v, "right", 99),
        "a node of two parents": lambda v: _first_split(v, "right", v["heads"][0]["trees"][0]["left"][0]),
        "a leaf with a threshold": lambda v: _leaf(v, "threshold", 1),
        "a feature that there is not": lambda v: _first_split(v, "feature", 24),
        "a value of 2^31": lambda v: _leaf(v, "value", 2**31),
        "true for a number": lambda v: v.update(pre_weight=True),
        "features in another order": lambda v: v["features"].reverse(),
    }.items():
        changed = json.loads(json.dumps(value))
        change(changed)
        wrong[name] = json.dumps(changed, sort_keys=True, separators=(",", ":"))
    for name, each in wrong.items():
        try:
            ranker.parse(each.encode())
        except ranker.ModelError:
            continue
        raise AssertionError(name)
    return [{"accepted": True, "name": "a small model", "model": good}] + [
        {"accepted": False, "name": name, "model": each} for name, each in wrong.items()
    ]


def _first_split(value: Any, part: str, number: int) -> None:
    value["heads"][0]["trees"][0][part][0] = number


def _leaf(value: Any, part: str, number: int) -> None:
    tree = value["heads"][0]["trees"][0]
    tree[part][tree["feature"].index(-1)] = number


def proofs() -> list[dict[str, Any]]:
    """What maps of several sizes say of keys, truly and falsely."""
    made: list[dict[str, Any]] = []
    for size in (0, 1, 2, 3, 7, 8, 21):
        values = {maps.key_of(bytes([number] * 16)): b"value %d" % number for number in range(size)}
        whole = maps.MerkleMap(values)
        there, gone = maps.key_of(bytes([0] * 16)), maps.key_of(b"not in the map..")
        for key in (there, gone):
            shown = whole.prove(key)
            value = maps.verify(shown, key, whole.root)
            case = {"root": whole.root.hex(), "key": key.hex(), "proof": shown.as_json()}
            made.append({**case, "accepted": True, "value": None if value is None else value.hex()})
        if size > 2:
            false = maps.MapProof(size, whole.prove(there).leaves)
            made.append(
                {"root": whole.root.hex(), "key": gone.hex(), "proof": false.as_json(), "accepted": False}
            )
            ends = sorted(values)
            around = maps.MapProof(size, tuple(whole.prove(key).leaves[0] for key in (ends[0], ends[-1])))
            made.append(
                {"root": whole.root.hex(), "key": ends[1].hex(), "proof": around.as_json(), "accepted": False}
            )
            other = maps.MapProof(size + 1, whole.prove(there).leaves)
            made.append(
                {"root": whole.root.hex(), "key": there.hex(), "proof": other.as_json(), "accepted": False}
            )
    return made


def bindings() -> dict[str, Any]:
    """A promise, its key's certificate, a batch with an inclusion proof, a whole file, and forgeries of it."""
    case = FeedCase(2, candidates=12, adjustments=False, trees=2)
    file = case.file()
    promise, inclusion, entry = file.promise, file.inclusion, file.entry
    assert promise is not None
    assert inclusion is not None
    assert entry is not None
    root = json.loads(entry.data)["root"]
    empty = bytes(32)
    adjustment = maps.Adjustment(1, 400, 2, TIME - 100, TIME + 100, empty)
    return {
        "promise": {**files.promise_as_json(promise), "key": case.process.public_key.hex(), "process": promises.process_of(case.process.public_key)},
        "certificate": {"note": file.certificate, "vkey": file.promise_vkey, "since": TIME - 1000, "until": TIME + 1000},
        "batch": {"root": root, "leaf": promise.leaf.hex(), "inclusion": inclusion.as_json()},
        "chain": [
            {"batch": 179_000_000, "previous": empty.hex(), "root": root, "hash": promises.batch_hash(179_000_000, empty, bytes.fromhex(root)).hex()}
        ],
        "adjustment": {"value": adjustment.encode().hex(), "kind": 1, "points": 400, "reason": 2, "since": TIME - 100, "until": TIME + 100},
        "file": file.text(),
        "forged": [
            {"name": kind.name, "code": kind.code, "changes": _changes(file.text(), kind.tamper(FeedCase(2, candidates=12, adjustments=False, trees=2)).file.text())}
            for kind in TAMPERINGS
            if kind.tamper.__module__ == forgeries.__name__ and kind.code not in {"feed.malformed", "feed.leaf-differs"}
        ],
        "documents": {case.model.digest.hex(): case.model_bytes.decode(), case.policy.digest.hex(): case.policy_bytes.decode()},
    }  # fmt: skip


def _changes(honest: str, forged: str) -> dict[str, str | None]:
    """Which lines of the file are other ones; null where one is missing."""
    mine, theirs = (dict(line.split(" ", 1) for line in each.splitlines()[1:]) for each in (honest, forged))
    return {name: theirs.get(name) for name in mine if theirs.get(name) != mine[name]}


def everything() -> dict[str, bytes]:
    """Return every file of the folder."""
    made = {
        "numbers": numbers(), "documents": documents(), "pages": pages(), "tampered": tampered(), "shapes": shapes(),
        "models": models(), "maps": proofs(), "bindings": bindings(),
    }  # fmt: skip
    return {
        f"{name}.json": (
            json.dumps(value, ensure_ascii=False, indent=None if name == "documents" else 1, sort_keys=True)
            + "\n"
        ).encode()
        for name, value in made.items()
    }


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in everything().items():
        (FOLDER / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
