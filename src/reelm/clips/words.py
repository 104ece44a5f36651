"""A public clip's words, where search finds them."""

from reelm.clips.repository import ClipRow, ClipsWriter
from reelm.kit.words import bigrams, fold, tag_key


async def put_clip_words(writer: ClipsWriter, row: ClipRow) -> None:
    """Put the words of a clip and of its tags into the index; for a clip that is not public nothing happens."""
    key = fold(" ".join([row.caption, *row.tags]))
    await writer.put_words("clip", str(row.id), key, bigrams(key), row.language)
    for tag in row.tags:
        folded = fold(tag)
        await writer.put_words("tag", tag_key(tag), folded, bigrams(folded), "")
