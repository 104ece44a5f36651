"""Makes `spec/ledger/vectors`: what any verifier of a realm's ledger must accept, and what it must refuse."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from tests.factories.logs import MemoryLog
from tests.oracle import cases, mutations
from tests.oracle.ours import text

from reelm_audit.tlog import canonical, tiles
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.note import Ed25519Signer

FOLDER = Path(__file__).parents[2] / "spec" / "ledger" / "vectors"
SIZES = (1, 2, 3, 5, 8, 13, 255, 256, 257, 700)


def _key(name: str) -> str:
    return CosignatureSigner(name, hashlib.sha256(name.encode()).digest()).vkey


def of_check(check: str) -> list[dict[str, Any]]:
    """Good cases and mutations of one check, as the oracle's program is given them."""
    made = [{**cases.good()[check], "accepted": True}]
    made += [
        {**case, "accepted": True}
        for case in cases.many()
        if case["check"] == check and case["size"] in SIZES
    ]
    if check != "tiles":  # each would repeat whole tiles; paths.json has what is particular
        made += [{**case, "accepted": False} for case in mutations.mutants() if case["check"] == check]
    for case in made:
        del case["check"]
    return made


def trees() -> list[dict[str, Any]]:
    """Roots of trees of which entry i is the decimal number i, and the tiles that hold them."""
    log = MemoryLog()
    log.append(*[b"%d" % number for number in range(70_000)])
    made = []
    for size in (0, 1, 2, 3, 4, 7, 8, 255, 256, 257, 512, 1000, 65_535, 65_536, 65_537, 70_000):
        last = {tile.level: tile for tile in tiles.new_tiles(0, size)}
        hashes = {
            tile.path: hashlib.sha256(
                b"".join(log.nodes([(8 * level, tile.index * 256 + i) for i in range(tile.width)]))
            ).hexdigest()
            for level, tile in last.items()
        }
        made.append({"size": size, "root": text(log.root(size)), "last_tiles": hashes})
    return made


def paths() -> list[dict[str, Any]]:
    """How tiles' paths are written, and how they are not."""
    good = [
        tiles.Tile(level, index, width)
        for level, index, width in [
            (0, 0, 256), (0, 0, 1), (0, 1, 255), (0, 999, 256), (0, 1000, 256), (0, 1_234_067, 256), (3, 1_234_067, 17),
            (7, 0, 3), (None, 0, 256), (None, 0, 9), (None, 1_234_067, 256), (None, 999_999_999, 1),
        ]
    ]  # fmt: skip
    bad = [
        "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
        "tile/0/000.p/", "tile/00/000", "tile/8/000", "tile/-1/000", "tile/0/1000", "tile/0/x1/000", "tile/0/x01/000",
        "/tile/0/000", "tile/0/000/", "tile/entry/000", "tile/0/x001", "tile/0/001/x002", "tile/0/+01", "Tile/0/000",
    ]  # fmt: skip
    return [
        {"path": each.path, "accepted": True, "level": each.level, "index": each.index, "width": each.width}
        for each in good
    ] + [{"path": path, "accepted": False} for path in bad]


def policies() -> list[dict[str, Any]]:
    """Policies, and which witnesses are a quorum under each."""
    log = Ed25519Signer("realm.example/ledger", bytes(32)).vkey
    keys = [_key(f"w{number}.example") for number in range(4)]
    three = "".join(f"witness w{number} {keys[number]}\n" for number in range(3))
    good = {
        "no witness": ("quorum none\n", {"": True, "w0": True}),
        "a log and no witness": (f"log {log}\nquorum none\n", {"": True}),
        "one witness": (f"log {log}\nwitness w0 {keys[0]} https://w0.example/\nquorum w0\n", {"": False, "w0": True}),
        "two of three": (
            f"{three}group g 2 w0 w1 w2\nquorum g\n", {"w0": False, "w1 w2": True, "w0 w1 w2": True},
        ),
        "any": (f"{three}group g any w0 w1 w2\nquorum g\n", {"": False, "w2": True}),
        "all": (f"{three}group g all w0 w1 w2\nquorum g\n", {"w0 w1": False, "w0 w1 w2": True}),
        "groups of groups": (
            f"{three}witness w3 {keys[3]}\ngroup a any w0 w1\ngroup b all w2 w3\ngroup c all a b\nquorum c\n",
            {"w0 w1": False, "w2 w3": False, "w0 w2": False, "w1 w2 w3": True},
        ),
        "comments, tabs and blank lines": (
            f"# who watches\n\n \t# nobody\n\twitness \t w0   {keys[0]} \nquorum\tw0\n", {"": False, "w0": True},
        ),
        "a witness outside the quorum": (f"{three}quorum w1\n", {"w0 w2": False, "w1": True}),
        "names beyond ASCII": (f"witness zürich {keys[0]}\nquorum zürich\n", {"zürich": True}),
    }  # fmt: skip
    bad = {
        "nothing": "", "no quorum": three, "two quorums": "quorum none\nquorum none\n",
        "no newline at the end": "quorum none", "an unknown word": "quorum none\nother x\n",
        "a quorum that is not defined": "quorum g\n", "a quorum defined below": f"quorum w0\nwitness w0 {keys[0]}\n",
        "a carriage return": "quorum none\r\n", "a byte of zero": "quorum none\0\n",
        "a form feed as a space": "quorum\fnone\n",
        "one key twice": f"witness a {keys[0]}\nwitness b {keys[0]}\nquorum a\n",
        "one log twice": f"log {log}\nlog {log}\nquorum none\n",
        "one name twice": f"witness a {keys[0]}\nwitness a {keys[1]}\nquorum a\n",
        "a witness called none": f"witness none {keys[0]}\nquorum none\n",
        "none in a group": f"{three}group g any w0 none\nquorum g\n",
        "a group of nobody": f"{three}group g any\nquorum g\n",
        "a group of itself": f"{three}group g any w0 g\nquorum g\n",
        "a member twice": f"{three}group g 2 w0 w0\nquorum g\n",
        "a member of two groups": f"{three}group a any w0 w1\ngroup b any w0 w2\ngroup c all a b\nquorum c\n",
        "more than there are": f"{three}group g 4 w0 w1 w2\nquorum g\n",
        "none of three": f"{three}group g 0 w0 w1 w2\nquorum g\n",
        "a leading zero": f"{three}group g 02 w0 w1 w2\nquorum g\n",
        "a plus": f"{three}group g +2 w0 w1 w2\nquorum g\n",
        "a log's key for a witness": f"witness a {log}\nquorum a\n",
        "a witness's key for a log": f"log {keys[0]}\nquorum none\n",
        "a key with another's id": f"witness a {keys[0].replace('+', '+0', 1)}\nquorum a\n",
        "a word too many": f"witness a {keys[0]} https://w0.example/ more\nquorum a\n",
    }  # fmt: skip
    return [
        {"name": name, "accepted": True, "policy": body, "quorums": quorums}
        for name, (body, quorums) in good.items()
    ] + [{"name": name, "accepted": False, "policy": body} for name, body in bad.items()]


def canonical_json() -> list[dict[str, Any]]:
    """Bytes (base64) that are canonical JSON, and bytes that are not."""
    values: list[Any] = [
        None, True, False, 0, -1, 2**53 - 1, -(2**53) + 1, "", "é 中 🎬", '"\\/\b\f\n\r\t\u0001\u007f\u2028', [], {}, [[], {}],
        {"b": 1, "a": [1, "two", None]}, {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6},
    ]  # fmt: skip
    bad = [
        b"", b" 1", b"1\n", b"01", b"+1", b"-0", b"1.0", b"1e2", b"NaN", b"9007199254740992", b'{"a":1,"a":1}',
        b'{"b":1,"a":2}', b'{"a": 1}', b"[1,]", b'"\\u0041"', b'"\\/"', b'"\\u00e9"', b'"\\ud800"', b'"\xff"', b'"\x01"',
        b"\xef\xbb\xbf1", b'"\\u000a"', b'"\\u001F"', b"[" * 70 + b"]" * 70,
    ]  # fmt: skip
    return [{"accepted": True, "bytes": text(canonical.encode(value))} for value in values] + [
        {"accepted": False, "bytes": text(data)} for data in bad
    ]


def everything() -> dict[str, bytes]:
    """Return every file of the folder but its README."""
    made = {check: of_check(check) for check in mutations.MUTATIONS}
    made |= {"trees": trees(), "paths": paths(), "policies": policies(), "canonical": canonical_json()}
    return {
        f"{name}.json": (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
        for name, value in made.items()
    }


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in everything().items():
        (FOLDER / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
