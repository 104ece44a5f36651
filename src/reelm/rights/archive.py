"""The archive's format, and writing it: a ZIP that is made in one pass and never held in memory.

    README.txt                     what is what, in the person's language
    account/profile.json           Profile: what another realm needs to set up the same account
    account/clips.jsonl            ClipLine, one a line: each clip with its own dates, words, audience and files
    account/following.jsonl        FollowLine, one a line
    account/avatar.webp
    clips/<clip>/<file>            original or best rendition, poster
    sounds/<sound>.m4a             sounds of the person's own
    data/<table>.jsonl             every row about the person, sealed columns opened
    activitypub/actor.json, outbox.json
    receipts/<name>.tlog-proof     ledger entries about the person, each with what opens it
    manifest.json                  Manifest: every file above with size, SHA-256 and class; counts
    manifest.note                  the realm's signature over the manifest's SHA-256 (C2SP signed note)

JSON Lines are UTF-8, one object a line. Video and pictures are stored, text is deflated; ZIP64 where needed.
"""

import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec

FORMAT = "reelm-export/1"
MANIFEST, NOTE, README = "manifest.json", "manifest.note", "README.txt"
PROFILE, CLIPS, FOLLOWING, AVATAR = (
    "account/profile.json",
    "account/clips.jsonl",
    "account/following.jsonl",
    "account/avatar.webp",
)
ACTOR, OUTBOX = "activitypub/actor.json", "activitypub/outbox.json"
# The earliest time that a ZIP can say: archives of the same content are the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class Sink(Protocol):
    """Where bytes go, one after the other."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""
        ...


class FileLine(msgspec.Struct, frozen=True):
    """A file of the archive: bytes and digest of its content; `rows` for JSON Lines."""

    name: str
    bytes: int
    sha256: str
    data_class: str = msgspec.field(name="class")
    rows: int | None = None


class ClassLine(msgspec.Struct, frozen=True):
    """All files of one data class: `sha256` is over the lines `<sha256>  <name>` of its files, in their order."""

    name: str = msgspec.field(name="class")
    files: int
    bytes: int
    rows: int
    sha256: str


class RealmLine(msgspec.Struct, frozen=True):
    """Which realm made it, under which charter, and the key that signs its exports."""

    name: str
    origin: str
    charter: str
    vkey: str


class Manifest(msgspec.Struct, frozen=True):
    """What is in the archive, counted and digested."""

    format: str
    realm: RealmLine
    handle: str
    made_at: str
    counts: dict[str, int]
    classes: list[ClassLine]
    files: list[FileLine]


class Profile(msgspec.Struct, frozen=True):
    """What a person says of themselves."""

    handle: str
    display_name: str
    bio: str
    private: bool
    language: str
    avatar: str | None
    counts: dict[str, int] = {}


class ClipLine(msgspec.Struct, frozen=True):
    """A clip as its author made it.

    `video` is a file of the archive; `edit` is to be applied to it, and is empty where `video` is finished already.
    `own_sound`: the sound is the clip's own, so that others may reuse it; `borrowed_sound`: it is somebody else's.
    """

    id: str
    caption: str
    tags: list[str]
    visibility: str
    allow_comments: bool
    allow_download: bool
    allow_sound_reuse: bool
    label_ai: bool
    label_paid: bool
    language: str
    draft: bool
    publish_at: str | None
    created_at: str
    published_at: str | None
    keep_original: bool
    video: str | None
    poster: str | None = None
    edit: dict[str, Any] = {}
    own_sound: bool = False
    borrowed_sound: bool = False
    sound_title: str | None = None
    mentions: list[str] = []


class FollowLine(msgspec.Struct, frozen=True):
    """Somebody the person follows, as they are called."""

    handle: str
    display_name: str


class _Counted:
    """Digests and counts what goes through."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.rows: int | None = None

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.bytes += len(data)
        self._sink.write(data)
        return len(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class _Unseekable(io.RawIOBase):
    """A file for `zipfile` that can only be written: ZIP then puts sizes after each file's bytes."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._sink.write(bytes(data))
        return len(data)


class ArchiveWriter:
    """Writes files one after the other; `finish` ends it. Nothing but the list of files is kept in memory."""

    def __init__(self, sink: Sink) -> None:
        self._zip = zipfile.ZipFile(_Unseekable(sink), "w", allowZip64=True)
        self.files: list[FileLine] = []

    @contextmanager
    def file(self, name: str, data_class: str, *, stored: bool = False) -> Iterator[_Counted]:
        """Open the next file. What was written counts once the block ends without an error."""
        with self._open(name, stored=stored) as entry:
            counted = _Counted(entry)
            yield counted
        self.files.append(FileLine(name, counted.bytes, counted.sha256, data_class, counted.rows))

    def _open(self, name: str, *, stored: bool) -> Any:
        about = zipfile.ZipInfo(name, _ZIP_TIME)
        about.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        about.external_attr = (stat.S_IFREG | 0o600) << 16
        return self._zip.open(about, "w", force_zip64=True)

    def add(self, name: str, data_class: str, data: bytes, *, stored: bool = False) -> None:
        """Write a small file whole."""
        with self.file(name, data_class, stored=stored) as file:
            file.write(data)

    def add_unlisted(self, name: str, data: bytes) -> None:
        """Write what the manifest can't list: itself and its signature."""
        with self._open(name, stored=False) as entry:
            entry.write(data)

    def finish(self) -> None:
        self._zip.close()


def manifest_of(
    files: list[FileLine], *, realm: RealmLine, handle: str, made_at: str, counts: dict[str, int]
) -> bytes:
    """Return the manifest's bytes."""
    classes = []
    for name in sorted({file.data_class for file in files}):
        own = [file for file in files if file.data_class == name]
        classes.append(
            ClassLine(
                name,
                len(own),
                sum(file.bytes for file in own),
                sum(file.rows or 0 for file in own),
                digest_of_files(own),
            )
        )
    made = Manifest(FORMAT, realm, handle, made_at, counts, classes, files)
    return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"


def digest_of_files(files: list[FileLine]) -> str:
    """Return the SHA-256 over the lines `<sha256>  <name>`, as `sha256sum` writes them."""
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()
