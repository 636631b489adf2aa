"""V2 requests are read strictly: each value is of its tensor's datatype, or the answer is a 400."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mdlc.services.refusals import Refusal
from mdlc.serving.v2_request import PLAIN, read_request

Start = Callable[..., Any]
V2 = "/v2/models/flights/infer"
BINARY_FROM = "inference-header-content-length"
CARRIER = {"name": "carrier", "shape": [1], "datatype": "BYTES", "data": ["AA"]}
NUMBER = {"name": "x0", "shape": [1], "datatype": "FP32", "data": [1.0]}


def one(datatype: str, data: object, shape: list[int] | None = None) -> bytes:
    tensor = {"name": "x", "shape": shape or [1], "datatype": datatype, "data": data}
    return json.dumps({"inputs": [tensor]}).encode()


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("BOOL", "x"),
        ("BOOL", "true"),
        ("BOOL", 1),
        ("BOOL", 0.0),
        ("INT8", 1.9),
        ("INT8", 128),
        ("INT8", -129),
        ("INT8", "1"),
        ("INT8", True),
        ("INT16", 40_000),
        ("INT32", 2**31),
        ("INT64", 2**63),
        ("INT64", 1e300),
        ("INT64", 9.3e18),
        ("UINT8", -1),
        ("UINT8", 256),
        ("UINT64", -1),
        ("FP16", 1.0),
        ("BF16", 1.0),
        ("FP32", "1_000"),
        ("FP32", "1"),
        ("FP32", "nan"),
        ("FP32", False),
        ("FP32", 1e39),
        ("FP64", "inf"),
        ("FP64", [1]),
        ("FP64", {"a": 1}),
        ("BYTES", 1),
        ("BYTES", True),
        ("BYTES", 1.5),
        ("WHAT", 1),
        ("", 1),
        (None, 1),
    ],
)
def test_a_value_of_another_type_is_refused(datatype: str, value: object) -> None:
    with pytest.raises(Refusal) as caught:
        read_request(one(datatype, [value]), header_length=None)
    assert caught.value.status == 400


@pytest.mark.parametrize("datatype", ["BYTES", *(sorted(PLAIN.keys() - {"FP16", "BF16"}))])
def test_null_is_missing_in_every_datatype(datatype: str) -> None:
    assert read_request(one(datatype, [None]), header_length=None).inputs[0].values == [None]


def test_values_are_kept_as_they_are() -> None:
    for datatype, value in (("INT64", 2**63 - 1), ("UINT64", 2**64 - 1), ("FP64", 0.1)):
        assert read_request(one(datatype, [value]), header_length=None).inputs[0].values == [value]
    (whole,) = read_request(one("INT8", [1.0, None], [2]), header_length=None).inputs
    assert [type(value) for value in whole.values] == [int, type(None)]


def test_data_may_be_nested_as_their_shape_says() -> None:
    for data in ([1, 2, 3, 4], [[1, 2], [3, 4]]):
        tensor = read_request(one("INT8", data, [2, 2]), header_length=None).inputs[0]
        assert tensor.values == [1, 2, 3, 4]
    for wrong in ([[1, 2], [3]], [[1, 2], 3, 4], [[1, 2, 3, 4]], [1, 2, 3], [[[1, 2], [3, 4]]]):
        with pytest.raises(Refusal):
            read_request(one("INT8", wrong, [2, 2]), header_length=None)


@pytest.mark.parametrize("shape", [[], 1, "1", [-1], [1.0], [True], [2**70], [1] * 9, None, {}])
def test_a_shape_that_is_none_is_refused(shape: object) -> None:
    body = {"inputs": [{"name": "x", "shape": shape, "datatype": "FP32", "data": [1]}]}
    with pytest.raises(Refusal):
        read_request(json.dumps(body).encode(), header_length=None)


def binary(tensors: list[dict[str, Any]], blob: bytes, **more: object) -> tuple[bytes, str]:
    body = json.dumps({"inputs": tensors, **more}).encode()
    return body + blob, str(len(body))


def sized(datatype: str, size: object, shape: list[int] | None = None) -> dict[str, Any]:
    parameters = {"binary_data_size": size}
    return {"name": "x", "shape": shape or [1], "datatype": datatype, "parameters": parameters}


@pytest.mark.parametrize("datatype", sorted(PLAIN))
def test_binary_values_of_each_datatype_are_read(datatype: str) -> None:
    if datatype == "BF16":
        blob, wanted = struct.pack("<HH", 0x3F80, 0xC000), [1.0, -2.0]
    else:
        blob, wanted = np.array([1, 0], PLAIN[datatype]).tobytes(), [1, 0]
    body, length = binary([sized(datatype, len(blob), [2])], blob)
    assert read_request(body, header_length=length).inputs[0].values == wanted


@pytest.mark.parametrize(
    ("tensor", "blob"),
    [
        (sized("FP32", 3), b"\0" * 3),
        (sized("FP32", 4), b"\0" * 3),
        (sized("FP32", 4), b"\0" * 5),
        (sized("FP32", 8), b"\0" * 8),
        (sized("FP32", -1), b""),
        (sized("FP32", "abc"), b"\0" * 4),
        (sized("FP32", True), b"\0"),
        (sized("FP32", 4.0), b"\0" * 4),
        (sized("FP32", 10**30), b"\0" * 4),
        (sized("FP32", [4]), b"\0" * 4),
        (sized("BOOL", 1), b"\2"),
        (sized("BYTES", 2), b"\2\0"),
        (sized("BYTES", 5), b"\2\0\0\0a"),
        (sized("BYTES", 8), b"\xff\xff\xff\xff\0\0\0\0"),
        (sized("BYTES", 6), b"\2\0\0\0\xff\xfe"),
        (sized("BYTES", 7), b"\3\0\0\0\xed\xa0\x80"),
        ({**sized("FP32", 4), "data": [1]}, b"\0" * 4),
        ({"name": "x", "shape": [1], "datatype": "FP32"}, b""),
        ({"name": "x", "shape": [1], "datatype": "FP32", "parameters": [1]}, b""),
        ({"shape": [1], "datatype": "FP32", "data": [1]}, b""),
        ({"name": 1, "shape": [1], "datatype": "FP32", "data": [1]}, b""),
        ({"name": "x", "shape": [1], "data": [1]}, b""),
        ({"name": "x", "datatype": "FP32", "data": [1]}, b""),
    ],
)
def test_malformed_binary_data_are_refused(tensor: dict[str, Any], blob: bytes) -> None:
    body, length = binary([tensor], blob)
    with pytest.raises(Refusal) as caught:
        read_request(body, header_length=length)
    assert caught.value.status == 400


@pytest.mark.parametrize("length", ["abc", "-1", "1.0", "", "99999", "9" * 5000, "١", " 1", "+1"])
def test_a_header_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(Refusal):
        read_request(one("FP32", [1]), header_length=length)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        None,
        1,
        {"inputs": None},
        {"inputs": [1]},
        {"inputs": [[]]},
        {"inputs": []},
        {"inputs": [NUMBER], "outputs": 1},
        {"inputs": [NUMBER], "outputs": [1]},
        {"inputs": [NUMBER], "outputs": [{}]},
        {"inputs": [NUMBER], "outputs": [{"name": 1}]},
        {"inputs": [NUMBER], "outputs": [{"name": "scores"}] * 2},
        {"inputs": [NUMBER], "outputs": [{"name": "x", "parameters": {"binary_data": "no"}}]},
        {"inputs": [NUMBER], "parameters": {"binary_data_output": 1}},
        {"inputs": [NUMBER], "parameters": [1]},
        {"inputs": [NUMBER], "id": 1},
        {"inputs": [NUMBER], "id": ""},
        {"inputs": [NUMBER], "id": "x" * 1000},
    ],
)
@pytest.mark.parametrize("with_length", [True, False])
def test_a_malformed_request_is_a_400(start: Start, body: object, with_length: bool) -> None:
    client, _ = start()
    content = json.dumps(body).encode()
    headers = {"content-type": "application/octet-stream"}
    headers |= {BINARY_FROM: str(len(content))} if with_length else {}
    answer = client.post(V2, content=content, headers=headers)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("where", ["category", "request id", "row id", "name", "output", "key"])
def test_half_a_character_is_a_400_and_nothing_is_scored_or_charged(
    start: Start, where: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "category": {"inputs": [NUMBER, {**CARRIER, "data": ["\ud800"]}]},
        "request id": {"inputs": [NUMBER, CARRIER], "id": "\ud800"},
        "row id": {"inputs": [NUMBER, CARRIER, {**CARRIER, "name": "id", "data": ["\ud800"]}]},
        "name": {"inputs": [NUMBER, {**CARRIER, "name": "\ud800"}]},
        "output": {"inputs": [NUMBER, CARRIER], "outputs": [{"name": "\ud800"}]},
        "key": {"inputs": [NUMBER, CARRIER], "\ud800": 1},
    }
    client, service = start()
    headers = {"content-type": "application/json"}
    answer = client.post(V2, content=json.dumps(bodies[where]).encode(), headers=headers)
    assert answer.status_code == 400
    page = client.get("/metrics").text
    assert 'mdlc_version_failures_total{model="flights",version="1"} 0.0' in page
    assert 'mdlc_predictions_total{model="flights",version="1"} 0.0' in page
    assert len(service.store.labelled().id) == 0


@pytest.mark.parametrize(("datatype", "layout"), [("FP16", "<e"), ("FP32", "<f"), ("FP64", "<d")])
def test_nan_in_a_binary_tensor_is_a_missing_value(
    start: Start, datatype: str, layout: str
) -> None:
    client, _ = start()
    blob = struct.pack(layout, float("nan"))
    tensor = {**sized(datatype, len(blob)), "name": "x0"}
    body, length = binary([CARRIER, tensor], blob)
    headers = {"content-type": "application/octet-stream", BINARY_FROM: length}
    assert client.post(V2, content=body, headers=headers).status_code == 200
    page = client.get("/metrics").text
    missing = 'mdlc_feature_bin_total{bin="missing",feature="x0",model="flights",version="1"} 1.0'
    assert missing in page


def test_infinity_in_a_binary_tensor_is_refused(start: Start) -> None:
    client, _ = start()
    body, length = binary(
        [CARRIER, {**sized("FP32", 4), "name": "x0"}], struct.pack("<f", float("inf"))
    )
    headers = {"content-type": "application/octet-stream", BINARY_FROM: length}
    assert client.post(V2, content=body, headers=headers).status_code == 400


def test_outputs_are_binary_where_the_request_says_so(start: Start) -> None:
    client, _ = start()
    body: dict[str, Any] = {"inputs": [NUMBER, CARRIER], "parameters": {"binary_data_output": True}}
    answer = client.post(V2, json=body)
    said = json.loads(answer.content[: int(answer.headers[BINARY_FROM])])
    sizes = [output["parameters"]["binary_data_size"] for output in said["outputs"]]
    assert len(answer.content) == int(answer.headers[BINARY_FROM]) + sum(sizes)
    outputs = [{"name": "scores", "parameters": {"binary_data": False}}]
    plain = client.post(V2, json={**body, "outputs": outputs}).json()
    assert len(plain["outputs"][0]["data"]) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "t", "ce-source": "s"},
        {"ce-specversion": "9", "ce-id": "1", "ce-type": "t", "ce-source": "s", "ce-time": "x"},
        {"content-type": "application/cloudevents+json"},
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        {"data": {"instances": [{"x0": 1, "carrier": "a"}]}},
        {"specversion": 5, "type": 7, "source": [], "id": {}, "time": "x", "data": 1},
        {
            "specversion": "1.0",
            "type": 7,
            "source": "s",
            "id": "i",
            "time": "x",
            "data": {"instances": [{"x0": 1, "carrier": "a"}]},
        },
        {"instances": [{"x0": 1, "carrier": "a"}]},
        [],
    ],
)
def test_no_cloud_event_is_an_internal_error(
    start: Start, headers: dict[str, str], body: object
) -> None:
    client, _ = start()
    sent = {"content-type": "application/json", **headers}
    answer = client.post("/v1/models/flights:predict", content=json.dumps(body), headers=sent)
    assert answer.status_code < 500
