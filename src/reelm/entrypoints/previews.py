"""What other sites and chat apps show of a link: OpenGraph and Twitter-card tags, for what anyone may see."""

from html import escape
from typing import Any

from reelm.accounts.service import PersonRecord
from reelm.clips.service import Clip
from reelm.collections.service import Collection

_TITLE_CHARS = 90
_TEXT_CHARS = 200


def clip_tags(clip: Clip, origin: str, site: str) -> str:
    """Return the head tags of a public clip's page."""
    caption = " ".join(clip.caption.split())
    title = f"{clip.author.display_name}: {caption}" if caption else f"{clip.author.display_name} · {site}"
    url = f"{origin}/c/{clip.id}"
    tags: dict[str, Any] = {
        "og:type": "video.other",
        "og:site_name": site,
        "og:url": url,
        "og:title": _short(title, _TITLE_CHARS),
        "og:description": _short(caption or f"@{clip.author.handle}", _TEXT_CHARS),
        "twitter:card": "summary_large_image",
    }
    if clip.media:
        tags["og:image"] = origin + clip.media.poster_url
        tags["og:image:width"] = clip.media.width
        tags["og:image:height"] = clip.media.height
        tags["og:image:alt"] = _short(caption or title, _TEXT_CHARS)
        tags["video:duration"] = max(1, clip.media.duration_ms // 1000)
    return _meta(tags, _short(title, _TITLE_CHARS), url)


def person_tags(person: PersonRecord, origin: str, site: str) -> str:
    """Return the head tags of a person's page."""
    url = f"{origin}/@{person.handle}"
    title = f"{person.display_name} (@{person.handle}) · {site}"
    tags: dict[str, Any] = {
        "og:type": "profile",
        "og:site_name": site,
        "og:url": url,
        "og:title": _short(title, _TITLE_CHARS),
        "og:description": _short(person.bio or f"@{person.handle}", _TEXT_CHARS),
        "profile:username": person.handle,
        "twitter:card": "summary",
    }
    if person.avatar_url:
        tags["og:image"] = origin + person.avatar_url
    return _meta(tags, title, url)


def collection_tags(collection: Collection, origin: str, site: str) -> str:
    """Return the head tags of the page of a collection that anyone may see."""
    url = f"{origin}/collection/{collection.id}"
    by = f"{collection.person.display_name} (@{collection.person.handle})"
    tags: dict[str, Any] = {
        "og:type": "website",
        "og:site_name": site,
        "og:url": url,
        "og:title": _short(collection.title, _TITLE_CHARS),
        "og:description": _short(f"{by} · {site}", _TEXT_CHARS),
        "twitter:card": "summary_large_image" if collection.covers else "summary",
    }
    if collection.covers:
        tags["og:image"] = origin + collection.covers[0]
    return _meta(tags, _short(f"{collection.title} · {by}", _TITLE_CHARS), url)


def with_tags(page: bytes, tags: str) -> bytes:
    """Put head tags into the app's page, in place of its own title."""
    head, opening, rest = page.partition(b"<title>")
    _, closing, rest = rest.partition(b"</title>")
    return head + tags.encode() + rest if opening and closing else page


def _meta(tags: dict[str, Any], title: str, url: str) -> str:
    lines = [f"<title>{escape(title)}</title>", f'<link rel="canonical" href="{escape(url)}">']
    for name, value in tags.items():
        attribute = "name" if name.startswith("twitter:") else "property"
        lines.append(f'<meta {attribute}="{name}" content="{escape(str(value))}">')
    return "\n    ".join(lines)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
