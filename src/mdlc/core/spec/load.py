"""Reads a lifecycle file and says what is wrong with it, with line numbers."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from mdlc.core.errors import MdlcError, SpecError, closest
from mdlc.core.plugins import hint_for
from mdlc.core.spec.base import (
    LONGEST_KEY,
    RuleError,
    SpecSection,
    first_problem,
    problem_text,
)
from mdlc.core.spec.lifecycle import Lifecycle
from mdlc.core.spec.open_section import OpenSection
from mdlc.core.spec.parse import parse


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


def from_mapping(document: Mapping[str, Any]) -> Lifecycle:
    """Check a lifecycle that is given as a dict with the keys of the file.

    Raises:
        SpecError: it breaks a rule; the first rule broken, with its place but without a line.
    """
    try:
        return Lifecycle.model_validate(document)
    except ValidationError as error:
        raise _explain(error, document=document, path=None) from error


def locate(error: MdlcError, path: Path) -> MdlcError:
    """Add to an error about a part of the spec the file and line where that part stands."""
    if error.where.startswith("spec") and not error.line:
        steps: list[str | int] = []
        for step in error.where.replace("[", ".").replace("]", "").split("."):
            steps.append(int(step) if step.isdigit() else step)
        error.file = str(path)
        error.line = _line(parse(path), steps)
    return error


def _explain(
    error: ValidationError, *, document: Mapping[str, Any], path: Path | None
) -> SpecError:
    first = first_problem(error)
    kind, hint = first["type"], ""
    steps = _places(document, first["loc"], missing=kind == "missing")
    broken = first.get("ctx", {}).get("error")
    if isinstance(broken, RuleError):
        steps += broken.at
    if kind == "extra_forbidden":
        hint = _other_keys(str(steps[-1])[:LONGEST_KEY], steps[:-1])
    elif kind == "missing":
        hint = "see mdlc schema"
    message, where = problem_text(first), _dotted(steps)
    if path is None:
        return SpecError(message, where=where, hint=hint)
    return SpecError(message, where=where, hint=hint, file=str(path), line=_line(document, steps))


def _places(document: Any, loc: Sequence[str | int], *, missing: bool) -> list[str | int]:
    """Return the steps of `loc` that the document has; pydantic adds names of types to them.

    The last step of a missing key is kept.
    """
    node, steps = document, []
    for number, step in enumerate(loc, start=1):
        listed = isinstance(node, list) and isinstance(step, int) and step < len(node)
        if listed or (isinstance(node, Mapping) and step in node):
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


def _other_keys(key: str, steps: Sequence[str | int]) -> str:
    """Return a hint: the key of the section at `steps` that is nearest, or who could add this."""
    models = _models(_type_at(Lifecycle, steps))
    known = [one for model in models for one in _keys(model)]
    groups = [model.group for model in models if issubclass(model, OpenSection)]
    return hint_for(key, known=known, group=groups[0]) if groups else closest(key, known)


def _type_at(model: type[BaseModel], steps: Sequence[str | int]) -> Any:
    """Return the annotation of the section that stands at `steps`."""
    current: Any = model
    for step in steps:
        models = [one for one in _models(current) if issubclass(one, SpecSection)]
        if isinstance(step, int) or not models:
            continue
        found = [one.type_of(step) for one in models]
        current = next((kind for kind in found if kind is not None), current)
    return current


def _keys(model: type[BaseModel]) -> list[str]:
    if issubclass(model, SpecSection):
        return model.known_keys()
    return [field.alias or name for name, field in model.model_fields.items()]


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
