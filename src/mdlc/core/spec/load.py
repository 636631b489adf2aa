"""Reads a lifecycle file and says what is wrong with it, with line numbers."""

from __future__ import annotations

import reprlib
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from mdlc.core.errors import MdlcError, SpecError, closest, shortened
from mdlc.core.spec.base import RuleError
from mdlc.core.spec.lifecycle import Lifecycle
from mdlc.core.spec.parse import parse

BRIEF = reprlib.Repr()
"""Looks at the first parts of a value only: a list of lists may have millions."""


def load(path: Path) -> Lifecycle:
    """Read and check the lifecycle file at `path`.

    Raises:
        SpecError: the file is missing, is not YAML, or breaks a rule; the first rule broken, with
            its line.
    """
    document = parse(path)
    try:
        return Lifecycle.model_validate(document)
    except ValidationError as error:
        raise _explain(error, document=document, path=path) from error


def locate(error: MdlcError, path: Path) -> MdlcError:
    """Add to an error about a part of the spec the file and line where that part stands."""
    if error.where.startswith("spec") and not error.line:
        steps: list[str | int] = []
        for step in error.where.replace("[", ".").replace("]", "").split("."):
            steps.append(int(step) if step.isdigit() else step)
        error.file = str(path)
        error.line = _line(parse(path), steps)
    return error


def _explain(error: ValidationError, *, document: CommentedMap, path: Path) -> SpecError:
    problems = error.errors(include_url=False)
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    kind, hint = first["type"], ""
    steps = _places(document, first["loc"], missing=kind == "missing")
    broken = first.get("ctx", {}).get("error")
    if isinstance(broken, RuleError):
        steps += broken.at
    where = _dotted(steps)
    if kind == "extra_forbidden":
        message = f"unknown key {shortened(str(steps[-1]), 80)}"
        hint = closest(str(steps[-1])[:80], _fields(Lifecycle, steps[:-1]))
    elif kind == "missing":
        message, hint = "this key is missing", "see mdlc schema"
    elif kind == "value_error":
        message = str(first["ctx"]["error"]) if "ctx" in first else first["msg"]
    else:
        shown = BRIEF.repr(first["input"])
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        message = f"{first['msg'][0].lower()}{first['msg'][1:]}; got {shown}"
    return SpecError(message, where=where, hint=hint, file=str(path), line=_line(document, steps))


def _places(document: Any, loc: Sequence[str | int], *, missing: bool) -> list[str | int]:
    """Return the steps of `loc` that the document has; pydantic adds names of types to them.

    The last step of a missing key is kept.
    """
    node, steps = document, []
    for number, step in enumerate(loc, start=1):
        listed = isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node)
        if listed or (isinstance(node, CommentedMap) and step in node):
            node = node[step]
        elif not missing or number < len(loc):
            continue
        steps.append(step)
    return steps


def _dotted(steps: Sequence[str | int]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _line(document: Any, steps: Sequence[str | int]) -> int:
    """Return the line, from 1, of the deepest part of `steps` that the document has."""
    node, line = document, 1
    for step in steps:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1
        else:
            break
        node = node[step]
    return line


def _fields(model: type[BaseModel], steps: Sequence[str | int]) -> list[str]:
    """Return the keys that the section at `steps` knows."""
    current: Any = model
    for step in steps:
        models = _models(current)
        if isinstance(step, int) or not models:
            continue
        names = {(f.alias or n): f.annotation for m in models for n, f in m.model_fields.items()}
        current = names.get(step, current)
    return [f.alias or n for m in _models(current) for n, f in m.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in {
        list,
        dict,
        typing.Union,
        types.UnionType,
        typing.Annotated,
    }:
        return [model for part in typing.get_args(annotation) for model in _models(part)]
    return []
