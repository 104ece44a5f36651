"""The archive's format: written in one pass, read by anybody's ZIP, and no byte of a bent one believed."""

import ast
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reelm.rights
from reelm.rights import archive
from reelm.rights.archive import ArchiveWriter, FileLine, RealmLine, manifest_of
from reelm.rights.errors import ArchiveError
from reelm.rights.unpacking import ArchiveReader
from reelm_audit.tlog.note import Ed25519Signer, sign_note

SIGNER = Ed25519Signer("realm.example/exports", bytes(32))


class OneWay:
    """A place where bytes only go."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes, /) -> None:
        self.pieces.append(bytes(data))

    @property
    def all(self) -> bytes:
        return b"".join(self.pieces)


def made(files: dict[str, bytes]) -> bytes:
    sink = OneWay()
    writer = ArchiveWriter(sink)
    for name, data in files.items():
        writer.add(name, "public", data, stored=name.endswith((".mp4", ".webp")))
    realm = RealmLine("Example", "https://realm.example", "c" * 64, SIGNER.vkey)
    body = manifest_of(writer.files, realm=realm, handle="anna", made_at="2026-11-22T01:00:00Z", counts={})
    note = sign_note(f"reelm-export/v1\n{hashlib.sha256(body).hexdigest()}\n", SIGNER)
    writer.add_unlisted(archive.MANIFEST, body)
    writer.add_unlisted(archive.NOTE, note.encode())
    writer.finish()
    return sink.all


def opened(data: bytes) -> ArchiveReader:
    reader = ArchiveReader(io.BytesIO(data), len(data))
    reader.verify_signature()
    reader.check()
    return reader


_ID = "0192d4c0-0000-7000-8000-000000000001"
FILES = {
    archive.README: b"hello\n" * 100,
    archive.PROFILE: b'{"handle":"anna"}',
    archive.CLIPS: b'{"n":1}\n{"n":2}\n',
    f"clips/{_ID}/original.mp4": bytes(range(256)) * 300,
    archive.AVATAR: b"RIFF",
}


def test_anybody_s_zip_reads_it() -> None:
    data = made(FILES)
    with zipfile.ZipFile(io.BytesIO(data)) as plain:
        assert plain.testzip() is None
        assert {name: plain.read(name) for name in FILES} == FILES
        assert plain.getinfo(f"clips/{_ID}/original.mp4").compress_type == zipfile.ZIP_STORED


def test_the_same_content_is_the_same_bytes() -> None:
    assert made(FILES) == made(FILES)


def test_it_reads_back() -> None:
    reader = opened(made(FILES))
    assert {name: b"".join(reader.pieces(name)) for name in FILES} == FILES
    assert reader.manifest.handle == "anna"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=4000), max_size=8))
def test_any_content_comes_back(contents: list[bytes]) -> None:
    files = {f"data/t_{chr(97 + number)}.jsonl": data for number, data in enumerate(contents)}
    reader = opened(made(files))
    assert {name: b"".join(reader.pieces(name)) for name in files} == files


_WHOLE = made(FILES)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_bent_byte_is_believed(data: Any) -> None:
    """Flipped, cut or doubled anywhere: refused by a type of ours, or the content is what it was."""
    bent = bytearray(_WHOLE)
    act = data.draw(st.sampled_from(["flip", "cut", "double", "fill", "prepend"]))
    at = data.draw(st.integers(0, len(bent) - 1))
    length = data.draw(st.integers(1, 64))
    if act == "flip":
        bent[at] ^= data.draw(st.integers(1, 255))
    elif act == "cut":
        del bent[at : at + length]
    elif act == "double":
        bent[at:at] = bent[at : at + length]
    elif act == "fill":
        bent[at : at + length] = bytes([data.draw(st.integers(0, 255))]) * len(bent[at : at + length])
    else:
        bent[0:0] = data.draw(st.binary(min_size=1, max_size=64))
    try:
        reader = opened(bytes(bent))
    except ArchiveError:
        return
    assert {name: b"".join(reader.pieces(name)) for name in FILES} == FILES


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3000))
def test_noise_is_refused(data: bytes) -> None:
    for noise in (data, data + b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + data):
        with pytest.raises(ArchiveError):
            opened(noise)


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_a_name_that_is_not_ours_is_refused(name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bent:
        for known, data in FILES.items():
            bent.writestr(known, data)
        try:
            bent.writestr(name, b"x")
        except (ValueError, UnicodeEncodeError, IndexError):
            return  # nothing that Python's own writer could write
    with pytest.raises(ArchiveError):
        ArchiveReader(out, out.tell())


def _directory(data: bytes) -> int:
    return int.from_bytes(data[-6:-2], "little")


@pytest.mark.parametrize("count", [60_000])
def test_a_huge_directory_is_refused_before_it_is_read(count: int) -> None:
    class Watched(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            Watched.most = max(Watched.most, len(found))
            return found

    end = (
        b"PK\x05\x06" + bytes(4) + count.to_bytes(2, "little") * 2 + (2**31).to_bytes(4, "little") + bytes(6)
    )
    data = bytes(1024) + end
    with pytest.raises(ArchiveError):
        ArchiveReader(Watched(data), len(data))
    assert Watched.most <= 65_557


def test_files_that_share_bytes_are_refused() -> None:
    """Two lines of the directory that point to the same bytes: a small archive that unpacks to a large one."""
    data = bytearray(made({archive.README: b"a" * 10, archive.PROFILE: b"b" * 10}))
    start = _directory(bytes(data))
    first = start
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    with pytest.raises(ArchiveError):
        opened(bytes(data))


def test_a_line_without_end_is_refused() -> None:
    endless = b"".join(hashlib.sha256(str(n).encode()).hexdigest().encode() for n in range(40_000))
    reader = opened(made({archive.CLIPS: endless}))
    with pytest.raises(ArchiveError):
        list(reader.lines(archive.CLIPS, dict))


def test_deep_nesting_is_refused() -> None:
    reader = opened(made({archive.CLIPS: b"[" * 30_000 + b"]" * 30_000}))
    with pytest.raises(ArchiveError):
        list(reader.lines(archive.CLIPS, dict))


def test_the_manifest_s_classes_can_be_recounted() -> None:
    lines = [FileLine("a", 3, "0" * 64, "public", 2), FileLine("b", 4, "1" * 64, "identity", 1)]
    body = json.loads(
        manifest_of(lines, realm=RealmLine("R", "o", "c", "v"), handle="h", made_at="m", counts={})
    )
    assert [(each["class"], each["files"], each["bytes"], each["rows"]) for each in body["classes"]] == [
        ("identity", 1, 4, 1),
        ("public", 1, 3, 2),
    ]


# --- bounded memory: by the code's shape, not by the clock ------------------------------------------------------

_ROOM = Path(reelm.rights.__file__).parent


@pytest.mark.parametrize("name", ["exporting.py", "copying.py", "importing.py", "parts.py", "archive.py"])
def test_no_file_is_read_whole(name: str) -> None:
    """`read()` without a size, `read_bytes`, `writestr`: none where videos pass; a picture is the one exception."""
    whole = []
    for node in ast.walk(ast.parse((_ROOM / name).read_text())):
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in {"read_bytes", "read_text", "writestr", "extractall", "extract", "read_range"}:
            whole.append((node.attr, node.lineno))
    allowed = {"exporting.py": {"read_bytes"}, "parts.py": {"read_range"}}.get(name, set())
    assert not [each for each in whole if each[0] not in allowed]
    if name == "exporting.py":
        assert len([each for each in whole if each[0] == "read_bytes"]) == 1, (
            "the profile picture, 256 pixels square"
        )


def test_the_writer_keeps_no_bytes() -> None:
    """64 MiB go through; what is kept at any time is one piece and the list of files."""
    largest = 0

    class Watching:
        def write(self, data: bytes, /) -> None:
            nonlocal largest
            largest = max(largest, len(data))

    writer = ArchiveWriter(Watching())
    piece = bytes(65_536)
    with writer.file(f"clips/{_ID}/original.mp4", "public", stored=True) as file:
        for _ in range(1024):
            file.write(piece)
    writer.finish()
    assert writer.files[0].bytes == 64 * 1024 * 1024
    assert largest <= 65_536
