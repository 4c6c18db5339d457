#!/usr/bin/env python3
"""Tests of quickstart_lines.py: `python3 scripts/test_quickstart_lines.py`."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from quickstart_lines import count, faults  # noqa: E402


class Quickstart(unittest.TestCase):
    def test_code_is_counted_and_blank_lines_and_comments_are_not(self):
        text = "x\n// region: counter\n/// doc\nfn f() {\n\n    // why\n    /* a\n  b */\n    g(); // yes\n}\n// endregion\ny\n"
        self.assertEqual(count(text), {"counter": 3})

    def test_pieces_of_a_region_are_added_up(self):
        text = "// region: a\n1\n// endregion\n// region: b\n1\n// endregion\n    // region: a\n2\n3\n    // endregion a\n"
        self.assertEqual(count(text), {"a": 3, "b": 1})

    def test_a_region_must_end(self):
        for text in ("// region: a\n1\n", "// endregion\n", "// region: a\n// region: b\n"):
            self.assertRaises(ValueError, count, text)

    def test_the_limits_hold_and_the_readme_says_so(self):
        self.assertEqual(faults({"counter": 20, "supervised": 15}, "a <!-- quickstart: 20 + 15 lines --> b"), [])

    def test_too_many_lines_fail(self):
        self.assertEqual(len(faults({"counter": 21, "supervised": 16}, "<!-- quickstart: 21 + 16 lines -->")), 2)

    def test_a_missing_region_fails(self):
        self.assertIn("no region supervised", faults({"counter": 1}, "<!-- quickstart: 1 + 2 lines -->"))

    def test_other_numbers_in_the_readme_fail(self):
        for readme in ("<!-- quickstart: 19 + 15 lines -->", "nothing"):
            self.assertEqual(len(faults({"counter": 20, "supervised": 15}, readme)), 1)


if __name__ == "__main__":
    unittest.main()
