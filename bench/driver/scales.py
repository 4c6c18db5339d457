"""What the workloads at several sizes have shown: the plots and a table."""

from driver.plots import Panel, figure
from driver.rows import OURS
from driver.tables import human, table

OPERATIONS = {
    "scale_call_same": "call to the same one",
    "scale_call": "call to any of them",
    "scale_cast": "cast to any of them",
    "scale_lookup": "look-up of any key",
    "scale_spawn": "spawn of one more",
    "scale_start_child": "start_child of one more",
}


def series(figures, scale, line, value=lambda ns: ns):
    """For each peer the points (size, value of the time of an operation)."""
    found = {}
    for size, workload in scale.workloads():
        for peer in workload.peers:
            ns = figures.median(workload.name, line.format(n=size), peer, "per_op_ns")
            if ns:
                found.setdefault(peer, []).append((size, value(ns)))
    return found


def plots(figures, scales):
    """The images by name; what there is no figure of is left out."""
    images = {}
    for scale in scales:
        for title, panel in panels(figures, scale):
            if panel.series:
                images.setdefault(title, []).append(panel)
    return {f"{title}.svg": figure(panels) for title, panels in images.items()}


def panels(figures, scale):
    """The panels of a scale, each with the name of its image."""
    if scale.name == "population":
        for line, what in OPERATIONS.items():
            yield "population", Panel(what, "live processes", "ns", series(figures, scale, line))
    else:
        servers = "one server" if scale.name == "callers of one" else "each has a server of its own"
        calls = series(figures, scale, scale.lines[0], lambda ns: 1e9 / ns)
        yield "callers", Panel(f"calls, {servers}", "callers", "calls a second", calls)


def flatness(figures, scales):
    """Perennial's times by the number of live processes, and how much the last is of the first."""
    scale = next(scale for scale in scales if scale.name == "population")
    lines, sizes = [], []
    for line, what in OPERATIONS.items():
        points = series(figures, scale, line).get(OURS, [])
        if len(points) > 1:
            growth = f"×{points[-1][1] / points[0][1]:.2f}"
            lines.append([what, *(human(ns, "ns") for _, ns in points), growth])
            sizes = [f"{size:,}" for size, _ in points]
    return table(["operation", *sizes, "last / first"], lines)
