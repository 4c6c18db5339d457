#!/usr/bin/env python3
"""Tests of layers.py on small crates made for the purpose: `python3 scripts/test_layers.py`."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import layers  # noqa: E402


class Layers(unittest.TestCase):
    def check(self, **files):
        """Writes the files (`a__b` is `a/b.rs`), runs the script, gives its status and what it printed."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, *name.split("__")).with_suffix(".rs")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = layers.main([folder])
            return status, out.getvalue().replace(folder + "/", "")

    def passes(self, **files):
        status, out = self.check(**files)
        self.assertEqual(status, 0, out)
        return out

    def fails(self, *expected, **files):
        status, out = self.check(**files)
        self.assertEqual(status, 1, out)
        for text in expected:
            self.assertIn(text, out)
        return out

    def test_an_empty_crate_passes(self):
        self.passes(lib="//! nothing yet\n")

    def test_an_import_from_a_lower_level_passes_and_the_levels_are_printed(self):
        out = self.passes(
            lib="pub mod pid;\nmod process;\npub use pid::Pid;\n",
            pid="pub struct Pid;\n",
            process="mod table;\nuse crate::pid::Pid;\n",
            process__table="use super::Thing;\nuse crate::pid::{self, Pid};\n",
        )
        self.assertIn("L0  pid\n", out)
        self.assertIn("L1  process (table)\n", out)

    def test_an_import_from_a_higher_level_fails(self):
        self.fails(
            "child_spec.rs:2: `child_spec` (L2) imports `crate::supervisor::Strategy` from `supervisor` (L4)",
            lib="mod child_spec; mod supervisor;",
            child_spec="\nuse crate::supervisor::Strategy;\n",
            supervisor="pub enum Strategy {}",
        )

    def test_a_nested_use_tree_over_several_lines_names_its_line(self):
        self.fails(
            "process/spawn.rs:4: `process` (L1) imports `crate::gen_server::Cx` from `gen_server` (L3)",
            lib="mod pid; mod process; mod gen_server;",
            pid="",
            process="mod spawn;",
            process__spawn="use crate::{\n    pid::Pid,\n    process::{self, x::Y as Z},\n    gen_server::Cx,\n};\n",
            gen_server="",
        )

    def test_a_path_in_code_counts_like_an_import(self):
        self.fails(
            "pid.rs:1: `pid` (L0) imports `crate::node::Node::current` from `node` (L1)",
            lib="mod pid; mod node;",
            pid="fn f() { crate::node::Node::current(); }",
            node="",
        )

    def test_an_import_through_the_crate_root_fails(self):
        for text in ("use crate::Pid;", "use super::Pid;", "use crate::{Pid, pid};", "use crate::*;", "fn f(_: crate::Pid) {}"):
            self.fails(
                "node.rs:1: ", "goes through the crate root",
                lib="mod pid; mod node; pub use pid::Pid;", pid="", node=text,
            )  # fmt: skip

    def test_super_super_from_a_folder_is_the_crate_root(self):
        self.fails("crate root", lib="mod process;", process="mod a;", process__a="use super::super::Name;")
        self.passes(lib="mod process; mod pid;", pid="", process="mod a;", process__a="use super::super::pid::Pid;")

    def test_a_module_that_the_table_does_not_know_fails(self):
        self.fails("mystery.rs:1: module `mystery` has no level", lib="mod mystery;", mystery="")
        self.fails("lib.rs:2: module `inner` has no level", lib="\nmod inner { }")

    def test_a_cycle_between_modules_of_one_level_fails(self):
        out = self.fails(
            "cycle between modules dynamic_supervisor, registry",
            lib="mod registry; mod dynamic_supervisor;",
            registry="use crate::dynamic_supervisor::A;",
            dynamic_supervisor="\nuse crate::registry::B;",
        )
        self.assertIn("dynamic_supervisor.rs:2: ", out)
        self.assertIn("dynamic_supervisor -> registry -> dynamic_supervisor", out)

    def test_a_cycle_through_files_of_folders_fails(self):
        self.fails(
            "node -> process::table -> process::spawn -> node",
            lib="mod process; mod node;",
            node="use crate::process::table::Table;",
            process="mod table; mod spawn;",
            process__table="use super::spawn::S;",
            process__spawn="use crate::node::Node;",
        )

    def test_a_cycle_hidden_by_a_reexport_fails(self):
        self.fails(
            "cycle between modules node, process",
            lib="mod process; mod node;",
            node="use crate::process::Spawn;",
            process="mod spawn;\npub use spawn::Spawn;",
            process__spawn="use crate::node::Node; pub struct Spawn;",
        )

    def test_two_modules_that_use_different_files_of_each_other_pass_with_a_note(self):
        out = self.passes(
            lib="mod process; mod node;",
            node="use crate::process::table::Table;",
            process="mod table; mod spawn; pub use spawn::spawn; pub(crate) use self::table::Table;",
            process__table="",
            process__spawn="use crate::node::Node;",
        )
        self.assertIn("note: `node` and `process`", out)

    def test_files_of_one_folder_may_refer_to_each_other(self):
        self.passes(
            lib="mod gen_server;",
            gen_server="mod cx; mod address; use cx::Cx; pub use address::Address;",
            gen_server__cx="use super::GenServer; use super::address::Name;",
            gen_server__address="use crate::gen_server::cx::Cx;",
        )

    def test_a_lower_module_reached_through_a_higher_one_fails(self):
        self.fails(
            "child_spec.rs:1: `child_spec` (L2) imports `crate::gen_server::Pid`",
            lib="mod pid; mod child_spec; mod gen_server;",
            pid="pub struct Pid;",
            child_spec="use crate::gen_server::Pid;",
            gen_server="pub use crate::pid::Pid;",
        )

    def test_test_code_is_not_read(self):
        self.passes(
            lib="mod pid; mod supervisor; #[cfg(test)] mod fixtures;",
            fixtures="use crate::Anything;",
            supervisor="",
            pid="\n".join([
                "#[cfg(test)]",
                "use crate::supervisor::{A, B};",
                "#[cfg(test)]",
                "#[allow(dead_code)]",
                "pub(crate) fn f<A, B>(_: [u8; 2]) -> u8 { crate::supervisor::x(); { 1 } }",
                "struct S { #[cfg(test)] x: crate::supervisor::X, y: u8 }",
                "#[cfg(all(test, not_loom))] mod more { use crate::Root; }",
                "#[cfg(test)]",
                "mod tests {",
                "    use super::*;",
                "    use crate::supervisor::Supervisor;",
                "}",
            ]),
        )  # fmt: skip

    def test_code_after_test_code_is_read(self):
        self.fails(
            "pid.rs:2: ",
            lib="mod pid; mod node;", node="",
            pid="#[cfg(test)] mod tests { fn f() { if a { b } } }\nuse crate::node::Node;",
        )  # fmt: skip

    def test_code_for_tests_or_something_else_is_read(self):
        self.fails("pid.rs:1: ", lib="mod pid; mod node;", node="", pid="#[cfg(any(test, loom))] use crate::node::Node;")

    def test_a_file_that_is_declared_test_only_in_a_folder_is_not_read(self):
        self.passes(
            lib="mod pid; mod node;", node="",
            pid="#[cfg(test)]\nmod tests;\n", pid__tests="use super::*; use crate::node::Node;",
        )  # fmt: skip

    def test_comments_docs_and_strings_are_not_read(self):
        self.passes(
            lib="mod pid; mod node;",
            node="",
            pid="\n".join([
                "//! use crate::node::Node;",
                "/// [`crate::node::Node`], it's",
                "/* use crate::node::A; /* nested */ use crate::Root; */",
                'const A: &str = "use crate::node::Node; \\" crate::Root";',
                'const B: &str = r#"crate::Root " crate::Root"#;',
                "const C: char = '\"'; fn life<'a>(x: &'a str) -> &'a str { x }",
                '#[doc = "crate::node::X"]',
                "pub(in crate::pid) struct X;",
                "macro_rules! m { () => { $crate::Root }; }",
            ]),
        )  # fmt: skip

    def test_an_inline_module_counts_its_supers(self):
        self.passes(
            lib="mod gen_server; mod pid;", pid="",
            gen_server="mod envelope { use super::*; use super::Cx; use super::super::pid::Pid; }",
        )  # fmt: skip
        self.fails(
            "crate root", lib="mod gen_server; mod pid;", pid="",
            gen_server="fn f() {}\nmod envelope { fn g() {} use super::super::Pid; }",
        )  # fmt: skip
        self.fails("crate root", lib="mod gen_server;", gen_server="mod envelope { fn g() {} }\nuse super::Pid;")

    def test_other_crates_are_left_alone(self):
        self.passes(lib="mod pid;", pid="use std::{fmt, future::Future};\nuse ::tokio::sync;\nuse perennial_cell::Cell;")


if __name__ == "__main__":
    unittest.main()
