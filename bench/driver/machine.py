"""The machine: what is built on it, what runs on it, and what it is."""

import json
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", BENCH / "target")).resolve()


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def program(peer):
    return BENCH / "peers/beam/run.sh" if peer == "beam" else TARGET / "release" / f"bench-{peer}"


def build(peers):
    """Builds what can be built; returns those that are there then."""
    built = []
    for peer in peers:
        if peer == "beam" and not shutil.which("elixirc"):
            say("beam: there is no elixir on this machine, so it is left out")
            continue
        say(f"building {peer}")
        if peer == "beam":
            command = [str(BENCH / "peers/beam/build.sh")]
        else:
            # One package at a time, so that features are not unified over peers.
            command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", f"bench-{peer}"]
        subprocess.run(command, cwd=BENCH, check=True)
        built.append(peer)
    return built


def present(peers):
    """Those that have been built; says which are not."""
    here = {peer: program(peer).exists() and (peer != "beam" or (BENCH / "peers/beam/ebin").exists()) for peer in peers}
    if missing := [peer for peer in peers if not here[peer]]:
        say(f"not built, so left out: {', '.join(missing)} (--build builds them)")
    return [peer for peer in peers if here[peer]]


def prewarm(gib):
    """Touches memory once: a virtual machine's first touch of a page is far slower than a later one, and would be
    charged to whoever runs first."""
    with mmap.mmap(-1, gib << 30) as area:
        for offset in range(0, len(area), 4096):
            area[offset] = 1


def run(peer, command, timeout, niceness=0):
    """One process; the lines that it printed, and one more if it failed."""
    words = [str(program(peer)), *command]
    failed = {"peer": peer, "workload": command[0]}
    try:
        begin = (lambda: renice(niceness)) if niceness else None
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, preexec_fn=begin)
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        output = output.decode() if isinstance(output, bytes) else output
        return parsed(output) + [failed | {"error": f"timeout after {timeout:.0f} s"}]
    if done.returncode != 0:
        return parsed(done.stdout) + [failed | {"error": f"exit {done.returncode}: {done.stderr[-300:]}"}]
    return parsed(done.stdout)


def renice(niceness):
    """In a session of its own: where Linux shares the CPU between sessions, what counts is the session's niceness."""
    os.setsid()
    os.nice(niceness)
    group = Path("/proc/self/autogroup")
    if group.exists():
        group.write_text(str(niceness))


def parsed(output):
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def described(peers):
    """What the figures depend on, without a name of the machine."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / (1 << 20)) if memory else None,
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "libc": " ".join(platform.libc_ver()).strip(),
        "rustc": output_of("rustc", "--version"),
        "commit": output_of("git", "rev-parse", "--short", "HEAD"),
        "versions": {peer: version(peer) for peer in peers},
    }


def version(peer):
    if peer == "beam":
        said = output_of("elixir", "--version")
        otp, elixir = re.search(r"Erlang/OTP (\d+)", said), re.search(r"^Elixir ([\d.]+)", said, re.MULTILINE)
        return f"Elixir {elixir[1]} on OTP {otp[1]}" if otp and elixir else "?"
    packages = tomllib.loads((BENCH / "Cargo.lock").read_text())["package"]
    return next((package["version"] for package in packages if package["name"] == peer), "?")


def output_of(*command):
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, cwd=BENCH, capture_output=True, text=True).stdout.strip()
