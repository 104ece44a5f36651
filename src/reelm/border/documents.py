"""What this realm answers to whoever asks for a person, a clip or a comment by its address: ActivityStreams objects.

Made of public rows only (`repository_public`); the fields are those of `fields.json`.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reelm.border.activity import Document
from reelm.border.batches import CONTEXT
from reelm.border.repository_public import PublicNote, PublicPerson, PublicVideo

PAGE = 20
EVERYONE = "as:Public"


@dataclass(frozen=True)
class Here:
    """How this realm is called, and where its pages and files are."""

    realm: str
    ids: str
    web: str
    border: str


def alone(document: Document) -> Document:
    """Return a document as it stands by itself."""
    return {"@context": CONTEXT, **document}


def person(here: Here, about: PublicPerson) -> Document:
    address = f"{here.ids}/people/{about.id}"
    document: Document = {
        "type": "Person",
        "id": address,
        "preferredUsername": about.handle,
        "name": about.display_name,
        "summary": about.bio,
        "url": f"{here.web}/@{about.handle}",
        "published": _when(about.created_at),
        "manuallyApprovesFollowers": about.private,
        "inbox": f"{here.border}/inbox",
        "outbox": f"{address}/outbox",
        "followers": f"{address}/followers",
    }
    if about.avatar:
        url = f"{here.border}/media/avatars/{about.avatar}"
        document["icon"] = {"type": "Image", "mediaType": "image/webp", "url": url}
    return document


def video(here: Here, about: PublicVideo) -> Document:
    document: Document = {
        "type": "Video",
        "id": f"{here.ids}/clips/{about.id}",
        "attributedTo": f"{here.ids}/people/{about.author_id}",
        "content": about.caption,
        "language": about.language,
        "tag": [{"type": "Hashtag", "name": f"#{tag}"} for tag in about.tags],
        "label": [name for name, given in (("ai", about.label_ai), ("paid", about.label_paid)) if given],
        "commentsEnabled": about.allow_comments,
        "downloadEnabled": about.allow_download,
        "soundReuse": about.allow_sound_reuse,
        "duration": _duration(about.media["duration_ms"]),
        "published": _when(about.published_at),
        "url": f"{here.web}/c/{about.id}",
        "to": [EVERYONE],
        "attachment": [_file(here, about.id, each) for each in about.media["renditions"][:1]],
    }
    return document


def note(here: Here, about: PublicNote) -> Document:
    clip = f"{here.ids}/clips/{about.clip_id}"
    return {
        "type": "Note",
        "id": f"{here.ids}/comments/{about.id}",
        "attributedTo": f"{here.ids}/people/{about.author_id}",
        "context": clip,
        "inReplyTo": f"{here.ids}/comments/{about.parent_id}" if about.parent_id else clip,
        "content": about.text,
        "published": _when(about.created_at),
        "to": [EVERYONE],
    }


def outbox(here: Here, person_id: UUID, count: int) -> Document:
    address = f"{here.ids}/people/{person_id}/outbox"
    return {"type": "OrderedCollection", "id": address, "totalItems": count, "first": f"{address}?page=first"}


def outbox_page(here: Here, person_id: UUID, page: str, videos: Sequence[PublicVideo]) -> Document:
    address = f"{here.ids}/people/{person_id}/outbox"
    document: Document = {
        "type": "OrderedCollectionPage",
        "id": f"{address}?page={page}",
        "partOf": address,
        "orderedItems": [
            {
                "type": "Create",
                "id": f"{here.ids}/clips/{each.id}/made",
                "actor": f"{here.ids}/people/{person_id}",
                "object": video(here, each),
            }
            for each in videos
        ],
    }
    if len(videos) == PAGE:
        document["next"] = f"{address}?page={videos[-1].id}"
    return document


def followers(here: Here, about: PublicPerson) -> Document:
    """How many; never who."""
    return {
        "type": "OrderedCollection",
        "id": f"{here.ids}/people/{about.id}/followers",
        "totalItems": about.followers,
    }


def webfinger(here: Here, about: PublicPerson, host: str) -> dict[str, Any]:
    """RFC 7033."""
    address = f"{here.ids}/people/{about.id}"
    return {
        "subject": f"acct:{about.handle}@{host}",
        "aliases": [address, f"{here.web}/@{about.handle}"],
        "links": [
            {"rel": "self", "type": "application/activity+json", "href": address},
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": f"{here.web}/@{about.handle}",
            },
        ],
    }


def files_of(media: object) -> set[str]:
    """Return every name of a file in a clip's media."""
    if isinstance(media, str):
        return {media}
    if isinstance(media, dict):
        return set().union(*(files_of(each) for each in media.values()))
    if isinstance(media, list):
        return set().union(*(files_of(each) for each in media)) if media else set()
    return set()


def _file(here: Here, clip_id: UUID, rendition: dict[str, Any]) -> Document:
    name = rendition["file"]
    return {
        "type": "Document",
        "mediaType": "video/mp4",
        "url": f"{here.border}/media/{clip_id}/{name}",
        "digest": f"sha-256:{name.partition('.')[0]}",
        "size": rendition["bytes"],
        "width": rendition["width"],
        "height": rendition["height"],
    }


def _duration(milliseconds: int) -> str:
    return f"PT{milliseconds // 1000}.{milliseconds % 1000:03}S"


def _when(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
