"""Level 1: computes a page again from its receipt, the model and the policy, and says what differs.

Every difference is a `Problem` under a code of the catalogue of findings; the first of a kind is enough, and what
follows from it is not told again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reelm_audit.feed import choosing, layout
from reelm_audit.feed.choosing import Policy
from reelm_audit.feed.layout import Chosen, Receipt
from reelm_audit.feed.ranker import Model


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not add up: a code of the catalogue, and the particulars in a sentence."""

    code: str
    detail: str


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

    Equal bytes mean that the page is the one that model and policy make of what the receipt says.
    """
    scored = [replace(each, pre=model.pre(each.features)) for each in receipt.scored]
    everyone = choosing.by_pre([*scored, *receipt.rest])
    wanted = choosing.scored_rows(everyone, policy, receipt.seed)
    rows = {each.row: each for each in scored}
    if wanted != set(rows) or len(everyone) != len({each.row for each in everyone}):
        return b""
    at = {row: number for number, row in enumerate(each.row for each in everyone if each.row in wanted)}
    ordered = _grouped([rows[row] for row in at])
    made = replace(
        receipt,
        scored=tuple(ordered),
        rest=tuple(sorted(receipt.rest, key=lambda each: (-each.pre, -each.row))),
        adjusted=tuple(
            sorted(
                (replace(each, index=at[receipt.scored[each.index].row]) for each in receipt.adjusted),
                key=lambda each: each.index,
            )
        ),
        viewer=layout.viewer_digest(receipt.acts, receipt.tastes),
    )
    ids = {receipt.scored[each.index].row: each.clip for each in receipt.chosen}
    places = choosing.select(
        made.scored, finals(made, model), policy, receipt.seed, receipt.position, len(receipt.chosen)
    )
    chosen = [Chosen(each.index, ids.get(made.scored[each.index].row, bytes(16))) for each in places]
    made = replace(made, model=model.digest, policy=policy.digest, chosen=tuple(chosen))
    return layout.encode(made)


def _grouped(scored: Sequence[layout.Scored]) -> Iterator[layout.Scored]:
    """Number groups again, in order of first appearance."""
    numbers: dict[str, dict[int, int]] = {"author": {}, "sound": {}, "tag": {}}

    def number(kind: str, group: int) -> int:
        if group == layout.NO_GROUP:
            return group
        return numbers[kind].setdefault(group, len(numbers[kind]))

    for each in scored:
        yield replace(
            each,
            author=number("author", each.author),
            sound=number("sound", each.sound),
            tag=number("tag", each.tag),
        )
