"""One image of all ratios to plain tokio, with what was to be reached."""

from driver.figures import CLOCKS
from driver.plots import COLORS, Axis, grid, short, text
from driver.rows import BASE, OURS, PEERS

WIDTH, ROW, LEFT, TOP = 760, 20, 210, 46
OTHERS = "#9ca3af"


def overview(figures, rows):
    """Nothing if there is no row to show."""
    rows = [row for row in rows if row.reach is not None and not row.field and figures.compared(row)]
    if not rows:
        return None
    lines = [(row, dict(points(figures, row))) for row in rows]
    axis = Axis([1.0, *(row.reach for row in rows), *(value for _, found in lines for value in found)],
                LEFT, WIDTH - 20)  # fmt: skip
    height = TOP + ROW * len(rows) + 30
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11" fill="#222">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             text(WIDTH / 2, 18, "time of an operation, as a part of plain tokio's", size=13)]  # fmt: skip
    for value in axis.decades():
        parts.append(grid(axis.at(value), TOP - 10, axis.at(value), height - 30))
        parts.append(text(axis.at(value), TOP - 14, f"×{value:g}" if value < 1 else f"×{short(value)}"))
    parts.append(bar(axis.at(1.0), TOP - 10, height - 30, COLORS[BASE]))
    for number, (row, found) in enumerate(lines):
        y = TOP + ROW * number + ROW / 2
        parts.append(text(LEFT - 8, y + 4, row.name, anchor="end"))
        parts += [dot(axis.at(value), y, look) for value, look in found.items()]
        parts.append(bar(axis.at(row.reach), y - 7, y + 7, "#222"))
    parts.append(text(WIDTH / 2, height - 10,
                      "perennial: ● clock, ○ CPU; gray: the others in Rust; purple: BEAM; | to reach; blue: tokio"))  # fmt: skip
    return "\n".join([*parts, "</svg>", ""])


def points(figures, row):
    """Each ratio, and how it looks: color and whether it is filled."""
    for peer in PEERS:
        color = COLORS[peer] if peer in (OURS, "beam") else OTHERS
        # Actors of actix stay on one thread, which is another thing.
        for clock in CLOCKS if peer == OURS else ["wall"] if peer not in (BASE, "actix") else []:
            if (value := figures.ratio(row, peer, clock)) is not None:
                yield value, (color, clock == "wall")


def dot(x, y, look):
    color, filled = look
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" stroke="{color}" fill="{color if filled else "none"}"/>'


def bar(x, y1, y2, color):
    return f'<line x1="{x:.1f}" y1="{y1:.1f}" x2="{x:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="2"/>'
