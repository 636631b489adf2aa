"""Writes a first lifecycle file, adapted to a data file if one is given (`mdlc init`)."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mdlc.core.errors import DataError, MdlcError, closest
from mdlc.core.files import write_bytes
from mdlc.core.names import is_label
from mdlc.core.plugins import READERS, built_in_names
from mdlc.core.spec.data import Data

MAX_CLASSES = 20
"""A target with more distinct whole numbers is a regression's, as in preparation."""

HEAD = """\
# A model's whole life in one file. Editors complete it from `mdlc schema`.
apiVersion: mdlc.dev/v1alpha1
kind: Lifecycle
metadata:
  name: {name}
spec:
  business:
    problem: What is decided, and for whom?
    currency: USD
    decisions_per_year: 100000
    # What one decision earns, in money. Everything is judged by it.
    payoff:
{payoff}
  data:
    sources:
      rows:
        {format}: {location}
    target: {target}
    # table: {{key: [id], time: asked_at, label_time: known_at}}  # time makes splits honest
    # identifiers: [id]        # names of things, never features
    # sensitive: [birth_date]  # kept out of logs and away from outside services
    # checks:                  # a failing one stops the run
    #   - {{column: age, min: 0, max: 120}}
  # model:
  #   candidates: [logistic, lightgbm, keras_mlp]   # a rule always takes part
"""


def write_starter(file: Path, *, data: Path | None, target: str | None, name: str | None) -> None:
    """Write the file; an existing file is never overwritten.

    Raises:
        MdlcError: the file exists.
        DataError: the data cannot be read, or lack the target's column.
    """
    if file.exists():
        raise MdlcError(f"{file} exists", hint="give another name, or delete it first")
    classes: list[str] | None = ["no", "yes"]
    location, kind = "data.csv", "csv"
    if data:
        kind = data.suffix.lstrip(".").replace("jsonl", "json").replace("ndjson", "json")
        known = built_in_names(READERS)
        if kind not in known:
            raise DataError(f"{data}: its name does not end with one of {', '.join(known)}")
        classes = _classes(data, kind=kind, target=target)
        location = _relative(data, file)
    text = HEAD.format(
        name=_name(name, data),
        payoff=_payoff(classes),
        format=kind,
        location=_scalar(location),
        target=_scalar(target or "target"),
    )
    write_bytes(file, text.encode())


def _scalar(text: str) -> str:
    """Return `text` as a YAML scalar, quoted as in JSON if it needs quotes."""
    plain = re.fullmatch(r"[A-Za-z_/][\w ./-]*", text) and text == text.strip()
    return text if plain and text not in {"true", "false", "null"} else json.dumps(text)


def _name(name: str | None, data: Path | None) -> str:
    if name and not is_label(name):
        raise MdlcError(f"{name!r} is not lower-case letters, digits and -, at most 53 long")
    stem = re.sub(r"[^a-z0-9]+", "-", data.stem.lower()).strip("-") if data else ""
    return name or (stem if is_label(stem) else "my-model")


def _relative(data: Path, file: Path) -> str:
    folder = file.resolve().parent
    path = data.resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _classes(data: Path, *, kind: str, target: str | None) -> list[str] | None:
    """Return the target's classes as a run would see them; None for a number to predict."""
    from mdlc.components.collection.stage import opened

    if target is None:
        raise DataError(f"which column of {data} is predicted?", hint="add --target COLUMN")
    section = Data.model_validate({"sources": {"rows": {kind: str(data)}}, "target": target})
    with opened(section, root=Path.cwd()) as tables:
        rows = tables["rows"]
        if target not in rows.columns:
            hint = closest(target, rows.columns)
            raise DataError(f"{data} has no column {target}", hint=hint)
        column = rows[target]
        if column.type().is_floating() or column.type().is_decimal():
            return None
        known = rows.filter(column.notnull()).select(value=column.cast("string"))
        values = known.distinct().order_by("value").limit(MAX_CLASSES + 1).execute()["value"]
    return None if len(values) > MAX_CLASSES else values.tolist()


def _payoff(classes: list[str] | None) -> str:
    if classes is None:
        return (
            "      under: -1   # money for each unit that the prediction is below the truth\n"
            "      over: -1    # ... and above"
        )
    if len(classes) == 2:
        last = classes[-1]
        row = "      {action}: {{{cells}}}"
        acts = ", ".join(f"{json.dumps(c)}: {2 if c == last else -1}" for c in classes)
        nothing = ", ".join(f"{json.dumps(c)}: 0" for c in classes)
        return "\n".join(
            [
                "      actions:",
                "  " + row.format(action="act", cells=acts),
                "  " + row.format(action="nothing", cells=nothing),
                "      do_nothing: nothing",
            ]
        )
    return "      right: 1\n      wrong: -1"
