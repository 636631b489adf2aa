"""Decides which columns become features, of which kind, and how models get their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mdlc.core.columns import Feature
from mdlc.core.documents.prepared_data import LeftOut
from mdlc.core.errors import SpecError, closest
from mdlc.core.spec.data import Data, Image

DIGITS = re.compile(r"(\d+)")


def choose(data: Data, *, schema: dict[str, Any]) -> list[Feature]:
    """Return the features, in the file's order or the table's; each knows if it is sensitive.

    Raises:
        SpecError: a feature is refused (a time, a key, known later), or there is none.
    """
    pixels = pixel_columns(data.image, schema=schema)
    reserved = _reserved(data)
    if data.features:
        chosen = [
            _explicit(data, name, schema=schema, where=f"spec.data.features[{number}]")
            for number, name in enumerate(data.features)
        ]
        for number, name in enumerate(data.features):
            # The file may name a key column as a feature; without such a list keys are no features.
            if name in reserved and reserved[name] != "a key":
                where = f"spec.data.features[{number}]"
                raise SpecError(f"{name} is {reserved[name]}, not a feature", where=where)
    else:
        kinds = {name: _kind(data, name, schema=schema) for name in schema}
        chosen = [
            Feature(name=name, kind=kind)
            for name, kind in kinds.items()
            if kind and name not in reserved and name not in pixels and not name.startswith("__")
        ]
    if data.image and all(feature.name != data.image.name for feature in chosen):
        image = data.image
        chosen.append(Feature(name=image.name, kind="image", shape=image.shape, scale=image.scale))
    if not chosen:
        raise SpecError("no column is left to be a feature", where="spec.data.features")
    return [_marked(feature, sensitive=set(data.sensitive), pixels=pixels) for feature in chosen]


def left_out(
    data: Data, *, schema: dict[str, Any], features: list[Feature], named: Mapping[str, str]
) -> list[LeftOut]:
    """Return the table's columns that are no features, each with the reason.

    `named` are the columns that only name a row, each with what shows it.
    """
    used = {feature.name for feature in features} | set(pixel_columns(data.image, schema=schema))
    reserved = _reserved(data)
    found: list[LeftOut] = []
    for name, kind in schema.items():
        if name in used or name.startswith("__") or name == data.target:
            continue
        why = f"it is {reserved[name]}" if name in reserved else ""
        if not why and data.features:
            why = "spec.data.features does not list it"
        elif not why and kind.is_temporal():
            why = f"it is a {kind}, not a number or a text; derive one, such as {_part(name, kind)}"
            if not data.table.time and not kind.is_time():
                why += ", or name it in spec.data.table.time if a decision is asked for then"
        elif not why and name in named:
            why = f"it only names a row ({named[name]}); to use it, list spec.data.features"
        found.append(LeftOut(column=name, why=why or f"no model takes its type, {kind}"))
    return found


def _part(name: str, kind: Any) -> str:
    return f"hour({name})" if kind.is_time() else f"dayofweek({name})"


def _reserved(data: Data) -> dict[str, str]:
    """Return column -> what it is, for those that are features only if the file lists them."""
    return {
        **dict.fromkeys(data.table.key, "a key"),
        **dict.fromkeys(data.identifiers, "an identifier"),
        **dict.fromkeys(data.known_later, "known_later"),
        **dict.fromkeys(filter(None, (data.table.time, data.table.label_time)), "a time"),
        data.target: "the target",
    }


def pixel_columns(image: Image | None, *, schema: dict[str, Any]) -> list[str]:
    """Return the columns that an image packs, pixel2 before pixel10.

    Raises:
        SpecError: they are not as many as the shape has, or not numbers.
    """
    if image is None:
        return []
    names = [name for name in schema if name.startswith(image.prefix)]
    names.sort(key=lambda name: [int(x) if x.isdigit() else x for x in DIGITS.split(name)])
    height, width, channels = image.shape
    if len(names) != height * width * channels:
        message = (
            f"{len(names)} columns start with {image.prefix}, "
            f"but {height} x {width} x {channels} is {height * width * channels}"
        )
        raise SpecError(message, where="spec.data.image.shape")
    for name in names:
        if not schema[name].is_numeric():
            message = f"{name} is {schema[name]}, not a number"
            raise SpecError(message, where="spec.data.image.prefix")
    if image.name in schema:
        raise SpecError(f"there is a column {image.name}", where="spec.data.image.name")
    return names


def shaped(table: Any, *, features: list[Feature], image: Image | None) -> dict[str, Any]:
    """Return each feature as its column: double, text, or a list of float in 0 to 1 (images)."""
    import ibis

    columns: dict[str, Any] = {}
    for feature in features:
        if feature.kind == "image":
            names = pixel_columns(image, schema=dict(table.schema()))
            columns[feature.name] = ibis.array(
                [(table[name] / feature.scale).cast("float32") for name in names]
            )
        elif feature.kind == "category":
            columns[feature.name] = _one_spelling(as_text(table[feature.name]), feature)
        else:
            columns[feature.name] = as_number(table[feature.name])
    return columns


def as_number(column: Any) -> Any:
    """Return a column as double; NaN becomes NULL, because both mean a missing value."""
    import ibis

    number = column.cast("float64")
    return ibis.ifelse(number.isnan(), None, number) if column.type().is_floating() else number


def as_text(column: Any) -> Any:
    """Return a column as text as the predictor writes it: 3.0 is 3, true is lower case."""
    import ibis

    if not (column.type().is_floating() or column.type().is_decimal()):
        return column.cast("string")
    number = as_number(column.cast("float64"))
    whole = (number == number.floor()) & (number.abs() < 2**53)
    return ibis.ifelse(whole, number.try_cast("int64").cast("string"), number.cast("string"))


def _one_spelling(text: Any, feature: Feature) -> Any:
    """Return a feature's texts; if they say false and true, with one spelling for each."""
    import ibis

    if feature.truth is None:
        return text
    false, true = feature.truth
    lower = text.lower()
    return ibis.cases((lower == false.lower(), false), (lower == true.lower(), true), else_=text)


def _explicit(data: Data, name: str, *, schema: dict[str, Any], where: str) -> Feature:
    if data.image and name == data.image.name:
        return Feature(name=name, kind="image", shape=data.image.shape, scale=data.image.scale)
    if name not in schema:
        raise SpecError(f"no column {name}", where=where, hint=closest(name, schema))
    kind = _kind(data, name, schema=schema)
    if kind is None:
        hint = ""
        if schema[name].is_temporal():
            hint = f"derive parts of it, such as hour({name}) or dayofweek({name})"
        raise SpecError(f"{name} is {schema[name]}, not a feature", where=where, hint=hint)
    return Feature(name=name, kind=kind)


def _marked(feature: Feature, *, sensitive: set[str], pixels: list[str]) -> Feature:
    """Return the feature, marked if sensitive; an image is sensitive if one of `pixels` is."""
    parts = {feature.name, *(pixels if feature.kind == "image" else ())}
    return feature.model_copy(update={"sensitive": not parts.isdisjoint(sensitive)})


def _kind(data: Data, name: str, *, schema: dict[str, Any]) -> Any:
    """Return number, category, or None for a type that no model takes."""
    kind = schema[name]
    if kind.is_string() or (name in data.categories and (kind.is_numeric() or kind.is_boolean())):
        return "category"
    return "number" if kind.is_numeric() or kind.is_boolean() else None
