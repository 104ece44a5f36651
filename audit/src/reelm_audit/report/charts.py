"""Charts without a script: drawn shapes stretch with the page, words stay words, and each has its table beneath.

The drawing itself is hidden from screen readers; its caption says what it shows, and the table holds every number.
"""

from collections.abc import Mapping, Sequence

from reelm_audit.report.html import Markup, join, lines, tag
from reelm_audit.report.overview import OverTime
from reelm_audit.report.words import bucket_label, number

COLOURS = 6
FEW = 6
WIDEST = 14  # per cent of the chart: a young ledger has few columns, and they stay columns


def columns(title: str, told: str, over_time: OverTime, labels: Mapping[str, str], what: str) -> Markup:
    """Return stacked columns over time: one colour for each name in `labels`, in their order."""
    shown = [name for name in labels if any(over_time.series.get(name, ()))]
    top = _round_up(over_time.highest)
    drawing = _frame(_stacks(over_time, shown, top), over_time, top)
    heads = [what, *(labels[name] for name in shown)]
    rows = [
        [bucket_label(start, over_time.step), *(number(over_time.series[name][n]) for name in shown)]
        for n, start in enumerate(over_time.starts)
    ]
    legend = [(labels[name], sum(over_time.series[name])) for name in shown]
    return _figure(title, told, drawing, _legend(legend), table(title, heads, rows))


def _stacks(over_time: OverTime, shown: Sequence[str], top: int) -> Markup:
    count = len(over_time.starts)
    slot = 100 / count
    wide = min(slot - min(slot * 0.22, 1.2), WIDEST)
    shapes = []
    for n in range(count):
        base = 0.0
        for position, name in enumerate(shown):
            value = over_time.series[name][n]
            if not value:
                continue
            height = value / top * 100
            shapes.append(
                tag(
                    "rect",
                    class_=f"s{position % COLOURS + 1}",
                    x=_short(n * slot + (slot - wide) / 2),
                    y=_short(100 - base - height),
                    width=_short(wide),
                    height=_short(height),
                )
            )
            base += height
    return lines(*shapes)


def _frame(shapes: Markup, over_time: OverTime, top: int) -> Markup:
    rules = [tag("line", class_="rule", x1=0, x2=100, y1=_short(y), y2=_short(y)) for y in (0, 50, 100)]
    plot = tag(
        "svg",
        join(*rules),
        shapes,
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
        class_="plot",
    )
    scale = tag(
        "div",
        tag("span", number(top)),
        tag("span", number(top // 2)) if top % 2 == 0 else tag("span", ""),
        tag("span", "0"),
        class_="scale",
        aria_hidden="true",
    )
    return tag("div", scale, plot, _axis(over_time), class_="columns")


def _axis(over_time: OverTime) -> Markup:
    """Name each stretch of time beneath its column if they are few, else the first, the middle and the last."""
    starts = over_time.starts
    few = len(starts) <= FEW
    named = range(len(starts)) if few else (0, len(starts) // 2, len(starts) - 1)
    return tag(
        "div",
        *(tag("span", bucket_label(starts[n], over_time.step)) for n in named),
        class_="axis few" if few else "axis",
        aria_hidden="true",
    )


def bars(title: str, told: str, values: Sequence[tuple[str, int]], what: str, unit: str) -> Markup:
    """Return one bar for each named value, its number beside it."""
    top = max((value for _, value in values), default=0) or 1
    items = [
        tag(
            "div",
            tag("span", label, class_="name"),
            tag("span", number(value), class_="value"),
            tag(
                "svg",
                tag("rect", class_="track", width=100, height=1),
                tag("rect", class_="s1", width=_short(max(value / top * 100, 0.6 if value else 0)), height=1),
                viewBox="0 0 100 1",
                preserveAspectRatio="none",
                focusable="false",
            ),
            class_="bar",
        )
        for label, value in values
    ]
    drawing = tag("div", *items, class_="bars", aria_hidden="true")
    rows = [[label, number(value)] for label, value in values]
    return _figure(title, told, drawing, None, table(title, [what, unit], rows))


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str | Markup]]) -> Markup:
    """Return a table with a caption; the first cell of a row names it."""
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in heads)))
    body = tag(
        "tbody",
        lines(
            *(
                tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
                for row in rows
            )
        ),
    )
    whole = tag("table", tag("caption", caption), head, body, class_="wide" if len(heads) > 3 else None)
    return tag("div", whole, class_="scroll", role="region", aria_label=caption, tabindex=0)


def _figure(title: str, told: str, drawing: Markup, legend: Markup | None, numbers: Markup) -> Markup:
    return tag(
        "figure",
        tag("figcaption", tag("h3", title), tag("p", told)),
        drawing,
        legend,
        tag("details", tag("summary", "The same as a table"), numbers),
    )


def _legend(items: Sequence[tuple[str, int]]) -> Markup:
    return tag(
        "ul",
        *(
            tag(
                "li",
                tag("span", class_=f"swatch s{position % COLOURS + 1}"),
                tag("span", label),
                tag("b", number(value)),
            )
            for position, (label, value) in enumerate(items)
        ),
        class_="legend",
        aria_hidden="true",
    )


def _round_up(value: int) -> int:
    """Return where an axis ends: the next 1, 2, 4, 6, 8 or 10 times a power of ten."""
    power = 1
    while power * 10 < value:
        power *= 10
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= max(value, 1))


def _short(value: float) -> str:
    """Write a length with at most two decimals: the same bytes on every machine."""
    hundredths = round(value * 100)
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
