"""Level 2: public candidates are retrieved again from what auditors get, and what was slipped in or kept back is found."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.factories import replayed
from tests.factories.feedday import Day, Served

from reelm_audit.feed import choosing, layout, matrices, ranker, replay, snapshots
from reelm_audit.feed.layout import FEATURES, Receipt, Source
from reelm_audit.feed.retrieval import Retrieval, retrieve
from reelm_audit.feed.snapshots import State
from reelm_audit.pages import Ranking, retrieve_again

PAGES = 70


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with Day(tmp_path_factory.mktemp("day"), seed=5) as made:
        made.serve(PAGES)
        yield made


def folder_of(day: Day, receipt: Receipt) -> Path:
    return day.folder / "snapshots" / receipt.generation.hex()


def look(day: Day, page: Served, receipt: Receipt | None = None, *, told: bool = True) -> Retrieval:
    receipt = receipt or layout.decode(page.receipt)
    state, _ = snapshots.state_at(folder_of(day, receipt), receipt.seq)
    policy = choosing.parse_policy(day.documents[receipt.policy.hex()])
    found = matrices.find(day.folder / "matrices", receipt.matrices)
    return retrieve(receipt, policy, state, found, met(state, page) if told else None)


def met(state: State, page: Served) -> frozenset[bytes]:
    return frozenset(state.identities[row].clip for row in page.seen)


def test_every_page_of_the_day_is_retrieved_again(day: Day) -> None:
    for page in day.pages[::3]:
        for told in (True, False):
            found = look(day, page, told=told)
            assert found.problems == []
            assert found.checked > 100
    assert any(look(day, page).viewers_own for page in day.pages[:5])


def test_the_state_is_that_of_a_plain_reading_of_the_format(day: Day) -> None:
    for page in (day.pages[0], day.pages[-1]):
        receipt = layout.decode(page.receipt)
        mine, base = snapshots.state_at(folder_of(day, receipt), receipt.seq)
        other = replayed.replay(folder_of(day, receipt), receipt.seq)
        assert (mine.alive, mine.columns, mine.lists, mine.chain) == (
            other.alive,
            other.columns,
            other.lists,
            other.chain,
        )
        assert base is not None


# — a realm that cheats before it seals —


def a_row_from_nowhere(receipt: Receipt, state: State) -> Receipt:
    """A clip that no source brings is said to be near what the viewer liked."""
    there = {each.row for each in (*receipt.scored, *receipt.rest)}
    listed = {row for rows in state.lists.values() for row in rows}
    row = next(n for n in range(state.size) if state.alive[n] and n not in there)
    assert row in listed
    first = receipt.scored[0]
    return layout.changed(
        receipt,
        scored=(replace(first, row=row, sources=int(Source.TASTE)), *receipt.scored[1:]),
        chosen=receipt.chosen[1:],
    )


def another_source(receipt: Receipt, state: State) -> Receipt:
    number, each = next((n, each) for n, each in enumerate(receipt.scored) if each.sources == Source.TRENDING)
    scored = list(receipt.scored)
    scored[number] = replace(each, sources=int(Source.TRENDING | Source.TASTE))
    return layout.changed(receipt, scored=tuple(scored))


def more_views(receipt: Receipt, state: State) -> Receipt:
    scored = list(receipt.scored)
    features = list(scored[4].features)
    features[FEATURES.index("views")] += 30
    scored[4] = replace(scored[4], features=tuple(features))
    return layout.changed(receipt, scored=tuple(scored))


def other_sums(receipt: Receipt, state: State) -> Receipt:
    """The acts are the viewer's, and what they add up to is not."""
    scored = list(receipt.scored)
    features = list(scored[2].features)
    features[FEATURES.index("item")] += 5
    scored[2] = replace(scored[2], features=tuple(features))
    return layout.changed(receipt, scored=tuple(scored))


def another_clip(receipt: Receipt, state: State) -> Receipt:
    first, *others = receipt.chosen
    return layout.changed(receipt, chosen=(replace(first, clip=bytes(16)), *others))


def creators_apart(receipt: Receipt, state: State) -> Receipt:
    """Clips of one creator are told to be of two."""
    seen: set[int] = set()
    for number, each in enumerate(receipt.scored):
        if each.author in seen:
            scored = list(receipt.scored)
            scored[number] = replace(each, author=max(e.author for e in scored) + 1)
            return layout.changed(receipt, scored=tuple(scored))
        seen.add(each.author)
    raise AssertionError("everybody has one clip")


def kept_back(receipt: Receipt, state: State) -> Receipt:
    """The best of what is near what the viewer liked is missing."""
    kept = [n for n, each in enumerate(receipt.scored) if not each.sources & (Source.ITEM | Source.CONTENT)]
    rest = [each for each in receipt.rest if not each.sources & (Source.ITEM | Source.CONTENT)]
    some = [n for n, each in enumerate(receipt.scored) if each.sources & (Source.ITEM | Source.CONTENT)][-2:]
    return layout.changed(
        receipt, scored=tuple(receipt.scored[n] for n in sorted(kept + some)), rest=tuple(rest), chosen=()
    )


@pytest.mark.parametrize(
    ("cheat", "code"),
    [
        (a_row_from_nowhere, "feed.candidate-added"),
        (another_source, "feed.source-differs"),
        (more_views, "feed.feature-differs"),
        (other_sums, "feed.feature-differs"),
        (another_clip, "feed.clip-differs"),
        (creators_apart, "feed.groups-differ"),
        (kept_back, "feed.candidate-dropped"),
    ],
)
def test_what_a_receipt_alone_can_not_show_is_found(
    day: Day, cheat: Callable[[Receipt, State], Receipt], code: str
) -> None:
    for page in day.pages[-3:]:
        receipt = layout.decode(page.receipt)
        state, _ = snapshots.state_at(folder_of(day, receipt), receipt.seq)
        problems = look(day, page, cheat(receipt, state)).problems
        assert code in {problem.code for problem in problems}
        if code != "feed.candidate-added":  # one that came from nowhere has nobody's numbers either
            assert {problem.code for problem in problems} == {code}


def test_a_receipt_that_cheats_so_still_replays(day: Day) -> None:
    """The control: level 1 can't see it, or level 2 would not be needed."""
    page = day.pages[-1]
    receipt = layout.decode(page.receipt)
    model = ranker.parse(day.model_bytes)
    policy = choosing.parse_policy(day.documents[receipt.policy.hex()])
    exchanged = layout.changed(
        receipt, chosen=(replace(receipt.chosen[0], clip=bytes(16)), *receipt.chosen[1:])
    )
    assert replay.check(exchanged, model, policy) == []


# — what auditors get is not what it should be —


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def _log(folder: Path) -> None:
    _flip(max(folder.glob("*/*.deltas"), key=lambda path: path.stat().st_size), 400)


def _identity(folder: Path) -> None:
    _flip(next(folder.glob("*/identities")), 152 * 3 + 60)


def _matrix(folder: Path) -> None:
    for path in folder.glob("matrices/*/item.weight.npy"):
        _flip(path, 200)


def _head(folder: Path) -> None:
    for path in folder.glob("matrices/*/item.weight.npy"):
        path.write_bytes(path.read_bytes()[:-2])


@pytest.mark.parametrize("damage", [_log, _identity, _matrix, _head])
def test_material_that_does_not_fit_together_is_found(
    day: Day, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    receipt, policy, folder = _handed_out(day, tmp_path, 40)
    assert retrieve_again(receipt, policy, folder, None, None)[1] is not None
    for base in folder.glob("*/*.base"):
        base.unlink()
    damage(folder)
    problems, found = retrieve_again(receipt, policy, folder, None, None)
    assert found is None
    assert [problem.code for problem in problems] == ["feed.snapshot-broken"]


def _handed_out(day: Day, target: Path, number: int) -> tuple[Receipt, bytes, Path]:
    """What an auditor has: the snapshots, and the matrices beside them."""
    receipt = layout.decode(day.pages[number].receipt)
    shutil.copytree(day.folder / "snapshots", target / "copy")
    shutil.copytree(day.folder / "matrices", target / "copy" / "matrices")
    return receipt, day.documents[receipt.policy.hex()], target / "copy"


def test_bases_are_held_against_the_ledger(day: Day, tmp_path: Path) -> None:
    receipt, policy, folder = _handed_out(day, tmp_path, 65)
    ledger = Ranking()
    for seq, path in snapshots.bases(folder / receipt.generation.hex()):
        digest = snapshots.base_digest(path)
        ledger.snapshots.append({"generation": receipt.generation.hex(), "seq": seq, "digest": digest})
    codes = [problem.code for problem in retrieve_again(receipt, policy, folder, ledger, None)[0]]
    assert codes == ["feed.only-the-viewer"]
    before = [entry for entry in ledger.snapshots if entry["seq"] <= receipt.seq][-1]
    before["digest"] = "0" * 64
    problems = retrieve_again(receipt, policy, folder, ledger, None)[0]
    assert [problem.code for problem in problems] == ["feed.snapshot-broken", "feed.only-the-viewer"]
    ledger.snapshots.remove(before)
    problems = retrieve_again(receipt, policy, folder, ledger, None)[0]
    assert "none of state" in problems[0].detail


def test_what_is_not_there_accuses_nobody(day: Day, tmp_path: Path) -> None:
    receipt, policy, folder = _handed_out(day, tmp_path, 65)
    shutil.rmtree(folder / "matrices")
    assert [p.code for p in retrieve_again(receipt, policy, folder, None, None)[0]] == [
        "feed.snapshot-missing"
    ]
    assert [p.code for p in retrieve_again(receipt, policy, tmp_path, None, None)[0]] == [
        "feed.snapshot-missing"
    ]
