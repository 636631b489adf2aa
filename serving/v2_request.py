"""Reads a V2 inference request from its bytes: JSON, followed by binary tensors.

Every value is checked against its tensor's datatype and nothing is converted: `INT8 [1.9]`, `BOOL
["x"]` and `FP32 ["1_000"]` are refused, null is a missing value of any datatype, and NaN is one in
binary tensors of floats (in JSON it does not exist). The protocol is described at
https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol/ ; KServe's own
reader converts values and fails on malformed binary data, so only its answers are used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from mdlc.services.refusals import Refusal

MAX_NAME = 256
MAX_DIMENSIONS = 8
PLAIN: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("u1"),
    **{f"INT{bits}": np.dtype(f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": np.dtype(f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
    "BF16": np.dtype("<u2"),
}
"""Datatype -> the layout of its values in binary data; BYTES have a length before each value."""
BINARY_ONLY = frozenset({"FP16", "BF16"})


@dataclass(frozen=True)
class InputTensor:
    """A tensor: values flat, in row-major order; None for null in JSON."""

    name: str
    datatype: str
    shape: list[int]
    values: list[Any]


@dataclass(frozen=True)
class AskedOutput:
    """A tensor that the client asks for, in binary or in JSON."""

    name: str
    binary: bool


@dataclass(frozen=True)
class V2Request:
    """A parsed request. `outputs`: None for all; `binary`: the default format of outputs."""

    id: str | None
    inputs: list[InputTensor]
    outputs: list[AskedOutput] | None
    binary: bool


def read_request(body: bytes, *, header_length: str | None) -> V2Request:
    """Read a request. `header_length`: its header inference-header-content-length, if it has one.

    Raises:
        Refusal: the request breaks a rule of the protocol.

    Example:
        >>> tensor = b'{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, null]}'
        >>> read_request(b'{"inputs": [' + tensor + b"]}", header_length=None).inputs[0].values
        [1, None]
    """
    end = len(body) if header_length is None else _length(header_length, most=len(body))
    try:
        said = orjson.loads(body[:end])
    except orjson.JSONDecodeError as error:
        raise Refusal(f"the body is not JSON: {error}") from error
    if not isinstance(said, dict) or not isinstance(said.get("inputs"), list) or not said["inputs"]:
        raise Refusal('wanted JSON {"inputs": [{"name", "shape", "datatype", "data"}, ...]}')
    identifier = said.get("id")
    if identifier is not None and not _is_name(identifier):
        raise Refusal(f"id: wanted a text of 1 to {MAX_NAME} characters")
    binary = _flag(said, "binary_data_output", where="the request")
    rest = _Rest(body, end)
    inputs = [_tensor(index, one, rest) for index, one in enumerate(said["inputs"])]
    if rest.at != len(body):
        raise Refusal(f"{len(body) - rest.at} bytes of binary data belong to no tensor")
    return V2Request(identifier, inputs, _outputs(said.get("outputs"), binary=binary), binary)


@dataclass
class _Rest:
    """The binary data, from which each tensor in turn takes its part."""

    body: bytes
    at: int

    def take(self, size: int, *, where: str) -> bytes:
        part = self.body[self.at : self.at + size]
        if len(part) != size:
            raise Refusal(f"{where}: wanted {size} bytes of binary data, got {len(part)}")
        self.at += size
        return part


def _length(text: str, *, most: int) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 15 or int(text) > most:
        raise Refusal(f"inference-header-content-length: wanted 0 to {most}, got {text[:20]!r}")
    return int(text)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME


def _flag(said: dict[str, Any], key: str, *, where: str) -> bool:
    """Return a boolean parameter; False if it is absent."""
    parameters = said.get("parameters") or {}
    value = parameters.get(key, False) if isinstance(parameters, dict) else None
    if not isinstance(value, bool):
        raise Refusal(f"{where}: parameters: wanted an object, {key} true or false")
    return value


def _outputs(said: object, *, binary: bool) -> list[AskedOutput] | None:
    if said is None:
        return None
    if not isinstance(said, list):
        raise Refusal('outputs: wanted a list of {"name": ...}')
    asked = []
    for index, output in enumerate(said):
        where = f"outputs, {index}"
        if not isinstance(output, dict) or not _is_name(output.get("name")):
            raise Refusal(f'{where}: wanted {{"name": ...}}')
        own = isinstance(output.get("parameters"), dict) and "binary_data" in output["parameters"]
        chosen = _flag(output, "binary_data", where=where)
        asked.append(AskedOutput(output["name"], chosen if own else binary))
    if len({output.name for output in asked}) != len(asked):
        raise Refusal("outputs: wanted each name once")
    return asked or None


def _tensor(index: int, said: object, rest: _Rest) -> InputTensor:
    if not isinstance(said, dict) or not _is_name(said.get("name")):
        raise Refusal(f"inputs, {index}: wanted an object with name, shape, datatype and data")
    name, kind = said["name"], said.get("datatype")
    where = f"tensor {name[:64]}"
    if not isinstance(kind, str) or kind.upper() not in {"BYTES", *PLAIN}:
        known = ", ".join(["BYTES", *PLAIN])
        raise Refusal(f"{where}: datatype: wanted one of {known}, got {str(kind)[:20]!r}")
    kind = kind.upper()
    shape = _shape(said.get("shape"), where=where)
    count = math.prod(shape)
    parameters = said.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Refusal(f"{where}: parameters: wanted an object")
    size, data = parameters.get("binary_data_size"), said.get("data")
    if (size is None) == (data is None):
        raise Refusal(f"{where}: wanted either data or parameters.binary_data_size")
    if data is not None:
        values = _flat(data, shape=shape, where=where)
        return InputTensor(name, kind, shape, _checked(values, kind=kind, where=where))
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise Refusal(f"{where}: binary_data_size: wanted bytes, 0 or more")
    part = rest.take(size, where=where)
    values = _texts(part, where=where) if kind == "BYTES" else _numbers(part, kind, where=where)
    if len(values) != count:
        raise Refusal(f"{where}: shape {shape} has {count} values, its binary data {len(values)}")
    return InputTensor(name, kind, shape, values)


def _shape(said: object, *, where: str) -> list[int]:
    whole = isinstance(said, list) and 0 < len(said) <= MAX_DIMENSIONS
    if not whole or not all(type(size) is int and size >= 0 for size in said):  # type: ignore[attr-defined]
        raise Refusal(f"{where}: shape: wanted 1 to {MAX_DIMENSIONS} whole numbers, 0 or more")
    return list(said)  # type: ignore[call-overload,no-any-return]


def _flat(data: object, *, shape: list[int], where: str) -> list[Any]:
    """Return JSON data as one flat list; they may be nested as the shape says."""
    if not isinstance(data, list):
        raise Refusal(f"{where}: data: wanted a list")
    values = data
    if data and isinstance(data[0], list):
        values = [data]
        for size in shape:
            if any(not isinstance(part, list) or len(part) != size for part in values):
                raise Refusal(f"{where}: data are not of shape {shape}")
            values = [value for part in values for value in part]
    if len(values) != math.prod(shape):
        raise Refusal(f"{where}: shape {shape} has {math.prod(shape)} values, data {len(values)}")
    return values


def _checked(values: list[Any], *, kind: str, where: str) -> list[Any]:
    """Return JSON values if each is null or of the datatype; 1.0 counts as the integer 1."""
    if kind in BINARY_ONLY:
        raise Refusal(f"{where}: {kind} is binary only; send FP32 or binary data")
    types = set(map(type, values)) - {type(None)}
    wanted, fits = _fits(kind)
    if not types <= wanted:
        wrong = next(v for v in values if v is not None and type(v) not in wanted)
        raise Refusal(f"{where}: {str(wrong)[:40]!r} is no {kind}")
    if fits is not None:
        for value in values:
            if value is not None and not fits(value):
                raise Refusal(f"{where}: {str(value)[:40]} is no {kind}")
    if "INT" in kind and float in types:
        return [None if value is None else int(value) for value in values]
    return values


def _fits(kind: str) -> tuple[set[type], Callable[[Any], bool] | None]:
    """Return the Python types of a datatype's JSON values, and a test of a single value."""
    if kind == "BYTES":
        return {str}, None
    if kind == "BOOL":
        return {bool}, None
    if kind.startswith("FP"):
        most = float(np.finfo(PLAIN[kind]).max)
        return {int, float}, lambda value: -most <= value <= most
    limits = np.iinfo(PLAIN[kind])
    low, high = int(limits.min), int(limits.max)
    # The largest 64-bit integers are not exact as floats, so a float is compared as an integer.
    return {int, float}, lambda value: value == int(value) and low <= int(value) <= high


def _numbers(part: bytes, kind: str, *, where: str) -> list[Any]:
    layout = PLAIN[kind]
    if len(part) % layout.itemsize:
        raise Refusal(f"{where}: {len(part)} bytes are no whole number of {kind} values")
    array = np.frombuffer(part, dtype=layout)
    if kind == "BF16":  # the upper 16 bits of a float32
        array = (array.astype("<u4") << 16).view("<f4")
    if kind == "BOOL":
        if (array > 1).any():
            raise Refusal(f"{where}: a BOOL is neither 0 nor 1")
        array = array.astype(bool)
    values: list[Any] = array.tolist()
    return values


def _texts(part: bytes, *, where: str) -> list[Any]:
    values, at = [], 0
    while at < len(part):
        size = int.from_bytes(part[at : at + 4], "little")
        text = part[at + 4 : at + 4 + size]
        if len(part) < at + 4 or len(text) != size:
            raise Refusal(f"{where}: a BYTES value is cut off")
        try:
            values.append(text.decode())
        except UnicodeDecodeError as error:
            raise Refusal(f"{where}: a BYTES value is not UTF-8") from error
        at += 4 + size
    return values
