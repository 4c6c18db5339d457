"""Medians, ratios and verdicts: pure functions of the results."""

import statistics
from driver.rows import BASE, OURS

CLOCKS = {"wall": "per_op_ns", "CPU": "cpu_per_op_ns"}
# The wall clock goes on while others use the CPU, so with `--quick` its bound is so much larger.
LENIENCE = {"wall": 1.5, "CPU": 1.0}
# A row whose value is so near to its bound is measured more often.
NEAR = 0.10


class Figures:
    """All results, which are lines of the peers with the name of their workload as `run`."""

    def __init__(self, results=()):
        self.results, self._found = [], {}
        for result in results:
            self.add(result)

    def add(self, result):
        self.results.append(result)
        # A workload that failed, or that a peer has nothing like, has no lines of its own.
        line = result["workload"] if "per_op_ns" in result else None
        self._found.setdefault((result["run"], line, result["peer"]), []).append(result)

    def lines(self, run, line, peer):
        return self._found.get((run, line, peer), [])

    def median(self, run, line, peer, field):
        """None if there is no such figure."""
        values = [result[field] for result in self.lines(run, line, peer) if result.get(field) is not None]
        return statistics.median(values) if values else None

    def of(self, row, peer, field=None):
        return self.median(row.workload.name, row.line, peer, field or row.field or "per_op_ns")

    def ratio(self, row, peer, clock):
        """To plain tokio, of the same run."""
        ours, base = self.of(row, peer, CLOCKS[clock]), self.of(row, BASE, CLOCKS[clock])
        return ours / base if ours is not None and base else None

    def compared(self, row):
        """What the bounds of a row are held against: the ratios, or the one value."""
        if row.field:
            values = [self.of(row, OURS)]
        else:
            values = [self.ratio(row, OURS, clock) for clock in CLOCKS]
        return [value for value in values if value is not None]

    def absence(self, run, peer):
        """Why there is nothing: `n/a`, the failure, or not measured."""
        found = self.lines(run, None, peer)
        if not found:
            return "–"
        return "n/a" if "na" in found[0] else f"failed: {found[0]['error'][:40]}"

    def failures(self, run, peer):
        return sum("error" in result for result in self.lines(run, None, peer))


def holds(value, bound, at_least):
    return value >= bound if at_least else value <= bound


def verdict(row, values):
    """`beyond`, `reached` or `missed`, by the worst value; nothing without values or without a bound."""
    if not values or row.reach is None:
        return ""
    if row.beyond is not None and all(holds(value, row.beyond, row.at_least) for value in values):
        return "beyond"
    return "reached" if all(holds(value, row.reach, row.at_least) for value in values) else "missed"


def is_near(row, values):
    return row.reach is not None and any(abs(value / row.reach - 1) <= NEAR for value in values)


def regressed(row, ratios):
    """Those of `{clock: ratio}` that are over the bound of `--quick`."""
    return {clock: ratio for clock, ratio in ratios.items()
            if ratio is not None and ratio > row.ci * LENIENCE[clock]}  # fmt: skip
