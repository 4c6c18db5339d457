"""Markdown tables of the figures."""

from driver.figures import CLOCKS, verdict
from driver.rows import BASE, OURS, PEERS


def human(value, unit):
    if value is None:
        return "–"
    steps = {"ns": [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")],
             "B": [(1e9, "GB"), (1e6, "MB"), (1e4, "KB"), (1, "B")]}.get(unit)  # fmt: skip
    if not steps:
        return f"{value:.2f}{unit}"
    # From ten thousand of the smaller one on.
    scale, name = next(((s, n) for s, n in steps if value >= s * (10 if n == "µs" else 1)), steps[-1])
    scale = 1e3 if name == "KB" else scale
    number = value / scale
    return f"{number:.0f} {name}" if number >= 100 or scale == 1 else f"{number:.3g} {name}"


def ratio(value):
    return "–" if value is None else f"×{value:.2f}"


def table(head, lines):
    if not lines:
        return "Not measured.\n"
    lines = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def bound(row, value):
    if value is None:
        return ""
    sign = "≥" if row.at_least else "≤"
    return f"{sign} {human(value, row.unit) if row.field else f'{value:.2f}'}"


def targets(figures, rows):
    """Perennial against plain tokio, with what was to be reached."""
    lines = []
    for row in rows:
        if figures.of(row, OURS) is None:
            continue
        values = figures.compared(row)
        unit = row.unit if row.field else "ns"
        if row.field:
            ratios = ["", ""]
        else:
            ratios = [ratio(figures.ratio(row, OURS, clock)) for clock in CLOCKS]
        base = figures.of(row, BASE)
        base = human(base, unit) if base is not None else figures.absence(row.workload.name, BASE)
        best, beam = (compared(figures, row, peer) for peer in (best_other(figures, row), "beam"))
        word = verdict(row, values)
        lines.append([row.name, base, human(figures.of(row, OURS), unit), *ratios, best, beam,
                      bound(row, row.reach), bound(row, row.beyond),
                      f"**{word}**" if word == "missed" else word])  # fmt: skip
    head = ["row", "tokio", "perennial", "wall", "CPU", "best other", "BEAM", "to reach", "beyond", "reached"]
    return table(head, lines)


def best_other(figures, row):
    """The fastest, or the smallest, of the others in Rust. Actix does not count: its actors stay on one thread."""
    others = [peer for peer in PEERS if peer not in (BASE, OURS, "actix", "beam")]
    others = [peer for peer in others if figures.of(row, peer) is not None]
    return min(others, key=lambda peer: figures.of(row, peer), default=None)


def compared(figures, row, peer):
    if peer is None or figures.of(row, peer) is None:
        return ""
    name = "" if peer == "beam" else f" ({peer})"
    return (human(figures.of(row, peer), row.unit) if row.field else ratio(figures.ratio(row, peer, "wall"))) + name


def all_peers(figures, rows, clock):
    """The time of every peer, with its ratio to plain tokio."""
    peers = [peer for peer in PEERS if any(figures.of(row, peer) is not None for row in rows)]
    lines = []
    for row in rows:
        if row.field or sum(figures.of(row, peer) is not None for peer in peers) == 0:
            continue
        lines.append([row.name, *(cell(figures, row, peer, clock) for peer in peers)])
    return table(["row", *peers], lines)


def cell(figures, row, peer, clock):
    value = figures.of(row, peer, CLOCKS[clock])
    if value is None:
        return figures.absence(row.workload.name, peer) if peer in row.workload.peers else "–"
    words = [human(value, "ns")]
    if peer != BASE:
        words.append(ratio(figures.ratio(row, peer, clock)))
    found = figures.lines(row.workload.name, row.line, peer)
    usual = max(r["n"] for p in PEERS for r in figures.lines(row.workload.name, row.line, p))
    if found[0]["n"] * 2 < usual:
        words.append(f"(n = {found[0]['n'] // 1000} k)")
    if failures := figures.failures(row.workload.name, peer):
        words.append(f"({failures} failed)")
    return " ".join(words)


# Figures of a line besides its time: name, field, unit.
DETAILS = [("p50", "per_op_ns", "ns"), ("p99", "p99_ns", "ns"), ("p99.9", "p999_ns", "ns"), ("max", "max_ns", "ns")]


def percentiles(figures, rows):
    """Of the rows that have them."""
    lines = []
    for row in {row.line: row for row in rows if not row.field or row.field == "delay_p99_ns"}.values():
        for peer in PEERS:
            if figures.of(row, peer, "p99_ns") is not None:
                lines.append([row.line, peer, *(human(figures.of(row, peer, field), unit) for _, field, unit in DETAILS)])
    return table(["line", "peer", *(name for name, _, _ in DETAILS)], lines)


def memory(figures, rows, field, peers=PEERS):
    """Bytes of one process, or of a backlog."""
    peers = [peer for peer in peers if any(figures.of(row, peer, field) is not None for row in rows)]
    unique = {(row.workload.name, row.line): row for row in rows}.values()
    lines = [[f"`{row.workload.run}`: {row.line}", *(human(figures.of(row, peer, field), "B") for peer in peers)]
             for row in unique if any(figures.of(row, peer, field) is not None for peer in peers)]  # fmt: skip
    return table(["line", *peers], lines)


def meanings(figures, rows):
    """What each figure means for a user."""
    lines = []
    for row in rows:
        if (value := figures.of(row, OURS)) is not None:
            lines.append(f"* **{row.name}**: {human(value, row.unit if row.field else 'ns')}. {row.means}")
    return "\n".join(lines) + "\n"


def quick(figures, rows):
    """What `run.py --quick` prints."""
    lines = [[row.name, human(figures.of(row, BASE), "ns"), human(figures.of(row, OURS), "ns"),
              *(ratio(figures.ratio(row, OURS, clock)) for clock in CLOCKS), ratio(row.ci)] for row in rows]  # fmt: skip
    return table(["row", "tokio", "perennial", "wall", "CPU", "at most"], lines)


def summary(figures, rows):
    """What `run.py` prints."""
    return "\n".join([
        "Perennial against plain tokio", "", targets(figures, rows),
        "Wall clock for each operation", "", all_peers(figures, rows, "wall"),
        "CPU time for each operation, all threads", "", all_peers(figures, rows, "CPU"),
        "Percentiles", "", percentiles(figures, rows),
        "Memory of a process", "", memory(figures, rows, "bytes_per_process"),
        "Memory at the peak, of a backlog or of everything", "", memory(figures, rows, "peak_growth_bytes"),
    ])  # fmt: skip
