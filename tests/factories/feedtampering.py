"""Ways for a realm to cheat with a page before it seals it: it seals, promises and logs what it made up."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.factories.feedcase import POLICY, TIME, FeedCase, model_fields
from tests.factories.feedpages import Page, sealed, untouched

from reelm_audit.feed import choosing, layout, maps, replay
from reelm_audit.feed.evidence import ShownAdjustment
from reelm_audit.feed.files import FileAdjustments
from reelm_audit.feed.layout import Receipt, Scored, Source
from reelm_audit.tlog import canonical


def _scored(case: FeedCase, index: int, **fields: Any) -> Receipt:
    scored = list(case.receipt.scored)
    scored[index] = replace(scored[index], **fields)
    return layout.changed(case.receipt, scored=tuple(scored))


def _feature(each: Scored, name: str, value: int) -> Scored:
    features = list(each.features)
    features[layout.FEATURES.index(name)] = value
    return replace(each, features=tuple(features))


def higher_score(case: FeedCase) -> Page:
    return sealed(case, _scored(case, 12, pre=case.receipt.scored[12].pre + 40))


def higher_feature(case: FeedCase) -> Page:
    scored = list(case.receipt.scored)
    scored[12] = _feature(scored[12], "acts", 999)
    return sealed(case, layout.changed(case.receipt, scored=tuple(scored)))


def contradicting_feature(case: FeedCase) -> Page:
    """More sources than it has, with a score that fits."""
    scored = list(case.receipt.scored)
    each = _feature(scored[12], "source_count", scored[12].sources.bit_count() + 1)
    scored[12] = replace(each, pre=case.model.pre(each.features))
    return sealed(case, case.choose(layout.changed(case.receipt, scored=tuple(scored))))


def swapped_places(case: FeedCase) -> Page:
    """The second best in the first place."""
    a, b, *others = case.receipt.chosen
    return sealed(case, layout.changed(case.receipt, chosen=(b, a, *others)))


def hidden_boost(case: FeedCase) -> Page:
    """A clip is scored 5,000 points higher, which the receipt does not tell."""
    index = next(n for n in range(60, 70) if n not in {each.index for each in case.receipt.chosen})
    boosted = layout.Adjusted(index, layout.BOOST, 500_000, 1)
    adjusted = tuple(sorted((*case.receipt.adjusted, boosted), key=lambda each: each.index))
    dishonest = case.choose(layout.changed(case.receipt, adjusted=adjusted))
    return sealed(case, layout.changed(dishonest, adjusted=case.receipt.adjusted))


def invented_boost(case: FeedCase) -> Page:
    """It is in the receipt, but in no list: a forged proof says that it is."""
    index = next(n for n in range(60, 70) if n not in {each.index for each in case.receipt.chosen})
    boosted = layout.Adjusted(index, layout.BOOST, 500_000, 1)
    adjusted = tuple(sorted((*case.receipt.adjusted, boosted), key=lambda each: each.index))
    receipt = case.choose(layout.changed(case.receipt, adjusted=adjusted))
    page = sealed(case, receipt)
    value = maps.Adjustment(layout.BOOST, 500_000, 1, 0, 0, bytes(32)).encode()
    return _with_shown(page, {index: lambda each: replace(each, value=value)})


def undeclared_boost(case: FeedCase) -> Page:
    """The same, with the true proof that nothing is declared."""
    page = invented_boost(case)
    index = next(each.index for each in case_adjusted(page) if each.points == 500_000)
    return _with_shown(page, {index: lambda each: replace(each, value=None)})


def case_adjusted(page: Page) -> tuple[layout.Adjusted, ...]:
    return layout.decode(page.file.receipt).adjusted


def other_points(case: FeedCase) -> Page:
    """A declared boost, given ten times over."""
    adjusted = tuple(replace(each, points=each.points * 10) for each in case.receipt.adjusted)
    return sealed(case, case.choose(layout.changed(case.receipt, adjusted=adjusted)))


def ignored_demotion(case: FeedCase) -> Page:
    """One of the declared adjustments is not applied to a clip that is on the page."""
    return sealed(case, case.choose(layout.changed(case.receipt, adjusted=())))


def _with_shown(page: Page, changes: dict[int, Callable[[ShownAdjustment], ShownAdjustment]]) -> Page:
    given = page.file.adjustments
    assert given is not None
    shown = tuple(changes.get(each.index, lambda same: same)(each) for each in given.shown)
    page.file = replace(page.file, adjustments=FileAdjustments(given.entry, shown))
    return page


def forged_presence(case: FeedCase) -> Page:
    """Another value than the one whose digest stands in the map."""
    value = maps.Adjustment(1, 400, 2, TIME - 100, TIME + 200, bytes(32)).encode()
    return _with_shown(untouched(case), {3: lambda each: replace(each, value=value)})


def forged_absence(case: FeedCase) -> Page:
    """A clip that is in the list, with neighbours that are none to show that it isn't."""
    index = case.receipt.adjusted[0].index
    adjusted = case.receipt.adjusted[1:]
    page = sealed(case, case.choose(layout.changed(case.receipt, adjusted=adjusted)))
    there = case.map.prove(maps.key_of(case.clips[case.receipt.scored[index].row])).leaves[0]
    wide = [case.map.prove(key) for key in sorted(maps.key_of(clip) for clip in case.declared)]
    around = tuple(wide[n].leaves[0] for n in (there.index - 1, there.index + 1) if 0 <= n < len(wide))
    proof = maps.MapProof(case.map.size, around)
    given = page.file.adjustments
    assert given is not None
    shown = [each for each in given.shown if each.index != index]
    clip = case.clips[case.receipt.scored[index].row]
    shown.append(ShownAdjustment(index, clip, None, proof))
    page.file = replace(page.file, adjustments=FileAdjustments(given.entry, tuple(shown)))
    return page


def nothing_shown(case: FeedCase) -> Page:
    page = untouched(case)
    given = page.file.adjustments
    assert given is not None
    page.file = replace(page.file, adjustments=FileAdjustments(given.entry, given.shown[1:]))
    return page


def unlogged_map(case: FeedCase) -> Page:
    """A list that the ledger does not hold: the entry shown is of another one."""
    other = FeedCase(case.seed + 1000)
    page = untouched(case)
    assert page.file.adjustments is not None
    entry = other.logged(bytes(32))[2]
    page.file = replace(page.file, adjustments=FileAdjustments(entry, page.file.adjustments.shown))
    return page


def adjusted_without_map(case: FeedCase) -> Page:
    page = sealed(case, layout.changed(case.receipt, adjustments=layout.ZERO))
    page.file = replace(page.file, adjustments=None)
    return page


def demoted_by_rank(case: FeedCase) -> Page:
    """A candidate that should have been scored stands with the rest."""
    receipt = case.receipt
    out = receipt.scored[20]
    scored = (*receipt.scored[:20], *receipt.scored[21:])
    left = sorted((*receipt.rest, layout.Rest(out.row, out.sources, out.pre)), key=lambda e: (-e.pre, -e.row))
    return sealed(case, _rebuilt(case, scored, left))


def promoted_from_the_rest(case: FeedCase) -> Page:
    """One that nothing brings is scored, in the place of a new clip that chance had drawn."""
    receipt = case.receipt
    ordered = choosing.by_pre(receipt.scored)
    drawn = [each.row for each in ordered[case.policy.best :]]
    in_place = next(each for each in receipt.rest if not each.sources & Source.FRESH)
    features = next(
        each
        for each in (_feature(receipt.scored[0], "views", value) for value in range(-32000, 32000, 50))
        if case.model.pre(each.features) < receipt.scored[case.policy.best - 12].pre
    ).features
    stranger = Scored(in_place.row, receipt.scored[0].sources, 0, 0, 0, case.model.pre(features), features)
    if stranger.sources & Source.FRESH:
        stranger = _feature(replace(stranger, sources=Source.ITEM), "source_count", 1)
    scored = [each for each in receipt.scored if each.row != drawn[0]] + [stranger]
    out = next(each for each in receipt.scored if each.row == drawn[0])
    left = [each for each in receipt.rest if each.row != in_place.row]
    left.append(layout.Rest(out.row, out.sources, out.pre))
    return sealed(case, _rebuilt(case, scored, left))


def _rebuilt(case: FeedCase, scored: Any, rest: Any) -> Receipt:
    """A receipt with other candidates that is well-formed and chosen by the rules."""
    ordered = [replace(each, pre=case.model.pre(each.features)) for each in scored]
    ordered.sort(key=lambda e: (-e.pre, -e.row))
    rows = {each.row: number for number, each in enumerate(ordered)}
    adjusted = [
        replace(each, index=rows[case.receipt.scored[each.index].row])
        for each in case.receipt.adjusted
        if case.receipt.scored[each.index].row in rows
    ]
    return case.choose(
        layout.changed(
            case.receipt,
            scored=tuple(replay.grouped(ordered)),
            rest=tuple(sorted(rest, key=lambda e: (-e.pre, -e.row))),
            adjusted=tuple(sorted(adjusted, key=lambda e: e.index)),
        )
    )


def dropped_afterwards(case: FeedCase) -> Page:
    """A candidate disappears from the receipt that is handed out."""
    receipt = layout.changed(case.receipt, rest=case.receipt.rest[:-1])
    return Page(replace(case.file(), receipt=layout.encode(receipt)), case.model_bytes, case.policy_bytes)


def added_afterwards(case: FeedCase) -> Page:
    last = case.receipt.rest[-1]
    receipt = layout.changed(case.receipt, rest=(*case.receipt.rest, layout.Rest(0, 1, last.pre - 1)))
    return Page(replace(case.file(), receipt=layout.encode(receipt)), case.model_bytes, case.policy_bytes)


def candidate_twice(case: FeedCase) -> Page:
    last = case.receipt.rest[-1]
    twice = layout.Rest(case.receipt.scored[4].row, 1, last.pre - 1)
    return sealed(case, layout.changed(case.receipt, rest=(*case.receipt.rest, twice)))


def unsorted(case: FeedCase) -> Page:
    first, second, *others = case.receipt.rest
    return sealed(case, layout.changed(case.receipt, rest=(second, first, *others)))


def other_model(case: FeedCase) -> Page:
    page = untouched(case)
    page.model = canonical.encode(model_fields(case.random))
    return page


def broken_model(case: FeedCase) -> Page:
    page = untouched(case)
    page.model = page.model.replace(b'"linear_shift":4', b'"linear_shift":4.5')
    return page


def other_policy(case: FeedCase) -> Page:
    page = untouched(case)
    select = {**POLICY["select"], "explore_every": 5}  # type: ignore[dict-item]
    page.policy = canonical.encode({**POLICY, "select": select})
    return page


def broken_policy(case: FeedCase) -> Page:
    page = untouched(case)
    page.policy = canonical.encode({**POLICY, "select": {}})
    return page


def other_seed(case: FeedCase) -> Page:
    """Chance is drawn from another visit than the receipt names: the clips scored are not those it would draw."""
    other = FeedCase(case.seed)
    return sealed(other, layout.changed(other.receipt, visit=bytes(16)))


def other_draw(case: FeedCase) -> Page:
    """The same where every candidate is scored: only the place for new clips tells."""
    small = FeedCase(case.seed, candidates=70)
    for number in range(200):
        chosen = small.choose(layout.changed(small.receipt, visit=number.to_bytes(16, "big")))
        if chosen.chosen != small.receipt.chosen:
            return sealed(small, layout.changed(chosen, visit=small.receipt.visit))
    raise AssertionError("chance never falls out otherwise")


def exploration_misused(case: FeedCase) -> Page:
    """The place for a new clip goes to the best of all that are left."""
    scores = replay.finals(case.receipt, case.model)
    honest = [each.index for each in case.receipt.chosen]
    queue = sorted(range(len(scores)), key=lambda i: (-scores[i], -case.receipt.scored[i].row))
    instead = next(i for i in queue if i not in honest and not case.receipt.scored[i].sources & Source.FRESH)
    honest[5] = instead
    return sealed(case, _page(case, honest))


def _page(case: FeedCase, indices: list[int]) -> Receipt:
    chosen = tuple(layout.Chosen(i, case.clips[case.receipt.scored[i].row]) for i in indices)
    return layout.changed(case.receipt, chosen=chosen)


def crowded(case: FeedCase) -> Page:
    """Straight by score: one creator twice in a row."""
    scored = case.receipt.scored
    honest = [each.index for each in case.receipt.chosen]
    for place in range(1, len(honest)):
        near = [scored[i].author for i in honest[max(0, place - 3) : place]]
        found = [i for i in range(len(scored)) if scored[i].author in near and i not in honest[: place + 1]]
        if found and (case.position + place) % 10 != 5:
            return sealed(
                case,
                _page(case, [*honest[:place], found[0], *[i for i in honest[place + 1 :] if i != found[0]]]),
            )
    raise AssertionError("nobody has two clips")


def repeated(case: FeedCase) -> Page:
    honest = [each.index for each in case.receipt.chosen]
    return sealed(case, _page(case, [*honest[:9], honest[0], *honest[10:]]))


def other_groups(case: FeedCase) -> Page:
    """Two clips of one creator are told apart."""
    last = case.receipt.scored[-1]
    return sealed(case, _scored(case, len(case.receipt.scored) - 1, author=(last.author + 100) % 255))


def other_acts(case: FeedCase) -> Page:
    viewer = layout.viewer_digest(case.receipt.acts, case.receipt.tastes)
    acts = (layout.Act(1, -40), *case.receipt.acts[1:])
    return sealed(case, layout.changed(case.receipt, acts=acts, viewer=viewer))


def adjusted_twice(case: FeedCase) -> Page:
    first = case.receipt.adjusted[0]
    return sealed(case, layout.changed(case.receipt, adjusted=(first, *case.receipt.adjusted)))


def adjusted_out_of_order(case: FeedCase) -> Page:
    """Nothing else is wrong: there is one way to write a receipt."""
    return sealed(case, layout.changed(case.receipt, adjusted=case.receipt.adjusted[::-1]))
