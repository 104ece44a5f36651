"""Every code stands in the catalogue, is used, and is told in the guide as it is told by the tool."""

import re
from pathlib import Path

from reelm_audit.findings import Finding, Severity, exit_code, in_order, worst
from reelm_audit.rules.catalogue import RULES, as_markdown, found

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "audit" / "src" / "reelm_audit"


def test_the_guide_holds_the_catalogue() -> None:
    guide = (ROOT / "docs" / "guide" / "findings.md").read_text()
    assert guide.endswith("## All findings\n\n" + as_markdown())


def test_codes_in_the_source_are_the_codes_in_the_catalogue() -> None:
    text = "\n".join(path.read_text() for path in SOURCE.rglob("*.py"))
    subjects = {code.partition(".")[0] for code in RULES}
    named = set(re.findall(rf'"((?:{"|".join(sorted(subjects))})\.[a-z-]+)"', text)) & RULES.keys()
    kinds = set(re.findall(r'found\(\s*"([a-z-]+\.[a-z-]+)"', text))
    assert kinds <= RULES.keys()
    assert named == RULES.keys()


def test_every_rule_is_told_in_sentences_and_touches_a_promise() -> None:
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z]+\.[a-z-]+", rule.code)
        assert not rule.title.endswith(".")
        assert rule.meaning.endswith(".")
        assert rule.promises
        assert all(re.fullmatch(r"P([1-9]|10)", promise) for promise in rule.promises)
    titles = [rule.title for rule in RULES.values()]
    assert len(titles) == len(set(titles))


def test_findings_are_read_gravest_first_and_decide_the_exit_code() -> None:
    note, violation = found("grant.emergency", "a", 3), found("grant.unanswered", "b", 9)
    earlier = found("grant.self-approved", "c", 2)
    unchecked = Finding("log.stale", Severity.UNCHECKED, "t", "d")
    assert in_order([note, violation, unchecked, earlier]) == [earlier, violation, unchecked, note]
    assert [exit_code(some) for some in ([], [note], [note, unchecked], [unchecked, violation])] == [
        0,
        0,
        2,
        1,
    ]
    assert worst([note, violation]) is Severity.VIOLATION
    assert violation.as_json() == {
        "code": "grant.unanswered",
        "severity": "violation",
        "title": RULES["grant.unanswered"].title,
        "detail": "b",
        "index": 9,
        "evidence": {},
    }
