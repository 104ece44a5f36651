"""Level 2: retrieves the public candidates of a page again, from snapshots of the catalog and the matrices.

What others can't know is not accused: clips of people whom the viewer follows, of friends, and clips seen long ago;
which clips the viewer had met; which ones other people's secrets kept away. A viewer who says which clips they had
met or did not want (`met`) can have it checked that no others are missing than the receipt commits to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reelm_audit.feed import layout
from reelm_audit.feed.choosing import Policy
from reelm_audit.feed.layout import FEATURES, Receipt, Scored, Source, qlog, signed_qlog
from reelm_audit.feed.matrices import KINDS, Matrices
from reelm_audit.feed.problem import Problem
from reelm_audit.feed.snapshots import FRESH, TOP, TOP_OF_LANGUAGE, State, acts_of

_PLACE = {name: number for number, name in enumerate(FEATURES)}
_BITS = {"item": Source.ITEM, "next": Source.NEXT, "content": Source.CONTENT}
_VIEWERS_OWN = Source.FOLLOWING | Source.FRIENDS | Source.AGAIN
_NUMBERS = (
    "candidates", "item", "next", "content", "taste", "per_taste", "fresh", "fresh_looked_at", "next_acts",
    "trending_own_language",
)  # fmt: skip


@dataclass
class Retrieval:
    """What was found: problems, and how far the check went."""

    problems: list[Problem] = field(default_factory=list)
    checked: int = 0
    viewers_own: int = 0
    tombstones: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class _Stream:
    """What a source names, best first, and how many of them at most."""

    bit: Source
    rows: Sequence[int]
    most: int
    ordered: bool = True


def retrieve(
    receipt: Receipt, policy: Policy, state: State, matrices: Matrices, met: frozenset[bytes] | None = None
) -> Retrieval:
    """Compare a receipt's candidates and their numbers with what the snapshots say."""
    found = Retrieval()
    numbers = policy.document.get("sources")
    if not isinstance(numbers, Mapping) or not all(isinstance(numbers.get(n), int) for n in _NUMBERS):
        found.problems.append(Problem("feed.policy-unreadable", "The policy does not say how to retrieve."))
        return found
    candidates = {each.row: each.sources for each in receipt.scored}
    candidates |= {each.row: each.sources for each in receipt.rest}
    if any(row >= state.size for row in candidates):
        found.problems.append(
            Problem("feed.candidate-added", "A candidate has a row that there was not yet.")
        )
        return found
    sums = _sums(receipt, matrices, int(numbers["next_acts"]))
    streams = list(_streams(receipt, state, sums, numbers))
    found.problems += _first(_identities(receipt, state))
    found.problems += _first(_features(receipt, state, sums))
    _compare(found, candidates, streams, state, receipt)
    _look_for_missing(found, candidates, streams, state, receipt, int(numbers["candidates"]), met)
    return found


def _first(problems: Iterator[Problem]) -> list[Problem]:
    return [problem] if (problem := next(problems, None)) else []


def _sums(receipt: Receipt, matrices: Matrices, next_acts: int) -> dict[str, dict[int, int]]:
    """Return what the viewer's acts add up to; in *next* the newest acts count, the newest most."""
    rows, factors = [act.row for act in receipt.acts], [act.factor for act in receipt.acts]
    newest = [factor * (next_acts - place) for place, factor in enumerate(factors[:next_acts])]
    return {
        kind: matrices.sums(kind, rows[:next_acts], newest)
        if kind == "next"
        else matrices.sums(kind, rows, factors)
        for kind in KINDS
    }


def _streams(
    receipt: Receipt, state: State, sums: Mapping[str, Mapping[int, int]], numbers: Mapping[str, int]
) -> Iterator[_Stream]:
    for kind in KINDS:
        reached = sums[kind]
        best = sorted((row for row in reached if reached[row] > 0), key=lambda row: (-reached[row], -row))
        yield _Stream(_BITS[kind], best, numbers[kind])
    chains = [state.newest_of(taste.kind, taste.key, numbers["per_taste"]) for taste in receipt.tastes]
    turns = [chain[depth] for depth in range(numbers["per_taste"]) for chain in chains if depth < len(chain)]
    yield _Stream(Source.TASTE, turns, numbers["taste"])
    fresh = state.lists.get((FRESH, 0), [])
    start = int.from_bytes(receipt.seed[8:16], "little") % len(fresh) if fresh else 0
    stretch = [*fresh[start:], *fresh[:start]][: numbers["fresh_looked_at"]]
    yield _Stream(Source.FRESH, stretch, numbers["fresh"], ordered=receipt.mode != layout.Mode.FOR_YOU)
    yield _Stream(Source.TRENDING, _trending(receipt, state), numbers["candidates"], ordered=False)


def _trending(receipt: Receipt, state: State) -> list[int]:
    """Return the rows of the lists that a page may draw on: the top, and that of the viewer's own language.

    Which language that is, the receipt says only by calling some clips' language the viewer's.
    """
    place = _PLACE["language"]
    spoken = {state.columns["language"][each.row] for each in receipt.scored if each.features[place]}
    own = [
        row
        for (kind, key), rows in state.lists.items()
        if kind == TOP_OF_LANGUAGE and (key in spoken or not spoken)
        for row in rows
    ]
    return [*own, *state.lists.get((TOP, 0), [])]


def _identities(receipt: Receipt, state: State) -> Iterator[Problem]:
    """Rows belong to the clips shown; clips are of one creator, sound or tag exactly if the receipt says so."""
    for chosen in receipt.chosen:
        row = receipt.scored[chosen.index].row
        identity = state.identities[row]
        if not identity.gone and identity.clip != chosen.clip:
            yield Problem("feed.clip-differs", f"Row {row} is of another clip than the one shown.")
    known = [each for each in receipt.scored if not state.identities[each.row].gone]
    kinds = {
        "creator": [(each.author, state.identities[each.row].author) for each in known],
        "sound": [(each.sound, state.identities[each.row].sound) for each in known],
        "tag": [(each.tag, (*state.identities[each.row].tags, 0)[0]) for each in known],
    }
    for name, pairs in kinds.items():
        keys: dict[int, int] = {}
        groups: dict[int, int] = {}
        for each, (group, key) in zip(known, pairs, strict=True):
            told = (group == layout.NO_GROUP) == (key == 0)
            same = not key or (keys.setdefault(group, key) == key and groups.setdefault(key, group) == group)
            if not told or not same:
                yield Problem(
                    "feed.groups-differ", f"Row {each.row} has another {name} than the receipt says."
                )
                break


def _features(receipt: Receipt, state: State, sums: Mapping[str, Mapping[int, int]]) -> Iterator[Problem]:
    for number, each in enumerate(receipt.scored):
        if not state.alive[each.row]:
            continue
        for name, value in _known_features(each, state, sums, receipt.time).items():
            held = max(-32767, min(32767, value))
            if each.features[_PLACE[name]] != held:
                said = each.features[_PLACE[name]]
                yield Problem(
                    "feed.feature-differs", f"Candidate {number}: {name} is {held}, the receipt says {said}."
                )
                return


def _known_features(
    each: Scored, state: State, sums: Mapping[str, Mapping[int, int]], time: int
) -> dict[str, int]:
    """Return the features that follow from what is public and in the snapshots."""
    row, column = each.row, state.columns
    views, acts = max(0, column["views"][row]), max(0, acts_of(state, row))
    found = {kind: signed_qlog(sums[kind].get(row, 0)) for kind in KINDS}
    found |= {
        "age": qlog(max(0, time - column["published"][row]) // 60),
        "views": qlog(views),
        "acts": qlog(acts),
        "finish_rate": 1024 * (max(0, column["finishes"][row]) + 4) // (views + 16),
        "skip_rate": 1024 * (max(0, column["skips"][row]) + 4) // (views + 16),
        "act_rate": 1024 * (acts + 4) // (views + 16),
        "duration": min(column["duration_ms"][row] // 1000, 600),
    }
    return found


def _compare(
    found: Retrieval,
    candidates: Mapping[int, int],
    streams: Sequence[_Stream],
    state: State,
    receipt: Receipt,
) -> None:
    """Each public source that a candidate claims must name it."""
    named = {stream.bit: set(stream.rows) for stream in streams}
    boosted = {receipt.scored[each.index].row for each in receipt.adjusted if each.kind == layout.BOOST}
    scored = {each.row for each in receipt.scored}
    added, differing = [], []
    for row, sources in candidates.items():
        if sources & _VIEWERS_OWN:
            found.viewers_own += 1
        if state.identities[row].gone and not state.alive[row]:
            found.tombstones += 1
            continue
        false = [
            bit
            for bit, rows in named.items()
            if sources & bit and row not in rows and not _unsure(bit, state, row)
        ]
        if sources & Source.BOOST and row in scored and row not in boosted:
            false.append(Source.BOOST)
        true = sources & ~sum(false)
        found.checked += not false and not sources & _VIEWERS_OWN
        if false and not true:
            added.append(row)
        elif false:
            differing.append((row, false[0]))
    if added:
        found.problems.append(
            Problem("feed.candidate-added", f"No source brings row {added[0]} ({len(added)} in all).")
        )
    if differing:
        row, bit = differing[0]
        found.problems.append(
            Problem(
                "feed.source-differs",
                f"{str(bit.name).lower()} does not bring row {row} ({len(differing)} in all).",
            )
        )


def _unsure(bit: Source, state: State, row: int) -> bool:
    """Say whether it can't be told any more if a source brought a row: chains don't have whom nobody may know."""
    return bit == Source.TASTE and state.identities[row].gone


def _look_for_missing(
    found: Retrieval,
    candidates: Mapping[int, int],
    streams: Sequence[_Stream],
    state: State,
    receipt: Receipt,
    limit: int,
    met: frozenset[bytes] | None,
) -> None:
    """Count what sources name before the last one that they brought, and the receipt does not have."""
    missing: set[int] = set()
    short = 0
    for stream in streams:
        if not stream.ordered:
            continue
        rows = [
            row for row in dict.fromkeys(stream.rows) if state.alive[row] and not state.identities[row].gone
        ]
        brought = [n for n, row in enumerate(rows) if candidates.get(row, 0) & stream.bit]
        skipped = [row for row in rows[: (brought[-1] if brought else -1) + 1] if row not in candidates]
        missing.update(_unmet(skipped, state, met))
        if met is not None and len(candidates) < limit // 2:
            there = [row for row in rows if row in candidates or row in set(_unmet([row], state, met))]
            short = max(short, min(stream.most, len(there)) - len(brought) - len(skipped))
    found.left_out = len(missing)
    if met is not None and max(len(missing), short) > len(receipt.commitments):
        found.problems.append(
            Problem(
                "feed.candidate-dropped",
                f"{max(len(missing), short)} clips that sources bring are not there; the receipt commits to "
                f"{len(receipt.commitments)} at most that may not be shown.",
            )
        )


def _unmet(rows: Iterable[int], state: State, met: frozenset[bytes] | None) -> list[int]:
    return [row for row in rows if met is None or state.identities[row].clip not in met]
