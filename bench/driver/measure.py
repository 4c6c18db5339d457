"""What is run, how often and in which order."""

import os
import time
from driver import machine
from driver.figures import is_near, regressed
from driver.machine import say
from driver.rows import BASE, OURS


class Session:
    """Runs workloads and adds what they print to the figures."""

    def __init__(self, figures, peers, timeout=120, niceness=0):
        self.figures, self.peers, self.timeout, self.niceness = figures, peers, timeout, niceness
        self.began = time.monotonic()

    def repeat(self, workload, reps, peers, quick=False):
        """`reps` times, the peers in turn, so that what changes on the machine hits all alike; each time another one
        begins. `reps` is a function of the peer."""
        for rep in range(max(map(reps, peers), default=0)):
            for peer in peers[rep % len(peers):] + peers[:rep % len(peers)]:
                if rep >= reps(peer):
                    continue
                for result in machine.run(peer, workload.command(peer, quick), self.timeout, self.niceness):
                    self.figures.add(result | {"run": workload.name, "peer": peer, "rep": rep})
                    if "error" in result:
                        say(f"  {peer} {workload.name}: {result['error']}")

    def done(self, name):
        say(f"{time.monotonic() - self.began:6.0f} s  {name}, load {os.getloadavg()[0]:.1f}")

    def takes_part(self, workload):
        return [peer for peer in workload.peers if peer in self.peers]

    def full(self, workload, reps, others, repeats):
        """`reps` times for tokio and perennial, and those two again, up to `repeats`, if a row is near its bound."""
        reps = min(reps, workload.reps or reps)
        others = min(others, workload.others or others)
        pair = (BASE, OURS)
        self.repeat(workload, lambda peer: reps if peer in pair else others, self.takes_part(workload))
        near = [row.name for row in workload.rows if is_near(row, self.figures.compared(row))]
        if near and repeats > reps:
            say(f"  near its bound, so {repeats} times: {', '.join(near)}")
            both = [peer for peer in self.takes_part(workload) if peer in pair]
            self.repeat(workload, lambda _: repeats - reps, both)
        self.done(workload.name)

    def scale(self, scale, reps):
        for size, workload in scale.workloads():
            self.repeat(workload, lambda _: reps if size < 1_000_000 else 1, self.takes_part(workload))
            self.done(workload.name)

    def quick(self, workload, reps, more):
        """Returns the rows that are over the bound of `--quick`, looked at a second time with more repetitions."""
        for times in (reps, more):
            self.repeat(workload, lambda _: times, [BASE, OURS], quick=True)
            bad = {row.name: over for row in workload.rows if (over := self.over(row))}
            if not bad:
                break
            say(f"  over its bound: {', '.join(bad)}")
        self.done(workload.name)
        return bad

    def over(self, row):
        if row.ci is None:
            return {}
        ratios = {clock: self.figures.ratio(row, OURS, clock) for clock in ("wall", "CPU")}
        if ratios["wall"] is None:
            return {"wall": "nothing was measured"}
        return regressed(row, ratios)
