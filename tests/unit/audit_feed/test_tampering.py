"""Every way to cheat with a page is found under its own name, and an honest page gives no finding."""

from dataclasses import replace

import pytest
from tests.factories.feedcase import FeedCase
from tests.factories.feedcheats import TAMPERINGS
from tests.factories.feedpages import Page, Tampering, untouched

from reelm_audit.feed import files, layout, replay
from reelm_audit.feed.verdict import PageVerdict, judge
from reelm_audit.rules.catalogue import RULES

SEEDS = (1, 2, 3)


def look(page: Page) -> PageVerdict:
    """Judge a page as it arrives: as the text of a file."""
    file = files.parse(page.file.text().encode())
    return judge(files.evidence(file), page.model, page.policy)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", TAMPERINGS, ids=lambda kind: kind.name)
def test_a_page_tampered_with_is_found_and_named(kind: Tampering, seed: int) -> None:
    verdict = look(kind.tamper(FeedCase(seed)))
    assert {problem.code for problem in verdict.problems} == {kind.code}, verdict.problems


@pytest.mark.parametrize("seed", range(1, 21))
def test_an_honest_page_gives_no_finding_and_replays_to_the_same_bytes(seed: int) -> None:
    case = FeedCase(seed, position=7 * (seed % 4), adjustments=bool(seed % 3), candidates=40 + 10 * seed)
    verdict = look(untouched(case))
    assert verdict.problems == ()
    assert verdict.replayed
    assert replay.again(case.receipt, case.model, case.policy) == layout.encode(case.receipt)


def test_there_are_enough_kinds_and_each_has_its_place_in_the_catalogue() -> None:
    assert len(TAMPERINGS) >= 20
    assert len({kind.name for kind in TAMPERINGS}) == len(TAMPERINGS)
    assert {kind.code for kind in TAMPERINGS} <= RULES.keys()


def test_a_page_without_a_kept_promise_is_judged_by_the_longest_one() -> None:
    case = FeedCase(4)
    page = untouched(case)
    page.file = replace(page.file, promise=None, certificate=None, promise_vkey=None)
    assert look(page).problems == ()
    page.file = replace(page.file, inclusion=None, entry=None)
    assert [each.code for each in look(page).problems] == ["feed.never-logged"]
    page.file = replace(page.file, made=case.receipt.time + 5)
    assert [each.code for each in look(page).problems] == ["feed.too-early"]


def test_a_receipt_that_the_page_did_not_name_is_found() -> None:
    case = FeedCase(5)
    evidence = files.evidence(case.file())
    digest = layout.digest_of(evidence.data)
    assert judge(replace(evidence, digest=digest), case.model_bytes, case.policy_bytes).problems == ()
    verdict = judge(replace(evidence, digest=bytes(32)), case.model_bytes, case.policy_bytes)
    assert [each.code for each in verdict.problems] == ["feed.receipt-differs"]


def test_the_next_page_of_a_visit_follows_the_one_before() -> None:
    first = FeedCase(1)
    served = layout.served_after(first.served, first.receipt.clips)
    second = FeedCase(2, position=20, visit=first.visit, served=served)
    assert replay.check_next(first.receipt, second.receipt) == []
    for other in ({"position": 40}, {"served": layout.ZERO}):
        broken = layout.changed(second.receipt, **other)
        assert [each.code for each in replay.check_next(first.receipt, broken)] == ["feed.visit-broken"]
