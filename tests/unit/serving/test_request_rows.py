"""Requests are refused whole, with one line that names what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from mdlc.core.bundle import Manifest
from mdlc.core.cleaning import Decision
from mdlc.services.refusals import Refusal
from mdlc.serving import sample_bundles
from mdlc.serving.kserve_sdk import InferInput
from mdlc.serving.request_rows import RequestReader, read_ids

ROW = {"x0": 1, "x1": 2.5, "carrier": "AA"}


@pytest.fixture
def reader() -> RequestReader:
    manifest = Manifest(
        name="m",
        candidate="rule",
        task="binary",
        format="onnx",
        features=sample_bundles.features(2),
        cleaning=[Decision(action="impute", column="x0", why="", value=0.0)],
        classes=["no", "yes"],
        payoff=sample_bundles.PAYOFF,
        parity=0,
        trained_rows=1,
    )
    return RequestReader(manifest, max_rows=3)


def refusal(reader: RequestReader, payload: object) -> str:
    with pytest.raises(Refusal) as caught:
        reader.v1(payload)
    return caught.value.message


def test_rows_become_arrays_and_null_is_missing(reader: RequestReader) -> None:
    batch = reader.v1({"instances": [ROW, {"x0": None, "x1": True, "carrier": None}]}).batch
    np.testing.assert_array_equal(batch["x0"], np.array([1, np.nan], np.float32))
    np.testing.assert_array_equal(batch["x1"], np.array([2.5, 1], np.float32))
    assert batch["carrier"].tolist() == ["AA", ""]


def test_a_feature_may_be_left_out_where_cleaning_imputes_it(reader: RequestReader) -> None:
    rows = reader.v1({"instances": [{"x1": 1, "carrier": "AA"}]})
    assert np.isnan(rows.batch["x0"]).all()
    assert "feature x1, row 0 is missing" in refusal(reader, {"instances": [{"carrier": "AA"}]})


def test_an_unknown_feature_is_named_with_the_closest(reader: RequestReader) -> None:
    message = refusal(reader, {"instances": [ROW, {**ROW, "carier": "AA"}]})
    assert message == "unknown feature 'carier', row 1; did you mean carrier?"


@pytest.mark.parametrize("wrong", ["1.5", [1], 1e39])
def test_a_wrong_type_is_named_with_feature_row_and_value(
    reader: RequestReader, wrong: object
) -> None:
    message = refusal(reader, {"instances": [ROW, {**ROW, "x1": wrong}]})
    assert message.startswith("feature x1, row 1: wanted")
    assert repr(wrong) in message


@pytest.mark.parametrize("payload", ["{}", [], {}, {"instances": []}, {"instances": [3]}])
def test_another_shape_is_refused(reader: RequestReader, payload: object) -> None:
    assert "instances" in refusal(reader, payload)


def test_too_many_rows_are_refused_with_413(reader: RequestReader) -> None:
    with pytest.raises(Refusal, match="4 rows; at most 3") as caught:
        reader.v1({"instances": [ROW] * 4})
    assert caught.value.status == 413


def test_ids_are_kept_and_checked() -> None:
    assert read_ids(["a", "b:1"], rows=2) == ["a", "b:1"]
    assert len(set(read_ids(None, rows=2))) == 2
    for wrong in (["a"], ["a", "b\tb"], ["a", ""], ["a", "x" * 129], ["a", 1], "ab", ["a", "a\n"]):
        with pytest.raises(Refusal):
            read_ids(wrong, rows=2)
    with pytest.raises(Refusal, match="a is there twice"):
        read_ids(["a", "a"], rows=2)


def tensor(name: str, kind: str, data: list[object], shape: list[int] | None = None) -> InferInput:
    return InferInput(name, shape or [len(data)], kind, data)


def test_tensors_of_each_kind_become_the_same_batch(reader: RequestReader) -> None:
    rows = reader.v2(
        [
            tensor("x0", "INT64", [1, 2], [2, 1]),
            tensor("x1", "BOOL", [True, False]),
            tensor("carrier", "BYTES", ["AA", "B6"]),
            tensor("id", "BYTES", ["p", "q"]),
        ]
    )
    assert rows.ids == ["p", "q"]
    assert rows.batch["x0"].tolist() == [1, 2]
    assert rows.batch["x1"].tolist() == [1, 0]
    assert rows.batch["carrier"].tolist() == ["AA", "B6"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (tensor("x1", "FP32", [1.0, 2.0]), "tensor x1: wanted 1 rows"),
        (tensor("x1", "FP32", [float("nan")]), "NaN is not JSON"),
        (tensor("x1", "BYTES", ["a"]), "feature x1, row 0: wanted a number"),
        (tensor("x1", "FP32", [1.0], [1, 1, 1]), "wanted shape"),
        (tensor("x1", "WHAT", [1.0]), "wanted WHAT data"),
        (tensor("y", "FP32", [1.0]), "unknown feature 'y'"),
    ],
)
def test_a_wrong_tensor_is_named(reader: RequestReader, wrong: InferInput, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        reader.v2([tensor("carrier", "BYTES", ["AA"]), wrong])


def test_a_category_has_a_bound(reader: RequestReader) -> None:
    fine = {**ROW, "carrier": "x" * 1_000}
    assert reader.v1({"instances": [fine]}).batch["carrier"][0] == "x" * 1_000
    for rows in ([ROW, {**ROW, "carrier": "x" * 1_001}], [{**ROW, "carrier": "x" * 2_000_000}] * 2):
        said = refusal(reader, {"instances": rows})
        assert "feature carrier, row " in said
        assert "at most 1000" in said
        assert len(said) < 200
