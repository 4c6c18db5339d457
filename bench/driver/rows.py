"""What is measured and what must be reached: `rows.toml`, read."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROWS = Path(__file__).resolve().parent.parent / "rows.toml"
BASE, OURS = "tokio", "perennial"
PEERS = [BASE, OURS, "ractor", "kameo", "actix", "hydra", "joerl", "beam"]


@dataclass
class Row:
    """One line of the tables. The fields are explained in `rows.toml`."""

    name: str
    line: str
    means: str = ""
    field: str | None = None
    unit: str = ""
    at_least: bool = False
    reach: float | None = None
    beyond: float | None = None
    ci: float | None = None
    workload: "Workload | None" = None


@dataclass
class Workload:
    """One command line."""

    name: str
    run: str
    quick: str | None = None
    peers: list[str] = field(default_factory=lambda: PEERS)
    sizes: dict[str, int] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    reps: int | None = None
    others: int | None = None
    rows: list[Row] = field(default_factory=list)

    def command(self, peer, quick=False):
        name, n, *options = (self.quick if quick else self.run).split()
        n = min(int(n), self.sizes.get(peer, int(n)))
        return [name, str(n), *options, *self.flags.get(peer, "").split()]


@dataclass
class Scale:
    """One workload at several sizes, for the plots."""

    name: str
    run: str
    sizes: list[int]
    peers: list[str]
    lines: list[str]
    most: dict[str, int] = field(default_factory=dict)

    def workloads(self):
        """For each size: the size, and what is run by those peers that can."""
        for size in self.sizes:
            peers = [peer for peer in self.peers if size <= self.most.get(peer, size)]
            yield size, Workload(f"{self.name} {size}", self.run.format(n=size), peers=peers)


def read():
    """The workloads with their rows, and the scales."""
    data = tomllib.loads(ROWS.read_text())
    workloads = []
    for table in data["workload"]:
        rows = table.pop("row")
        workload = Workload(**table)
        workload.rows = [Row(**row, workload=workload) for row in rows]
        workloads.append(workload)
    return workloads, [Scale(**table) for table in data["scale"]]


def with_bounds(text, bounds):
    """The text of `rows.toml` with other bounds of `--quick`, by the names of rows."""
    for name, bound in bounds.items():
        pattern = rf'(?m)(^name = "{re.escape(name)}"\n(?:(?!\[).*\n)*?ci = ).*'
        text = re.sub(pattern, lambda match: f"{match[1]}{bound}", text)
    return text
