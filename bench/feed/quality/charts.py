"""Pictures of the figures, as SVG."""

from html import escape

from bench.feed.quality.metrics import Ranked

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 760, 460, 64, 56, 28, 210


def quality_and_coverage(rows: dict[str, Ranked]) -> str:
    """NDCG@20 upwards, the share of all clips that anybody was shown to the right; ours are the filled dots."""
    highest = max(row.ndcg for row in rows.values()) * 1.12 or 1.0
    widest = max(max(row.coverage for row in rows.values()) * 1.08, 0.05)
    across, up = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
            ' font-size="12" role="img" aria-label="Quality and coverage">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for step in range(5):
        y = _HEIGHT - _BOTTOM - up * step / 4
        x = _LEFT + across * step / 4
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_LEFT + across}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{highest * step / 4:.3f}</text>'
        )
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{widest * step / 4:.0%}</text>'
        )
    parts.append(f'<text x="{_LEFT}" y="16">NDCG@20</text>')
    parts.append(
        f'<text x="{_LEFT + across}" y="{_HEIGHT - 14}" text-anchor="end">clips shown to anybody in 20 places</text>'
    )
    taken: list[float] = []
    for name, row in sorted(rows.items(), key=lambda pair: -pair[1].ndcg):
        x = _LEFT + across * row.coverage / widest
        y = _HEIGHT - _BOTTOM - up * row.ndcg / highest
        at = y
        while any(abs(at - other) < 14 for other in taken):
            at += 2
        taken.append(at)
        ours = name.startswith("Reelm")
        fill = "#c2185b" if ours else "#fff"
        parts.append(f'<path d="M{x:.1f} {y:.1f}L{_LEFT + across + 8} {at:.1f}" stroke="#ccc"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="#333"/>')
        weight = ' font-weight="bold"' if ours else ""
        parts.append(f'<text x="{_LEFT + across + 12}" y="{at + 4:.1f}"{weight}>{escape(name)}</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
