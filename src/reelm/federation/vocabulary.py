"""What this realm says of its people, clips and comments to other realms: ActivityStreams objects.

Everything here is made from what everybody may see, by code that is handed nothing else. Each field has its row in
`spec/border/fields.json`; the border refuses an object that has another.
"""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from reelm.accounts.service import PersonRecord
from reelm.border.service import Document
from reelm.clips.service import PublicClip
from reelm.federation.addresses import Addresses, Kind

Mark = Literal["Follow", "Like", "Announce"]
EVERYONE = "as:Public"
FORMER: dict[Kind, str] = {"person": "Person", "clip": "Video", "comment": "Note"}


def moment(when: dt.datetime) -> str:
    """RFC 3339, UTC, in milliseconds."""
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def person_document(at: Addresses, person: PersonRecord, now: dt.datetime) -> Document:
    """What everybody sees of a person."""
    document: dict[str, Any] = {
        "type": "Person",
        "id": at.person(person.id),
        "preferredUsername": person.handle,
        "name": person.display_name,
        "summary": person.bio,
        "manuallyApprovesFollowers": person.private,
        "url": f"{at.web}/@{person.handle}",
        "published": moment(person.created_at),
        "updated": moment(now),
    }
    if person.avatar_url:
        name = person.avatar_url.rpartition("/")[2]
        document["icon"] = {"type": "Image", "mediaType": "image/webp", "url": at.avatar(name)}
    return document


def video_document(at: Addresses, clip: PublicClip, now: dt.datetime) -> Document:
    """A public clip; its largest rendition is for the other realm's border to fetch, once."""
    largest = clip.media.renditions[0]
    labels = [name for name, is_set in (("ai", clip.label_ai), ("paid", clip.label_paid)) if is_set]
    return {
        "type": "Video",
        "id": at.clip(clip.id),
        "attributedTo": at.person(clip.author_id),
        "content": clip.caption,
        "contentMap": {clip.language: clip.caption},
        "language": clip.language,
        "tag": [{"type": "Hashtag", "name": f"#{tag}"} for tag in clip.tags],
        "label": labels,
        "commentsEnabled": clip.allow_comments,
        "downloadEnabled": clip.allow_download,
        "soundReuse": clip.allow_sound_reuse,
        "duration": f"PT{clip.media.duration_ms // 1000}.{clip.media.duration_ms % 1000:03}S",
        "published": moment(clip.published_at),
        "updated": moment(now),
        "url": f"{at.web}/c/{clip.id}",
        "to": [EVERYONE],
        "attachment": [
            {
                "type": "Document",
                "mediaType": "video/mp4",
                "url": at.file(clip.id, largest.file),
                "digest": f"sha-256:{largest.file.partition('.')[0]}",
                "size": largest.bytes,
                "width": largest.width,
                "height": largest.height,
            }
        ],
    }


def note_document(
    at: Addresses,
    comment_id: UUID,
    author_id: UUID,
    clip_uri: str,
    parent_uri: str | None,
    text: str,
    now: dt.datetime,
) -> Document:
    """A comment; `context` is the clip it stands under, `inReplyTo` what it answers."""
    return {
        "type": "Note",
        "id": at.comment(comment_id),
        "attributedTo": at.person(author_id),
        "context": clip_uri,
        "inReplyTo": parent_uri or clip_uri,
        "content": text,
        "published": moment(now),
        "to": [EVERYONE],
    }


def tombstone(at: Addresses, kind: Kind, thing_id: UUID, author_id: UUID, now: dt.datetime) -> Document:
    """What is left of something that was withdrawn: that it is gone."""
    return {
        "type": "Tombstone",
        "id": at.of_thing(kind, thing_id),
        "attributedTo": at.person(author_id),
        "formerType": FORMER[kind],
        "deleted": moment(now),
    }


def act_document(kind: str, actor: str, thing: str | Document, now: dt.datetime) -> Document:
    """An act: who does it, to what."""
    return {"type": kind, "actor": actor, "object": thing, "published": moment(now)}


def undo_document(mark: Mark, actor: str, thing: str, now: dt.datetime) -> Document:
    """That an act is taken back; the act is told again, since whoever took it in kept no number of it."""
    return act_document("Undo", actor, {"type": mark, "actor": actor, "object": thing}, now)


def answer_document(
    answer: Literal["Accept", "Reject"], actor: str, follower: str, now: dt.datetime
) -> Document:
    """What somebody who was followed says to it."""
    return act_document(answer, actor, {"type": "Follow", "actor": follower, "object": actor}, now)


def views_document(at: Addresses, clip_uri: str, people: int) -> Document:
    """How many people of this realm watched another realm's clip; nothing of who."""
    return {
        "type": "Collection",
        "id": f"{clip_uri}/views",
        "attributedTo": f"{at.ids}/realm",
        "totalItems": people,
    }
