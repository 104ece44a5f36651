"""The report: a sentence first, the same bytes every time, nothing of a realm's text unescaped, nothing loaded."""

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.factories.badrealms import IN_ENTRIES, build
from tests.factories.ledgers import Script

from reelm_audit.bundle import open_bundle
from reelm_audit.cli import main
from reelm_audit.report.charts import _round_up
from reelm_audit.report.html import Markup, join, tag
from reelm_audit.report.making import make
from reelm_audit.report.overview import Overview, start_of
from reelm_audit.report.words import span, with_moments
from reelm_audit.rules.minutes import DAY, parse, text_of

AT = 1_767_700_000


def page_of(script: Script, folder: Path, note: str | None = None) -> str:
    page, _ = make(open_bundle(script.write(folder, note=note)), AT, "reelm-audit verify copy")
    return page.decode()


class Reader(HTMLParser):
    """Reads a page as a browser's first half does; keeps headings, and checks that what opens is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.captions = 0
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(name)
        for key, value in attributes:
            if key in {"src", "href", "action", "style"} or key.startswith("on"):
                self.links.append(f"{key}={value}")
            if key == "aria-labelledby":
                self.labels.add(str(value))
            if key == "id":
                self.ids.append(str(value))
        if name not in {"meta", "br"}:
            self.open.append(name)
        if re.fullmatch(r"h\d", name):
            self.headings.append((int(name[1]), ""))
        self.captions += name == "caption"

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and re.fullmatch(r"h\d", self.open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)


def test_a_good_realm_reads_good(tmp_path: Path) -> None:
    script = Script(seed=3).life(900, milestones=True).quiet()
    page = page_of(script, tmp_path)
    assert f"We checked {script.size:,} entries of Example" in page
    assert "Nothing contradicts its promises." in page
    assert "witness1.example and witness2.example have signed" in page
    assert "What needs an answer" not in page
    assert "never that nothing was done" not in page
    assert "It never proves that nothing was done without an entry" in page
    assert script.log.vkey in page
    assert script.checkpoint().split("\n")[2] in page


def test_a_bad_realm_says_how_many_things_need_an_answer_and_shows_the_evidence(tmp_path: Path) -> None:
    script = build(next(bad for bad in IN_ENTRIES if bad.code == "grant.used-after-expiry"))
    page = page_of(script, tmp_path, note=script.note(script.checkpoint(), script.cosigners[:1]))
    assert "Two things need an answer." in page
    assert page.count("Personal data was opened after the grant's time was over") >= 3
    assert "<code>grant.used-after-expiry</code>" in page
    assert '"kind": "grant.used"' in page
    assert "Contradicted" in page
    assert "Nothing contradicts" not in page


def test_a_ledger_without_a_valid_signature_is_not_believed(tmp_path: Path) -> None:
    script = Script(seed=3).life(200)
    folder = script.write(tmp_path, note=Script(seed=4).note(script.checkpoint()))
    page, verdict = make(open_bundle(folder), AT, "reelm-audit verify copy")
    assert verdict.vouched is None
    assert "could not be believed" in page.decode()
    Reader(page.decode())


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_copy_makes_the_same_bytes(seed: int, tmp_path: Path) -> None:
    script = Script(seed=seed).life(500, milestones=True).quiet()
    assert page_of(script, tmp_path / "one") == page_of(script, tmp_path / "two")


def test_the_page_is_whole_loads_nothing_and_can_be_heard(tmp_path: Path) -> None:
    for n, script in enumerate(
        (Script(seed=3).life(900, milestones=True).quiet(), build(IN_ENTRIES[3]), Script(seed=2, witnesses=0))
    ):
        reader = Reader(page_of(script, tmp_path / str(n)))
        assert not reader.links
        assert reader.tags.isdisjoint({"script", "iframe", "img", "link", "object", "form", "a"})
        levels = [level for level, _ in reader.headings]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        assert all(text.strip() for _, text in reader.headings)
        assert reader.captions >= 3
        assert reader.labels <= set(reader.ids)
        assert len(reader.ids) == len(set(reader.ids))


def test_what_a_realm_writes_about_itself_can_not_break_out(tmp_path: Path) -> None:
    evil = '</title><script>alert("x")</script><img src=x onerror=1>'
    script = Script(seed=6, witnesses=0)
    script.adopt(replace(script.terms, words=evil))
    script.deploy(version=evil[:60], source=evil[:60])
    script.append("note.to-self", text=evil)
    script.raw(evil.encode())
    page = page_of(script, tmp_path)
    reader = Reader(page)
    assert reader.tags.isdisjoint({"script", "img"})
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_everything_but_markup_is_escaped() -> None:
    assert (
        tag("p", "<b>", tag("b", "&"), None, 3, title='"<')
        == '<p title="&quot;&lt;">&lt;b&gt;<b>&amp;</b>3</p>'
    )
    assert join(Markup("<i>"), "<i>") == "<i>&lt;i&gt;"


def test_the_command_writes_the_page_and_tells_by_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Script(seed=3).life(300).quiet().write(tmp_path / "good")
    bad = build(IN_ENTRIES[0]).write(tmp_path / "bad")
    moment = ["--at", "2026-02-01T10:00:00Z"]
    assert main(["report", str(good), "--out", str(tmp_path / "good.html"), *moment]) == 0
    assert main(["report", str(bad), "--out", str(tmp_path / "bad.html"), *moment]) == 1
    assert "1 February 2026, 10:00 UTC" in (tmp_path / "good.html").read_text()
    assert main(["report", str(tmp_path / "nowhere"), "--out", str(tmp_path / "x.html")]) == 2
    assert "The report is in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "days", "step", "count"),
    [
        ("2026-01-05T08:00Z", 1, "hour", 25),
        ("2026-01-05T08:00Z", 30, "day", 31),
        ("2025-11-20T08:00Z", 100, "month", 4),
        ("2020-02-29T00:00Z", 365 * 5, "year", 6),
    ],
)
def test_time_is_cut_as_suits_the_age(first: str, days: int, step: str, count: int) -> None:
    overview = Overview()
    start = parse(first)
    for minute in (start, start + 7, start + days * DAY):
        overview.see({"kind": "rights.erased"}, minute)
    over_time = overview.over_time(["rights.erased"])
    assert (over_time.step, len(over_time.starts)) == (step, count)
    assert sum(over_time.series["rights.erased"]) == 3
    assert over_time.starts == sorted(set(over_time.starts))
    assert all(start_of(each, step) == each for each in over_time.starts)
    assert over_time.highest == 2


def test_words_for_times() -> None:
    one, other = parse("2026-01-05T08:00Z"), parse("2026-01-09T23:00Z")
    assert span(one, other) == "from 5 to 9 January 2026"
    assert span(one, one + 5) == "all of 5 January 2026"
    assert span(one, one + 40 * DAY) == "from 5 January to 14 February 2026"
    assert with_moments(f"until {text_of(one)}.") == "until 5 January 2026, 08:00 UTC."
    assert with_moments("2026-99-05T08:00Z") == "2026-99-05T08:00Z"


def test_axes_end_on_round_numbers() -> None:
    assert [_round_up(value) for value in (0, 1, 3, 7, 9, 11, 99, 1001)] == [1, 1, 4, 8, 10, 20, 100, 2000]


def test_how_the_feed_was_ranked_is_told_where_a_realm_serves_one(tmp_path: Path) -> None:
    quiet = Script(seed=2).life(120).quiet()
    assert "How the feed was ranked" not in page_of(quiet, tmp_path / "quiet")
    script = Script(seed=2).life(120).quiet()
    script.feed.begin()
    script.wait(20)
    script.feed.change()
    script.feed.adjust(4)
    page = page_of(script, tmp_path / "serving")
    assert "How the feed was ranked" in [title for _, title in Reader(page).headings]
    served = sum(b'"kind":"feed.receipts"' in entry for entry in script.entries)
    assert served == 21 * 6  # that of the minute in which it began as well
    assert f"in {served} batches, one every 10 seconds" in page
    assert "learned from what people watched here" in page
    assert script.feed.model is not None
    assert script.feed.model[:16] in page
    assert "since then 4 clips are boosted or demoted" in page
    assert "without a gap" in page


def test_missing_batches_are_counted(tmp_path: Path) -> None:
    script = Script(seed=2).life(120).quiet()
    script.feed.begin()
    script.wait(5)
    script.feed.batch += 12
    script.minute += 2
    script.wait(5)
    assert "12 are missing, as when a realm is off" in page_of(script, tmp_path)
