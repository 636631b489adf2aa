"""The checks of types and schemas refuse what an API server would."""

from __future__ import annotations

from typing import Any

import pytest

from tools.manifests import models, schemas
from tools.manifests.objects import matches

SCHEMA = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"type": "string", "enum": ["A", "B"]},
        "metadata": {"type": "object"},
        "port": {"x-kubernetes-int-or-string": True},
        "count": {"type": "integer", "minimum": 1, "maximum": 3},
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 4},
        "list": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}, "minItems": 1},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {}},
    },
}
ITEM = {"type": "object", "properties": {"on": {"type": "boolean"}}}


def said(value: Any) -> list[str]:
    return list(schemas.validate(value, SCHEMA, definitions={"Item": ITEM}))


def test_what_fits_is_accepted() -> None:
    value = {"kind": "A", "port": "http", "count": 2, "name": "abc", "list": [{"on": True}]}
    assert said({**value, "map": {"a": "b"}, "free": {"any": [1]}}) == []
    assert said({"kind": "B", "port": 80}) == []


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({}, "lacks kind"),
        ({"kind": "C"}, "not one of A, B"),
        ({"kind": "A", "kin": 1}, "kin is unknown"),
        ({"kind": "A", "port": 1.5}, "not a number or text"),
        ({"kind": "A", "count": True}, "not integer"),
        ({"kind": "A", "count": 4}, "out of bounds"),
        ({"kind": "A", "name": "ABC"}, "does not match"),
        ({"kind": "A", "name": "abcde"}, "out of bounds"),
        ({"kind": "A", "list": []}, "out of bounds"),
        ({"kind": "A", "list": [{"off": True}]}, "list[0].off is unknown"),
        ({"kind": "A", "list": [{"on": "yes"}]}, "not boolean"),
        ({"kind": "A", "map": {"a": 1}}, "not string"),
        ({"kind": "A", "name": None}, "name is null"),
    ],
)
def test_what_does_not_fit_is_refused(value: Any, why: str) -> None:
    (found,) = said(value)
    assert why in found


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"selector": {}, "template": {}, "replica": 1}, "spec.replica is no field"),
        ({"selector": {}, "template": {}, "replicas": "1"}, "spec.replicas is '1', not int"),
        ({"selector": {}}, "`template`, must not be `None`"),
        ({"selector": [], "template": {}}, "spec.selector is list, not an object"),
    ],
)
def test_the_clients_types_are_strict(spec: Any, why: str) -> None:
    item = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}
    found = [str(finding) for finding in models.check([item])]
    assert any(why in line for line in found), found


def test_kinds_of_others_are_not_taken_for_kubernetes_own() -> None:
    assert not models.known({"apiVersion": "example.com/v1", "kind": "Deployment"})


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
    ],
)
def test_selectors(selector: Any, selected: bool) -> None:
    assert matches(selector, {"a": "1"}) is selected
