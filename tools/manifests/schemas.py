"""Checks objects strictly against the schemas that Kubernetes, KServe, the Prometheus operator and
cert-manager publish.

`fetch` brings them from the projects' Go modules into .cache; this repository has none of them.
Strictly: an unknown field is an error, as `kubectl apply` has it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .objects import Finding, Object, name_of

FOLDER = Path(__file__).parents[2] / ".cache/manifests/schemas"
NONE_PUBLISHED = {"apiextensions.k8s.io", "kueue.x-k8s.io"}
"""Groups whose schema is not brought: definitions have the client's types, queues a cluster's."""
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def there() -> bool:
    """Say whether the schemas have been brought."""
    return (FOLDER / "index.json").is_file()


def check(objects: list[Object]) -> Iterator[Finding]:
    """Yield what the schemas refuse; nothing where they have not been brought."""
    if not there():
        return
    for item in objects:
        found = _schema(item["apiVersion"], item["kind"])
        if found is None:
            if item["apiVersion"].partition("/")[0] not in NONE_PUBLISHED:
                why = f"no schema of {item['apiVersion']} {item['kind']}"
                yield Finding("schema", name_of(item), why)
            continue
        schema, definitions = found
        for why in validate(item, schema, definitions=definitions):
            yield Finding("schema", name_of(item), why)


@functools.cache
def _index() -> dict[str, list[str]]:
    index: dict[str, list[str]] = json.loads((FOLDER / "index.json").read_text())
    return index


@functools.cache
def _file(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return content


def _schema(version: str, kind: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    place = _index().get(f"{version}/{kind}")
    if place is None:
        return None
    file, name = place
    definitions = _file(file)
    return definitions[name], definitions


def validate(
    value: Any, schema: dict[str, Any], *, definitions: dict[str, Any], at: str = ""
) -> Iterator[str]:
    """Yield what an OpenAPI schema refuses of a value; `at` is its path."""
    for part in _all_of(schema, definitions):
        if value is None:
            if not (part.get("nullable") or at.endswith(("emptyDir", "selector"))):
                yield f"{at} is null"
            return
        yield from _simple(value, part, at=at)
        if isinstance(value, dict):
            yield from _object(value, part, definitions=definitions, at=at)
        elif isinstance(value, list) and "items" in part:
            for number, item in enumerate(value):
                place = f"{at}[{number}]"
                yield from validate(item, part["items"], definitions=definitions, at=place)


def _all_of(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in schema:
        return _all_of(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    inner = [p for s in schema.get("allOf", []) if "$ref" in s for p in _all_of(s, definitions)]
    return inner or [schema]


def _simple(value: Any, schema: dict[str, Any], *, at: str) -> Iterator[str]:
    either = schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string"
    kinds: tuple[type, ...] = (str, int) if either else TYPES.get(schema.get("type", ""), ())
    wrong_bool = isinstance(value, bool) and bool not in kinds
    if kinds and (wrong_bool or not isinstance(value, kinds)):
        wanted = "a number or text" if either else schema["type"]
        yield f"{at or '.'} is {value!r:.60}, not {wanted}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}, not one of {', '.join(map(str, schema['enum']))}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{at} is {value!r}, which does not match {schema['pattern']}"
    if isinstance(value, int | float):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            yield f"{at} is {value}, out of bounds"
    elif isinstance(value, str | list):
        kind = "Length" if isinstance(value, str) else "Items"
        size = len(value)
        if size < schema.get(f"min{kind}", 0) or size > schema.get(f"max{kind}", size):
            yield f"{at} has {size} parts, out of bounds"


def _object(
    value: dict[str, Any], schema: dict[str, Any], *, definitions: dict[str, Any], at: str
) -> Iterator[str]:
    fields = schema.get("properties", {})
    for key in schema.get("required", []):
        if key not in value:
            yield f"{at or '.'} lacks {key}"
    others = schema.get("additionalProperties")
    free = schema.get("x-kubernetes-preserve-unknown-fields") or others is True
    for key, part in value.items():
        place = f"{at}.{key}".lstrip(".")
        if key in fields:
            yield from validate(part, fields[key], definitions=definitions, at=place)
        elif isinstance(others, dict):
            yield from validate(part, others, definitions=definitions, at=place)
        elif fields and not free and not (at == "" and key == "metadata"):
            yield f"{place} is unknown"
