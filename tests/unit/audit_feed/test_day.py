"""A day's pages, made by the server's own stages, are computed again to the same bytes by what an outsider installs."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.factories.feedday import VIEWERS, Day, Served, as_json

from reelm_audit.feed import choosing, layout, ranker, replay
from reelm_audit.feed.layout import Receipt, Source

WEB = Path(__file__).parents[3] / "web"


@pytest.fixture(scope="module", params=[50, pytest.param(1_000, marks=pytest.mark.full)])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with Day(tmp_path_factory.mktemp("day")) as made:
        made.serve(request.param)
        yield made


@pytest.mark.timeout(600)
def test_every_page_of_a_day_is_computed_again_to_the_same_bytes(day: Day) -> None:
    model = ranker.parse(day.model_bytes)
    used = Source(0)
    for number, page in enumerate(day.pages):
        receipt = layout.decode(page.receipt)
        policy = choosing.parse_policy(day.documents[receipt.policy.hex()])
        assert replay.again(receipt, model, policy) == page.receipt, number
        assert receipt.clips == page.shown
        if number % 10 == 0:
            assert replay.check(receipt, model, policy) == []
        used |= _sources(receipt)
    named = Source.ITEM | Source.NEXT | Source.CONTENT | Source.TASTE | Source.FOLLOWING | Source.FRIENDS
    named |= Source.TRENDING | Source.FRESH
    assert used & named == named


def _sources(receipt: Receipt) -> Source:
    bits = Source(0)
    for each in (*receipt.scored, *receipt.rest):
        bits |= Source(each.sources)
    return bits


@pytest.mark.timeout(600)
def test_the_web_client_s_verifier_computes_the_same_bytes(day: Day, tmp_path: Path) -> None:
    """The other implementation, in the other language, on the same pages (`web/tests/verify/feed-day.test.ts`)."""
    file = tmp_path / "day.json"
    file.write_bytes(as_json(day))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("node"),
            "node_modules/vitest/vitest.mjs",
            "run",
            "tests/verify/feed-day.test.ts",
        ],
        cwd=WEB,
        env={**os.environ, "REELM_FEED_DAY": str(file), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(day.pages)} pages are the same" in done.stdout


def test_pages_of_a_visit_follow_one_another(day: Day) -> None:
    followed = 0
    for viewer in range(VIEWERS):
        pages: list[Served] = [page for page in day.pages if page.viewer == viewer]
        receipts = [layout.decode(page.receipt) for page in pages]
        for before, after in itertools.pairwise(receipts):
            assert replay.check_next(before, after) == []
            followed += before.visit == after.visit
    assert followed > len(day.pages) // 3


def test_a_page_under_another_model_is_another(day: Day) -> None:
    """The control: what is compared does depend on the model."""
    other = ranker.parse(day.model_bytes.replace(b'"pre_weight":5', b'"pre_weight":6'))
    different = 0
    for page in day.pages[:20]:
        receipt = layout.decode(page.receipt)
        policy = choosing.parse_policy(day.documents[receipt.policy.hex()])
        different += replay.again(receipt, other, policy)[250:] != page.receipt[250:]
    assert different > 10
