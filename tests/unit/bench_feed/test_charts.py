"""The picture of the figures is well-formed and shows every row."""

from xml.etree import ElementTree as ET

from bench.feed.quality.charts import quality_and_coverage
from bench.feed.quality.metrics import Ranked


def test_every_row_has_a_dot_and_its_name():
    rows = {
        name: Ranked(9, 9, 0.2, ndcg, 0.3, cover)
        for name, ndcg, cover in (("a < b", 0.1, 0.2), ("Reelm", 0.2, 0.5))
    }
    picture = ET.fromstring(quality_and_coverage(rows))
    space = "{http://www.w3.org/2000/svg}"
    dots = picture.findall(f"{space}circle")
    heights = [float(dot.get("cy")) for dot in dots]
    assert len(dots) == 2
    assert heights[0] < heights[1]
    assert {"a < b", "Reelm"} <= {text.text for text in picture.findall(f"{space}text")}
