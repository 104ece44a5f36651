"""A person's profile, clips and comments as ActivityStreams objects (ActivityPub's vocabulary)."""

import datetime as dt
import html
from typing import Any

_CONTEXT = "https://www.w3.org/ns/activitystreams"
_PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def actor(origin: str, person: dict[str, Any], avatar: str | None) -> dict[str, Any]:
    """Return the person; `avatar` is a path within the archive."""
    url = f"{origin}/@{person['handle']}"
    return {
        "@context": _CONTEXT,
        "type": "Person",
        "id": url,
        "url": url,
        "preferredUsername": person["handle"],
        "name": person["display_name"],
        "summary": f"<p>{html.escape(person['bio'])}</p>" if person["bio"] else "",
        "manuallyApprovesFollowers": person["private"],
        "published": person["created_at"],
        "outbox": "outbox.json",
        **({"icon": {"type": "Image", "mediaType": "image/webp", "url": f"../{avatar}"}} if avatar else {}),
    }


def video(
    origin: str, handle: str, clip: dict[str, Any], file: str | None, poster: str | None
) -> dict[str, Any]:
    """Return the activity that published a clip; files are paths within the archive."""
    by, url = f"{origin}/@{handle}", f"{origin}/c/{clip['id']}"
    media = clip["media"] or {}
    audience = _audience(clip["audience"], by)
    made = {
        "type": "Video",
        "id": url,
        "attributedTo": by,
        "name": clip["caption"].split("\n", 1)[0][:100],
        "content": f"<p>{html.escape(clip['caption'])}</p>",
        "published": clip["published_at"] or clip["created_at"],
        "to": audience,
        "tag": [
            {"type": "Hashtag", "name": f"#{tag}", "href": f"{origin}/tags/{tag}"} for tag in clip["tags"]
        ],
        "url": [{"type": "Link", "mediaType": "text/html", "href": url}],
    }
    if file:
        made["url"].append({"type": "Link", "mediaType": "video/mp4", "href": f"../{file}"})
    if poster:
        made["icon"] = {"type": "Image", "url": f"../{poster}"}
    if media.get("duration_ms"):
        made["duration"] = f"PT{media['duration_ms'] / 1000:.3f}S"
    return _created(url, by, made, audience)


def note(origin: str, handle: str, comment: dict[str, Any]) -> dict[str, Any]:
    """Return the activity that said a comment."""
    by = f"{origin}/@{handle}"
    under = f"{origin}/c/{comment['clip_id']}"
    url = f"{under}#comment-{comment['id']}"
    answers = f"{under}#comment-{comment['parent_id']}" if comment["parent_id"] else under
    said = {
        "type": "Note",
        "id": url,
        "attributedTo": by,
        "content": f"<p>{html.escape(comment['text'])}</p>",
        "inReplyTo": answers,
        "published": comment["created_at"],
    }
    return _created(url, by, said, [])


def _created(url: str, by: str, thing: dict[str, Any], to: list[str]) -> dict[str, Any]:
    return {
        "type": "Create",
        "id": f"{url}#create",
        "actor": by,
        "published": thing["published"],
        "to": to,
        "object": thing,
    }


def _audience(audience: str, by: str) -> list[str]:
    if audience == "everyone":
        return [_PUBLIC]
    return [f"{by}/followers"] if audience in {"followers", "friends"} else [by]


def outbox_head(count: int) -> str:
    """Return the beginning of the outbox; activities follow, separated by commas, then `OUTBOX_TAIL`."""
    return f'{{"@context":"{_CONTEXT}","type":"OrderedCollection","totalItems":{count},"orderedItems":[\n'


OUTBOX_TAIL = "\n]}\n"


def rfc3339(when: dt.datetime) -> str:
    """Return a time to the second, in UTC."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
