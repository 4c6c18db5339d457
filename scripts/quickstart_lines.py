#!/usr/bin/env python3
"""Counts the lines that the first program costs, and fails when it costs more than promised.

    python3 scripts/quickstart_lines.py

Counted are the lines between `// region: NAME` and `// endregion` in the quickstart, without blank lines and
comments, after rustfmt. A region may come in pieces: pieces of one name are added up.

* `counter`: a server with one cast and one call, and its use: at most 20 lines.
* `supervised`: supervise it, start children at run time, cast to one by its name: at most 15 more.

README.md says both numbers in a comment, `<!-- quickstart: 20 + 15 lines -->`, and must say the right ones.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMITS = {"counter": 20, "supervised": 15}
PLACES = ["examples/src/bin/quickstart.rs", "crates/perennial/examples/quickstart.rs"]
MARKER = re.compile(r"<!--\s*quickstart:\s*(\d+)\s*\+\s*(\d+)\s+lines\s*-->")


def count(text):
    """Gives `region -> lines of code`. Raises ValueError on a region that does not end or nests."""
    lines, name, in_comment = {}, None, False
    for number, line in enumerate(text.splitlines(), 1):
        code = line.strip()
        if (begin := re.fullmatch(r"// region: (\w+)", code)) is not None:
            if name:
                raise ValueError(f"line {number}: region {begin[1]} inside region {name}")
            name = begin[1]
            lines.setdefault(name, 0)
        elif re.fullmatch(r"// endregion\b.*", code):
            if not name:
                raise ValueError(f"line {number}: endregion without a region")
            name = None
        elif in_comment:
            in_comment = "*/" not in code
        elif code.startswith("/*"):
            in_comment = "*/" not in code
        elif name and code and not code.startswith("//"):
            lines[name] += 1
    if name:
        raise ValueError(f"region {name} does not end")
    return lines


def faults(lines, readme):
    """What is wrong with these numbers, as text."""
    found = [
        f"region {name}: {lines[name]} lines, at most {limit} are promised" if name in lines else f"no region {name}"
        for name, limit in LIMITS.items()
        if lines.get(name, limit + 1) > limit
    ]
    shown = [tuple(map(int, numbers)) for numbers in MARKER.findall(readme)]
    if not shown:
        found.append("README.md: no `<!-- quickstart: N + M lines -->`")
    real = tuple(lines.get(name) for name in LIMITS)
    found += [f"README.md says {a} + {b} lines, it is {real[0]} + {real[1]}" for a, b in shown if (a, b) != real]
    return found


def main():
    path = next((ROOT / place for place in PLACES if (ROOT / place).is_file()), None)
    if path is None:
        print(f"no quickstart: none of {', '.join(PLACES)} is there", file=sys.stderr)
        return 1
    if shutil.which("rustfmt") is not None:
        formatted = subprocess.run(["rustfmt", "--check", str(path)], cwd=ROOT, capture_output=True, text=True)
        if formatted.returncode != 0:
            print(f"{path.relative_to(ROOT)} is not formatted: the count would be wrong", file=sys.stderr)
            return 1
    lines = count(path.read_text(encoding="utf-8"))
    for name, limit in LIMITS.items():
        print(f"{name}: {lines.get(name, '-')} lines of at most {limit}")
    found = faults(lines, (ROOT / "README.md").read_text(encoding="utf-8"))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
