"""What reports use to its maker is told not to, before it is imported and not by `import mdlc`."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys

from mdlc.core import telemetry
from tests.test_house import trees

REPORTING = {"onnxruntime", "mlflow"}
BY_THE_CLIENT = "components/deployment/model_registry.py"
"""Gets its client first, which switches MLflow's off."""


def run(program: str, **changes: str) -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if k not in telemetry.VARIABLES}
    shown = subprocess.run(
        [sys.executable, "-c", f"import json, os\n{program}\nprint(json.dumps(dict(os.environ)))"],
        capture_output=True,
        check=True,
        env=environment | changes,
    )
    found: dict[str, str] = json.loads(shown.stdout)
    return found


def test_importing_mdlc_changes_no_environment_variable() -> None:
    assert run("import mdlc, mdlc.cli.main; mdlc.load, mdlc.errors") == run("")


def test_a_value_that_somebody_set_stays() -> None:
    name, other = telemetry.VARIABLES
    found = run("from mdlc.core import telemetry\ntelemetry.switch_off()", **{name: "0"})
    assert (found[name], found[other]) == ("0", "1")


def test_every_import_of_a_library_that_reports_comes_after_the_switch() -> None:
    """In the function that imports it, on an earlier line."""
    seen, late = set(), []
    for name, tree, _ in trees():
        for scope in ast.walk(tree):
            if not isinstance(scope, ast.FunctionDef | ast.Module):
                continue
            off = [
                node.lineno
                for node in ast.walk(scope)
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "telemetry.switch_off"
            ]
            for node in scope.body if isinstance(scope, ast.Module) else ast.walk(scope):
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    continue
                module = getattr(node, "module", None) or node.names[0].name
                if module.partition(".")[0] in REPORTING:
                    seen.add(name)
                    if name != BY_THE_CLIENT and not any(line < node.lineno for line in off):
                        late.append(f"{name}:{node.lineno}")
    assert len(seen) >= 3
    assert late == []
