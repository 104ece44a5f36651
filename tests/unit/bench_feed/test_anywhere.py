"""The bench on interactions it has never seen: with and without times and vectors, and what it refuses."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench.feed.__main__ import main
from bench.feed.quality import anywhere, reading

GROUPS, CLIPS, PEOPLE = 4, 80, 240


def _log(seed: int = 3) -> dict[str, list]:
    """People who meet mostly clips of their own group (clip number modulo 4), one after the other."""
    chance = np.random.default_rng(seed)
    rows = {"user_id": [], "video_id": [], "timestamp": []}
    for person in range(PEOPLE):
        own = np.arange(person % GROUPS, CLIPS, GROUPS)
        met = chance.choice(CLIPS, 2, replace=False).tolist() + chance.choice(own, 9, replace=False).tolist()
        for place, clip in enumerate(dict.fromkeys(met)):
            rows["user_id"].append(f"p{person}")
            rows["video_id"].append(clip)
            rows["timestamp"].append(1_600_000_000_000 + place * 86_400_000 + person)
    return rows


def _csv(folder: Path, *names: str) -> Path:
    rows = _log()
    path = folder / "rows.csv"
    lines = [",".join(names)] + [
        ",".join(str(rows[name][at]) for name in names) for at in range(len(rows["user_id"]))
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def _ours(report: anywhere.Report) -> float:
    return max(row.ndcg for name, row in report.rows.items() if name.startswith("Reelm"))


def _run(data: reading.Interactions, vectors: dict | None = None) -> anywhere.Report:
    return anywhere.run(data, vectors or {}, anywhere.Limits(), 1, lambda _: None)


def test_without_times_it_finds_the_groups_and_says_what_is_off(tmp_path):
    data = reading.interactions(_csv(tmp_path, "user_id", "video_id"), {})
    assert data.columns == {"user": "user_id", "item": "video_id"}
    report = _run(data)
    assert any("no times" in note for note in report.notes)
    assert _ours(report) > 2 * report.rows["popularity"].ndcg
    assert _run(data).rows == report.rows


def test_with_times_the_newest_are_the_test(tmp_path):
    data = reading.interactions(_csv(tmp_path, "user_id", "video_id", "timestamp"), {})
    part = anywhere.parts(data, 1)
    assert data.seconds[part == "train"].max() <= data.seconds[part == "valid"].min()
    assert data.seconds[part == "valid"].max() <= data.seconds[part == "test"].min()
    report = _run(data)
    assert not any("no times" in note for note in report.notes)
    assert _ours(report) > 2 * report.rows["popularity"].ndcg


def test_vectors_find_clips_by_what_they_show(tmp_path):
    data = reading.interactions(_csv(tmp_path, "user_id", "video_id"), {})
    chance = np.random.default_rng(1)
    centre = chance.normal(size=(GROUPS, 24))
    picture = np.array([centre[int(name) % GROUPS] + chance.normal(size=24) for name in data.item_names])
    path = tmp_path / "picture.parquet"
    ids = [int(name) for name in data.item_names]
    pq.write_table(pa.table({"item_id": ids, "picture": picture.tolist(), "sound": picture.tolist()}), path)
    vectors = reading.vectors(path, data.item_names)
    assert set(vectors) == {"picture", "sound"}
    report = _run(data, vectors)
    assert report.rows["kNN of content:picture only"].ndcg > 2 * report.rows["popularity"].ndcg


def test_leave_one_out_takes_one_of_each(tmp_path):
    data = reading.interactions(_csv(tmp_path, "user_id", "video_id"), {})
    part = anywhere.parts(data, 1)
    for name in ("test", "valid"):
        assert np.bincount(data.person[part == name]).tolist() == [1] * PEOPLE
    assert (anywhere.parts(data, 1) == part).all()
    assert (anywhere.parts(data, 2) != part).any()


def test_a_given_split_is_kept(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("uid;clip;set\na;1;train\na;2;train\na;3;Test\nb;1;train\nb;4;dev\n")
    data = reading.interactions(path, {})
    assert anywhere.parts(data, 1).tolist() == ["train", "train", "test", "train", "valid"]


def test_weights_and_units_of_time(tmp_path):
    path = tmp_path / "rows.parquet"
    when = pa.array([1_650_000_000_000, 1_650_000_060_000], pa.int64())
    pq.write_table(pa.table({"Person": ["a", "b"], "item": [1, 2], "time": when, "label": [0, 1]}), path)
    data = reading.interactions(path, {})
    assert data.seconds.tolist() == [1_650_000_000, 1_650_000_060]
    assert data.liked.tolist() == [False, True]


def test_arrays_with_and_without_ids(tmp_path):
    names = np.array(["10", "7"])
    np.save(tmp_path / "bare.npy", np.eye(4, dtype=np.float32))
    with pytest.raises(reading.UnreadableError, match="has no ids"):
        reading.vectors(tmp_path / "bare.npy", names)
    (tmp_path / "bare.ids.txt").write_text("7\n10\n11\n12\n")
    found = reading.vectors(tmp_path / "bare.npy", names)["bare"]
    assert found.tolist() == [[0, 127, 0, 0], [127, 0, 0, 0]]
    np.save(tmp_path / "rows.npy", np.eye(4, dtype=np.float32))
    from_one = reading.vectors(tmp_path / "rows.npy", np.array(["1", "4"]))["rows"]
    assert from_one.tolist() == [[127, 0, 0, 0], [0, 0, 0, 127]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no column for the user"),
        ("user,b\n1,2\n", "--item-column"),
        ("user,item\n", "has no rows"),
        ("user,item,split\n1,2,monday\n", "'monday'"),
        ("user,item,split\n1,2,train\n", "no row as test"),
        ("user,item,time\n1,2,yesterday\n", "ISO 8601"),
        ("user,item,weight\n1,2,0\n", "above 0"),
        ("user,item\n1,\n", "empty values"),
    ],
)
def test_what_can_not_be_read_says_why(tmp_path, text, said):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(reading.UnreadableError, match=said):
        reading.interactions(path, {})


def test_the_command_refuses_kindly(tmp_path, capsys):
    assert main(["--interactions", str(tmp_path / "none.csv")]) == 2
    assert "no file" in capsys.readouterr().out
    assert main(["--data", str(tmp_path)]) == 2
    assert "--interactions" in " ".join(capsys.readouterr().out.split())


def test_too_few_people_are_said(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("user,item\na,1\nb,2\n")
    with pytest.raises(ValueError, match="no person"):
        _run(reading.interactions(path, {}))
