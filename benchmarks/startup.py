"""How long a verb takes to say something."""

from __future__ import annotations

import compileall
import subprocess
import sys
from functools import partial

import common

REPEATS = 10
GOAL_SECONDS = 0.3


def measure(repeats: int) -> common.Result:
    """Time the commands in turn, so that each meets the same load."""
    compileall.compile_dir(str(common.ROOT / "src"), quiet=2)
    home = str(common.flights_home())
    python = "python -c pass"
    commands = {
        python: [sys.executable, "-c", "pass"],
        "python -c 'import typer'": [sys.executable, "-c", "import typer"],
        "mdlc --version": [*common.MDLC, "--version"],
        "mdlc --help": [*common.MDLC, "--help"],
        "mdlc plan": [*common.MDLC, "plan", str(common.FLIGHTS), "--home", home],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for repeat in range(repeats + 1):
        for name, command in commands.items():
            took = common.timed(partial(_quiet, command))
            if repeat:  # the first fills the caches of files and bytecode
                seconds[name].append(took)
    result = common.Result("startup", "wall time of short commands, bytecode compiled")
    for name, values in seconds.items():
        goal = GOAL_SECONDS if name in {"mdlc --version", "mdlc --help"} else None
        against = "" if name == python else python
        result.add(name, values, unit="s", against=against, goal=goal)
    result.notes.append("mdlc plan reads the file, hashes the sources, asks the cache: all cached")
    return result


def _quiet(command: list[str]) -> None:
    subprocess.run(command, env=common.environment(), capture_output=True, check=True)
