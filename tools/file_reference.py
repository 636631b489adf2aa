"""Prints the reference of the lifecycle file, docs/file.md, from the pydantic models.

Run it as `.venv/bin/python tools/file_reference.py > docs/file.md`; a test compares the two.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mdlc.core.spec import Lifecycle
from mdlc.core.spec.base import SpecSection, format_duration

HEAD = """\
# The lifecycle file

Every key of the file, with its type, its default and its meaning. This page is generated:
`.venv/bin/python tools/file_reference.py > docs/file.md` writes it, and a test compares it with the
code. `mdlc schema` prints the same as JSON Schema, for editors.

- An unknown key is an error. So is a key that stands twice.
- A duration is text such as `90s`, `1h30m`, `7d` or `2w`, or a number of seconds.
- A column name is a letter, then letters, digits and `_`; at most 63 characters.
- A time without a zone is UTC.
- *required* in the column *default* means that the section needs the key where the section stands.
"""
NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}
NAMES |= {date: "date", datetime: "time", time: "time of day", timedelta: "duration"}
BOUNDS = {"ge": "≥ ", "gt": "> ", "le": "≤ ", "lt": "< ", "min_length": "at least "}


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    parts += [_section(path, model) for path, model in sections(Lifecycle, path="")]
    return "\n".join(parts)


def sections(model: type[BaseModel], *, path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield (path, model) of a section and of all below it, in the order of the file."""
    yield path, model
    for name, field in model.model_fields.items():
        below = f"{path}.{field.alias or name}".lstrip(".")
        for inner, mark in _inner(field.annotation):
            yield from sections(inner, path=below + mark)


def _inner(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield the sections that an annotation holds, each with the mark of a list or mapping."""
    if isinstance(annotation, type) and issubclass(annotation, SpecSection):
        yield annotation, ""
        return
    mark = {list: "[]", dict: ".NAME"}.get(typing.get_origin(annotation), "")
    for part in typing.get_args(annotation):
        for inner, deeper in _inner(part):
            yield inner, mark + deeper


def _section(path: str, model: type[BaseModel]) -> str:
    lines = [f"## {path or 'The file'}", "", _text(model), ""]
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        cells = (f"`{field.alias or name}`", _type(field), _default(field), _meaning(name, field))
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _text(model: type[BaseModel]) -> str:
    """Return the section's docstring with its lines joined, lists kept."""
    paragraphs = (model.__doc__ or "").strip().split("\n\n")
    return "\n\n".join("\n".join(line.strip() for line in p.splitlines()) for p in paragraphs)


def _meaning(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"the field {name} has no description; add one to its Field")
    return field.description


def _type(field: FieldInfo) -> str:
    text = _name(field.annotation)
    bounds = [
        f"{words}{getattr(item, key):g}"
        for item in field.metadata
        for key, words in BOUNDS.items()
        if getattr(item, key, None) is not None
    ]
    return f"{text}, {', '.join(bounds)}" if bounds else text


def _name(annotation: Any) -> str:
    """Return a type in words, such as: list of text."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " or ".join(f"`{item}`" for item in arguments)
    names = [_name(item) for item in arguments if _is_type(item)]
    if origin is typing.Annotated:
        text = names[0]
    elif origin in {typing.Union, types.UnionType}:
        text = " or ".join(names)
    elif origin in {list, tuple}:
        text = f"list of {names[0]}" if origin is list else f"list: {', '.join(names)}"
    elif origin is dict:
        text = f"mapping: {names[0]} → {names[1]}"
    else:
        text = "section" if issubclass(annotation, SpecSection) else NAMES[annotation]
    return text


def _is_type(item: Any) -> bool:
    """Say whether an argument of a type is a type: neither None nor a validator."""
    is_class = isinstance(item, type) and item is not types.NoneType
    return is_class or typing.get_origin(item) is not None


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SpecSection):
        given = value.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return f"`{given}`" if given else "its defaults"
    if value is PydanticUndefined or value is None:
        return "none" if value is None else "*required*"
    if isinstance(value, timedelta):
        text = format_duration(value)
    elif isinstance(value, list):
        text = f"[{', '.join(item or chr(34) * 2 for item in value)}]"
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text else '`""`'


if __name__ == "__main__":
    sys.stdout.write(reference())
