"""The command of a lightweight component as kfp.local gives it to a task handler."""

from __future__ import annotations

import json
from pathlib import Path

SOURCE = """
from kfp import dsl
def step():
{body}
"""


def step_command(folder: Path, body: str) -> list[str]:
    """Return a command whose component's body is `body`."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    shell = 'printf "%s" "$0" > "$program_path/ephemeral_component.py"; exec "$@"'
    arguments = {"inputs": {}, "outputs": {"outputFile": str(folder / "executor_output.json")}}
    return [
        *("sh", "-ec", shell, SOURCE.format(body=lines)),
        *("--executor_input", json.dumps(arguments), "--function_to_execute", "step"),
    ]
