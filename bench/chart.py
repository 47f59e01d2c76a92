"""A bar chart as SVG: groups of bars with their values, readable in print, in the dark and without colours.

Owns the drawing only; written by hand because a plotting library is ten times the size of all of `bench`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#007358", "#E69F00", "#56B4E9", "#8a8f8d")
WIDTH, BAR_HEIGHT, GAP = 720, 20, 18
LABEL_WIDTH, NAME_WIDTH = 90, 150


def bars(title: str, unit: str, groups: Mapping[str, Sequence[tuple[str, float]]]) -> str:
    """Return the chart.

    Args:
        groups: the bars of each group, as name and value; names are the same in every group.
    """
    largest = max(value for rows in groups.values() for _, value in rows)
    room = WIDTH - LABEL_WIDTH - NAME_WIDTH - 90
    parts = [f'<text x="12" y="28" font-size="17" font-weight="700">{escape(title)}</text>']
    top = 48
    for label, rows in groups.items():
        middle = top + len(rows) * BAR_HEIGHT / 2 + 5
        parts.append(f'<text x="12" y="{middle:.0f}" font-weight="600">{escape(label)}</text>')
        for number, (name, value) in enumerate(rows):
            left, width = LABEL_WIDTH + NAME_WIDTH, max(1.0, room * value / largest)
            base = top + BAR_HEIGHT * 0.72
            parts.append(f'<text x="{left - 8}" y="{base:.0f}" text-anchor="end">{escape(name)}</text>')
            parts.append(
                f'<rect x="{left}" y="{top + 2}" width="{width:.1f}" height="{BAR_HEIGHT - 4}" rx="3" '
                f'fill="{COLOURS[number % len(COLOURS)]}"/>'
            )
            parts.append(f'<text x="{left + width + 6:.0f}" y="{base:.0f}">{value:,.0f}{escape(unit)}</text>')
            top += BAR_HEIGHT
        top += GAP
    style = 'font-family="system-ui, sans-serif" font-size="13" fill="#13211C"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" {style}>'
        f'<rect width="{WIDTH}" height="{top}" fill="#FFFFFF"/>{"".join(parts)}</svg>\n'
    )
