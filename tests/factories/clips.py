"""Clips that are there already, for tests of what hangs on them. What makes clips has its own tests."""

import uuid
from typing import Any

from reelm.kit.clock import SystemClock
from reelm.kit.ids import SystemIds
from reelm.kit.words import bigrams, fold, tag_key, tags_in

IDS = SystemIds(SystemClock())


async def put_clip(
    admin: Any,
    author_id: str,
    caption: str = "",
    *,
    audience: str = "everyone",
    allow_comments: bool = True,
    language: str = "en",
    published: bool = True,
    sound_id: str | None = None,
) -> str:
    """Insert a clip without media, as publication leaves it; return its id."""
    clip_id = str(IDS.new())
    tags = tags_in(caption)
    await admin.execute(
        "INSERT INTO clips (id, author_id, status, caption, tags, visibility, audience, allow_comments, language, "
        "published_at, sealed, sound_id) VALUES ($1, $2, 'ready', $3, $4, $5, $5, $6, $7, "
        "CASE WHEN $8 THEN now() END, $5 <> 'everyone', $9)",
        *(
            uuid.UUID(clip_id),
            uuid.UUID(author_id),
            caption,
            tags,
            audience,
            allow_comments,
            language,
            published,
        ),
        uuid.UUID(sound_id) if sound_id else None,
    )
    for tag in tags:
        await admin.execute(
            "INSERT INTO clip_tags (tag, clip_id, published_at) VALUES ($1, $2, now())",
            tag_key(tag),
            uuid.UUID(clip_id),
        )
    if audience == "everyone" and published:
        await put_words(admin, "clip", clip_id, " ".join([caption, *tags]), language)
        for tag in tags:
            await put_words(admin, "tag", tag_key(tag), tag)
    return clip_id


async def put_sound(admin: Any, author_id: str, clip_id: str, title: str) -> str:
    """Insert the sound of a clip, found by its title; return its id."""
    sound_id = str(IDS.new())
    await admin.execute(
        "INSERT INTO sounds (id, author_id, origin_clip_id, title, duration_ms, audio, waveform, sealed) "
        "VALUES ($1, $2, $3, $4, 4000, 'none.m4a', $5, false)",
        *(uuid.UUID(sound_id), uuid.UUID(author_id), uuid.UUID(clip_id), title, bytes(8)),
    )
    await put_words(admin, "sound", sound_id, title)
    return sound_id


async def put_words(admin: Any, kind: str, reference: str, text: str, language: str = "") -> None:
    """Put a thing's words where search finds them, whoever it belongs to."""
    key = fold(text)
    await admin.execute(
        "INSERT INTO search_words (kind, reference, key, terms, language) "
        "VALUES ($1, $2, $3, reelm.terms_of($3, $4), $5) ON CONFLICT DO NOTHING",
        *(kind, reference, key, bigrams(key), language),
    )
