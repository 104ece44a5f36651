"""Level 1: computes a page again from its receipt, the model and the policy, and says what differs.

Every difference is a `Problem` under a code of the catalogue of findings. Where one thing follows from another, only
the first that is wrong is told: a page that was chosen by false scores is not accused of its order as well.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from reelm_audit.feed import choosing, layout
from reelm_audit.feed.choosing import Policy
from reelm_audit.feed.layout import Chosen, Receipt, Scored
from reelm_audit.feed.problem import Problem
from reelm_audit.feed.ranker import Model

_FLAGS = [layout.FEATURES.index(name) for name in ("followed", "friend", "language")]
_SAME = [layout.FEATURES.index(name) for name in ("viewer_events", "viewer_finish_rate")]
_COUNT = layout.FEATURES.index("source_count")


def finals(receipt: Receipt, model: Model) -> list[int]:
    """Return the scored candidates' final scores, from their features and the adjustments that are declared."""
    points = [0] * len(receipt.scored)
    for each in receipt.adjusted:
        points[each.index] += each.points
    return [
        model.final(each.features, model.pre(each.features), adjustment)
        for each, adjustment in zip(receipt.scored, points, strict=True)
    ]


def again(receipt: Receipt, model: Model, policy: Policy) -> bytes:
    """Return the receipt's bytes, with everything that follows from something else computed again.

    Equal bytes mean that the page is the one that model and policy make of what the receipt says. If no receipt can
    be made of it at all, there are none.
    """
    scored = [replace(each, pre=model.pre(each.features)) for each in receipt.scored]
    everyone = choosing.by_pre([*scored, *receipt.rest])
    wanted = choosing.scored_rows(everyone, policy, receipt.seed)
    rows = {each.row: each for each in scored}
    if wanted != set(rows) or len(wanted) != len(scored) or not _rows_are_unique(receipt):
        return b""
    order = [each.row for each in everyone if each.row in wanted]
    at = {row: number for number, row in enumerate(order)}
    adjusted = [replace(each, index=at[receipt.scored[each.index].row]) for each in receipt.adjusted]
    made = replace(
        receipt,
        model=model.digest,
        policy=policy.digest,
        scored=tuple(grouped([rows[row] for row in order])),
        rest=tuple(sorted(receipt.rest, key=lambda each: (-each.pre, -each.row))),
        adjusted=tuple(sorted(adjusted, key=lambda each: each.index)),
        viewer=layout.viewer_digest(receipt.acts, receipt.tastes),
    )
    ids = {receipt.scored[each.index].row: each.clip for each in receipt.chosen}
    places = choosing.select(
        made.scored, finals(made, model), policy, receipt.seed, receipt.position, len(receipt.chosen)
    )
    chosen = [Chosen(each.index, ids.get(made.scored[each.index].row, bytes(16))) for each in places]
    return layout.encode(replace(made, chosen=tuple(chosen)))


def grouped(scored: Sequence[Scored]) -> Iterator[Scored]:
    """Yield candidates with their groups numbered in order of first appearance."""
    numbers: dict[str, dict[int, int]] = {"author": {}, "sound": {}, "tag": {}}

    def number(kind: str, group: int) -> int:
        known = numbers[kind]
        return group if group == layout.NO_GROUP else known.setdefault(group, len(known))

    for each in scored:
        author, sound, tag = (
            number("author", each.author),
            number("sound", each.sound),
            number("tag", each.tag),
        )
        yield replace(each, author=author, sound=sound, tag=tag)


def check(receipt: Receipt, model: Model, policy: Policy) -> list[Problem]:
    """Return what is wrong with the page that a receipt describes; empty if it is what the rules make of it."""
    for step in _STEPS:
        problems = list(step(receipt, model, policy))
        if problems:
            return problems
    made, given = again(receipt, model, policy), layout.encode(receipt)
    if made != given:
        return [Problem("feed.bytes-differ", "Computed again, the receipt has other bytes.")]
    return []


def _references(receipt: Receipt, model: Model, policy: Policy) -> Iterator[Problem]:
    if receipt.model != model.digest:
        yield Problem("feed.model-other", f"The receipt names {receipt.model.hex()[:16]}….")
    if receipt.policy != policy.digest:
        yield Problem("feed.policy-other", f"The receipt names {receipt.policy.hex()[:16]}….")


def _inputs(receipt: Receipt, model: Model, policy: Policy) -> Iterator[Problem]:
    """Look for contradictions within what the receipt says went in."""
    if receipt.viewer != layout.viewer_digest(receipt.acts, receipt.tastes):
        yield Problem(
            "feed.viewer-differs",
            "The viewer's acts and tastes are not the ones that the receipt was made of.",
        )
    if receipt.mode != layout.Mode.FOR_YOU and (receipt.acts or receipt.tastes):
        yield Problem("feed.viewer-differs", "A page that is nobody's has used somebody's acts.")
    if not _rows_are_unique(receipt):
        yield Problem("feed.candidate-twice", "A clip is among the candidates twice.")
    if len({each.index for each in receipt.adjusted}) != len(receipt.adjusted):
        yield Problem("feed.adjusted-twice", "A clip's score was adjusted twice.")
    numbers = {
        "creators": [each.author for each in receipt.scored],
        "sounds": [each.sound for each in receipt.scored],
        "tags": [each.tag for each in receipt.scored],
    }
    for name, groups in numbers.items():
        if not choosing.groups_are_in_order(groups):
            yield Problem("feed.groups-differ", f"The numbers of {name} are not in order.")
    yield from _features(receipt)


def _features(receipt: Receipt) -> Iterator[Problem]:
    for number, each in enumerate(receipt.scored):
        wrong = [layout.FEATURES[flag] for flag in _FLAGS if each.features[flag] not in {0, 1}]
        wrong += [
            layout.FEATURES[same] for same in _SAME if each.features[same] != receipt.scored[0].features[same]
        ]
        if each.features[_COUNT] != each.sources.bit_count():
            wrong.append(layout.FEATURES[_COUNT])
        if wrong:
            yield Problem("feed.features-contradict", f"Candidate {number}: {', '.join(wrong)}.")
            return


def _scores(receipt: Receipt, model: Model, policy: Policy) -> Iterator[Problem]:
    wrong = [n for n, each in enumerate(receipt.scored) if each.pre != model.pre(each.features)]
    if wrong:
        each = receipt.scored[wrong[0]]
        yield Problem(
            "feed.score-differs",
            f"Candidate {wrong[0]} has {each.pre}; its features give {model.pre(each.features)} "
            f"({len(wrong)} in all).",
        )


def _scored(receipt: Receipt, model: Model, policy: Policy) -> Iterator[Problem]:
    ordered = choosing.by_pre([*receipt.scored, *receipt.rest])
    wanted = choosing.scored_rows(ordered, policy, receipt.seed)
    given = {each.row for each in receipt.scored}
    if wanted != given:
        yield Problem(
            "feed.scored-set",
            f"{len(wanted - given)} candidates were left out that should have been scored, "
            f"and {len(given - wanted)} taken in that should not.",
        )
    for part in (receipt.scored, receipt.rest):
        rows = [each.row for each in part]
        if rows != [each.row for each in choosing.by_pre(part)]:
            yield Problem("feed.candidates-unsorted", "Candidates are not in the order of their pre-scores.")
            return


def _page(receipt: Receipt, model: Model, policy: Policy) -> Iterator[Problem]:
    given = [each.index for each in receipt.chosen]
    if len(set(given)) != len(given) or len(set(receipt.clips)) != len(given):
        yield Problem("feed.clip-twice", "One clip has two places on the page.")
        return
    scores = finals(receipt, model)
    places = choosing.select(
        receipt.scored, scores, policy, receipt.seed, receipt.position, len(receipt.chosen)
    )
    for number, (place, index) in enumerate(zip(places, given, strict=True)):
        if place.index != index:
            yield _misplaced(receipt, scores, policy, number, place, index)
            return


def _misplaced(
    receipt: Receipt,
    scores: Sequence[int],
    policy: Policy,
    number: int,
    place: choosing.Place,
    index: int,
) -> Problem:
    """Say which of the rules of choosing the first wrong place breaks."""
    taken = [each.index for each in receipt.chosen[:number]]
    where = f"Place {number + 1} of the page: candidate {index} stands where {place.index} belongs"
    if place.exploring and place.index in _fresh(receipt):
        return Problem("feed.exploration-differs", f"{where}; it is a place for new clips.")
    if not choosing.is_spaced(receipt.scored, index, taken, policy, place.rules):
        return Problem("feed.spacing-broken", f"{where}, too near to others of its creator, sound or tag.")
    return Problem(
        "feed.order-differs", f"{where}; their scores are {scores[index]} and {scores[place.index]}."
    )


def _fresh(receipt: Receipt) -> set[int]:
    return {n for n, each in enumerate(receipt.scored) if each.sources & layout.Source.FRESH}


def _rows_are_unique(receipt: Receipt) -> bool:
    rows = [each.row for each in receipt.scored] + [each.row for each in receipt.rest]
    return len(set(rows)) == len(rows)


_STEPS: tuple[Callable[[Receipt, Model, Policy], Iterator[Problem]], ...] = (
    _references,
    _inputs,
    _scores,
    _scored,
    _page,
)


def check_next(before: Receipt, after: Receipt) -> list[Problem]:
    """Return what is wrong with a page as the next one of a visit."""
    if before.visit != after.visit:
        return []  # another visit begins
    served = layout.served_after(before.served, before.clips)
    if after.position == before.position + len(before.chosen) and after.served == served:
        return []
    return [Problem("feed.visit-broken", "The page does not follow the one before it in its visit.")]
