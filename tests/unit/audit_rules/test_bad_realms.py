"""Every kind of bad realm is caught, under its name, and nothing else is found; a good one gives no finding."""

from collections import Counter
from pathlib import Path

import pytest
from tests.factories.badlogs import IN_THE_LOG, BadLog, build_log
from tests.factories.badrealms import IN_ENTRIES, BadRealm, build, context_of
from tests.factories.feedcheats import TAMPERINGS
from tests.factories.ledgers import Script, fields_of

from reelm_audit.bundle import open_bundle
from reelm_audit.checking import check_copy
from reelm_audit.findings import Severity
from reelm_audit.rules.catalogue import RULES
from reelm_audit.rules.checker import check

SEEDS = (1, 2, 3)
NOT_OF_A_COPY = {"time.future"}  # a copy is checked without a clock


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bad", IN_ENTRIES, ids=lambda bad: bad.name)
def test_what_is_planted_in_the_entries_is_found_and_named(bad: BadRealm, seed: int) -> None:
    script = build(bad, seed)
    findings = list(check(enumerate(script.entries), context_of(script)))
    assert [finding.code for finding in findings] == [bad.code], findings
    assert findings[0].severity is Severity.VIOLATION


@pytest.mark.parametrize(
    "bad", [b for b in IN_ENTRIES if b.code not in NOT_OF_A_COPY], ids=lambda bad: bad.name
)
def test_it_is_found_in_a_copy_on_disk_too(bad: BadRealm, tmp_path: Path) -> None:
    script = build(bad)
    verdict = check_copy(open_bundle(script.write(tmp_path)))
    expected = {"charter.document-other": "charter.document-missing"}.get(bad.code, bad.code)
    if bad.code == "charter.missing":  # then nobody says who must witness, either
        assert verdict.witnesses is not None
    assert [finding.code for finding in verdict.findings] == [expected], verdict.findings


@pytest.mark.parametrize("bad", IN_THE_LOG, ids=lambda bad: bad.name)
def test_what_is_wrong_with_the_log_itself_is_found_and_named(bad: BadLog, tmp_path: Path) -> None:
    verdict = check_copy(open_bundle(bad.write(build_log(), tmp_path)))
    assert [finding.code for finding in verdict.findings] == [bad.code], verdict.findings


def test_there_are_enough_kinds_and_each_has_its_place_in_the_catalogue() -> None:
    codes = {bad.code for bad in (*IN_ENTRIES, *IN_THE_LOG)}
    assert len(IN_ENTRIES) + len(IN_THE_LOG) >= 30
    assert codes <= RULES.keys()
    untested = {
        code
        for code, rule in RULES.items()
        if code not in codes and not code.startswith("log.") and rule.severity is Severity.VIOLATION
    } - {kind.code for kind in TAMPERINGS}
    elsewhere = {  # unit/audit_feed
        *("feed.visit-broken", "feed.receipt-differs", "feed.adjustments-outdated", "feed.clip-differs"),
        *("feed.candidate-added", "feed.candidate-dropped", "feed.source-differs", "feed.feature-differs"),
        "feed.snapshot-broken",
        # unit/audit_rules/test_pairs
        *("pair.never-sent", "pair.entry-differs", "pair.counts-differ", "pair.released-early"),
    }
    assert untested == {
        "release.unknown-build",
        "release.answers-differ",
        "release.data-map-differs",
        *elsewhere,
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unknown_build_is_found_only_if_builds_are_given(seed: int) -> None:
    script = Script(seed=seed).life(200).quiet()
    known = frozenset({script.build})
    script.deploy()
    script.life(300).quiet()
    findings = list(check(enumerate(script.entries), context_of(script, known)))
    assert [finding.code for finding in findings] == ["release.unknown-build"]
    assert not list(check(enumerate(script.entries), context_of(script)))


def test_a_good_realm_of_all_kinds_gives_no_finding(tmp_path: Path) -> None:
    script = Script(seed=5).life(100_000, milestones=True).quiet()
    kinds = Counter(fields_of(data)["kind"] for data in script.entries)
    verdict = check_copy(open_bundle(script.write(tmp_path)))
    assert verdict.findings == ()
    assert verdict.witnesses is not None
    assert verdict.witnesses.strength == "witnessed"
    assert len(kinds) == 25, kinds


def test_an_emergency_is_told_but_is_no_violation() -> None:
    script = Script(seed=9).life(100).quiet()
    asked = script.approve(script.ask(minutes=20, emergency=True))
    script.use(asked)
    script.end(asked)
    findings = list(check(enumerate(script.entries), context_of(script)))
    assert [(finding.code, finding.severity) for finding in findings] == [("grant.emergency", Severity.NOTE)]


def test_hours_in_which_nothing_happened_are_told_but_are_no_violation() -> None:
    script = Script(seed=3).life(200).quiet()
    script.wait(60)
    script.minute += 9 * 60
    script.account(script.minute - script.minute % 60 - 60)
    script.life(300).quiet()
    findings = list(check(enumerate(script.entries), context_of(script)))
    assert [(finding.code, finding.severity) for finding in findings] == [("keys.silent", Severity.NOTE)]


def test_batches_that_pause_or_end_are_told_but_are_no_violation() -> None:
    script = Script(seed=4).life(100).quiet()
    script.feed.begin()
    script.wait(12)
    script.feed.batch += 30
    script.minute += 5
    script.wait(10)
    script.feed.serves = False
    script.wait(90)
    findings = list(check(enumerate(script.entries), context_of(script)))
    assert {(finding.code, finding.severity) for finding in findings} == {("feed.batch-gap", Severity.NOTE)}
    assert [finding.index is None for finding in findings] == [False, True]


def test_the_same_seed_makes_the_same_ledger_and_the_same_findings() -> None:
    first, second = build(IN_ENTRIES[0], 4), build(IN_ENTRIES[0], 4)
    assert first.entries == second.entries
    assert list(check(enumerate(first.entries), context_of(first))) == list(
        check(enumerate(second.entries), context_of(second))
    )
