"""Keys of things: one signed 64-bit number for a person, sound, clip, tag or language, made from the thing itself.

So no table of numbers has to be kept, and anyone who knows a thing knows its key. 0 means none.
"""

import hashlib
from uuid import UUID


def key_of_id(thing: UUID | None) -> int:
    """Return the last 8 bytes of an id, big-endian."""
    return 0 if thing is None else int.from_bytes(thing.bytes[-8:], "big", signed=True)


def key_of_text(text: str) -> int:
    """Return the first 8 bytes of SHA-256 of a text in its one form (`kit.words.tag_key` for a tag)."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)
