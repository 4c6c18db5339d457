"""Plots, as SVG, with nothing but the standard library."""

import math
from dataclasses import dataclass
from html import escape

COLORS = {"perennial": "#c2410c", "tokio": "#1d4ed8", "ractor": "#15803d", "beam": "#7e22ce"}
PANEL, MARGIN = (380, 250), {"left": 64, "right": 16, "top": 44, "bottom": 44}
PREFIXES = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")]


@dataclass
class Panel:
    """Lines over logarithmic axes: `series` has the points of each peer."""

    title: str
    x_label: str
    y_label: str
    series: dict[str, list[tuple[float, float]]]


def figure(panels, columns=2):
    """An image with some panels and one legend."""
    rows = math.ceil(len(panels) / columns)
    width, height = columns * PANEL[0], rows * PANEL[1] + 30
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#222">',
             f'<rect width="{width}" height="{height}" fill="white"/>']  # fmt: skip
    for number, panel in enumerate(panels):
        x, y = number % columns * PANEL[0], number // columns * PANEL[1]
        parts += [f'<g transform="translate({x},{y})">', *drawn(panel), "</g>"]
    names = dict.fromkeys(name for panel in panels for name in panel.series)
    for number, name in enumerate(names):
        x, y = MARGIN["left"] + number * 84, height - 12
        parts.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 22}" y2="{y - 4}" stroke="{COLORS[name]}" stroke-width="2"/>')
        parts.append(text(x + 28, y, name, anchor="start"))
    return "\n".join([*parts, "</svg>", ""])


def drawn(panel):
    points = [point for series in panel.series.values() for point in series]
    across = Axis([x for x, _ in points], MARGIN["left"], PANEL[0] - MARGIN["right"])
    up = Axis([y for _, y in points], PANEL[1] - MARGIN["bottom"], MARGIN["top"])
    yield text(PANEL[0] / 2, 18, panel.title, size=13)
    yield text((across.begin + across.end) / 2, PANEL[1] - 10, panel.x_label)
    yield text(across.begin - 48, MARGIN["top"] - 12, panel.y_label, anchor="start")
    for value in across.decades():
        yield grid(across.at(value), up.begin, across.at(value), up.end)
        yield text(across.at(value), up.begin + 15, short(value))
    for value in up.decades():
        yield grid(across.begin, up.at(value), across.end, up.at(value))
        yield text(across.begin - 6, up.at(value) + 4, short(value), anchor="end")
    for name, series in panel.series.items():
        places = [f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in sorted(series)]
        yield f'<polyline points="{" ".join(places)}" fill="none" stroke="{COLORS[name]}" stroke-width="2"/>'
        for place in places:
            x, y = place.split(",")
            yield f'<circle cx="{x}" cy="{y}" r="3" fill="{COLORS[name]}"/>'


class Axis:
    """A logarithmic axis over whole decades, from one place of the image to another."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self.begin, self.end = begin, end

    def at(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)

    def decades(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def short(value):
    scale, prefix = next((pair for pair in PREFIXES if value >= pair[0]), PREFIXES[-1])
    return f"{value / scale:g}{prefix}"


def text(x, y, words, anchor="middle", size=11):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'


def grid(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'
