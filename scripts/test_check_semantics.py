#!/usr/bin/env python3
"""Tests of check_semantics.py: `python3 scripts/test_check_semantics.py`."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from check_semantics import check, rows  # noqa: E402


def faults(text, wanted, tests=()):
    return check(text, wanted, lambda name: name in tests)[0]


class Semantics(unittest.TestCase):
    def test_every_kind_of_statement_is_read(self):
        text = "| ID | us | test |\n|---|---|---|\n| P1 | same | - |\n| P2 | same: x | `a`, `b/c.json` |\n"
        text += "| P3 | differs: y | - |\n| P4 | later: z | - |\n| P5 | does not apply: `a \\| b` | - |\n"
        self.assertEqual(faults(text, ["P1", "P2", "P3", "P4", "P5"], ["a", "b/c.json"]), [])

    def test_a_missing_row_is_a_fault(self):
        self.assertEqual(faults("| P1 | same | - |", ["P1", "P2"]), ["SEMANTICS.md: no line for P2"])

    def test_a_row_that_is_there_twice_is_a_fault(self):
        self.assertIn("twice", faults("| P1 | same | - |\n| P1 | same | - |", ["P1"])[0])

    def test_an_unknown_row_is_a_fault(self):
        self.assertIn("rows.txt", faults("| P1 | same | - |\n| P9 | same | - |", ["P1"])[0])

    def test_a_difference_without_a_reason_is_a_fault(self):
        for statement in ("differs", "later", "does not apply", "differs:", "the same", "samesame", ""):
            self.assertIn("begin with", faults(f"| P1 | {statement} | - |", ["P1"])[0])

    def test_a_test_that_is_nowhere_is_a_fault(self):
        self.assertIn("no test", faults("| P1 | same | `gone` |", ["P1"])[0])

    def test_a_test_without_backticks_is_a_fault(self):
        self.assertIn("backticks", faults("| P1 | same | a |", ["P1"], ["a"])[0])

    def test_a_row_for_later_with_a_test_is_a_fault(self):
        self.assertIn("which", faults("| P1 | later: x | `a` |", ["P1"], ["a"])[0])

    def test_rows_may_have_comments(self):
        self.assertEqual(rows("# a\nP1\n\nP2\n"), ["P1", "P2"])


if __name__ == "__main__":
    unittest.main()
