#!/usr/bin/env python3
"""Checks SEMANTICS.md: one line for every row of `scripts/rows.txt`, each in the agreed form.

    python3 scripts/check_semantics.py [--open]

A line is `| ID | STATEMENT | TEST |`. STATEMENT begins with `same`, `differs: ..`, `later: ..` or
`does not apply: ..`. TEST is `-` (none yet) or names in backticks, separated by commas: a test function, or the
path of a scenario below `conformance/`. A name that is nowhere in the tree is a fault. A row that is `later` or
`does not apply` has no test.

`--open` lists the rows that say `same` or `differs` and have no test yet.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^\|\s*([A-Z]+\d+)\s*\|(.*)\|([^|]*)\|\s*$")
STATEMENT = re.compile(r"^(same(?=$|: )|differs(?=: )|later(?=: )|does not apply(?=: ))(?:: (\S.*))?$")
NAME = re.compile(r"^`([^`]+)`$")
CODE = ["crates", "apps", "conformance", "examples"]


def rows(text):
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def parse(text):
    """Gives `(line number, id, statement, test)` for each line of the tables."""
    for number, line in enumerate(text.splitlines(), 1):
        if (found := LINE.match(line)) is not None:
            yield number, found[1], found[2].strip(), found[3].strip()


def test_functions(root):
    """The names of all functions in Rust files: a test is one of them."""
    names = set()
    for folder in CODE:
        for path in (root / folder).rglob("*.rs"):
            if "target" not in path.parts:
                names.update(re.findall(r"\bfn\s+(\w+)", path.read_text(encoding="utf-8")))
    return names


def check(text, wanted, exists):
    """Gives the faults as text, and `id -> (kind, has a test)`. `exists` says whether a test of that name is there."""
    faults, seen = [], {}
    for number, row, statement, test in parse(text):
        at = f"SEMANTICS.md:{number}: {row}"
        if row in seen:
            faults.append(f"{at} is here twice")
            continue
        if row not in wanted:
            faults.append(f"{at} is not in scripts/rows.txt")
        if (found := STATEMENT.match(statement)) is None:
            faults.append(f"{at}: begin with `same`, `differs: ..`, `later: ..` or `does not apply: ..`")
            continue
        names = [] if test == "-" else [name.strip() for name in test.split(",")]
        seen[row] = (found[1], bool(names))
        if names and found[1] in ("later", "does not apply"):
            faults.append(f"{at}: `{found[1]}` and a test: which of them is right?")
        for name in names:
            quoted = NAME.match(name)
            if quoted is None:
                faults.append(f"{at}: the test column is `-` or names in backticks, not {name!r}")
            elif not exists(quoted[1]):
                faults.append(f"{at}: no test or scenario is called {name}")
    faults += [f"SEMANTICS.md: no line for {row}" for row in wanted if row not in seen]
    return faults, seen


def main(arguments):
    wanted = rows((ROOT / "scripts" / "rows.txt").read_text(encoding="utf-8"))
    functions = test_functions(ROOT)

    def exists(name):
        return name.split("::")[-1] in functions or "/" in name and (ROOT / name).exists()

    faults, seen = check((ROOT / "SEMANTICS.md").read_text(encoding="utf-8"), wanted, exists)
    for kind in ("same", "differs", "later", "does not apply"):
        tests = [tested for found, tested in seen.values() if found == kind]
        shown = f", {sum(tests)} with a test" if kind in ("same", "differs") else ""
        print(f"{kind}: {len(tests)}{shown}")
    if "--open" in arguments:
        for row, (kind, tested) in seen.items():
            if kind in ("same", "differs") and not tested:
                print(f"no test: {row}")
    print("\n".join(faults + [f"{len(wanted)} rows, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
