#!/usr/bin/env python3
"""Prints the levels of `crates/perennial/src` and fails when an import breaks them.

    python3 scripts/layers.py [SRC]

The rules, each reported as `file:line: ...`:

1. Every module is in the table below.
2. A module imports from its own level or from lower ones.
3. An import names a module, never the crate root (`use crate::Name`): root re-exports are for users.
4. No cycle of files leads through two modules of one level. Files inside one module's folder are one concept
   and may refer to each other.

Read are `use` declarations and paths in code that begin with `crate::`, `super::` or `self::`, at any depth.
Not read are comments, doc comments, strings, and what is under `#[cfg(test)]`. An import through a module that
only re-exports the name counts for both modules, the named one and the defining one.
"""

import re
import sys
from pathlib import Path

# The house, from the ground up. A folder counts as one module.
LEVELS = [
    ("L0", ["exit_reason", "pid", "id", "clock", "executor", "sync"]),
    ("L1", ["process", "node", "time", "runtime"]),
    ("L2", ["child_spec"]),
    ("L3", ["gen_server"]),
    ("L4", ["sys", "supervisor", "agent", "gen_state_machine"]),
    ("L5", ["dynamic_supervisor", "partition_supervisor", "registry"]),
    ("L6", ["task", "pg"]),
    ("L7", ["application"]),
    ("L8", ["prelude"]),
]

LEVEL_OF = {module: number for number, (_, modules) in enumerate(LEVELS) for module in modules}

TOKEN = re.compile(r"r#\w+|\w+|::|\$|\S")
ITEM_WORDS = {
    "pub", "fn", "mod", "use", "struct", "enum", "union", "trait", "impl", "const", "static", "type",
    "unsafe", "async", "extern", "macro_rules",
}  # fmt: skip
OPEN, CLOSE = "([{", ")]}"


# --- text to tokens -------------------------------------------------------------------------------------------


def blank(text):
    """Replaces comments, strings and character literals by spaces; keeps every line where it is."""
    out, i, n = [], 0, len(text)

    def drop(end):
        nonlocal i
        out.append("".join(c if c == "\n" else " " for c in text[i:end]))
        i = end

    while i < n:
        if text.startswith("//", i):
            end = text.find("\n", i)
            drop(n if end < 0 else end)
        elif text.startswith("/*", i):
            depth, end = 1, i + 2
            while end < n and depth:
                if text.startswith("/*", end):
                    depth, end = depth + 1, end + 2
                elif text.startswith("*/", end):
                    depth, end = depth - 1, end + 2
                else:
                    end += 1
            drop(end)
        elif (raw := re.compile(r'\b(?:b|c)?r(#*)"').match(text, i)) is not None:
            end = text.find('"' + raw.group(1), raw.end())
            drop(n if end < 0 else end + 1 + len(raw.group(1)))
        elif text[i] == '"':
            end = i + 1
            while end < n and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            drop(min(end + 1, n))
        elif (char := re.compile(r"'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'\n])'").match(text, i)) is not None:
            drop(char.end())
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


def tokenize(text):
    """Gives `(word, line)` for all code in `text`."""
    tokens = []
    for number, line in enumerate(blank(text).split("\n"), 1):
        tokens += [(word.removeprefix("r#"), number) for word in TOKEN.findall(line)]
    return tokens


def closing(tokens, start):
    """The index after the bracket that closes the one at `start`."""
    depth, i = 0, start
    while i < len(tokens):
        if tokens[i][0] in OPEN:
            depth += 1
        elif tokens[i][0] in CLOSE:
            depth -= 1
            if depth == 0:
                return i + 1
        i += 1
    return i


def is_test_only(attribute):
    """Whether the words of an attribute mean `#[cfg(test)]` or `#[cfg(all(.., test, ..))]`."""
    if attribute[:2] != ["cfg", "("] or "test" not in attribute:
        return False
    return attribute[2] == "test" or attribute[2] == "all" and "any" not in attribute and "not" not in attribute


def after_item(tokens, i):
    """The index after the item, field, arm or statement that begins at `i`."""
    while i < len(tokens) and tokens[i][0] == "#":
        i = closing(tokens, i + 1)
    word = tokens[i][0] if i < len(tokens) else ""
    only_semicolon = word == "use" or word == "pub" and "use" in [t[0] for t in tokens[i + 1 : i + 7]]
    is_item = word in ITEM_WORDS
    while i < len(tokens):
        word = tokens[i][0]
        if word == ";":
            return i + 1
        if word == "," and not is_item:
            return i + 1
        if word in CLOSE:
            return i
        if word in OPEN:
            i = closing(tokens, i)
            if word == "{" and is_item and not only_semicolon:
                return i
        else:
            i += 1
    return i


def without_tests(tokens):
    """`tokens` without test-only items, and the names of the modules that were declared test-only."""
    kept, tests, i = [], set(), 0
    while i < len(tokens):
        if tokens[i][0] == "#" and i + 1 < len(tokens) and tokens[i + 1][0] == "[":
            end = closing(tokens, i + 1)
            if is_test_only([t[0] for t in tokens[i + 2 : end - 1]]):
                item_end = after_item(tokens, i)
                words = [t[0] for t in tokens[end:item_end]]
                if "mod" in words and words[-1:] == [";"]:
                    tests.add(words[words.index("mod") + 1])
                i = item_end
                continue
            i = end  # attributes carry no imports
            continue
        kept.append(tokens[i])
        i += 1
    return kept, tests


# --- tokens to imports ----------------------------------------------------------------------------------------


def use_tree(tokens, i, prefix):
    """Reads a use tree at `i`: gives the index after it and a list of `(segments, name, line)`."""
    segments, found = list(prefix), []
    line = tokens[i][1]
    while i < len(tokens):
        word, line = tokens[i]
        if word == "{":
            i += 1
            while tokens[i][0] != "}":
                if tokens[i][0] == ",":
                    i += 1
                    continue
                i, inner = use_tree(tokens, i, segments)
                found += inner
            return i + 1, found
        if word == "::":
            i += 1
        elif word == "as":
            return i + 2, [(segments, tokens[i + 1][0], line)]
        elif word in (";", ",", "}"):
            break
        else:
            segments = segments + [word]
            i += 1
    if segments[-1:] == ["self"] and len(segments) > 1:
        segments = segments[:-1]
    return i, [(segments, segments[-1] if segments else "", line)]


class File:
    """One source file: its module path, its imports, its re-exports."""

    def __init__(self, path, module, text):
        self.path, self.module = path, module
        tokens, self.test_modules = without_tests(tokenize(text))
        self.imports = []  # (absolute or relative segments, line, name if it is a re-export)
        self.declared = {}  # modules declared at the top of the file -> line
        self.words = {}  # how often a word is used outside `use`
        self.read(tokens)

    def read(self, tokens):
        inline, braces, i = [], [], 0  # open inline modules, what each open brace is
        while i < len(tokens):
            word, line = tokens[i]
            before = tokens[i - 1][0] if i else ""
            after = tokens[i + 1][0] if i + 1 < len(tokens) else ""
            if word == "mod" and re.fullmatch(r"\w+", after):
                opener = tokens[i + 2][0] if i + 2 < len(tokens) else ""
                if not inline:
                    self.declared[after] = line
                if opener == "{":
                    inline.append(after)
                    braces.append("mod")
                i += 3
            elif word == "use" and before != "$" and after not in ("<", "|"):
                exported = before == "pub" or before == ")" and self.is_visibility(tokens, i - 1)
                i, trees = use_tree(tokens, i + 1, [])
                for segments, name, at in trees:
                    self.add(segments, at, inline, name if exported and not inline else None)
            elif word in ("crate", "super", "self") and after == "::" and before not in ("$", "::", "in"):
                segments = [word]
                while i + 2 < len(tokens) and tokens[i + 1][0] == "::" and re.match(r"\w", tokens[i + 2][0]):
                    segments.append(tokens[i + 2][0])
                    i += 2
                i += 1
                self.add(segments, line, inline, None)
            else:
                if word == "{":
                    braces.append("")
                elif word == "}" and braces and braces.pop() == "mod":
                    inline.pop()
                self.words[word] = self.words.get(word, 0) + 1
                i += 1

    @staticmethod
    def is_visibility(tokens, i):
        while i and tokens[i][0] != "(":
            i -= 1
        return i > 0 and tokens[i - 1][0] == "pub"

    def add(self, segments, line, inline, exported):
        """Stores an import with its path made absolute; paths into other crates are dropped."""
        here = list(self.module) + list(inline)
        if segments[0] == "crate":
            path = segments[1:]
        elif segments[0] in ("self", "super"):
            path, rest = here, segments
            while rest and rest[0] in ("self", "super"):
                path, rest = path[: len(path) - (rest[0] == "super")], rest[1:]
            path = path + rest
        elif not inline and segments[0] in self.declared:
            path = here + segments
        else:
            self.imports.append((None, segments, line, exported))  # perhaps a module declared further down
            return
        if not (inline and path[: len(self.module)] == list(self.module) and len(path) <= len(here)):
            self.imports.append((path, segments, line, exported))

    def resolved(self):
        for path, segments, line, exported in self.imports:
            if path is None:
                if segments and segments[0] in self.declared:
                    path = list(self.module) + segments
                else:
                    continue
            yield path, segments, line, exported


# --- the crate ------------------------------------------------------------------------------------------------


class Crate:
    def __init__(self, src):
        self.src = Path(src)
        self.files = {}
        self.root = None
        for path in sorted(self.src.rglob("*.rs")):
            parts = list(path.relative_to(self.src).with_suffix("").parts)
            if parts[-1] == "mod":
                parts.pop()
            if parts == ["lib"]:
                parts = []
            self.files[tuple(parts)] = File(path, tuple(parts), path.read_text(encoding="utf-8"))
        self.root = self.files.pop((), None)
        self.drop_tests()
        self.reexports = {
            module: {name: path for path, _, _, name in file.resolved() if name}
            for module, file in self.files.items()
        }

    def drop_tests(self):
        owners = dict(self.files)
        if self.root:
            owners[()] = self.root
        tests = [module + (name,) for module, file in owners.items() for name in file.test_modules]
        for test in tests:
            for module in [m for m in self.files if m[: len(test)] == test]:
                del self.files[module]

    def module_of(self, path):
        """The longest beginning of `path` that is a file, or None."""
        for end in range(len(path), 0, -1):
            if tuple(path[:end]) in self.files:
                return tuple(path[:end])
        return None

    def targets(self, path):
        """The module that `path` names, then those that it leads to through re-exports."""
        seen = []
        while (module := self.module_of(path)) is not None and module not in seen:
            seen.append(module)
            rest = path[len(module) :]
            if not rest or rest[0] not in self.reexports[module]:
                break
            path = self.reexports[module][rest[0]] + rest[1:]
        return seen

    def tops(self):
        """Top modules -> where they are."""
        found = {module[0]: (file.path, 1) for module, file in sorted(self.files.items(), reverse=True)}
        if self.root:
            for name, line in self.root.declared.items():
                found.setdefault(name, (self.root.path, line))
        return found

    def check(self):
        """Gives the faults as `(path, line, text)`, and the pairs of modules that use each other."""
        faults, edges = [], {}
        tops = self.tops()
        for top, (path, line) in sorted(tops.items()):
            if top not in LEVEL_OF:
                faults.append((path, line, f"module `{top}` has no level: add it to the table in scripts/layers.py"))
        for module, file in sorted(self.files.items()):
            for path, segments, line, exported in file.resolved():
                self.check_import(module, file, path, "::".join(segments), line, exported, tops, faults, edges)
        faults += self.cycles(edges)
        return sorted(set(faults), key=lambda f: (str(f[0]), f[1], f[2])), self.mutual(edges)

    def check_import(self, module, file, path, text, line, exported, tops, faults, edges):
        if not path or path[0] not in tops:
            faults.append((file.path, line, f"`{text}` goes through the crate root: name the module that defines it"))
            return
        here = module[0]
        for target in self.targets(path) or [(path[0],)]:
            there = target[0]
            if here != there and here in LEVEL_OF and there in LEVEL_OF and LEVEL_OF[there] > LEVEL_OF[here]:
                faults.append((
                    file.path,
                    line,
                    f"`{here}` (L{LEVEL_OF[here]}) imports `{text}` from `{there}` (L{LEVEL_OF[there]}): "
                    "a module imports from lower levels only",
                ))  # fmt: skip
        reached = self.targets(path)
        for target in reached[-1:]:
            only_reexport = exported and target[: len(module)] == module and not file.words.get(exported)
            if target != module and not only_reexport:
                edges.setdefault(module, {}).setdefault(target, (file.path, line))

    def cycles(self, edges):
        """One fault for each group of files that reach one another and belong to different modules."""
        faults = []
        for group in strongly_connected(edges):
            tops = sorted({module[0] for module in group})
            if len(tops) < 2:
                continue
            steps = round_trip(edges, group)
            path, line = edges[steps[0]][steps[1]]
            shown = " -> ".join("::".join(step) for step in steps)
            faults.append((path, line, f"cycle between modules {', '.join(tops)}: {shown}"))
        return faults

    @staticmethod
    def mutual(edges):
        pairs = {(a[0], b[0]) for a, to in edges.items() for b in to if a[0] != b[0]}
        return sorted((a, b) for a, b in pairs if a < b and (b, a) in pairs)

    def levels(self):
        """The levels as text, each with its modules and their files."""
        lines = []
        present = {module[0] for module in self.files} | set(self.root.declared if self.root else ())
        for name, modules in LEVELS:
            shown = []
            for module in [m for m in modules if m in present]:
                inner = sorted("::".join(m[1:]) for m in self.files if m[0] == module and len(m) > 1)
                shown.append(f"{module} ({' '.join(inner)})" if inner else module)
            lines.append(f"{name}  {'  '.join(shown) if shown else '-'}")
        return lines


def strongly_connected(edges):
    """Tarjan's algorithm, without recursion."""
    order, low, stack, groups = {}, {}, [], []
    for start in sorted(edges):
        if start in order:
            continue
        work = [(start, iter(sorted(edges.get(start, ()))))]
        order[start] = low[start] = len(order)
        stack.append(start)
        while work:
            node, rest = work[-1]
            for following in rest:
                if following not in order:
                    order[following] = low[following] = len(order)
                    stack.append(following)
                    work.append((following, iter(sorted(edges.get(following, ())))))
                    break
                if following in stack:
                    low[node] = min(low[node], order[following])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    at = stack.index(node)
                    groups.append(stack[at:])
                    del stack[at:]
    return [group for group in groups if len(group) > 1]


def round_trip(edges, group):
    """A shortest way from one file of the group back to it that leaves its module."""
    best = None
    for start in sorted(group):
        seen, queue = {(start, False)}, [[start]]
        left = [False]
        while queue:
            steps, away = queue.pop(0), left.pop(0)
            for following in sorted(edges.get(steps[-1], ())):
                if following not in group:
                    continue
                gone = away or following[0] != start[0]
                if following == start and gone:
                    if best is None or len(steps) + 1 < len(best):
                        best = steps + [start]
                    queue = []
                    break
                if (following, gone) not in seen:
                    seen.add((following, gone))
                    queue.append(steps + [following])
                    left.append(gone)
    return best


def main(arguments):
    repository = Path(__file__).resolve().parent.parent
    src = Path(arguments[0]) if arguments else repository / "crates" / "perennial" / "src"
    if not src.is_dir():
        print(f"{src}: no such directory", file=sys.stderr)
        return 2
    crate = Crate(src)
    print("\n".join(crate.levels()))
    faults, mutual = crate.check()
    for a, b in mutual:
        print(f"note: `{a}` and `{b}` use each other's files")
    for path, line, text in faults:
        try:
            path = path.resolve().relative_to(repository)
        except ValueError:
            pass
        print(f"{path}:{line}: {text}")
    print(f"{len(crate.files)} modules, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
