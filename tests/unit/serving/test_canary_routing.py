"""A canary answers its share, is counted and logged as itself, and costs no request."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.bundle import Manifest
from mdlc.core.columns import Feature
from mdlc.core.files import read_document
from mdlc.serving import sample_bundles
from mdlc.serving.canary_routing import position

from .test_predictor_app import LOAD, ROW, TENSORS, V1, V2, sample

Start = Callable[..., Any]
RATIO = 0.3


def on_trial(folder: Path, **bundle: Any) -> Path:
    """Put a canary beside version 1: by default, one with the opposite opinion."""
    ratio, broken = bundle.pop("ratio", RATIO), bundle.pop("broken", False)
    classes = bundle.pop("classes", ["no", "yes"])
    made = sample_bundles.bundle(folder / "canary", classes=classes, **{"slope": -1, **bundle})
    trial = sample_bundles.trial(folder / "canary", manifest=made, version="2", ratio=ratio)
    if broken:
        (folder / "canary" / "model.onnx").write_bytes(b"")
    champion = read_document(folder / "bundle" / "manifest.json", Manifest)
    sample_bundles.point(
        folder / "serving.json",
        folder=folder / "bundle",
        manifest=champion,
        version="1",
        promised=1.5,
        canary=trial,
    )
    return folder / "canary"


def ask(client: Any, ids: list[str], row: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    body = {"instances": [row or ROW] * len(ids), "ids": ids}
    answer = client.post(V1, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["model_version"] == "1"
    found: list[dict[str, Any]] = answer.json()["predictions"]
    assert [one["id"] for one in found] == ids
    return found


IDS = [f"p{number}" for number in range(200)]
CHOSEN = {identifier for identifier in IDS if position(identifier) < RATIO}


def test_the_hash_is_the_one_that_is_documented() -> None:
    # sha256("form-1") begins with these 8 bytes; another replica has to say the same.
    import hashlib

    first = hashlib.sha256(b"form-1").hexdigest()[:16]
    assert position("form-1") == int(first, 16) / 2**64
    assert 0 <= position("x") < 1
    assert 30 < len(CHOSEN) < 90


def test_rows_of_one_request_are_answered_by_both_in_their_order(
    start: Start, tmp_path: Path
) -> None:
    client, service = start()
    on_trial(tmp_path)
    assert client.post(LOAD).status_code == 200
    found = ask(client, IDS)
    assert {one["id"] for one in found if one["version"] == "2"} == CHOSEN
    # Each answer is that of its version: the canary sees the opposite.
    assert {(one["version"], one["action"]) for one in found} == {("1", "rebook"), ("2", "wait")}
    for one in found:
        wanted = 0.7310586 if one["version"] == "1" else 0.2689414
        assert one["scores"]["yes"] == pytest.approx(wanted)
    assert sample(client, "mdlc_predictions_total", version="2") == len(CHOSEN)
    assert sample(client, "mdlc_predictions_total", version="1") == len(IDS) - len(CHOSEN)
    assert sample(client, "mdlc_actions_total", version="2", action="wait") == len(CHOSEN)
    assert sample(client, "mdlc_feature_bin_total", version="2", feature="x0") == len(CHOSEN)
    assert sample(client, "mdlc_prediction_bin_total", version="2") == len(CHOSEN)
    for version in ("1", "2"):
        assert sample(client, "mdlc_scoring_seconds_count", version=version) == 1
    labels = [{"id": identifier, "label": "yes"} for identifier in IDS]
    client.post("/v1/models/flights:feedback", json={"labels": labels})
    logged = service.store.labelled()
    assert Counter(logged.version) == {"2": len(CHOSEN), "1": len(IDS) - len(CHOSEN)}
    assert {i for i, v in zip(logged.id, logged.version, strict=True) if v == "2"} == CHOSEN
    assert sample(client, "mdlc_labels_total", version="2") == len(CHOSEN)


def test_the_same_id_goes_the_same_way_in_every_request(start: Start, tmp_path: Path) -> None:
    client, _ = start()
    on_trial(tmp_path)
    client.post(LOAD)
    for identifier in IDS[:20]:
        (alone,) = ask(client, [identifier])
        assert alone["version"] == ("2" if identifier in CHOSEN else "1")


def test_without_a_canary_answers_have_their_old_shape(start: Start) -> None:
    client, _ = start()
    (one,) = ask(client, ["a"])
    assert set(one) == {"id", "scores", "action", "expected"}
    v2 = client.post(V2, json={"inputs": TENSORS}).json()
    assert [tensor["name"] for tensor in v2["outputs"]] == ["id", "scores", "action"]
    assert sample(client, "mdlc_canary_ratio") == 0
    assert "mdlc_canary_ratio{" not in client.get("/metrics").text


def test_v2_names_the_version_of_each_row_in_a_tensor(start: Start, tmp_path: Path) -> None:
    client, _ = start()
    asked = {"inputs": TENSORS, "outputs": [{"name": "version"}]}
    before = client.post(V2, json=asked).json()["outputs"]  # known with and without a canary
    assert [(t["name"], t["data"]) for t in before] == [("version", ["1", "1"])]
    on_trial(tmp_path)
    client.post(LOAD)
    both = [next(i for i in IDS if i not in CHOSEN), next(i for i in IDS if i in CHOSEN)]
    ids = {"name": "id", "shape": [2], "datatype": "BYTES", "data": both}
    answer = client.post(V2, json={"inputs": [*TENSORS, ids]}).json()
    assert answer["model_version"] == "1"
    outputs = {tensor["name"]: tensor for tensor in answer["outputs"]}
    assert list(outputs) == ["id", "scores", "action", "version"]
    assert outputs["version"]["data"] == ["1", "2"]
    assert outputs["action"]["data"] == ["rebook", "rebook"]  # x0 is 1 and -1: both say yes
    described = client.get("/v2/models/flights").json()["outputs"]
    assert described[-1]["name"] == "version"


@pytest.mark.parametrize("fault", ["raises", "nan"])
def test_what_the_canary_fails_to_score_the_champion_answers(
    start: Start, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, _ = start()
    on_trial(tmp_path, fault=fault)
    assert client.post(LOAD).status_code == 200
    found = ask(client, IDS, {"x0": 3.0, "carrier": "AA"})
    assert {(one["version"], one["action"]) for one in found} == {("1", "rebook")}
    assert sample(client, "mdlc_version_failures_total", version="2") == len(CHOSEN)
    assert sample(client, "mdlc_version_failures_total", version="1") == 0
    assert sample(client, "mdlc_predictions_total", version="2") == 0
    assert sample(client, "mdlc_predictions_total", version="1") == len(IDS)
    (record,) = [r for r in caplog.records if r.message == "canary_failed"]
    assert record.fields["rows"] == len(CHOSEN)  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["raises", "nan"])
def test_a_row_that_the_champion_cannot_score_either_is_not_charged_to_the_canary(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    client, service = start()
    on_trial(tmp_path, fault="raises")
    client.post(LOAD)
    scorer = service.predictor.loaded.scorer

    def broken(batch: Any, real: Any = scorer.answer) -> Any:
        if how == "raises":
            raise ValueError("no")
        answers = real(batch)
        answers.scores[:] = float("nan")
        return answers

    monkeypatch.setattr(scorer, "answer", broken)
    body = {"instances": [{"x0": 3.0, "carrier": "AA"}] * len(IDS), "ids": IDS}
    assert client.post(V1, json=body).status_code == 500
    assert sample(client, "mdlc_version_failures_total", version="2") == 0


def test_absurd_numbers_are_not_charged_to_the_canary(start: Start, tmp_path: Path) -> None:
    client, _ = start()
    on_trial(tmp_path, fault="nan")
    client.post(LOAD)
    ask(client, IDS, {"x0": 3e38, "carrier": "AA"})
    assert sample(client, "mdlc_version_failures_total", version="2") == 0


def test_malformed_requests_are_charged_to_no_version(start: Start, tmp_path: Path) -> None:
    """Ten of them had every canary rolled back."""
    client, _ = start()
    on_trial(tmp_path, ratio=1.0)
    client.post(LOAD)
    half = b'"\\ud800"'
    v2 = json.dumps({"inputs": TENSORS}).encode().replace(b'"AA"', half)
    v1 = json.dumps({"instances": [ROW]}).encode().replace(b'"AA"', half)
    for path, body in ((V1, v1), (V2, v2)) * 10:
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400
    for version in ("1", "2"):
        assert sample(client, "mdlc_version_failures_total", version=version) == 0


def test_only_the_rows_without_a_finite_score_go_to_the_champion(
    start: Start, tmp_path: Path
) -> None:
    client, _ = start()
    on_trial(tmp_path, fault="nan")
    client.post(LOAD)
    chosen = sorted(CHOSEN)[:2]
    rows = [{"x0": 0.0, "carrier": "AA"}, {"x0": 3.0, "carrier": "AA"}]
    answer = client.post(V1, json={"instances": rows, "ids": chosen}).json()["predictions"]
    assert [one["version"] for one in answer] == ["2", "1"]
    assert answer[1]["scores"]["yes"] == pytest.approx(0.9525741)
    assert sample(client, "mdlc_version_failures_total", version="2") == 1


def test_a_champion_that_fails_is_an_error_and_counted(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, service = start()

    def broken(_batch: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(service.predictor.loaded.scorer, "answer", broken)
    assert client.post(V1, json={"instances": [ROW] * 3}).status_code == 500
    assert sample(client, "mdlc_version_failures_total", version="1") == 3
    assert sample(client, "mdlc_predictions_total") == 0


def test_a_champion_without_a_finite_score_is_an_error_not_an_answer(
    start: Start, tmp_path: Path
) -> None:
    client, _ = start()
    folder = tmp_path / "second"
    made = sample_bundles.bundle(folder, classes=["no", "yes"], fault="nan")
    sample_bundles.point(tmp_path / "serving.json", folder=folder, manifest=made, version="2")
    assert client.post(LOAD).status_code == 200
    answer = client.post(V1, json={"instances": [{**ROW, "x0": 0}, ROW]})
    assert answer.status_code == 500
    assert answer.json()["error"] == "row 1 has no finite score"
    assert sample(client, "mdlc_version_failures_total", version="2") == 2
    assert sample(client, "mdlc_request_errors_total", reason="internal") == 1


def test_a_canary_that_does_not_load_leaves_the_champion_and_counts_as_failing(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client, service = start()
    on_trial(tmp_path, broken=True)
    refused = client.post(LOAD)
    assert refused.status_code == 503
    assert "the canary does not load" in refused.json()["error"]
    assert "version 1 answers" in refused.json()["error"]
    assert {one["version"] for one in ask(client, IDS)} == {"1"}
    assert sample(client, "mdlc_version_failures_total", version="2") == len(CHOSEN)
    assert 'mdlc_canary_ratio{model="flights",version="2"} 0.0' in client.get("/metrics").text
    for _ in range(3):  # the pointer is the same: it is tried once
        client.portal.call(service.repository.refresh)
    assert sum(r.message == "canary_load_failed" for r in caplog.records) == 1


@pytest.mark.parametrize(
    ("inputs", "classes", "why"),
    [
        (sample_bundles.features(2), ["no", "yes"], "it asks for another feature, x1"),
        (sample_bundles.features()[:1], ["no", "yes"], "it does not know the feature carrier"),
        (
            [*sample_bundles.features()[:1], Feature(name="carrier", kind="number")],
            ["no", "yes"],
            "its feature carrier is of another kind",
        ),
        (None, ["yes", "no"], "other classes"),
    ],
)
def test_a_canary_that_cannot_read_the_champions_requests_is_refused(
    start: Start, tmp_path: Path, inputs: list[Feature] | None, classes: list[str], why: str
) -> None:
    client, _ = start()
    on_trial(tmp_path, inputs=inputs, classes=classes)
    refused = client.post(LOAD)
    assert (refused.status_code, why in refused.json()["error"]) == (503, True), refused.text
    assert {one["version"] for one in ask(client, IDS[:9])} == {"1"}


def test_a_refused_id_is_counted_for_neither(start: Start, tmp_path: Path) -> None:
    client, _ = start()
    on_trial(tmp_path)
    client.post(LOAD)
    ask(client, IDS)
    again = client.post(V1, json={"instances": [ROW] * 2, "ids": ["new", IDS[0]]})
    assert again.status_code == 400
    assert sample(client, "mdlc_predictions_total") == len(IDS)


def test_a_promoted_canary_is_not_loaded_again(start: Start, tmp_path: Path) -> None:
    client, service = start()
    folder = on_trial(tmp_path)
    client.post(LOAD)
    scorer = service.predictor.lineup.canary.scorer
    (folder / "model.onnx").unlink()  # a load would fail
    manifest = read_document(folder / "manifest.json", Manifest)
    sample_bundles.point(tmp_path / "serving.json", folder=folder, manifest=manifest, version="2")
    client.portal.call(service.repository.refresh)
    assert service.predictor.loaded.scorer is scorer
    assert client.post(V1, json={"instances": [ROW]}).json()["model_version"] == "2"
    assert client.post(LOAD).status_code == 503  # when asked, it is read from the disk


def test_the_story_of_a_prediction_is_one_query(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from mdlc.services.json_logs import JsonLines

    client, _ = start()
    on_trial(tmp_path)
    client.post(LOAD)
    one = next(iter(sorted(CHOSEN)))
    with caplog.at_level(logging.DEBUG, logger="mdlc.services"):
        ask(client, [one, "other"])
        sent = [{"id": one, "label": "yes"}, {"id": one, "label": "no"}]
        client.post("/v1/models/flights:feedback", json={"labels": sent})
        client.post(V1, json={"instances": [{"x0": "hush", "carrier": "AA"}]})
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    story = [line for line in lines if line.get("id") == one]
    told = [(line["event"], line["version"], line["model"]) for line in story]
    assert told == [("predicted", "2", "flights"), *[("labelled", "2", "flights")] * 2]
    assert story[0]["action"] == "wait"
    assert [line["status"] for line in story[1:]] == ["accepted", "contradictory"]
    (refused,) = [line for line in lines if line["event"] == "refused"]
    assert (refused["status"], refused["reason"], refused["level"]) == (
        400,
        "invalid_input",
        "info",
    )
    assert "hush" not in json.dumps(lines)
    assert "AA" not in json.dumps(lines)


def test_by_default_an_answered_prediction_writes_no_line(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    client, _ = start()
    with caplog.at_level(logging.INFO, logger="mdlc.services"):
        caplog.clear()
        ask(client, IDS)
        client.post("/v1/models/flights:feedback", json={"labels": [{"id": "p1", "label": "yes"}]})
    assert [r for r in caplog.records if r.name == "mdlc.services"] == []


def test_a_flood_of_bad_requests_writes_few_lines_and_says_how_many_it_left_out() -> None:
    from mdlc.services.json_logs import Quota

    quota = Quota(2)
    assert [quota.take(now) for now in (1.0, 1.1, 1.2, 1.9, 2.0)] == [0, 0, None, None, 2]
