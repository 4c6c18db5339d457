#!/usr/bin/env python3
"""Makes BENCHMARKS.md and the plots of a run's results.

    bench/report.py                     of results/latest.json
    bench/report.py OTHER.json

The tables are written between `<!-- begin NAME -->` and `<!-- end NAME -->`; what is around them is written by hand.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from driver import overview, rows, scales, tables  # noqa: E402
from driver.figures import Figures  # noqa: E402
from driver.machine import BENCH  # noqa: E402

DOCUMENT = BENCH.parent / "BENCHMARKS.md"
PLOTS = BENCH / "plots"


def machine(about):
    """Where and when it was measured."""
    versions = ", ".join(f"{peer} {version}" for peer, version in about["versions"].items())
    return (f"Measured on {about['date']}: {about['cores']} virtual CPUs ({about['cpu']}), {about['memory_gib']} GiB, "
            f"{about['system']}, {about['libc']}, {about['rustc']}; {versions}; commit {about['commit']}.\n")  # fmt: skip


def sections(data):
    figures = Figures(data["results"])
    workloads, sizes = rows.read()
    all_rows = [row for workload in workloads for row in workload.rows]
    images = scales.plots(figures, sizes)
    if image := overview.overview(figures, all_rows):
        images["ratios.svg"] = image
    return {
        "machine": machine(data["machine"]),
        "targets": tables.targets(figures, all_rows),
        "meanings": tables.meanings(figures, all_rows),
        "wall": tables.all_peers(figures, all_rows, "wall"),
        "cpu": tables.all_peers(figures, all_rows, "CPU"),
        "percentiles": tables.percentiles(figures, all_rows),
        "memory": tables.memory(figures, all_rows, "bytes_per_process"),
        "peak": tables.memory(figures, all_rows, "peak_growth_bytes"),
        "flatness": scales.flatness(figures, sizes),
    }, images


def replaced(document, found):
    """The document with its sections written anew."""
    for name, content in found.items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        document, times = pattern.subn(lambda match: match[1] + content + match[2], document)
        if times != 1:
            sys.exit(f"{DOCUMENT.name} has {times} sections {name}, not one")
    return document


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else BENCH / "results" / "latest.json"
    found, images = sections(json.loads(source.read_text()))
    DOCUMENT.write_text(replaced(DOCUMENT.read_text(), found))
    PLOTS.mkdir(exist_ok=True)
    for name, image in images.items():
        (PLOTS / name).write_text(image)


if __name__ == "__main__":
    main()
