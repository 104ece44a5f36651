"""Trains a ranker on what was watched, and judges it on the hours that followed beside the one in force.

Of the impressions there are, by time: the first half only makes matrices, the next part trains, the last part judges.
So no number that a tree is trained on, or judged by, was learned from what came after it.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import structlog

from reelm.feed.catalog import Catalog
from reelm.feed.learning import releases
from reelm.feed.learning.job import Done
from reelm.feed.learning.library import can_train
from reelm.feed.learning.matrices import Matrices
from reelm.feed.learning.repository import EventsReader
from reelm.feed.learning.training import content, judge, log, pairs, state
from reelm.feed.learning.training.card import card_of
from reelm.feed.learning.training.judge import Measures
from reelm.feed.learning.training.log import Log
from reelm.feed.learning.training.passes import Folders
from reelm.feed.learning.training.replay import Examples, examples
from reelm.feed.learning.training.watched import Watched, newest
from reelm.feed.learning.training.weigh import item_rows, next_rows
from reelm.feed.pipeline.model import SEED_BYTES, Ranker
from reelm.kit.database import Database
from reelm_audit.feed.layout import FEATURES
from reelm_audit.feed.ranker import ModelError
from reelm_audit.tlog import canonical

_log = structlog.get_logger("reelm.learning")
PEOPLE_MIN = 50
IMPRESSIONS_MIN = 2_000
MOST_TRAINED, MOST_JUDGED = 60_000, 20_000
WINDOW = dt.timedelta(days=14)
MADE_UNTIL, TRAINED_UNTIL = 0.5, 0.85
"""Shares of the impressions, by time."""
NEW_HOURS = 48
SLACK = 0
"""By how many ten-thousandths a model may be worse and still count as not worse."""
NEW_KEPT = 0.8
"""Of the share of new clips in front, so much has to be kept."""

SCALE = 2**16
SHIFT = 16
# What a page is for: points for each unit of log-odds. Watching to the end leads.
HEADS = {"watch": 400, "act": 200, "leave": -300}
PRE_WEIGHT = 2**13
ROUNDS, LEAVES, DEPTH = 60, 16, 6
_LEAST_ROWS = 40
# What the replay cannot know is the same for everybody, so that no tree can split by it.
UNKNOWN = ("followed", "friend", "language", "wish", "source_count")


@dataclass(frozen=True)
class Trained:
    """A model before it is judged, with what each feature gave its heads."""

    data: bytes
    gains: dict[str, dict[str, int]]


async def run(database: Database, catalog: Catalog, feed: Path) -> Done:
    """Train, judge and keep a model; say why not, where there is too little to learn from."""
    if not can_train():
        return Done(act="train", problem="LightGBM needs the system library libgomp1, which is not installed")
    async with database.transaction() as uow:
        until = await EventsReader(uow).now()
    watched = await log.read(database, catalog, until - WINDOW, until)
    people, shown = len(np.unique(watched.person)), int(watched.is_kind("impression").sum())
    if people < PEOPLE_MIN or shown < IMPRESSIONS_MIN:
        return Done(
            act="train",
            people=people,
            problem=f"too little to learn from yet: {shown} impressions of {people} people; "
            f"{IMPRESSIONS_MIN} of {PEOPLE_MIN} are needed",
        )
    known = state.load(Folders.of(feed).state)
    tokens = known.tokens if known and known.generation == catalog.generation else content.Tokens.none()
    training, judging = split(watched, catalog, tokens)
    if len(np.unique(training.watch)) < 2 or len(np.unique(judging.watch)) < 2:
        return Done(
            act="train", people=people, problem="too little to learn from yet: everybody did the same"
        )
    trained = train(training, int(until.timestamp()))
    return _judged(feed, catalog, trained, training, judging, until)


def split(watched: Log, catalog: Catalog, tokens: content.Tokens) -> tuple[Examples, Examples]:
    """The examples to train on, and those to judge by, each as of its moment."""
    times = watched.at[watched.is_kind("impression")]
    made_until, trained_until = (int(np.quantile(times, share)) for share in (MADE_UNTIL, TRAINED_UNTIL))
    matrices = matrices_of(watched.of(watched.at < made_until), tokens, catalog.size)
    end = int(times.max()) + 1
    return (
        examples(catalog, watched, matrices, made_until, trained_until, MOST_TRAINED),
        examples(catalog, watched, matrices, trained_until, end, MOST_JUDGED),
    )


def matrices_of(watched: Log, tokens: content.Tokens, size: int) -> Matrices:
    """What the minutes would have learned from these events, by the same rule but without EASE."""
    likes = likes_of(watched)
    every = np.arange(size)
    together = pairs.together(likes, pairs.Pairs.none(), every, size)
    following = pairs.following(likes, pairs.Pairs.none(), every, size)
    counts = likes.counts(size)
    return Matrices.of(
        {
            "item": item_rows(together, counts, None),
            "next": next_rows(following, counts),
            "content": content.content_rows(tokens, size),
        }
    )


def likes_of(watched: Log) -> Watched:
    liked = watched.is_kind("finish", "loop", "like", "share")
    return newest(watched.person[liked], watched.row[liked], watched.at[liked])


def train(training: Examples, at: int) -> Trained:
    """Train the heads and put them into one model of whole numbers."""
    from reelm.feed.learning.algorithms.boosting import train_head
    from reelm.feed.learning.algorithms.trees import integer_trees

    known = known_only(training.features)
    heads, gains = [], {}
    for name, weight in HEADS.items():
        label = getattr(training, name)
        if len(np.unique(label)) < 2:
            continue
        booster = train_head(
            known,
            label.astype(np.int8),
            rounds=ROUNDS,
            leaves=LEAVES,
            depth=DEPTH,
            least_rows=_LEAST_ROWS,
            threads=1,
        )
        heads.append({"name": name, "weight": weight, "base": 0, "trees": integer_trees(booster, SCALE)})
        gains[name] = _gains(booster.feature_importance("gain"))
    seed = msgspec.json.decode(SEED_BYTES)
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    model = {
        **{name: seed[name] for name in ("format", "features", "linear", "linear_shift", "wish_points")},
        "name": f"realm-{moment:%Y%m%d-%H%M}",
        "made_at": f"{moment:%Y-%m-%dT%H:%MZ}",
        "pre_weight": PRE_WEIGHT,
        "heads": heads,
        "shift": SHIFT,
    }
    return Trained(canonical.encode(model), gains)


def known_only(computed: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Features with those that no example can know set to 0 for all."""
    found = computed.copy()
    found[:, [FEATURES.index(name) for name in UNKNOWN]] = 0
    return found


def _gains(gain: npt.NDArray[np.float64]) -> dict[str, int]:
    total = float(gain.sum()) or 1.0
    return {
        name: round(1000 * float(part) / total) for name, part in zip(FEATURES, gain, strict=True) if part > 0
    }


def _judged(
    feed: Path, catalog: Catalog, trained: Trained, training: Examples, judging: Examples, until: dt.datetime
) -> Done:
    folder = feed / "models"
    before, before_name = in_force(folder)
    ranker = Ranker(trained.data)
    new = is_new(catalog, judging)
    found, held = (measured(each, judging, new) for each in (ranker, before))
    verdict = "fit" if is_not_worse(found, held) else "unfit"
    logit = head_scores(trained.data, judging) / SCALE
    card = card_of(
        trained=trained.data,
        gains=trained.gains,
        training=training,
        judging=judging,
        found=found,
        held=held,
        held_digest=before_name,
        calibration=judge.calibration(logit, judging.watch),
        verdict=verdict,
        until=until,
    )
    digest = releases.keep(folder, trained.data, card)
    _log.info(
        "learning.judged", model=digest, verdict=verdict, gauc=found.gauc, ndcg=found.ndcg, held=held.primary
    )
    people = len(np.unique(training.person))
    return Done(act="train", changed=True, digest=digest, verdict=verdict, people=people, clips=catalog.size)


def is_not_worse(found: Measures, held: Measures) -> bool:
    """Whether a model may be released beside the one in force."""
    return found.primary + SLACK >= held.primary and found.new >= NEW_KEPT * held.new


def measured(ranker: Ranker, judging: Examples, new: npt.NDArray[np.bool_]) -> Measures:
    """Put what people were shown in this model's order, and see where what they watched stands."""
    computed = known_only(judging.features)
    score = ranker.final(computed, ranker.pre(computed), np.zeros(len(judging), np.int64))
    return judge.measure(judging.person, score, judging.watch, new)


def head_scores(model: bytes, judging: Examples) -> npt.NDArray[np.int64]:
    """What the first head, which is for watching, says of each example."""
    from reelm.feed.learning.algorithms.trees import evaluate

    head = msgspec.json.decode(model)["heads"][0]
    return evaluate(head["trees"], known_only(judging.features)) + int(head["base"])


def is_new(catalog: Catalog, judging: Examples) -> npt.NDArray[np.bool_]:
    """Whether a clip was new when it was shown."""
    age = judging.at // 1_000_000 - catalog.column("published")[judging.row]
    found: npt.NDArray[np.bool_] = age < NEW_HOURS * 3600
    return found


def in_force(folder: Path) -> tuple[Ranker, str]:
    """The model in force, or the seed model, and its digest."""
    try:
        data = (folder / releases.CURRENT / releases.MODEL).read_bytes()
        return Ranker(data), hashlib.sha256(data).hexdigest()
    except (OSError, ModelError):
        return Ranker(SEED_BYTES), releases.SEED_DIGEST
