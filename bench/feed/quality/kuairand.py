"""The log of a real short-video network as histories and targets (its README says what its files hold)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import scipy.sparse as sp
from bench.feed.quality.history import UNKNOWN_AGE, Contents, History
from numpy.typing import NDArray

ITEMS = 7583
BEFORE_DAYS = 20220424
LAST_DAY = 20220430
# The legal columns of the clips; the others are counts over the whole log, the future included.
_LEGAL = ["video_id", "author_id", "video_type", "upload_type", "music_id", "tag", "video_duration"]
_IMPRESSION = [
    "video_id", "date", "time_ms", "hourmin", "tab", "long_view", "is_like", "is_click", "finish",
    "play_time_ms", "duration_ms",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sequence:
    """One kind of a person's capped history: owner, clip and the place from the end (1 = newest)."""

    person: NDArray[np.int64]
    item: NDArray[np.int64]
    back: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Log:
    """Everything, with people numbered 0 … persons - 1; `impressions` are of 25 April to 8 May."""

    persons: int
    watched: Sequence
    long_watched: Sequence
    liked: Sequence
    impressions: dict[str, NDArray[np.int64]]
    contents: Contents
    clips: dict[str, NDArray[np.int64]]


def load(folder: Path) -> Log:
    sequences = pq.read_table(folder / "user_sequences.parquet")
    tables = [
        pq.read_table(folder / name, columns=["user_id", *_IMPRESSION])
        for name in ("val.parquet", "test.parquet")
    ]
    owner = sequences["user_id"].to_numpy()
    raw = np.concatenate([table["user_id"].to_numpy() for table in tables])
    known = np.unique(np.concatenate([owner, raw]))
    owner = np.searchsorted(known, owner)
    impressions = {
        name: np.concatenate([table[name].to_numpy() for table in tables]).astype(np.int64)
        for name in _IMPRESSION
    }
    impressions["person"] = np.searchsorted(known, raw)
    clips = _clips(folder)
    kinds = [_sequence(sequences, name, owner) for name in ("watch_seq", "long_watch_seq", "like_seq")]
    contents = Contents(
        tokens={
            name: (np.arange(ITEMS)[clips[name] >= 0], clips[name][clips[name] >= 0])
            for name in ("author", "tag", "music")
        },
        seconds=clips["seconds"],
    )
    return Log(len(known), *kinds, impressions, contents, clips)


def history(log: Log, until: int) -> History:
    """What is known at the end of a day; a positive is a long view or a like."""
    seen = log.impressions["date"] <= until
    parts = [(log.watched, False, 0), (log.long_watched, True, -1000), (log.liked, True, -2000)]
    person, item, liked, order, age = [], [], [], [], []
    for sequence, positive, base in parts:
        person.append(sequence.person)
        item.append(sequence.item)
        liked.append(np.full(len(sequence.item), positive))
        order.append(base - sequence.back)
        age.append(np.full(len(sequence.item), UNKNOWN_AGE))
    person.append(log.impressions["person"][seen])
    item.append(log.impressions["video_id"][seen])
    liked.append(positive_of(log)[seen])
    order.append(np.argsort(np.argsort(log.impressions["time_ms"][seen], kind="stable"), kind="stable"))
    age.append(until - log.impressions["date"][seen])
    return History.of(
        *(np.concatenate(column) for column in (person, item, liked, order, age)),
        (log.persons, ITEMS),
        log.contents,
    )


def positive_of(log: Log) -> NDArray[np.bool_]:
    return (log.impressions["long_view"] > 0) | (log.impressions["is_like"] > 0)


def targets(log: Log, known: History, first: int, last: int, label: NDArray[np.bool_]) -> sp.csr_array:
    """People x clips: labelled impressions of the days first … last that the person had not met before."""
    held = label & (log.impressions["date"] >= first) & (log.impressions["date"] <= last)
    pairs = np.unique(log.impressions["person"][held] * ITEMS + log.impressions["video_id"][held])
    fresh = ~np.isin(pairs, known.person * ITEMS + known.item)
    pairs = pairs[fresh]
    return sp.csr_array(
        (np.ones(len(pairs), np.int64), (pairs // ITEMS, pairs % ITEMS)), shape=(log.persons, ITEMS)
    )


def eligible(known: History, wanted: sp.csr_array) -> NDArray[np.int64]:
    """People with at least one fitted positive and one target."""
    return np.flatnonzero((known.each(known.liked) > 0) & (np.diff(wanted.indptr) > 0))


def _sequence(table: object, name: str, owner: NDArray[np.int64]) -> Sequence:
    column = table.column(name).combine_chunks()  # type: ignore[attr-defined]
    offsets = column.offsets.to_numpy().astype(np.int64)
    lengths = np.diff(offsets)
    values = column.values.to_numpy()[offsets[0] : offsets[-1]].astype(np.int64)
    place = np.arange(len(values)) - np.repeat(offsets[:-1] - offsets[0], lengths)
    return Sequence(np.repeat(owner, lengths), values, np.repeat(lengths, lengths) - place)


def _clips(folder: Path) -> dict[str, NDArray[np.int64]]:
    table = pq.read_table(folder / "item_features.parquet", columns=_LEGAL).sort_by("video_id")
    if table["video_id"].to_numpy().tolist() != list(range(ITEMS)):
        raise ValueError("the clips are not numbered as expected")

    def codes(name: str, *absent: str) -> NDArray[np.int64]:
        texts = np.array([str(value) for value in table[name].to_pylist()])
        code = np.unique(texts, return_inverse=True)[1].astype(np.int64)
        return np.where(np.isin(texts, ["None", "nan", *absent]), -1, code)

    return {
        "author": codes("author_id"),
        "tag": codes("tag", "unknown"),
        "music": codes("music_id", "0"),
        "kind": codes("video_type"),
        "upload": codes("upload_type"),
        "seconds": np.nan_to_num(table["video_duration"].to_numpy() / 1000).astype(np.int64),
    }
