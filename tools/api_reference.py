"""Prints the reference of `import mdlc`, docs/api.md, from the docstrings.

Run it as `.venv/bin/python tools/api_reference.py > docs/api.md`; a test compares the two.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

import mdlc

HEAD = """\
# mdlc in Python

    import mdlc

    lifecycle = mdlc.load("lifecycle.yaml", data={"flights": frame})   # a DataFrame or Arrow table
    lifecycle.validate().run()
    lifecycle.evaluation.to_frame()
    lifecycle.predict(rows[lifecycle.features])
    lifecycle.report()                                                 # shows itself in a notebook

Everything that the command line does: each verb parses its options, calls one method of this page
and prints. [examples/04-notebook](../examples/04-notebook/README.md) is a notebook that lives a
life with rows in memory.

- **State and lock.** Both are the command line's: `.mdlc` beside the file (`home=` elsewhere),
  one process at a time. So a notebook may train what a server serves, and `mdlc report` shows
  what a notebook did.
- **Errors** are those of `mdlc.errors`; the text of one is the line that the command line prints.
- **Progress** is drawn below the cell in a notebook, and on a terminal; elsewhere nothing is
  shown. `progress=True` prints lines to standard error anyway, `progress=False` never; an object
  with `stage`, `step` and `say` is told instead.
- **Documents** (`lifecycle.evaluation` and so on) are typed: their fields are on the class.
  `to_frame()` makes a DataFrame of their main list, `to_frame("comparisons")` of another one.
- **Rows in memory.** A table is written once as Parquet into the workspace
  (`.mdlc/NAME/sources/SOURCE-DIGEST.parquet`). Its digest decides the cache: equal rows run
  nothing again. Types are kept. Missing values of pandas become NULL. An index with names becomes
  columns, one of row numbers without a name is left out, any other is refused; so is a column
  that a file would change, such as a duration.
- **Importing** mdlc imports nothing heavy and changes no variable of the environment. Just before
  it imports ONNX Runtime or MLflow, mdlc switches off what they report
  ([0018](decisions/0018-no-telemetry.md)).

This page is generated: `.venv/bin/python tools/api_reference.py > docs/api.md` writes it, and a
test compares it with the code. `help(mdlc.Lifecycle.run)` has each method's arguments, results,
errors and an example.
"""
GROUPS = {
    "Open": ("load", "init", "file_schema"),
    "A lifecycle": ("Lifecycle", "Server", "Report"),
    "What its methods return": ("RunResult", "RetrainingResult", "RollbackResult", "DocumentList"),
    "Its documents": (
        *("BusinessCaseResult", "DataSnapshot", "DataReading", "PreparedData"),
        *("ExplorationResult",),
        *("SelectionResult", "TrainingResult", "EvaluationResult", "DeploymentResult"),
        *("PlanResult", "StatusResult", "ReplayResult"),
    ),
    "On a cluster": (
        *("ClusterLifecycle", "SubmittedRun", "ClusterSchedule", "StageLog"),
        *("check_cluster", "ClusterCheckup"),
    ),
    "Services and their files": ("run_trigger", "run_controller", "render_monitoring", "crd_yaml"),
    "Errors": ("errors",),
}


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, names in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(name) for name in names]
    return "\n".join(parts)


def _entry(name: str) -> str:
    value = getattr(mdlc, name)
    if name == "errors":
        return _errors(value)
    if not inspect.isclass(value):
        return f"### `mdlc.{name}{_signature(value)}`\n\n{_text(value)}\n"
    members = [f"| `{shown}` | {_first(doc)} |" for shown, doc in _members(value)]
    table = "\n".join(["| | |", "|---|---|", *members, ""]) if members else ""
    return "\n".join(filter(None, [f"### `mdlc.{name}`\n\n{_text(value)}\n", table]))


def _errors(module: Any) -> str:
    rows = [
        f"| `mdlc.errors.{name}` | {getattr(module, name).exit_code} | "
        f"{_first(getattr(module, name).__doc__)} |"
        for name in module.__all__
    ]
    return "\n".join(["| class | exit code | |", "|---|---|---|", *rows, ""])


def _members(kind: type) -> Iterator[tuple[str, str]]:
    """Yield the public methods and properties that mdlc gives a class, as they are called."""
    for name, value in inspect.getmembers(kind):
        if name.startswith("_") or name in dir(BaseModel):
            continue
        if isinstance(value, property):
            yield name, value.__doc__ or ""
        elif inspect.isfunction(value):
            yield f"{name}{_signature(value)}", value.__doc__ or ""


def _signature(function: Any) -> str:
    """Return the parameters without their types, which help() shows."""
    given = inspect.signature(function)
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in given.parameters.items()
        if name != "self"
    ]
    return str(given.replace(parameters=plain, return_annotation=inspect.Signature.empty)).replace(
        "datetime.timedelta(seconds=20)", "20 s"
    )


def _text(value: Any) -> str:
    """Return a docstring up to its sections."""
    lines = inspect.cleandoc(value.__doc__ or "").splitlines()
    sections = ("Args:", "Returns:", "Raises:", "Example:")
    end = next((i for i, line in enumerate(lines) if line in sections), len(lines))
    return "\n".join(lines[:end]).strip()


def _first(doc: str | None) -> str:
    """Return the first paragraph on one line, safe in a cell of a table."""
    return " ".join(inspect.cleandoc(doc or "").split("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
