"""README.txt of an archive: what is what, in the person's language. The texts are data, in `readme.json`."""

import json
from functools import cache
from pathlib import Path


@cache
def _texts() -> dict[str, str]:
    texts = json.loads(Path(__file__).with_name("readme.json").read_text())
    return {language: "\n".join(lines) + "\n" for language, lines in texts.items()}


def readme(language: str, *, realm: str, origin: str, handle: str, made_at: str) -> bytes:
    """Return the page; English for a language that there is no text in."""
    text = _texts().get(language.partition("-")[0], _texts()["en"])
    return text.format(realm=realm, origin=origin, handle=handle, made_at=made_at).encode()
