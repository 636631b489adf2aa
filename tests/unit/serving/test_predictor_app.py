"""What the app answers over V1, V2, feedback and load, and what it counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.columns import Feature
from mdlc.core.spec.deploy import Serving
from mdlc.serving import sample_bundles

Start = Callable[..., Any]
V1, V2 = "/v1/models/flights:predict", "/v2/models/flights/infer"
FEEDBACK, LOAD = "/v1/models/flights:feedback", "/v2/repository/models/flights/load"
ROW = {"x0": 1.0, "carrier": "AA"}
TENSORS = [
    {"name": "x0", "shape": [2, 1], "datatype": "FP32", "data": [1.0, -1.0]},
    {"name": "carrier", "shape": [2], "datatype": "BYTES", "data": ["AA", "B6"]},
]


def sample(client: Any, name: str, **labels: str) -> float:
    """Return the sum of a metric's samples that have `labels`."""
    lines = client.get("/metrics").text.splitlines()
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.split("{")[0] == name and all(label in line for label in wanted)
    )


def test_v1_and_v2_give_the_same_answer(start: Start) -> None:
    client, _ = start()
    v1 = client.post(V1, json={"instances": [ROW], "ids": ["a"]}).json()
    v2 = client.post(V2, json={"inputs": TENSORS}).json()
    tensors = {output["name"]: output["data"] for output in v2["outputs"]}
    (answer,) = v1["predictions"]
    assert answer["id"] == "a"
    assert answer["scores"]["yes"] == pytest.approx(0.7310586)
    assert answer["action"] == "rebook"
    assert answer["expected"] == pytest.approx(0.7310586 * 5 - 0.2689414 * 10, abs=1e-5)
    assert v1["model_version"] == v2["model_version"] == "1"
    assert tensors["scores"][:2] == list(answer["scores"].values())
    assert tensors["action"] == ["rebook", "wait"]
    assert len(set(tensors["id"])) == 2


def test_with_a_token_any_content_type_is_read_as_json(start: Start) -> None:
    client, _ = start(token="s3cret")
    content, token = b'{"instances": [{"x0": 1, "carrier": "AA"}]}', "Bearer s3cret"
    for kind in ("application/json; charset=utf-8", "text/plain"):
        headers = {"content-type": kind, "authorization": token}
        assert client.post(V1, content=content, headers=headers).status_code == 200


@pytest.mark.parametrize("path", [V1, V2, FEEDBACK, LOAD])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "text/plain; x=application/json"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "multipart/form-data; boundary=application/json"}, 415),
        ({"content-type": ""}, 415),
    ],
)
def test_without_a_token_no_web_page_is_answered(
    start: Start, path: str, headers: dict[str, str], status: int
) -> None:
    client, _ = start(local=True)
    client.base_url = "http://localhost:8080"
    sent = {"content-type": "application/json", **headers}
    assert client.post(path, content=b"{}", headers=sent).status_code == status
    assert sample(client, "mdlc_request_errors_total", model="flights") == 1


def test_without_a_token_this_machines_programs_are_answered(start: Start) -> None:
    client, _ = start(local=True)
    for host in ("localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"):
        headers = {"host": host, "origin": f"http://{host}"}
        assert client.post(V1, json={"instances": [ROW]}, headers=headers).status_code == 200
        assert client.post(LOAD, headers={"host": host}).status_code == 200


def test_v2_answers_only_the_outputs_that_are_asked(start: Start) -> None:
    client, _ = start()
    body = {"inputs": TENSORS, "outputs": [{"name": "scores"}]}
    assert [o["name"] for o in client.post(V2, json=body).json()["outputs"]] == ["scores"]
    body["outputs"] = [{"name": "score"}]
    assert "did you mean scores?" in client.post(V2, json=body).json()["error"]


def test_a_regression_answers_values_and_counts_errors(start: Start) -> None:
    client, _ = start(())
    body = {"instances": [{"x0": 2, "carrier": ""}], "ids": ["a"]}
    assert client.post(V1, json=body).json()["predictions"] == [{"id": "a", "value": 2.0}]
    tensors = client.post(V2, json={"inputs": TENSORS}).json()["outputs"]
    assert [tensor["name"] for tensor in tensors] == ["id", "scores", "value"]
    assert client.post(FEEDBACK, json={"labels": [{"id": "a", "label": 5}]}).json()["accepted"] == 1
    assert sample(client, "mdlc_absolute_error_sum_total") == 3
    assert sample(client, "mdlc_squared_error_sum_total") == 9
    assert sample(client, "mdlc_under_sum_total") == 3
    assert sample(client, "mdlc_money_lost_total", currency="EUR") == 6


def test_bins_actions_and_references_are_counted(start: Start) -> None:
    client, _ = start()
    rows = [ROW, {"x0": None, "carrier": "ZZ"}, {"x0": -9, "carrier": None}]
    assert client.post(V1, json={"instances": rows}).status_code == 200
    bins = {"model": "flights", "version": "1", "feature": "x0"}
    assert sample(client, "mdlc_feature_bin_total", bin="3", **bins) == 1
    assert sample(client, "mdlc_feature_bin_total", bin="0", **bins) == 1
    assert sample(client, "mdlc_feature_bin_total", bin="missing", **bins) == 1
    assert sample(client, "mdlc_feature_bin_total", feature="carrier", bin="other") == 1
    assert sample(client, "mdlc_prediction_bin_total") == 3
    assert sample(client, "mdlc_actions_total", action="rebook") == 2  # p = 0.5 is one
    assert sample(client, "mdlc_predictions_total") == 3
    assert sample(client, "mdlc_reference_bin_count", **bins) == 100
    assert sample(client, "mdlc_reference_bin_count", feature="__prediction") == 100
    assert sample(client, "request_predict_seconds_count", model_name="flights") >= 1


def test_no_category_of_a_sensitive_feature_is_in_the_metrics(start: Start) -> None:
    inputs = [
        Feature(name="x0", kind="number"),
        Feature(name="carrier", kind="category", sensitive=True),
    ]
    client, _ = start(inputs=inputs)
    rows = [{"x0": 1, "carrier": carrier} for carrier in ("AA", "B6", "B6", "Zeta")]
    assert client.post(V1, json={"instances": rows}).status_code == 200
    assert sample(client, "mdlc_feature_bin_total", feature="carrier", bin="#1") == 2
    assert sample(client, "mdlc_feature_bin_total", feature="carrier", bin="other") == 1
    assert sample(client, "mdlc_reference_bin_count", feature="carrier", bin="#0") == 50
    text = client.get("/metrics").text
    assert not [name for name in ("AA", "B6", "Zeta") if name in text]


def test_more_than_two_classes_are_counted_by_name(start: Start) -> None:
    client, _ = start(("a", "b", "c"))
    client.post(V1, json={"instances": [ROW], "ids": ["1"]})
    assert sample(client, "mdlc_prediction_bin_total", bin="=c") == 1
    client.post(FEEDBACK, json={"labels": [{"id": "1", "label": "a"}]})
    assert sample(client, "mdlc_correct_total") == 0
    assert sample(client, "mdlc_class_observed_total", **{"class": "a"}) == 1
    assert sample(client, "mdlc_money_lost_total") == 1


def test_labels_become_quality(start: Start) -> None:
    client, _ = start(request_clock=True)
    noon, later = {"x-mdlc-time": "2026-01-01T12:00:00Z"}, {"x-mdlc-time": "2026-01-02T12:00:00Z"}
    rows = [ROW, {"x0": -1.0, "carrier": "AA"}]
    client.post(V1, json={"instances": rows, "ids": ["a", "b"]}, headers=noon)
    sent = [{"id": "a", "label": "yes"}, {"id": "b", "label": "yes"}, {"id": "a", "label": "no"}]
    sent += [{"id": "z", "label": "no"}, {"id": "b"}]
    answer = client.post(FEEDBACK, json={"labels": sent}, headers=later).json()
    problems = answer.pop("problems")
    assert {status: count for status, count in answer.items() if count} == {
        "accepted": 2,
        "contradictory": 1,
        "unknown": 1,
        "invalid": 1,
    }
    assert len(problems) == 3
    high, low = 0.7310586, 0.2689414
    assert sample(client, "mdlc_labels_total", version="1") == 2
    assert sample(client, "mdlc_correct_total") == 1
    assert sample(client, "mdlc_log_loss_sum_total") == pytest.approx(1.6265233, abs=1e-6)
    assert sample(client, "mdlc_brier_sum_total") == pytest.approx(low**2 + high**2, abs=1e-6)
    assert sample(client, "mdlc_class_predicted_sum_total", **{"class": "yes"}) == pytest.approx(1)
    assert sample(client, "mdlc_class_observed_total", **{"class": "yes"}) == 2
    variance = sample(client, "mdlc_class_variance_sum_total", **{"class": "yes"})
    assert variance == pytest.approx(2 * high * low, abs=1e-6)
    assert sample(client, "mdlc_money_gained_total", currency="EUR") == 5
    assert sample(client, "mdlc_money_lost_total", currency="EUR") == 10
    assert sample(client, "mdlc_label_lag_seconds_sum") == 2 * 86400
    assert sample(client, "mdlc_labels_rejected_total", reason="unknown") == 1


def test_the_header_is_no_clock_unless_asked(start: Start) -> None:
    client, service = start()
    old = {"x-mdlc-time": "2001-01-01T00:00:00"}
    client.post(V1, json={"instances": [ROW], "ids": ["a"]}, headers=old)
    client.post(FEEDBACK, json={"labels": [{"id": "a", "label": "yes"}]}, headers=old)
    assert str(service.store.labelled().time[0]) > "2020"


def test_what_learns_answers_or_loads_asks_for_the_token(start: Start) -> None:
    client, _ = start(token="s3cret")
    for path in (V1, V2, FEEDBACK, LOAD):
        assert client.post(path, json={}).status_code == 401
        wrong = client.post(path, json={}, headers={"authorization": "Bearer other"})
        assert wrong.status_code == 401
    for path in ("/metrics", "/", "/v1/models/flights", "/v2/health/ready", "/v2/models/flights"):
        assert client.get(path).status_code == 200
    right = {"authorization": "Bearer s3cret"}
    assert client.post(V1, json={"instances": [ROW]}, headers=right).status_code == 200
    assert sample(client, "mdlc_request_errors_total", reason="unauthorized") == 8


def test_a_request_beyond_the_limits_is_refused_in_one_line(start: Start) -> None:
    client, _ = start(serving=Serving(max_rows=2, max_bytes=1000))
    many = client.post(V1, json={"instances": [ROW] * 3})
    assert (many.status_code, many.json()["error"]) == (
        413,
        "the request has 3 rows; at most 2 are answered",
    )
    kind = {"content-type": "application/json"}
    assert client.post(V1, content=b" " * 1001, headers=kind).status_code == 413

    def chunks() -> Any:
        yield from [b" " * 600] * 3

    assert client.post(V1, content=chunks(), headers=kind).status_code == 413


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        (V1, b'{"instances": [{"x0": NaN, "carrier": "AA"}]}', 400),
        (V1, b'{"instances": [{"x0": 1e999, "carrier": "AA"}]}', 400),
        (V1, b'{"instances": [', 400),
        (V1, b"\xff\xfe", 400),
        (V2, b'{"inputs": "hush-hush"}', 400),
        (V2, b"nonsense", 400),
        (FEEDBACK, b"[]", 400),
        (FEEDBACK, b"{", 400),
        ("/v1/models/other:predict", b"{}", 404),
        ("/v1/models/other:feedback", b"{}", 404),
        ("/v2/repository/models/other/load", b"", 404),
        ("/v2/repository/models/flights/unload", b"", 403),
        ("/v1/models/flights:explain", b"{}", 501),
        ("/nowhere", b"", 404),
    ],
)
def test_a_bad_request_is_one_line(start: Start, path: str, content: bytes, status: int) -> None:
    client, _ = start()
    answer = client.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    line = answer.json()["error"]
    assert "\n" not in line
    assert "Traceback" not in line
    assert "hush" not in line


def test_a_bug_shows_neither_its_message_nor_values(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client, service = start()

    def broken(_batch: object) -> None:
        raise ValueError("could not convert hush-hush")

    monkeypatch.setattr(service.predictor.loaded.scorer, "answer", broken)
    answer = client.post(V1, json={"instances": [ROW]})
    assert (answer.status_code, "hush" in answer.text) == (500, False)
    (record,) = [record for record in caplog.records if record.message == "failed"]
    assert record.fields["error"] == "ValueError"  # type: ignore[attr-defined]
    assert "hush" not in str(record.__dict__)


def test_load_swaps_and_a_broken_bundle_leaves_the_old_one(start: Start, tmp_path: Path) -> None:
    client, _ = start()
    folder, pointer = tmp_path / "second", tmp_path / "serving.json"
    manifest = sample_bundles.bundle(folder, classes=["no", "yes"], slope=-1)
    sample_bundles.point(pointer, folder=folder, manifest=manifest, version="2")
    model = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(model[:-1])
    refused = client.post(LOAD)
    assert refused.status_code == 503
    assert "has been altered" in refused.json()["error"]
    assert "version 1 answers on" in refused.json()["error"]
    assert client.post(V1, json={"instances": [ROW]}).json()["model_version"] == "1"
    (folder / "model.onnx").write_bytes(model)
    assert client.post(LOAD).json() == {"name": "flights", "load": True}
    answer = client.post(V1, json={"instances": [ROW]}).json()
    assert answer["model_version"] == "2"
    assert answer["predictions"][0]["action"] == "wait"
    assert sample(client, "mdlc_model_info") == 1
    assert sample(client, "mdlc_predictions_total", version="1") == 1
    assert sample(client, "mdlc_predictions_total", version="2") == 1
    pointer.write_text("{")
    assert client.post(LOAD).status_code == 503
