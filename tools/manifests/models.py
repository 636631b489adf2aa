"""Checks objects strictly against the types of the installed Kubernetes and KServe clients.

Works without a network. What the clients do not know (Prometheus operator, cert-manager, Kueue) is
checked by `schemas`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .objects import Finding, Object, name_of

PRIMITIVES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "datetime": (str,),
}
SPECIAL = {kind: f"V1alpha1{kind}" for kind in ("ClusterServingRuntime", "ClusterStorageContainer")}


def check(objects: list[Object]) -> Iterator[Finding]:
    """Yield unknown fields, wrong types, and missing fields that are required."""
    for item in objects:
        model = _model(_type_of(item))
        if model is not None:
            for why in _object(model, item, at=""):
                yield Finding("types", name_of(item), why)


def known(item: Object) -> bool:
    """Say whether a client has a type for an object."""
    return _model(_type_of(item)) is not None


def _type_of(item: Object) -> str:
    if item["kind"] in SPECIAL:
        return SPECIAL[item["kind"]]
    version = item["apiVersion"].rpartition("/")[2]
    group = item["apiVersion"].partition("/")[0]
    if ("." in group and not group.endswith("k8s.io")) or group.startswith("kueue"):
        return ""
    return f"{version[0].upper()}{version[1:]}{item['kind']}"


def _model(name: str) -> Any:
    import kserve.models
    from kubernetes.client import models

    return getattr(models, name, None) or getattr(kserve.models, name, None)


def _object(model: Any, value: Any, *, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at or '.'} is {type(value).__name__}, not an object"
        return
    fields = {json: python for python, json in model.attribute_map.items()}
    told = {}
    for key, part in value.items():
        place = f"{at}.{key}".lstrip(".")
        if key not in fields:
            yield f"{place} is no field of {model.__name__}"
        elif part is not None:
            told[fields[key]] = part
            yield from _value(model.openapi_types[fields[key]], part, at=place)
    try:
        model(**told)
    except ValueError as error:  # a required field is missing, or a value is none of the allowed
        yield f"{at or '.'}: {error}"


def _value(kind: str, value: Any, *, at: str) -> Iterator[str]:
    if listed := re.fullmatch(r"list\[(.+)\]", kind):
        if not isinstance(value, list):
            yield f"{at} is {type(value).__name__}, not a list"
            return
        for number, part in enumerate(value):
            yield from _value(listed[1], part, at=f"{at}[{number}]")
    elif mapped := re.fullmatch(r"dict\(str, (.+)\)", kind):
        if not isinstance(value, dict):
            yield f"{at} is {type(value).__name__}, not an object"
            return
        for key, part in value.items():
            yield from _value(mapped[1], part, at=f"{at}.{key}")
    elif kind in PRIMITIVES:
        wrong_bool = isinstance(value, bool) and kind != "bool"
        if wrong_bool or not isinstance(value, PRIMITIVES[kind]):
            yield f"{at} is {value!r}, not {kind}"
    elif (model := _model(kind)) is not None:
        yield from _object(model, value, at=at)
