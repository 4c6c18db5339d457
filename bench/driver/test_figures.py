#!/usr/bin/env python3
"""Tests of what is decided about figures."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from driver import rows  # noqa: E402
from driver.figures import Figures, is_near, regressed, verdict  # noqa: E402
from driver.rows import Row, Workload  # noqa: E402
from driver.tables import human  # noqa: E402


class Verdicts(unittest.TestCase):
    ratio = Row("r", "r", reach=0.5, beyond=0.3, ci=1.0)
    speedup = Row("s", "s", field="speedup", at_least=True, reach=1.3, beyond=1.5)

    def test_the_worst_value_decides(self):
        for row, values, word in [
            (self.ratio, [0.2, 0.3], "beyond"),
            (self.ratio, [0.2, 0.31], "reached"),
            (self.ratio, [0.2, 0.51], "missed"),
            (self.ratio, [], ""),
            (self.speedup, [1.6], "beyond"),
            (self.speedup, [1.4], "reached"),
            (self.speedup, [1.2], "missed"),
            (Row("no bound", "n"), [1.0], ""),
        ]:
            self.assertEqual(verdict(row, values), word, (row.name, values))

    def test_within_a_tenth_is_near(self):
        for values, near in [([0.46], True), ([0.54, 2.0], True), ([0.44], False), ([0.56], False)]:
            self.assertEqual(is_near(self.ratio, values), near, values)

    def test_each_clock_is_held_against_the_bound_the_wall_clock_leniently(self):
        for ratios, over in [
            ({"wall": 1.4, "CPU": 1.1}, {"CPU": 1.1}),
            ({"wall": 1.6, "CPU": 0.9}, {"wall": 1.6}),
            ({"wall": 0.9, "CPU": None}, {}),
        ]:
            self.assertEqual(regressed(self.ratio, ratios), over)


class Medians(unittest.TestCase):
    workload = Workload("call mt", "call 10")
    row = Row("call", "call", workload=workload)

    def line(self, peer, **more):
        return {"run": "call mt", "peer": peer, "workload": "call"} | more

    def test_ratios_are_of_medians(self):
        figures = Figures(self.line("tokio", per_op_ns=ns) for ns in (100, 200, 900))
        for ns in (50, 60, 70):
            figures.add(self.line("perennial", per_op_ns=ns, cpu_per_op_ns=1))
        self.assertEqual(figures.ratio(self.row, "perennial", "wall"), 0.3)
        self.assertIsNone(figures.ratio(self.row, "perennial", "CPU"))
        self.assertEqual(figures.compared(self.row), [0.3])

    def test_what_is_not_there_has_a_reason(self):
        figures = Figures([self.line("actix", na="none"), self.line("hydra", error="exit 1: lost a reply")])
        self.assertEqual(figures.absence("call mt", "actix"), "n/a")
        self.assertEqual(figures.absence("call mt", "hydra"), "failed: exit 1: lost a reply")
        self.assertEqual(figures.absence("call mt", "joerl"), "–")


class Units(unittest.TestCase):
    def test_figures_are_short(self):
        for value, unit, text in [(28.4, "ns", "28 ns"), (9999, "ns", "9999 ns"), (10_300, "ns", "10.3 µs"),
                                  (158_000, "ns", "158 µs"), (4_080_000, "ns", "4.08 ms"), (2429, "B", "2429 B"),
                                  (13_500, "B", "13.5 KB"), (1.8e9, "B", "1.8 GB"), (1.62, "x", "1.62x")]:  # fmt: skip
            self.assertEqual(human(value, unit), text)


class TheRows(unittest.TestCase):
    def test_bounds_are_written_where_they_belong(self):
        text = '[[workload.row]]\nname = "a"\nreach = 1\nci = 2\n\n[[workload.row]]\nname = "b"\n\n[[workload.row]]\nci = 3\n'
        self.assertEqual(rows.with_bounds(text, {"a": 9.5, "b": 7}), text.replace("ci = 2", "ci = 9.5"))

    def test_each_has_a_name_of_its_own_and_says_what_it_means(self):
        workloads, scales = rows.read()
        names = [row.name for workload in workloads for row in workload.rows]
        self.assertEqual(len(names), len(set(names)))
        for workload in workloads:
            for row in workload.rows:
                self.assertTrue(row.means, row.name)
                self.assertFalse(row.ci and not workload.quick, f"{row.name} has a bound and is not run")
        runs = [workload.name for workload in workloads] + [w.name for scale in scales for _, w in scale.workloads()]
        self.assertEqual(len(runs), len(set(runs)))


if __name__ == "__main__":
    unittest.main()
