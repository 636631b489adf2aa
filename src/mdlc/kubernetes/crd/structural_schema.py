"""Converts pydantic's JSON Schema to the structural OpenAPI v3 schema that Kubernetes accepts.

References are inlined. Defaults are left out, so that the stored object is what was applied; the
model fills them in when it reads the object. What such a schema cannot express (a value of several
types) is left open; the controller validates with the model in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from mdlc.core.plugins import only_built_in

Schema = dict[str, Any]
DURATION = r"^( *[0-9][0-9 ]*([.][0-9 ]+)?[smhdw])+ *$"
"""A duration as parse_duration reads it; spaces are allowed."""
OPEN = {"Source", "DataCheck"}
"""Models to which plug-ins add keys. The definition is for a whole cluster, but plug-ins belong to
an image. So the definition has only the built-in keys and preserves unknown ones; the controller
validates those with its plug-ins."""
FORMATS = {
    "date": {"format": "date"},
    "date-time": {"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt _][0-9]{2}:[0-9]{2}.*)?$"},
    "time": {"pattern": r"^[0-9]{2}:[0-9]{2}.*$"},
}
"""Format -> pattern in its place; Kubernetes' date-time needs a time zone, the file does not."""
KEPT = (
    *("type", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
    *("minProperties", "maxProperties", "enum", "required"),
)
LONGEST_DEFAULT = 40


class Converter:
    """Converts one model.

    Args:
        rules: CEL rules by the name of the model that they are put into.
        limits: Additional bounds by model and key, such as "Data.sources".
    """

    def __init__(
        self,
        model: type[BaseModel],
        *,
        rules: Mapping[str, list[Schema]],
        limits: Mapping[str, Schema],
    ) -> None:
        with only_built_in():
            self._root = model.model_json_schema(by_alias=True)
        self._defs: dict[str, Schema] = self._root.pop("$defs", {})
        self._rules = rules
        self._limits = limits
        self.used: set[str] = set()
        """Names of the rules and limits that were applied."""

    def convert(self) -> Schema:
        """Return the whole schema."""
        return self._node(self._root, name=self._root.get("title", ""))

    def _node(self, node: Schema, *, name: str = "") -> Schema:
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            node = {**self._defs[name], **{k: v for k, v in node.items() if k != "$ref"}}
        if "anyOf" in node:
            return self._described(self._any(node["anyOf"]), node)
        if "[smhdw]" in node.get("pattern", ""):
            return self._described(_duration(), node)
        made = {key: node[key] for key in KEPT if key in node}
        if "const" in node:
            made = {"type": "string", "enum": [node["const"]]}
        made |= FORMATS.get(node.get("format", ""), {})
        made |= _bounds(node)
        if made.get("type") == "array":
            made |= self._items(node)
        if made.get("type") == "object":
            made |= self._inside(node, name=name)
        if not made:
            made = {"x-kubernetes-preserve-unknown-fields": True}
        return self._described(made, node)

    def _any(self, choices: list[Schema]) -> Schema:
        """Return one schema for a union: nullable, or without a type if several are allowed."""
        some = [choice for choice in choices if choice.get("type") != "null"]
        if len(some) == 1:
            made = self._node(some[0])
        elif sorted(choice.get("type", "") for choice in some) == ["integer", "string"]:
            made = {"x-kubernetes-int-or-string": True}
        else:
            made = {"x-kubernetes-preserve-unknown-fields": True}
        made.pop("description", None)
        if len(some) < len(choices):
            made["nullable"] = True
            if "enum" in made:
                made["enum"] = [*made["enum"], None]
        return made

    def _items(self, node: Schema) -> Schema:
        if "prefixItems" in node:
            parts = node["prefixItems"]
            return {"items": self._node(parts[0])}
        return {"items": self._node(node["items"])}

    def _inside(self, node: Schema, *, name: str) -> Schema:
        made: Schema = {}
        if "properties" in node:
            made["properties"] = {
                key: self._property(part, at=f"{name}.{key}")
                for key, part in node["properties"].items()
            }
        elif isinstance(node.get("additionalProperties"), dict):
            made["additionalProperties"] = self._node(node["additionalProperties"])
        if name in OPEN:
            made["x-kubernetes-preserve-unknown-fields"] = True
        if name in self._rules:
            self.used.add(name)
            made["x-kubernetes-validations"] = self._rules[name]
        return made

    def _property(self, part: Schema, *, at: str) -> Schema:
        made = self._node(part)
        if at in self._limits:
            self.used.add(at)
            made |= self._limits[at]
        return made

    def _described(self, made: Schema, node: Schema) -> Schema:
        said = " ".join(str(node.get("description", "")).split())
        default = node.get("default")
        if isinstance(default, str | int | float) and 0 < len(str(default)) <= LONGEST_DEFAULT:
            shown = str(default).lower() if isinstance(default, bool) else default
            said = f"{said} Default: {shown}."
        return {"description": said.strip(), **made} if said.strip() else made


def _duration() -> Schema:
    """Return the schema of a duration: a text such as 7d, or a whole number of seconds."""
    return {
        "x-kubernetes-int-or-string": True,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "minimum": 0,
        "maxLength": 64,
        "pattern": DURATION,
    }


def _bounds(node: Schema) -> Schema:
    """Return exclusive bounds as in OpenAPI 3.0, where they are flags."""
    made: Schema = {}
    for key, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if flag in node:
            made |= {key: node[flag], flag: True}
    return made
