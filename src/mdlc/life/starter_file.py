"""Writes a first lifecycle file, adapted to a data file if one is given (`mdlc init`)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mdlc.components.collection.consent import consent
from mdlc.core.errors import DataError, MdlcError, closest
from mdlc.core.files import write_bytes
from mdlc.core.names import is_label
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
    # Say what a decision is worth, and the action that earns most is taken, and money judges. Until
    # then a proper score does: log-loss, or RMSE where a number is predicted. Amounts are examples.
    # currency: USD
    # decisions_per_year: 12000
    # payoff:
{payoff}
  data:
    sources:
      rows:
{source}
    target: {target}
    # table: {{key: [id], time: asked_at, label_time: known_at}}  # time makes splits honest
    # identifiers: [id]        # names of things, never features
    # sensitive: [birth_date]  # kept out of logs and away from outside services
    # checks:                  # a failing one stops the run
    #   - {{column: age, min: 0, max: 120}}
  # model:
  #   candidates: [logistic, lightgbm, keras_mlp]   # a rule always takes part
"""


def write_starter(
    file: Path, *, data: Path | None, target: str | None, name: str | None
) -> list[str]:
    """Write the file; never over another one. Return what was decided about the data, in lines.

    Data outside of the file's folder are noted as what its files may read
    (`components.collection.consent`).

    Raises:
        MdlcError: the file exists.
        DataError: the data cannot be read, or lack the target's column.
    """
    if file.exists():
        raise MdlcError(f"{file} exists", hint="give another name, or delete it first")
    classes: list[str] | None = ["no", "yes"]
    keys: dict[str, Any] = {"csv": "data.csv"}
    notes: list[str] = []
    if data:
        from mdlc.components.collection.rows_file import format_of
        from mdlc.components.collection.suggested_source import suggest

        kind = format_of(data)
        if target is None:
            raise DataError(f"which column of {data} is predicted?", hint="add --target COLUMN")
        if not data.is_file():
            raise DataError(f"there is no file {data}")
        first = suggest(data, format_=kind)
        names = {**{new: new for new in first.names.values()}, **first.names}
        if target not in names:
            raise DataError(f"{data} has no column {target}", hint=closest(target, names))
        target, notes = names[target], first.notes
        classes = _classes(first.keys, folder=data.resolve().parent, target=target)
        keys = {**first.keys, kind: _relative(data, file)}
    text = HEAD.format(
        name=_name(name, data),
        payoff=_payoff(classes),
        source="\n".join(_lines(keys, indent=8)),
        target=_scalar(target or "target"),
    )
    write_bytes(file, text.encode())
    if data:
        consent(file.parent, data)
    return notes


def _lines(keys: dict[str, Any], *, indent: int) -> list[str]:
    """Return keys as lines of YAML: texts in the quotes that they need, lists on one line."""
    lines: list[str] = []
    for key, value in keys.items():
        place = f"{' ' * indent}{_scalar(key)}:"
        if isinstance(value, dict):
            lines += [place, *_lines(value, indent=indent + 2)]
        elif isinstance(value, list):
            lines.append(f"{place} {json.dumps(value, ensure_ascii=False)}")
        else:
            lines.append(f"{place} {_scalar(str(value))}")
    return lines


def _scalar(text: str) -> str:
    """Return `text` as YAML: as it is where that is plain, else in the quotes of JSON."""
    plain = re.fullmatch(r"[A-Za-z_/][\w ./-]*", text, re.ASCII) and text == text.strip()
    words = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
    return text if plain and text.lower() not in words else json.dumps(text, ensure_ascii=False)


def _name(name: str | None, data: Path | None) -> str:
    if name and not is_label(name):
        raise MdlcError(f"{name!r} is not lower-case letters, digits and -, at most 53 long")
    stem = re.sub(r"[^a-z0-9]+", "-", data.stem.lower()).strip("-") if data else ""
    return name or (stem if is_label(stem) else "my-model")


def _relative(data: Path, file: Path) -> str:
    folder = file.resolve().parent
    path = data.resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _classes(keys: dict[str, Any], *, folder: Path, target: str) -> list[str] | None:
    """Return the target's classes as a run would see them, or None where it is a number.

    `folder` is that of the data.
    """
    from mdlc.components.collection.stage import opened
    from mdlc.components.preparation.features import as_text
    from mdlc.components.preparation.target import missing, whole

    section = Data.model_validate({"sources": {"rows": keys}, "target": target})
    old = {new: old for old, new in keys.get("rename", {}).items()}.get(target, target)
    with opened(section, root=folder) as tables:
        rows = tables["rows"]
        rows = rows.filter(~missing(rows, old))
        column = rows[old]
        if not whole(column):
            return None
        values = rows.select(value=as_text(column)).distinct().order_by("value")
        found = values.limit(MAX_CLASSES + 1).to_pyarrow().to_pydict()["value"]
        amount = column.type().is_numeric() and len(found) > MAX_CLASSES
    return None if amount else found


def _payoff(classes: list[str] | None) -> str:
    """Return an example of a payoff for the target, as comments: a person has to say it."""
    if classes is None:
        return (
            "    #   under: -1   # money for each unit that the prediction is below the truth\n"
            "    #   over: -1    # ... and above"
        )
    if len(classes) == 2:
        last = classes[-1]
        acts = ", ".join(f"{json.dumps(c)}: {2 if c == last else -1}" for c in classes)
        nothing = ", ".join(f"{json.dumps(c)}: 0" for c in classes)
        return "\n".join(
            [
                "    #   actions:",
                f"    #     act: {{{acts}}}",
                f"    #     nothing: {{{nothing}}}",
                "    #   do_nothing: nothing",
            ]
        )
    return "    #   right: 1\n    #   wrong: -1"
