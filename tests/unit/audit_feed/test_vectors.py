"""The published vectors are the ones that the reference makes, small enough to be shipped, and say what they should."""

import base64
import json
from pathlib import Path

import pytest
from tests.factories import feedvectors

from reelm_audit.feed import choosing, files, layout, ranker, replay
from reelm_audit.feed.verdict import judge

FOLDER = Path(__file__).parents[3] / "spec" / "receipt" / "vectors"


def read(name: str) -> list[dict]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def test_they_are_the_ones_that_the_reference_makes() -> None:
    made = feedvectors.everything()
    assert {path.name for path in FOLDER.iterdir()} == made.keys()
    assert sum(map(len, made.values())) < 300_000
    for name, data in made.items():
        assert (FOLDER / name).read_bytes() == data, f"{name} differs: make gen"


def test_every_page_replays_and_every_tampered_one_does_not() -> None:
    documents = {
        digest: text.encode() for digest, text in json.loads((FOLDER / "documents.json").read_text()).items()
    }
    for page in (*read("pages"), *read("tampered")):
        data = base64.b64decode(page["receipt"])
        if page.get("code") == "feed.malformed":
            with pytest.raises(layout.LayoutError):
                layout.decode(data)
            continue
        receipt = layout.decode(data)
        model = page.get("model", "").encode() or documents[receipt.model.hex()]
        policy = page.get("policy", "").encode() or documents[receipt.policy.hex()]
        if "code" not in page:
            found = ranker.parse(model), choosing.parse_policy(policy)
            assert replay.check(receipt, *found) == []
            assert replay.again(receipt, *found) == data
        elif "unreadable" not in page["code"]:
            problems = replay.check(receipt, ranker.parse(model), choosing.parse_policy(policy))
            assert [problem.code for problem in problems] == [page["code"]], page["name"]


@pytest.mark.parametrize(
    "forged", json.loads((FOLDER / "bindings.json").read_text())["forged"], ids=lambda f: f["name"]
)
def test_every_forged_file_is_found_by_its_lines(forged: dict) -> None:
    bindings = json.loads((FOLDER / "bindings.json").read_text())
    lines = dict(line.split(" ", 1) for line in bindings["file"].splitlines()[1:])
    documents = bindings["documents"]
    file = files.parse(bindings["file"].encode())
    receipt = layout.decode(file.receipt)
    model, policy = (documents[digest.hex()].encode() for digest in (receipt.model, receipt.policy))
    assert judge(files.evidence(file), model, policy).problems == ()
    lines = {name: value for name, value in {**lines, **forged["changes"]}.items() if value is not None}
    text = "\n".join([files.FIRST_LINE, *(f"{name} {value}" for name, value in lines.items())]) + "\n"
    verdict = judge(files.evidence(files.parse(text.encode())), model, policy)
    assert {problem.code for problem in verdict.problems} == {forged["code"]}
