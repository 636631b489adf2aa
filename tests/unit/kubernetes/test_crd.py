"""The definition of lifecycles: structural, as the model says, and rendered into the manifests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from mdlc.cli.main import app
from mdlc.core.plugins import READERS
from mdlc.core.spec import Lifecycle
from mdlc.core.spec.base import parse_duration
from mdlc.kubernetes.crd import crd_definition as defined
from mdlc.kubernetes.crd.cel_rules import RULES
from mdlc.kubernetes.crd.lifecycle_status import LifecycleStatus
from mdlc.kubernetes.crd.structural_schema import DURATION
from tests.unit.conftest import Install

ROOT = Path(__file__).parents[3]
RENDERED = ROOT / "manifests/base/lifecycles.mdlc.dev.yaml"
EXAMPLES = sorted((ROOT / "examples").glob("*/lifecycle.yaml"))
KUBECTL_BYTES = 256 * 1024
"""kubectl apply keeps the whole object in an annotation, and annotations have this bound."""
OPEN_SECTIONS = (".spec.data.sources[]", ".spec.data.checks[]")
Schema = dict[str, Any]


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for key, part in schema.get("properties", {}).items():
        yield from nodes(part, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}[]")


def problems(  # noqa: PLR0912 - a kind a branch
    value: Any, schema: Schema, path: str = ""
) -> Iterator[str]:
    """Yield what Kubernetes would refuse; its rules in CEL are tried on a cluster."""
    if value is None:
        if not schema.get("nullable"):
            yield f"{path} is null"
        return
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, int) and not re.match(schema["pattern"], value):
            yield f"{path}: {value!r} is no {schema['pattern']}"
        return
    kinds = {
        "object": dict, "array": list, "string": str, "integer": int,
        "number": (int, float), "boolean": bool,
    }  # fmt: skip
    kind = schema.get("type")
    if kind and not isinstance(value, kinds[kind]):  # type: ignore[arg-type]
        yield f"{path}: {value!r} is no {kind}"
    elif kind == "array":
        for number, part in enumerate(value):
            yield from problems(part, schema["items"], f"{path}[{number}]")
    elif kind == "object":
        inside, other = schema.get("properties", {}), schema.get("additionalProperties")
        yield from (f"{path}.{k} is missing" for k in schema.get("required", []) if k not in value)
        for key, part in value.items():
            if key not in inside and other is None:
                if schema.get("x-kubernetes-preserve-unknown-fields"):
                    continue
                yield f"{path}.{key} is unknown"
            else:
                yield from problems(part, inside.get(key) or other or {}, f"{path}.{key}")
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "pattern" in schema and not re.match(schema["pattern"], value):
        yield f"{path}: {value!r} is no {schema['pattern']}"


def test_the_rendered_file_is_the_models():
    told = CliRunner().invoke(app, ["render", "crd"])
    assert told.exit_code == 0
    assert told.stdout == RENDERED.read_text(), "mdlc render crd > " + str(RENDERED)
    assert YAML(typ="safe").load(RENDERED.read_text()) == defined.definition()


def test_it_is_structural():
    free = []
    for path, node in nodes(defined.schema()):
        either = node.get("x-kubernetes-int-or-string")
        if node.get("x-kubernetes-preserve-unknown-fields"):
            free.append(path)
        open_section = path in OPEN_SECTIONS and node["type"] == "object"
        assert ("type" in node) + bool(either) + (path in free) - open_section == 1, path
        assert not node.keys() & {"$ref", "allOf", "oneOf", "not", "default", "title"}, path
        assert ("anyOf" in node) == bool(either), path
        assert not node.keys() >= {"properties", "additionalProperties"}, path
        assert not isinstance(node.get("exclusiveMinimum", True), float), path
    assert free == [
        ".spec.data.sources[]",
        ".spec.data.sources[].date_format",
        ".spec.data.checks[]",
        ".spec.data.checks[].max",
        ".spec.data.checks[].min",
        ".spec.data.checks[].one_of[]",
        ".spec.model.candidates[]",
        ".spec.retrain.candidates[]",
    ], "only what has values of several types, and what plug-ins add keys to"


def test_a_plug_ins_key_is_kept_whoever_rendered_the_definition(install: Install):
    """The API server prunes what a definition neither knows nor keeps: a key would be lost."""
    source = {"sources": {"rows": {"excel": {"location": "rows.xlsx"}, "header": "yes"}}}
    inside = defined.schema()["properties"]["spec"]["properties"]["data"]
    inside = {**inside, "required": []}
    assert list(problems(source, inside)) == [".sources.rows.header: 'yes' is no boolean"]
    before = defined.definition()
    install("mdlc-excel", group=READERS, entry="excel")
    assert "excel" in Lifecycle.model_json_schema()["$defs"]["Source"]["properties"]
    assert defined.definition() == before


def test_a_broken_package_breaks_the_schema_in_one_line_and_not_the_definition(install: Install):
    before = defined.definition()
    install("mdlc-excel", group=READERS, entry="excel", code="import no_such_library")
    assert defined.definition() == before
    told = CliRunner().invoke(app, ["schema"])
    assert told.exit_code == 3
    assert "excel of mdlc-excel 2.0 cannot be imported" in told.stderr
    assert told.stderr.count("\n") == 1


def test_kubectl_can_apply_it():
    assert len(json.dumps(defined.definition())) < KUBECTL_BYTES / 2


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_very_same_file_fits(file: Path):
    document = json.loads(json.dumps(YAML(typ="safe").load(file.read_text()), default=str))
    metadata = document.pop("metadata")
    assert set(metadata) <= {"name", "namespace", "labels", "annotations"}
    document["metadata"] = {"name": metadata["name"]}
    assert list(problems(document, defined.schema())) == []
    document["spec"]["monitor"] = {"windw": "7d", "window": "7x", "hold": None}
    assert list(problems(document, defined.schema())) == [
        ".spec.monitor.windw is unknown",
        f".spec.monitor.window: '7x' is no {DURATION}",
        ".spec.monitor.hold is null",
    ]


@pytest.mark.parametrize("text", ["7d", "1h30m", "1h 30m", "0.5s", " 2 w ", "90s"])
def test_durations_are_those_of_the_file(text: str):
    assert re.match(DURATION, text)
    parse_duration(text)


@pytest.mark.parametrize("text", ["7", "d", "7x", "-7d", "1h30", ""])
def test_no_duration_is_one_neither_here_nor_there(text: str):
    assert not re.match(DURATION, text)
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_a_rule_of_a_model_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(RULES, "Gone", [])
    with pytest.raises(AssertionError, match="Gone"):
        defined.schema()


def test_columns_show_what_the_status_has():
    status = defined.schema()["properties"]["status"]["properties"]
    for _, _, path, _ in defined.COLUMNS:
        step = re.sub(r"\[.*", "", path).split(".")
        if step[1] == "status":
            assert step[2] in status, path
    assert set(status) == {f.alias for f in LifecycleStatus.model_fields.values()}
    assert status["conditions"]["x-kubernetes-list-map-keys"] == ["type"]
