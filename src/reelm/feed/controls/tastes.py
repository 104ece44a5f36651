"""What the feed thinks a person likes, in words: from keys and points back to tags, sounds and creators.

A key can't be turned back into what it was made from, so the names come from the person's own watches: each key is
shown by a clip that moved it. What can't be shown any more (a clip withdrawn, somebody who blocked the person) is not
named, though it may still count until it fades.
"""

import heapq
from collections.abc import Mapping, Sequence
from uuid import UUID

from reelm.clips.service import Clip
from reelm.feed.catalog import Catalog
from reelm.feed.controls.schemas import EVER, Controls, Taste, Why
from reelm.feed.keys import key_of_id, key_of_text
from reelm.kit.database import Record

MOST_LIKED = 40
MOST_DISLIKED = 20
# What moves a taste, and under which heading it is told.
_HEADINGS = {
    "finish": "finished",
    "loop": "finished",
    "like": "liked",
    "share": "liked",
    "skip": "skipped",
    "not_interested": "refused",
}


def strongest(taste: Mapping[int, int]) -> dict[int, int]:
    """Return the tastes worth telling, the most liked first, the most disliked last."""
    liked = heapq.nlargest(MOST_LIKED, ((points, key) for key, points in taste.items() if points > 0))
    disliked = heapq.nsmallest(MOST_DISLIKED, ((points, key) for key, points in taste.items() if points < 0))
    return {key: points for points, key in (*liked, *reversed(disliked))}


class Grounds:
    """Which of a person's watches moved which of their tastes, and a clip to show each by."""

    def __init__(
        self, catalog: Catalog, controls: Controls, wanted: Mapping[int, int], events: Sequence[Record]
    ) -> None:
        self.counted = 0
        self.clip_of: dict[int, UUID] = {}
        self.kind_of: dict[int, str] = {}
        self._why: dict[int, dict[str, int]] = {key: {} for key in wanted}
        author, sound, tags = catalog.column("author"), catalog.column("sound"), catalog.tags
        for event in events:
            heading = _HEADINGS.get(event["kind"])
            if heading is None or not event["learns"] or event["at"] < controls.reset_at:
                continue
            self.counted += 1
            row = catalog.row(event["clip_id"])
            if row < 0:
                continue
            things = [("creator", int(author[row])), ("sound", int(sound[row]))]
            things += [("tag", tag) for tag in tags[row].tolist()]
            for kind, key in things:
                if key and key in self._why and event["at"] >= controls.forgotten.get(key, EVER):
                    self._count(kind, key, heading, event["clip_id"])

    def _count(self, kind: str, key: int, heading: str, clip_id: UUID) -> None:
        self.kind_of[key] = kind
        self.clip_of.setdefault(key, clip_id)
        why = self._why[key]
        why[heading] = why.get(heading, 0) + 1

    def why(self, key: int) -> Why:
        return Why(**self._why[key])


def named(
    wanted: Mapping[int, int], grounds: Grounds, clips: Mapping[UUID, Clip], wishes: Mapping[int, int]
) -> list[Taste]:
    """Return the tastes that can be named, in the order of `wanted`."""
    found = []
    for key, points in wanted.items():
        clip = clips.get(grounds.clip_of.get(key, UUID(int=0)))
        name = None if clip is None else _name(grounds.kind_of[key], key, clip)
        if name is not None:
            kind, value, label, image_url = name
            wish = wishes.get(key, 0)
            found.append(Taste(kind, value, label, image_url, points, wish, grounds.why(key)))  # type: ignore[arg-type]
    return found


def _name(kind: str, key: int, clip: Clip) -> tuple[str, str, str, str | None] | None:
    if kind == "creator":
        return kind, clip.author.handle, clip.author.display_name, clip.author.avatar_url
    if kind == "sound":
        sound = clip.sound
        if sound is None or key_of_id(sound.id) != key:
            return None
        return kind, str(sound.id), sound.title, sound.cover_url
    tag = next((tag for tag in clip.tags if key_of_text(tag) == key), None)
    return None if tag is None else (kind, tag, f"#{tag}", None)
