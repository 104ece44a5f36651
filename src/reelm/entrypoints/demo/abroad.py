"""Fills a composition of networks over the realms' public APIs: people, a few clips each, and ties across realms.

Whoever follows somebody of another realm agrees to be known there first, as the app asks it of everybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from reelm.entrypoints.composition import Laid, NetworkPlan, RealmPlace, Tie
from reelm.entrypoints.demo.actor import Actor, RefusedError
from reelm.entrypoints.demo.fill import Painter
from reelm.entrypoints.demo.memory import Memory
from reelm.entrypoints.demo.people import CAST, portrait
from reelm.entrypoints.demo.repertoire import origins
from reelm.entrypoints.demo.script import POSTS, caption_of
from reelm.entrypoints.demo.tracks import RECIPES

_PATIENCE_SECONDS, _POLL_SECONDS = 120.0, 0.5
_PERSONAS = {persona.handle: persona for persona in CAST}
Say = Callable[[str], None]


@dataclass
class Village:
    """The cast of one realm, signed in."""

    place: RealmPlace
    memory: Memory
    actors: dict[str, Actor] = field(default_factory=dict)

    def once(self, deed: str, act: Callable[[], object]) -> None:
        """Do something that isn't done yet."""
        if self.memory.find(deed) is None:
            act()
            self.memory.keep(deed)


def fill(laid: Laid, say: Say) -> None:
    """Do everything that isn't done yet; what a realm refuses is said, and left out."""
    villages = [Village(place, Memory(place.data)) for place in laid.realms if place.plan.people]
    for village in villages:
        _gather(village)
        say(f"{len(village.actors)} people live in {village.place.plan.name}.")
    painter = Painter(_cache(laid))
    try:
        for slug, village in _in_turn(villages):
            _trying(say, slug, partial(_publish, village, slug, painter))
            say(f"{village.place.plan.name} has the clip {slug}.")
    finally:
        painter.close()
    homes = {village.place.id: village for village in villages}
    for network in laid.plan.networks:
        for tie in network.ties:
            if {tie.realm, tie.of} <= set(homes):
                what = f"@{tie.who}@{tie.realm} follows @{tie.follows}@{tie.of}"
                _trying(say, what, partial(_tie, homes[tie.realm], tie))
    _say_ways_in(laid, homes, say)


def _cache(laid: Laid) -> Any:
    cache = laid.data / "demo-cache"
    cache.mkdir(exist_ok=True)
    return cache


def _in_turn(villages: list[Village]) -> list[tuple[str, Village]]:
    """Every village's first clip, then every one's second, and so on: no feed is empty for long."""
    longest = max((len(village.place.plan.clips) for village in villages), default=0)
    return [
        (village.place.plan.clips[number], village)
        for number in range(longest)
        for village in villages
        if number < len(village.place.plan.clips)
    ]


def _gather(village: Village) -> None:
    plan = village.place.plan
    for handle in plan.people:
        persona = _PERSONAS[handle]
        actor = Actor(village.place.address)
        actor.arrive(
            {
                "handle": handle,
                "password": village.memory.password(handle),
                "birth_date": persona.birth_date,
                "country": plan.lives_in or persona.country,
                "language": persona.language,
                "display_name": persona.name,
            }
        )
        village.actors[handle] = actor
        village.once(f"bio {handle}", partial(actor.send, "PATCH", "/api/v1/me", {"bio": persona.bio}))
        village.once(
            f"portrait {handle}",
            partial(actor.send, "PUT", "/api/v1/me/avatar", portrait(persona), kind="image/png"),
        )
    for who in plan.people:
        for whom in plan.people:
            if who != whom:
                follow = partial(village.actors[who].send, "PUT", f"/api/v1/people/{whom}/follow")
                village.once(f"follow {who} {whom}", follow)


def _publish(village: Village, slug: str, painter: Painter) -> None:
    deed = f"clip {slug}"
    if village.memory.find(deed):
        return
    post = POSTS[slug]
    actor = village.actors[post.author]
    about = {
        "caption": caption_of(slug),
        "language": post.language,
        "visibility": "everyone",
        "permissions": {"comments": True, "download": True, "sound_reuse": True},
        "sound_title": RECIPES[_track_of(slug)].title,
    }
    clip_id = actor.own_clips().get(str(about["caption"])) or actor.publish(painter.paint(slug), about)
    actor.wait_until_ready(clip_id)
    village.memory.keep(deed, clip_id)
    for who, other in village.actors.items():
        if who != post.author:
            like = partial(other.send, "PUT", f"/api/v1/clips/{clip_id}/like")
            village.once(f"like {who} {slug}", like)


def _track_of(slug: str) -> str:
    return next(track for track, scene in origins().items() if scene.slug == slug)


def _tie(village: Village, tie: Tie) -> None:
    """Look somebody of another realm up, agree to be known there, follow them, and speak under their first clip."""
    actor = village.actors[tie.who]
    address = f"@{tie.follows}@{tie.of}"
    path = f"/api/v1/people/{tie.follows}@{tie.of}"
    village.once(f"agree {tie.who} {tie.of}", partial(actor.send, "PUT", f"/api/v1/me/consents/{tie.of}"))
    actor.send("GET", f"/api/v1/people/lookup?address={quote(address)}")
    village.once(f"follow {tie.who} {address}", partial(actor.send, "PUT", f"{path}/follow"))
    if village.memory.find(f"say {tie.who} {address}") is None:
        clip_id = _first_clip(actor, path)
        actor.send("PUT", f"/api/v1/clips/{clip_id}/like")
        key = village.memory.id_for(f"say {tie.who} {address}")
        actor.send("POST", f"/api/v1/clips/{clip_id}/comments", {"text": tie.says}, key=key)
        village.memory.keep(f"say {tie.who} {address}")


def _first_clip(actor: Actor, path: str) -> str:
    """The first clip that arrives from the other realm, once it can be played from here."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        items = actor.send("GET", f"{path}/clips")["items"]
        if items:
            return str(items[0]["id"])
        time.sleep(_POLL_SECONDS)
    raise TimeoutError("no clip has arrived from the other realm")


def _trying(say: Say, what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except (OSError, RefusedError, RuntimeError) as error:
        say(f"{what} was left out: {error}")


def _say_ways_in(laid: Laid, homes: Mapping[str, Village], say: Say) -> None:
    for place in laid.realms:
        village = homes.get(place.id)
        if village is not None:
            handle = place.plan.people[0]
            say(f"{_called(place.network)} {place.web}: {handle}, password {village.memory.password(handle)}")


def _called(network: NetworkPlan) -> str:
    return str(network.edition["name"])
