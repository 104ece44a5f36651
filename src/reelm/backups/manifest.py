"""The backup's table of contents: what it holds, of when, and the digest of every file."""

import datetime as dt

import msgspec

FORMAT = 1
NAME = "manifest.json"


class StoredFile(msgspec.Struct, frozen=True):
    """A file of the backup: its name below the backup's folder, bytes, and SHA-256 in hexadecimal."""

    name: str
    bytes: int
    sha256: str


class PersonStream(msgspec.Struct, frozen=True):
    """One person's sealed rows. `wrapped_key` opens with that person's data key (base64 in JSON)."""

    person_id: str
    file: StoredFile
    wrapped_key: bytes
    rows: int


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. `columns`: the columns of each table as they were, in order."""

    format: int
    realm: str
    charter: str
    made_at: dt.datetime
    release: str
    revision: str
    columns: dict[str, list[str]]
    public_rows: dict[str, int]
    sealed_rows: dict[str, int]
    public: StoredFile
    people: list[PersonStream]
    own: PersonStream
    files: list[StoredFile]
    blobs: list[StoredFile]
