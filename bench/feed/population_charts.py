"""Charts of the simulation, as SVG."""

import numpy as np
from bench.feed.world import DAY, Outcome, World

_SIZE = 420
_MARGIN = 56
_COLOURS = ("#0b7a75", "#d1495b", "#8d99ae")


def lorenz(world: World, played: list[tuple[str, Outcome]]) -> str:
    """Draw how impressions are shared out: clips from least to most shown, and what part of all they have."""
    shown = [clip.number for clip in world.clips if clip.published < world.plan.days * DAY and not clip.ring]
    lines = [_line([(0.0, 0.0), (1.0, 1.0)], "#bbbbbb", "4 4")]
    words = []
    for place, ((name, outcome), colour) in enumerate(zip(played, _COLOURS, strict=True)):
        counts = np.sort([outcome.impressions.get(number, 0) for number in shown]).astype(np.float64)
        parts = np.concatenate([[0.0], np.cumsum(counts) / max(1.0, counts.sum())])
        at = np.linspace(0, 1, len(parts))
        step = max(1, len(parts) // 200)
        lines.append(_line(list(zip(at[::step].tolist(), parts[::step].tolist(), strict=True)), colour))
        words.append(
            f'<text x="{_MARGIN + 16}" y="{_MARGIN + 22 + 22 * place}" fill="{colour}">{name}</text>'
        )
    end = _MARGIN + _SIZE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {end + 24} {end + 48}" '
        'font-family="sans-serif" font-size="15">'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_SIZE}" height="{_SIZE}" fill="none" stroke="#ddd"/>'
        f"{''.join(lines)}{''.join(words)}"
        f'<text x="{_MARGIN}" y="32">Part of all impressions that the least shown clips have</text>'
        f'<text x="{_MARGIN}" y="{end + 24}" fill="#666">no clip</text>'
        f'<text x="{end}" y="{end + 24}" fill="#666" text-anchor="end">all clips</text></svg>\n'
    )


def _line(points: list[tuple[float, float]], colour: str, dashes: str = "") -> str:
    path = " ".join(f"{_MARGIN + x * _SIZE:.1f},{_MARGIN + (1 - y) * _SIZE:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"{dashed}/>'
