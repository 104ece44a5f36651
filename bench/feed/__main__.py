"""How good is the feed? On a real log by its protocols, or on any interactions you have.

    python -m bench.feed                                   the protocols on the log in --data
    python -m bench.feed --interactions FILE [--item-vectors FILE …]

FILE is CSV (or TSV) or Parquet with a row per interaction: a user and an item, optionally a time, a weight
(above 0 = liked, else only met) and a split (train, valid, test). Columns are found by usual names, or named with
--user-column and the like. Vectors are Parquet or CSV (an item column and one or several list columns, or numeric
columns), .npz (`ids`, `vectors`) or .npy (ids beside it in NAME.ids.npy or NAME.ids.txt, or rows numbered as the
items).

Everything is chosen on validation and tested once, in whole numbers as served. The protocols need some eight
minutes of one core and less than 3 GiB. Other interactions are bounded by samples: 2,000 people to tune on, 8,000 to
teach trees, --people to test; EASE^R for at most --dense-clips clips (its time grows with their cube: 10 s of a core
for 7,500, and with their square its memory: 1.2 GiB for 10,000), cosine rows for the others, which tuning weighs;
of more than 60,000 clips the least met are left out.
"""

import argparse
import os
import sys
import time
from pathlib import Path

# One BLAS and one tree thread per core at most, set before NumPy loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from bench.feed.quality import anywhere, charts, kuairand, protocols, reading, recommender
from bench.feed.quality.metrics import Ranked
from bench.record import machine, record
from rich.console import Console
from rich.table import Table

from reelm.feed.learning.algorithms.rows import Rows

_DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "kuairand-pure"
# Published figures that are too dear to run again: Recall@20, NDCG@20, HR@10, coverage (the data's README).
QUOTED = {
    "SASRec (quoted)": (0.1555, 0.0808, 0.2062, 0.15),
    "SASRec + recency (quoted)": (0.1698, 0.0893, 0.2257, 0.11),
    "SASRec + EASE^R + recency (quoted)": (0.1752, 0.0913, 0.2315, None),
}
QUOTED_C = {"four-channel merge (quoted)": (0.1731, 0.2343, 0.2973)}
QUOTED_R = {
    "item popularity (quoted)": 0.5715,
    "factorisation machine (quoted)": 0.5946,
    "LightGBM on this log (quoted)": 0.5924,
    "best public claim (quoted)": 0.5986,
}
PARTS = ("a", "c", "r", "cold")

console = Console(width=120)
began = time.monotonic()


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        if asked.interactions is not None:
            return _anywhere(asked)
        return _protocols(asked)
    except ValueError as refused:
        console.print(f"[red]{refused}[/red]", highlight=False)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.feed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of the real log")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="protocols to run")
    parser.add_argument("--charts", type=Path, help="folder to write pictures into (SVG)")
    parser.add_argument("--no-record", action="store_true", help="leave docs/measures.json as it is")
    parser.add_argument(
        "--interactions", type=Path, metavar="FILE", help="other interactions, CSV or Parquet"
    )
    parser.add_argument(
        "--item-vectors", type=Path, nargs="+", default=[], metavar="FILE", help="vectors of items"
    )
    for role in reading.NAMES:
        parser.add_argument(
            f"--{role}-column", metavar="NAME", help=f"what the column of the {role} is called"
        )
    parser.add_argument("--seed", type=int, default=1, help="of splits and samples (1)")
    parser.add_argument("--dense-clips", type=int, default=10_000, help="most clips for EASE^R (10,000)")
    parser.add_argument("--people", type=int, default=20_000, help="most people to test on (20,000)")
    return parser


def _say(text: str) -> None:
    console.print(f"[dim]{time.monotonic() - began:5.0f} s  {text}[/dim]", highlight=False)


def _protocols(asked: argparse.Namespace) -> int:
    if not (asked.data / "val.parquet").is_file():
        raise reading.UnreadableError(
            f"There is no log in {asked.data}: name its folder with --data, or other data with --interactions."
        )
    log = kuairand.load(asked.data)
    described = recommender.content_rows(log.contents, kuairand.ITEMS, protocols.SERVED.keep)
    figures: dict[str, float] = {}
    if "a" in asked.parts:
        _protocol_a(log, described, figures, asked.charts)
    if "c" in asked.parts:
        _protocol_c(log, described, figures)
    if "r" in asked.parts:
        _protocol_r(log, figures)
    if "cold" in asked.parts:
        _cold(log, figures)
    seconds = round(time.monotonic() - began)
    console.print(f"{machine()}; {seconds} s")
    if set(asked.parts) == set(PARTS):
        figures["seconds"] = seconds
    if not asked.no_record:
        record("feed", **figures)
    return 0


def _protocol_a(
    log: kuairand.Log, described: dict[str, Rows], figures: dict[str, float], charted: Path | None
) -> None:
    rows: dict[str, Ranked] = protocols.rivals_a(log, _say)
    for least, found in protocols.protocol_a(log, (1, 20), described, _say).items():
        name = "all pairs" if least == 1 else f"pairs of {least} people or more"
        rows[f"Reelm, {name}, pre-score"] = found.test_plain
        rows[f"Reelm, {name}"] = found.test
        end = "" if least == 1 else "_threshold"
        figures |= {
            f"a_recall20{end}": round(found.test.recall, 4),
            f"a_ndcg20{end}": round(found.test.ndcg, 4),
            f"a_hit10{end}": round(found.test.hit10, 4),
            f"a_coverage20{end}": round(found.test.coverage, 3),
        }
        told = ", ".join(f"{one} {value.ndcg:.4f}" for one, value in found.valid.items())
        console.print(f"A, {name}: chosen on 28-30 April: {found.chosen} (NDCG@20 {told})", highlight=False)
    _show(
        f"Protocol A: {rows['Reelm, all pairs'].people:,} people, {rows['Reelm, all pairs'].targets:,} targets",
        rows,
        QUOTED,
    )
    if charted is not None:
        charted.mkdir(parents=True, exist_ok=True)
        (charted / "quality-coverage.svg").write_text(charts.quality_and_coverage(rows), encoding="utf-8")


def _protocol_c(log: kuairand.Log, described: dict[str, Rows], figures: dict[str, float]) -> None:
    table = Table("protocol C", "R@50", "R@100", "R@200")
    for name, quoted in QUOTED_C.items():
        table.add_row(name, *(f"{value:.4f}" for value in quoted))
    ours, others, pairs = protocols.protocol_c(log, (1, 20), described)
    for name, found in others.items():
        table.add_row(name, *(f"{value:.4f}" for value in found.values()))
    for least, found in ours.items():
        told = "all pairs" if least == 1 else f"pairs of {least} people or more"
        table.add_row(f"Reelm, {told}", *(f"{value:.4f}" for value in found.values()), style="bold")
        end = "" if least == 1 else "_threshold"
        figures |= {f"c_recall{places}{end}": round(value, 4) for places, value in found.items()}
    table.title = f"{pairs:,} pairs"
    console.print(table)


def _protocol_r(log: kuairand.Log, figures: dict[str, float]) -> None:
    found = protocols.protocol_r(log, _say)
    table = Table("protocol R", "GAUC", "NDCG@5", "primary")
    popular, ours = found.popularity, found.test
    table.add_row(
        "number of long views", f"{popular.gauc:.4f}", f"{popular.ndcg5:.4f}", f"{popular.primary:.4f}"
    )
    for name, value in QUOTED_R.items():
        table.add_row(name, "", "", f"{value:.4f}")
    table.add_row(
        f"Reelm, {found.trees} integer trees",
        f"{ours.gauc:.4f}",
        f"{ours.ndcg5:.4f}",
        f"{ours.primary:.4f}",
        style="bold",
    )
    console.print(f"R: chosen on 27-28 April: {found.chosen}", highlight=False)
    console.print(table)
    figures |= {
        "r_primary": round(ours.primary, 4),
        "r_gauc": round(ours.gauc, 4),
        "r_ndcg5": round(ours.ndcg5, 4),
    }


def _cold(log: kuairand.Log, figures: dict[str, float]) -> None:
    nearest, ours = protocols.cold_start(log)
    title = f"Clips hidden from training: {ours.people:,} people, {ours.targets:,} targets"
    _show(title, {"content-only kNN": nearest, "Reelm, content and integer trees": ours}, {})
    figures |= {
        "cold_recall20": round(ours.recall, 4),
        "cold_ndcg20": round(ours.ndcg, 4),
        "cold_knn_recall20": round(nearest.recall, 4),
        "cold_knn_ndcg20": round(nearest.ndcg, 4),
    }


def _anywhere(asked: argparse.Namespace) -> int:
    chosen = {role: name for role in reading.NAMES if (name := getattr(asked, f"{role}_column")) is not None}
    limits = anywhere.Limits(dense_clips=asked.dense_clips, tested_people=asked.people)
    data = anywhere.bounded(reading.interactions(asked.interactions, chosen), limits)
    found = ", ".join(f"{role} = {name!r}" for role, name in data.columns.items())
    _say(f"{len(data.person):,} rows, {data.persons:,} people, {len(data.item_names):,} clips ({found})")
    vectors = {}
    for path in asked.item_vectors:
        for name, matrix in reading.vectors(path, data.item_names).items():
            held = int((matrix != 0).any(axis=1).sum())
            _say(f"vectors {name}: {matrix.shape[1]} dimensions, {held:,} of {len(matrix):,} clips")
            vectors[name if name not in vectors else f"{path.stem}.{name}"] = matrix
    report = anywhere.run(data, vectors, limits, asked.seed, _say)
    some = next(iter(report.rows.values()))
    _show(f"Test, once: {some.people:,} people, {some.targets:,} targets", report.rows, {})
    console.print(f"Chosen on validation: {report.chosen}", highlight=False)
    for note in report.notes:
        console.print(f"Note: {note}", highlight=False)
    console.print(f"{machine()}; {time.monotonic() - began:.0f} s")
    if asked.charts is not None:
        asked.charts.mkdir(parents=True, exist_ok=True)
        (asked.charts / "quality-coverage.svg").write_text(
            charts.quality_and_coverage(report.rows), encoding="utf-8"
        )
    return 0


def _show(title: str, rows: dict[str, Ranked], quoted: dict[str, tuple[float | None, ...]]) -> None:
    table = Table("recommender", "Recall@20", "NDCG@20", "HR@10", "coverage@20", title=title)
    for name, values in quoted.items():
        table.add_row(name, *("" if value is None else f"{value:.4f}" for value in values))
    for name, row in rows.items():
        cells = (row.recall, row.ndcg, row.hit10, row.coverage)
        table.add_row(
            name, *(f"{value:.4f}" for value in cells), style="bold" if name.startswith("Reelm") else None
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
