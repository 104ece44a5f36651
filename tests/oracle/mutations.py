"""Named mutations of good cases, which every verifier must refuse."""

import base64
import hashlib
from collections.abc import Callable

from tests.oracle.cases import INDEX, OLD, SIZE, a_log, good
from tests.oracle.ours import Case, raw, text

from reelm_audit.tlog.note import sign_note


def _flip(field: str, position: int) -> Callable[[Case], Case]:
    def mutate(case: Case) -> Case:
        data = bytearray(raw(case[field]))
        data[position] ^= 0x10
        return {**case, field: text(bytes(data))}

    return mutate


def _replace(field: str, old: str, new: str) -> Callable[[Case], Case]:
    def mutate(case: Case) -> Case:
        data = raw(case[field])
        assert old.encode() in data
        return {**case, field: text(data.replace(old.encode(), new.encode(), 1))}

    return mutate


def _set(field: str, value: object) -> Callable[[Case], Case]:
    return lambda case: {**case, field: value}


def _proof(change: Callable[[list[str]], list[str]]) -> Callable[[Case], Case]:
    return lambda case: {**case, "proof": change(list(case["proof"]))}


def _line(number: int, change: Callable[[str], str], field: str = "note") -> Callable[[Case], Case]:
    """Change one line, counted from the end if negative (the empty one after the last newline not counted)."""

    def mutate(case: Case) -> Case:
        lines = raw(case[field]).decode().split("\n")[:-1]
        lines[number] = change(lines[number])
        return {**case, field: text("".join(f"{line}\n" for line in lines).encode())}

    return mutate


def _signature(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    """Change the bytes of a signature line: 4 of the key id, then the signature."""

    def mutate(line: str) -> str:
        head, _, encoded = line.rpartition(" ")
        return f"{head} {base64.b64encode(change(base64.b64decode(encoded))).decode()}"

    return mutate


def _bit(position: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def _file(change: Callable[[dict[str, str]], dict[str, str]]) -> Callable[[Case], Case]:
    return lambda case: {**case, "files": change(dict(case["files"]))}


def _moved(old: str, new: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda files: {(new if path == old else path): data for path, data in files.items()}


def _damaged(path: str, position: int) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda files: {**files, path: text(_bit(position)(raw(files[path])))}


def _cut(path: str, size: int) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda files: {**files, path: text(raw(files[path])[:size])}


def _spare_bits(line: str) -> str:
    """Set a bit that a hash's base64 does not use: the same bytes, spelled another way."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return line[:-2] + letters[letters.index(line[-2]) | 1] + "="


ZERO = text(bytes(32))

# What is changed, by the check whose good case it is done to.
MUTATIONS: dict[str, dict[str, Callable[[Case], Case]]] = {
    "note": {
        "a letter of the text": _replace("note", "some", "sone"),
        "a line added to the text": _replace("note", "and more\n", "and more\nand more\n"),
        "a blank line removed": _replace("note", "text\n\nand", "text\nand"),
        "no blank line before the signature": _replace("note", "more\n\n—", "more\n—"),
        "a hyphen for the dash": _replace("note", "— ", "- "),
        "an en dash for the em dash": _replace("note", "— ", "\u2013 "),
        "no space after the dash": _replace("note", "— ", "—"),
        "a tab for a space": _line(-1, lambda line: line.replace(" ", "\t", 1)),
        "a carriage return": _replace("note", "text\n", "text\r\n"),
        "a byte of zero in the text": _replace("note", "some", "so\0e"),
        "bytes that are not UTF-8": lambda case: {
            **case,
            "note": text(raw(case["note"]).replace(b"some", b"s\xffme")),
        },
        "no newline at the end": lambda case: {**case, "note": text(raw(case["note"])[:-1])},
        "a line after the signatures": lambda case: {**case, "note": text(raw(case["note"]) + b"more\n")},
        "an empty signature": _line(-1, lambda line: line.rpartition(" ")[0] + " "),
        "a signature of four bytes": _line(-1, _signature(lambda data: data[:4])),
        "another name": _line(-1, lambda line: line.replace("realm.", "realn.")),
        "a plus in the name": _line(-1, lambda line: line.replace("realm.", "re+lm.")),
        "base64 with a letter that is none": _line(-1, lambda line: line[:-6] + "*" + line[-5:]),
        "base64 without its padding": _line(-1, lambda line: line.rstrip("=")),
        "a bit of the key id": _line(-1, _signature(_bit(0))),
        "a bit of the signature's first half": _line(-1, _signature(_bit(10))),
        "a bit of the signature's second half": _line(-1, _signature(_bit(60))),
        "a byte more of signature": _line(-1, _signature(lambda data: data + b"\0")),
        "a byte less of signature": _line(-1, _signature(lambda data: data[:-1])),
        "another key's id in the vkey": lambda case: {**case, "keys": [_other_id(case["keys"][0])]},
        "another type in the vkey": lambda case: {**case, "keys": [_other_type(case["keys"][0])]},
    },
    "checkpoint": {
        "another origin": _replace("note", "realm.example/ledger\n", "realm.example/ledges\n"),
        "another size": _replace("note", "\n700\n", "\n701\n"),
        "a leading zero": _replace("note", "\n700\n", "\n0700\n"),
        "a plus before the size": _replace("note", "\n700\n", "\n+700\n"),
        "a space before the size": _replace("note", "\n700\n", "\n 700\n"),
        "an underscore in the size": _replace("note", "\n700\n", "\n7_00\n"),
        "a bit of the root": _line(2, lambda line: text(_bit(5)(raw(line)))),
        "a shorter root": _line(2, lambda line: text(raw(line)[:31])),
        "a line too many": _line(2, lambda line: line + "\nan extension"),
        "lines in another order": _replace(
            "note", "realm.example/ledger\n700\n", "700\nrealm.example/ledger\n"
        ),
        "no signature of the log": _line(4, lambda line: line.replace("realm.", "ream.")),
        "a bit of a cosignature's time": _line(-1, _signature(_bit(11))),
        "a bit of a cosignature": _line(-1, _signature(_bit(40))),
        "a cosignature without its time": _line(-1, _signature(lambda data: data[:4] + data[12:])),
        "a witness's cosignature in another's name": _line(-1, lambda line: line.replace("w2", "w1")),
        "a witness missing": lambda case: {
            **case,
            "note": text(raw(case["note"]).rpartition(b"\xe2\x80\x94")[0]),
        },
        "signed with the leading zero": lambda case: _resigned(case, "700", "0700"),
        "signed with the plus": lambda case: _resigned(case, "700", "+700"),
        "signed with a minus": lambda case: _resigned(case, "700", "-700"),
        "signed with another origin": lambda case: _resigned(
            case, "realm.example/ledger", "other.example/ledger"
        ),
        "signed with a line too many": lambda case: _resigned(case, "700\n", "700\n\n"),
    },
    "inclusion": {
        "the next index": _set("index", INDEX + 1),
        "an index beyond the tree": _set("index", SIZE),
        "a larger tree": _set("size", 1025),
        "an empty tree": _set("size", 0),
        "another root": _flip("root", 3),
        "another leaf": _flip("leaf", 3),
        "one hash less": _proof(lambda proof: proof[:-1]),
        "the first hash missing": _proof(lambda proof: proof[1:]),
        "one hash more": _proof(lambda proof: [*proof, ZERO]),
        "the other way round": _proof(lambda proof: proof[::-1]),
        "two hashes changed places": _proof(lambda proof: [proof[1], proof[0], *proof[2:]]),
        "no hash at all": _proof(lambda proof: []),
        "a hash of 31 bytes": _proof(lambda proof: [text(raw(proof[0])[:31]), *proof[1:]]),
        "a bit of a hash": _proof(lambda proof: [text(_bit(9)(raw(proof[0]))), *proof[1:]]),
    },
    "consistency": {
        "another old size": _set("old", OLD + 1),
        "an old size beyond the new": _set("old", SIZE + 1),
        "another new size": _set("size", 1025),
        "another old root": _flip("old_root", 0),
        "another new root": _flip("root", 0),
        "roots changed places": lambda case: {**case, "root": case["old_root"], "old_root": case["root"]},
        "one hash less": _proof(lambda proof: proof[:-1]),
        "the first hash missing": _proof(lambda proof: proof[1:]),
        "one hash more": _proof(lambda proof: [*proof, ZERO]),
        "the other way round": _proof(lambda proof: proof[::-1]),
        "no hash at all": _proof(lambda proof: []),
        "a bit of a hash": _proof(lambda proof: [*proof[:-1], text(_bit(9)(raw(proof[-1])))]),
        "the same size with a proof": _set("old", SIZE),
    },
    "tiles": {
        "a bit of the leaf's tile": _file(_damaged("tile/0/001", 32 * (INDEX - 256))),
        "a bit beside the leaf": _file(_damaged("tile/0/001", 0)),
        "a bit of a partial tile": _file(_damaged("tile/0/002.p/188", 7)),
        "a bit of the upper tile": _file(_damaged("tile/1/000.p/2", 7)),
        "a tile cut short": _file(_cut("tile/0/001", 8191)),
        "a partial tile one hash short": _file(_cut("tile/0/002.p/188", 187 * 32)),
        "a tile missing": _file(
            lambda files: {path: data for path, data in files.items() if path != "tile/0/001"}
        ),
        "the upper tile missing": _file(
            lambda files: {p: d for p, d in files.items() if not p.startswith("tile/1")}
        ),
        "an index of two digits": _file(_moved("tile/0/001", "tile/0/01")),
        "an x too many": _file(_moved("tile/0/001", "tile/0/x001")),
        "a group of zeros in front": _file(_moved("tile/0/001", "tile/0/x000/001")),
        "a width of 256 spelled out": _file(_moved("tile/0/001", "tile/0/001.p/256")),
        "a width with a leading zero": _file(_moved("tile/0/002.p/188", "tile/0/002.p/0188")),
        "a width of zero": _file(_moved("tile/0/002.p/188", "tile/0/002.p/0")),
        "another root": _flip("root", 3),
        "another leaf": _flip("leaf", 3),
        "another size": _set("size", SIZE - 1),
    },
    "bundle": {
        "one byte less": lambda case: {**case, "text": text(raw(case["text"])[:-1])},
        "one byte more": lambda case: {**case, "text": text(raw(case["text"]) + b"\0")},
        "a length in the wrong order": lambda case: {**case, "text": text(_swapped(raw(case["text"])))},
        "nothing": _set("text", ""),
        "257 entries": lambda case: {**case, "text": text(b"\0\1a" * 257), "size": 257, "entry": text(b"a")},
        "an entry more than is claimed": _set("size", SIZE % 256 - 1),
        "another entry": _set("entry", text(b"another")),
    },
    "proof": {
        "another first line": _replace("text", "@v1", "@v2"),
        "a leading zero in the index": _replace("text", "index 420", "index 0420"),
        "a plus before the index": _replace("text", "index 420", "index +420"),
        "two spaces before the index": _replace("text", "index 420", "index  420"),
        "another index": _replace("text", "index 420", "index 421"),
        "index before extra": _replace("text", "extra ZXh0cmE=\nindex 420\n", "index 420\nextra ZXh0cmE=\n"),
        "extra that is not base64": _replace("text", "extra ZXh0cmE=", "extra ZXh0cmE"),
        "extra twice": _replace("text", "extra ZXh0cmE=\n", "extra ZXh0cmE=\nextra ZXh0cmE=\n"),
        "no blank line": _replace("text", "\n\nrealm", "\nrealm"),
        "a hash missing": _line(5, lambda line: "", "text"),
        "carriage returns": lambda case: {**case, "text": text(raw(case["text"]).replace(b"\n", b"\r\n"))},
        "a hash with spare bits set": _line(3, _spare_bits, "text"),
        "another entry": _set("entry", text(b"another")),
        "another checkpoint's size": _replace("text", "\n700\n", "\n701\n"),
        "a bit of the last cosignature": _line(-1, _signature(_bit(50)), "text"),
        "a witness missing": lambda case: {
            **case,
            "text": text(raw(case["text"]).rpartition(b"\xe2\x80\x94")[0]),
        },
    },
}


def mutants() -> list[Case]:
    """Return every mutation of its good case, by name."""
    bases = good()
    return [
        {**mutate(bases[check]), "name": f"{check}: {name}"}
        for check, mutations in MUTATIONS.items()
        for name, mutate in mutations.items()
    ]


def _resigned(case: Case, old: str, new: str) -> Case:
    """Sign a malformed checkpoint properly: only reading the text can refuse it."""
    log = a_log()
    signed = raw(case["note"]).decode().rpartition("\n\n")[0] + "\n"
    return {
        **case,
        "note": text(sign_note(signed.replace(old, new, 1), log.key).encode()),
        "keys": case["keys"][:1],
    }


def _other_id(vkey: str) -> str:
    name, identity, key = vkey.split("+", 2)
    return f"{name}+{int(identity, 16) ^ 1:08x}+{key}"


def _other_type(vkey: str) -> str:
    name, _, key = vkey.split("+", 2)
    data = b"\x02" + base64.b64decode(key)[1:]
    identity = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    return f"{name}+{identity.hex()}+{base64.b64encode(data).decode()}"


def _swapped(data: bytes) -> bytes:
    """Write the first entry's length the other way round, where it is not the same."""
    position = 0
    while data[position] == data[position + 1]:
        position += 2 + int.from_bytes(data[position : position + 2], "big")
    return data[:position] + data[position : position + 2][::-1] + data[position + 2 :]
