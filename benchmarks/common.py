"""What the benchmarks share: rows of a table, the machine's facts, timing, example 01 trained."""

from __future__ import annotations

import functools
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "benchmarks" / ".cache"
FLIGHTS = ROOT / "examples" / "01-flight-delays" / "lifecycle.yaml"
EVERY_SECONDS = 0.1
MDLC = [sys.executable, "-m", "mdlc"]
LIBRARIES = ("kfp", "kserve", "fastapi", "uvicorn", "onnxruntime", "numpy", "scipy", "duckdb")


@dataclass(frozen=True)
class Row:
    """One line of a table: the median of `values`, and its ratio to another line's."""

    what: str
    unit: str
    values: list[float]
    ratio: float | None = None
    against: str = ""
    goal: float | None = None
    """The value should not be above it."""

    @property
    def median(self) -> float:
        """The middle of the repeats."""
        return statistics.median(self.values)


@dataclass
class Result:
    """What one benchmark found."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    load: tuple[str, str] = ("", "")
    """Load averages (1 and 5 minutes) before and after."""

    def add(
        self,
        what: str,
        values: list[float],
        *,
        unit: str,
        against: str = "",
        goal: float | None = None,
    ) -> None:
        """Add a line; `against` names an earlier one whose repeats ran beside these.

        The ratio is the median of the ratios repeat by repeat, so that load, which hits both
        sides of a repeat, cancels out.
        """
        ratio = None
        if against:
            base = next(row for row in self.rows if row.what == against).values
            pairs = zip(values, base, strict=False)
            ratio = statistics.median(mine / theirs for mine, theirs in pairs)
        self.rows.append(Row(what, unit, values, ratio, against, goal))

    def table(self) -> str:
        """Return the lines as a Markdown table."""
        lines = [
            "| what | median | lowest to highest | ratio | goal |",
            "|---|---:|---:|---:|---:|",
        ]
        for row in self.rows:
            low, high = min(row.values), max(row.values)
            spread = f"{low:.3g} to {high:.3g} ({len(row.values)})" if len(row.values) > 1 else ""
            ratio = f"{row.ratio:.3g} x {row.against}" if row.ratio is not None else ""
            goal = ""
            if row.goal is not None:
                goal = f"{row.goal:g} {'met' if row.median <= row.goal else 'MISSED'}"
            lines.append(
                f"| {row.what} | {row.median:.3g} {row.unit} | {spread} | {ratio} | {goal} |"
            )
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return everything, the repeats too."""
        found = asdict(self)
        for line, row in zip(found["rows"], self.rows, strict=True):
            line["median"] = row.median
        return found


def load_average() -> str:
    """Return how many processes wanted a core in the last 1 and 5 minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f}/{five:.1f}"


def machine() -> dict[str, str]:
    """Return the facts that numbers depend on."""
    return {
        "cores": str(os.cpu_count()),
        "cpu": _after("/proc/cpuinfo", "model name") or platform.processor(),
        "memory": f"{int(_after('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.1f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": _output(["git", "rev-parse", "--short", "HEAD"])
        + ("+changes" if _output(["git", "status", "--porcelain", "-uno"]) else ""),
        "libraries": ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES),
    }


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def environment() -> dict[str, str]:
    """Return an environment in which Python keeps bytecode, as a user's does."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def mdlc(*arguments: str) -> None:
    """Run the command as a user would; its output is shown only if it fails."""
    done = subprocess.run(
        [*MDLC, *arguments], env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"mdlc {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


@functools.cache
def flights_home() -> Path:
    """Return a home in which example 01 is trained; kept between runs, trained where it is not."""
    home = CACHE / "flights"
    mdlc("run", str(FLIGHTS), "--home", str(home))
    return home


def _after(file: str, key: str) -> str:
    for line in Path(file).read_text().splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return ""


def _output(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def watched(command: list[str]) -> tuple[float, float, int]:
    """Return a command's wall seconds, CPU seconds, and the peak of its tree's resident bytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    root, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        peak = max(peak, _resident(root))
        time.sleep(EVERY_SECONDS)
    wall = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{command} failed: {process.communicate()[1].decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, peak


def _resident(root: psutil.Process) -> int:
    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0  # a step ended as we looked; the next look is near
    return total
