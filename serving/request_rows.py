"""Turns requests into batches: V1 instances and V2 tensors, checked feature by feature.

A request is refused as a whole, with the first error found: unknown feature, missing feature, type,
size. A missing value is null in JSON (which has no NaN), and NaN in binary tensors. Texts have a
largest length, because they are logged, exported and trained on unchanged.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.core import cleaning
from mdlc.core.bundle import Manifest
from mdlc.core.columns import Batch, Feature, from_values
from mdlc.core.errors import DataError, closest
from mdlc.core.spec.deploy import Serving
from mdlc.services.refusals import Refusal, too_large
from mdlc.serving.v2_request import InputTensor

MAX_ID = 128
IDS = "id"
"""V2: name of the optional BYTES tensor with the ids of the rows."""
NUMERIC: frozenset[type] = frozenset({int, float, bool, type(None)})
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class RequestRows:
    """A request's rows: their ids and raw features, ready for a Scorer."""

    ids: list[str]
    batch: Batch


class RequestReader:
    """Reads requests for one model."""

    def __init__(self, manifest: Manifest, *, limits: Serving) -> None:
        self.features = {feature.name: feature for feature in manifest.features}
        self.max_rows = limits.max_rows
        self.max_text = limits.max_text
        self.dropped = cleaning.dropped(manifest.cleaning)
        imputed = {d.column for d in manifest.cleaning if d.action == "impute"}
        images = {f.name for f in manifest.features if f.kind == "image"}
        self.optional = (imputed | self.dropped) - images

    def v1(self, payload: object) -> RequestRows:
        """Read {"instances": [{feature: value}, ...], "ids": [...]}.

        Raises:
            Refusal: something is wrong with it.
        """
        if not isinstance(payload, dict):
            raise Refusal('wanted JSON {"instances": [{feature: value}, ...]}')
        instances = payload.get("instances")
        if not isinstance(instances, list) or not instances:
            raise Refusal("instances: wanted a list with one object a row")
        self._check_size(len(instances))
        present = self._names(instances)
        columns = {
            name: self._column(feature, [row.get(name) for row in instances])
            for name, feature in self.features.items()
            if name in present or name not in self.dropped
        }
        return RequestRows(read_ids(payload.get("ids"), rows=len(instances)), columns)

    def v2(self, tensors: Sequence[InputTensor]) -> RequestRows:
        """Read one tensor for each feature, and optionally one named id.

        Raises:
            Refusal: something is wrong with it.
        """
        given = {tensor.name: tensor for tensor in tensors}
        if len(given) != len(tensors) or not given:
            raise Refusal("inputs: wanted one tensor a feature, each name once")
        ids = None if IDS in self.features else given.pop(IDS, None)
        self._check_names(set(given), row=None)
        sizes = {name: tensor.shape[0] for name, tensor in given.items()}
        rows = next(iter(sizes.values()), 0)
        self._check_size(rows)
        for name, size in sizes.items():
            if size != rows or size < 1:
                raise Refusal(f"tensor {name}: wanted {max(rows, 1)} rows as the first, got {size}")
        columns = {
            name: self._column(feature, self._values(feature, given.get(name), rows=rows))
            for name, feature in self.features.items()
            if name in given or name not in self.dropped
        }
        return RequestRows(read_ids(ids and ids.values, rows=rows), columns)

    def _check_texts(self, feature: Feature, values: Sequence[Any]) -> None:
        """Refuse a text that is too long; it would be logged, exported and trained on."""
        sizes = [len(value) if isinstance(value, str) else 0 for value in values]
        if (longest := max(sizes, default=0)) > self.max_text:
            place = f"feature {feature.name}, row {sizes.index(longest)}"
            raise Refusal(f"{place}: {longest} characters; at most {self.max_text} are answered")

    def _check_size(self, rows: int) -> None:
        if rows > self.max_rows:
            raise too_large(f"the request has {rows} rows", limit=self.max_rows)

    def _names(self, instances: list[Any]) -> set[str]:
        """Check the names in every row; return those that any row has."""
        present: set[str] = set()
        seen: set[frozenset[str]] = set()
        for index, row in enumerate(instances):
            if not isinstance(row, dict):
                raise Refusal(f"instances, row {index}: wanted an object of feature: value")
            names = frozenset(row)
            if names not in seen:
                self._check_names(names, row=index)
                seen.add(names)
                present |= names
        return present

    def _check_names(self, names: set[str] | frozenset[str], *, row: int | None) -> None:
        place = "" if row is None else f", row {row}"
        for name in sorted(names - self.features.keys()):
            hint = closest(name, self.features)
            raise Refusal(f"unknown feature {name[:64]!r}{place}; {hint}")
        for name in sorted(self.features.keys() - names - self.optional):
            raise Refusal(f"feature {name}{place} is missing; send null if it is not known")

    def _values(self, feature: Feature, tensor: InputTensor | None, *, rows: int) -> Sequence[Any]:
        """Return a tensor's values, one for each row; without a tensor, None for each row."""
        if tensor is None:
            return [None] * rows
        shape = tensor.shape
        wanted = [[rows, *(feature.shape or ())], [rows, 1]]
        if feature.kind == "image":
            wanted.pop()
        if shape not in wanted:
            raise Refusal(f"tensor {feature.name}: wanted shape {wanted[0]}, got {shape}")
        if feature.kind == "image":
            each = len(tensor.values) // rows
            return [tensor.values[at : at + each] for at in range(0, len(tensor.values), each)]
        return tensor.values

    def _column(self, feature: Feature, values: Sequence[Any]) -> npt.NDArray[Any]:
        """Return one feature's array. Common types are checked as a whole, not value by value."""
        try:
            if feature.kind == "number" and set(map(type, values)) <= NUMERIC:
                numbers = np.array(values, dtype=np.float64)
                # Comparisons with NaN are false, so missing values pass; infinite and huge do not.
                if not (np.abs(numbers) > LARGEST).any():
                    return numbers.astype(np.float32)
            elif feature.kind == "category":
                self._check_texts(feature, values)
                if feature.truth is None and set(map(type, values)) == {str}:
                    return np.array(values, dtype=object)
            return from_values(feature, values)
        except DataError as error:
            raise Refusal(str(error)) from error
        except (OverflowError, TypeError) as error:
            raise Refusal(f"feature {feature.name}: a value is out of range") from error


def read_ids(given: object, *, rows: int) -> list[str]:
    """Return the rows' ids: the client's own, or new random ones.

    Raises:
        Refusal: their number is not that of rows, one occurs twice, or one has invalid characters.
    """
    if given is None:
        return [uuid.uuid4().hex for _ in range(rows)]
    if not isinstance(given, list) or len(given) != rows:
        raise Refusal(f"ids: wanted a list of {rows} texts, one a row")
    for index, identifier in enumerate(given):
        if not is_id(identifier):
            raise Refusal(f"ids, row {index}: wanted text of 1 to {MAX_ID} printable characters")
    if len(set(given)) != rows:
        twice = Counter(given).most_common(1)[0][0]
        raise Refusal(f"ids: {twice} is there twice", reason="duplicate_id")
    return given


def is_id(value: object) -> bool:
    """Return whether `value` can be a prediction's id: not too long, and fit for a log line."""
    return isinstance(value, str) and 0 < len(value) <= MAX_ID and value.isprintable()
