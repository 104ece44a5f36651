"""Interactions and vectors from files nobody has seen before: columns found by name, and clear refusals."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reelm.feed.learning.algorithms import content

NAMES = {
    "user": ("user", "user_id", "userid", "uid", "person", "person_id", "viewer", "viewer_id", "session_id"),
    "item": ("item", "item_id", "itemid", "iid", "video", "video_id", "videoid", "vid", "clip", "clip_id", "photo_id",
             "pid"),
    "time": ("time", "timestamp", "time_ms", "ts", "datetime", "created_at", "date"),
    "weight": ("weight", "rating", "label", "score", "value", "is_positive"),
    "split": ("split", "set", "fold", "part", "subset", "stage"),
}  # fmt: skip
SPLITS = {
    "train": "train", "training": "train", "0": "train",
    "val": "valid", "valid": "valid", "validation": "valid", "dev": "valid", "1": "valid",
    "test": "test", "testing": "test", "2": "test",
}  # fmt: skip
FOLDED = 512


class UnreadableError(ValueError):
    """The file can't be used; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """Rows with people and clips numbered from 0; `item_names` are the ids as texts, in that numbering."""

    person: NDArray[np.int64]
    item: NDArray[np.int64]
    seconds: NDArray[np.int64] | None
    liked: NDArray[np.bool_]
    split: NDArray[np.str_] | None
    persons: int
    item_names: NDArray[np.str_]
    columns: dict[str, str]


def interactions(path: Path, chosen: dict[str, str]) -> Interactions:
    """Read user, item and optionally time, weight, split; `chosen` names columns that are called otherwise."""
    table = _table(path)
    if table.num_rows == 0:
        raise UnreadableError(f"{path.name} has no rows.")
    columns = _columns(path, table.column_names, chosen)
    user, item = (_texts(table[columns[name]], path, columns[name]) for name in ("user", "item"))
    persons, person = np.unique(user, return_inverse=True)
    names, clip = np.unique(item, return_inverse=True)
    liked = np.ones(len(user), bool)
    if "weight" in columns:
        liked = _numbers(table[columns["weight"]], path, columns["weight"]) > 0
        if not liked.any():
            raise UnreadableError(
                f"No row of {path.name} has a weight above 0 in column {columns['weight']!r}."
            )
    seconds = _seconds(table[columns["time"]], path, columns["time"]) if "time" in columns else None
    split = _split(table[columns["split"]], path, columns["split"]) if "split" in columns else None
    return Interactions(
        person.astype(np.int64), clip.astype(np.int64), seconds, liked, split, len(persons), names, columns
    )


def vectors(path: Path, item_names: NDArray[np.str_]) -> dict[str, NDArray[np.int8]]:
    """int8 vectors in the clips' numbering, one set per list column (or one of all numeric columns).

    Clips without a vector have zeros and so no neighbours. More than 1,024 dimensions are folded to 512 by a
    seeded random projection, since only then are products exact.
    """
    if path.suffix in (".npy", ".npz"):
        ids, found = _arrays(path, item_names)
    else:
        ids, found = _vector_columns(path)
    place = {name: number for number, name in enumerate(item_names.tolist())}
    where = np.array([place.get(str(name), -1) for name in ids])
    if not (where >= 0).any():
        raise UnreadableError(
            f"No id of {path.name} is an item of the interactions (ids there look like {str(ids[0])!r},"
            f" items like {item_names[0]!r})."
        )
    whole = {}
    for name, wide in found.items():
        matrix = wide
        if matrix.shape[1] > content.MOST_DIMENSIONS:
            turn = np.random.default_rng(1).normal(size=(matrix.shape[1], FOLDED)).astype(np.float32)
            matrix = np.nan_to_num(matrix) @ turn
        placed = np.zeros((len(item_names), matrix.shape[1]), np.int8)
        placed[where[where >= 0]] = content.int8_vectors(matrix)[where >= 0]
        whole[name] = placed
    return whole


def _table(path: Path) -> pa.Table:
    if not path.is_file():
        raise UnreadableError(f"There is no file {path}.")
    try:
        if path.suffix in (".parquet", ".pq"):
            return pq.read_table(path)
        with path.open(encoding="utf-8-sig", errors="replace") as opened:
            head = opened.readline()
        delimiter = max("\t,;|", key=head.count)
        return pcsv.read_csv(path, parse_options=pcsv.ParseOptions(delimiter=delimiter))
    except (pa.ArrowException, OSError) as refused:
        raise UnreadableError(f"{path.name} can't be read as {path.suffix or 'CSV'}: {refused}") from refused


def _columns(path: Path, present: list[str], chosen: dict[str, str]) -> dict[str, str]:
    folded = {name.strip().lower(): name for name in reversed(present)}
    found = {}
    for role, names in NAMES.items():
        if role in chosen:
            if chosen[role] not in present:
                raise UnreadableError(
                    f"{path.name} has no column {chosen[role]!r}; it has {', '.join(present)}."
                )
            found[role] = chosen[role]
            continue
        match = next((folded[name] for name in names if name in folded), None)
        if match is not None:
            found[role] = match
    for role in ("user", "item"):
        if role not in found:
            raise UnreadableError(
                f"{path.name} has no column for the {role} (known names: {', '.join(NAMES[role])}); it has"
                f" {', '.join(present)}. Name it with --{role}-column."
            )
    return found


def _texts(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.str_]:
    if column.null_count:
        raise UnreadableError(f"Column {name!r} of {path.name} has {column.null_count} empty values.")
    if pa.types.is_floating(column.type):
        column = pc.cast(column, pa.int64(), safe=False)
    return np.array(pc.cast(column, pa.string()).to_pylist())


def _numbers(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.float64]:
    try:
        values = pc.cast(column, pa.float64()).to_numpy()
    except pa.ArrowException as refused:
        raise UnreadableError(f"Column {name!r} of {path.name} is not numeric.") from refused
    if np.isnan(values).any():
        raise UnreadableError(f"Column {name!r} of {path.name} has empty values.")
    return np.asarray(values, np.float64)


def _seconds(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.int64]:
    """Seconds since 1970, whatever unit the column is in: dates, texts, or numbers by their size."""
    if pa.types.is_string(column.type):
        try:
            column = pc.cast(column, pa.timestamp("s"))
        except pa.ArrowException as refused:
            raise UnreadableError(
                f"Column {name!r} of {path.name} holds texts that are not ISO 8601 times."
            ) from refused
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("s"))
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.to_numpy().astype("datetime64[s]").astype(np.int64))
    values = _numbers(column, path, name)
    size = np.abs(values).max()
    unit = next((unit for limit, unit in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)) if size >= limit), 1.0)
    return np.floor(values / unit).astype(np.int64)


def _split(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.str_]:
    texts = np.char.lower(np.array([str(value) for value in column.to_pylist()]))
    unknown = sorted(set(np.unique(texts).tolist()) - set(SPLITS))
    if unknown:
        raise UnreadableError(
            f"Column {name!r} of {path.name} has {', '.join(map(repr, unknown[:5]))}; it may say train, valid, test."
        )
    parts = np.array([SPLITS[text] for text in texts])
    for part in ("train", "test"):
        if part not in parts:
            raise UnreadableError(f"Column {name!r} of {path.name} marks no row as {part}.")
    return parts


def _arrays(
    path: Path, item_names: NDArray[np.str_]
) -> tuple[NDArray[np.str_], dict[str, NDArray[np.float32]]]:
    if not path.is_file():
        raise UnreadableError(f"There is no file {path}.")
    loaded = np.load(path, allow_pickle=False)
    if path.suffix == ".npz":
        if "ids" not in loaded or "vectors" not in loaded:
            raise UnreadableError(f"{path.name} needs the arrays `ids` and `vectors`.")
        ids, matrix = loaded["ids"].astype(str), loaded["vectors"]
    else:
        matrix = loaded
        ids = _ids_beside(path, len(matrix), item_names)
    if matrix.ndim != 2 or len(matrix) != len(ids):
        raise UnreadableError(
            f"{path.name} must hold one row per id: it has shape {matrix.shape}, and {len(ids)} ids."
        )
    return ids, {path.stem: matrix.astype(np.float32)}


def _ids_beside(path: Path, count: int, item_names: NDArray[np.str_]) -> NDArray[np.str_]:
    """Ids of a bare array: in NAME.ids.npy or NAME.ids.txt beside it, or the rows are the numbers of the items."""
    beside = path.with_suffix(".ids.npy")
    if beside.is_file():
        return np.load(beside, allow_pickle=False).astype(str)
    beside = path.with_suffix(".ids.txt")
    if beside.is_file():
        return np.array(beside.read_text(encoding="utf-8").split())
    if all(name.isdecimal() for name in item_names.tolist()):
        numbers = item_names.astype(np.int64)
        first = 0 if numbers.min() == 0 or numbers.max() < count else 1
        if numbers.max() - first < count:
            return (np.arange(count) + first).astype(str)
    raise UnreadableError(
        f"{path.name} has no ids: put them beside it as {path.stem}.ids.npy or {path.stem}.ids.txt, one per row."
    )


def _vector_columns(path: Path) -> tuple[NDArray[np.str_], dict[str, NDArray[np.float32]]]:
    table = _table(path)
    if table.num_rows == 0:
        raise UnreadableError(f"{path.name} has no rows.")
    folded = {name.strip().lower(): name for name in reversed(table.column_names)}
    key = next((folded[name] for name in ("id", *NAMES["item"]) if name in folded), None)
    if key is None:
        raise UnreadableError(
            f"{path.name} has no column for the item (known names: id, {', '.join(NAMES['item'])}); it has"
            f" {', '.join(table.column_names[:10])}."
        )
    ids = _texts(table[key], path, key)
    found = {}
    numeric = []
    for name in table.column_names:
        kind = table.schema.field(name).type
        if name == key:
            continue
        if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind):
            rows = table[name].to_pylist()
            lengths = {len(row) for row in rows if row is not None}
            if len(lengths) != 1:
                raise UnreadableError(
                    f"The vectors in column {name!r} of {path.name} have {len(lengths)} different lengths."
                )
            width = lengths.pop()
            blank = [0.0] * width
            found[name] = np.array([blank if row is None else row for row in rows], np.float32)
        elif pa.types.is_floating(kind) or pa.types.is_integer(kind):
            numeric.append(name)
    if not found:
        if len(numeric) < 2:
            raise UnreadableError(
                f"{path.name} has neither a list column nor several numeric columns to be a vector."
            )
        found[path.stem] = np.stack([_numbers(table[name], path, name) for name in numeric], axis=1).astype(
            np.float32
        )
    return ids, found
