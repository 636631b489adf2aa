"""Counters are there at 0 from the load on, add up, and do not grow without end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mdlc.serving import sample_bundles
from mdlc.serving.predictor_metrics import KEPT

from .test_canary_routing import on_trial
from .test_predictor_app import FEEDBACK, LOAD, ROW, V1, sample

Start = Callable[..., Any]


def release(folder: Path, client: Any, version: str, **fields: Any) -> None:
    bundle = folder / f"bundle-{version}"
    if not bundle.exists():
        sample_bundles.bundle(bundle, classes=["no", "yes"])
    from mdlc.core.bundle import Manifest
    from mdlc.core.files import read_document

    manifest = read_document(bundle / "manifest.json", Manifest)
    sample_bundles.point(
        folder / "serving.json", folder=bundle, manifest=manifest, version=version, **fields
    )
    assert client.post(LOAD).status_code == 200


def lines(client: Any, name: str = "mdlc_", **labels: str) -> list[str]:
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return [
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith(name) and all(label in line for label in wanted)
    ]


def test_new_counters_stand_at_0_from_the_load_on(start: Start, tmp_path: Path) -> None:
    client, _ = start()
    on_trial(tmp_path)
    client.post(LOAD)
    for version in ("1", "2"):
        place = f'model="flights",version="{version}"'
        for line in (
            f'mdlc_class_named_total{{class="no",{place}}} 0.0',
            f'mdlc_class_named_total{{class="yes",{place}}} 0.0',
            f'mdlc_class_correct_total{{class="yes",{place}}} 0.0',
            f'mdlc_money_squared_sum_total{{currency="EUR",{place}}} 0.0',
            f"mdlc_version_failures_total{{{place}}} 0.0",
            f"mdlc_scoring_seconds_count{{{place}}} 0.0",
            f"mdlc_label_lag_seconds_count{{{place}}} 0.0",
        ):
            assert line in lines(client), line


def test_classes_and_squared_money_are_counted(start: Start) -> None:
    client, _ = start()
    rows = [{**ROW, "x0": x} for x in (1, 1, -1, -1)]
    client.post(V1, json={"instances": rows, "ids": list("abcd")})
    said = {"a": "yes", "b": "no", "c": "no", "d": "yes"}
    labels = [{"id": name, "label": label} for name, label in said.items()]
    assert client.post(FEEDBACK, json={"labels": labels}).json()["accepted"] == 4
    for name in ("yes", "no"):
        assert sample(client, "mdlc_class_named_total", **{"class": name}) == 2
        assert sample(client, "mdlc_class_correct_total", **{"class": name}) == 1
    assert sample(client, "mdlc_correct_total") == 2
    # rebook: +5 for yes, -10 for no; wait: 0 for no, -10 for yes.
    assert sample(client, "mdlc_money_squared_sum_total", currency="EUR") == 25 + 100 + 0 + 100
    assert (
        sample(client, "mdlc_money_gained_total") - sample(client, "mdlc_money_lost_total") == -15
    )


def test_squared_money_of_a_regression(start: Start) -> None:
    client, _ = start(())
    client.post(V1, json={"instances": [{"x0": 2, "carrier": ""}], "ids": ["a"]})
    client.post(FEEDBACK, json={"labels": [{"id": "a", "label": 5}]})
    assert sample(client, "mdlc_money_squared_sum_total") == 36  # 3 short, 2 each


def test_gauges_say_who_serves_since_when_and_what_was_promised(
    start: Start, tmp_path: Path
) -> None:
    client, service = start()
    assert lines(client, "mdlc_promised") == []  # null in the pointer
    on_trial(tmp_path)
    client.post(LOAD)
    lineup = service.predictor.lineup
    assert sample(client, "mdlc_promised_money_per_decision", version="1", currency="EUR") == 1.5
    for model in (lineup.champion, lineup.canary):
        since = sample(client, "mdlc_model_since_timestamp_seconds", version=model.version)
        assert since == pytest.approx(model.since.timestamp(), abs=1e-3)
    assert sample(client, "mdlc_canary_ratio", version="2") == 0.3
    assert [line.rsplit(" ")[1] for line in lines(client, "mdlc_model_info")] == ["1.0"]
    assert len(lines(client, "mdlc_model_info", version="1")) == 1
    release(tmp_path, client, "3", promised=2.0)
    for name in ("info", "since_timestamp_seconds"):
        assert [
            line for line in lines(client, f"mdlc_model_{name}") if 'version="3"' not in line
        ] == []
    assert len(lines(client, "mdlc_promised")) == 1
    assert lines(client, "mdlc_canary_ratio") == []


def test_late_labels_count_for_the_version_that_serves_no_more(
    start: Start, tmp_path: Path
) -> None:
    client, _ = start()
    client.post(V1, json={"instances": [ROW], "ids": ["a"]})
    release(tmp_path, client, "2")
    client.post(FEEDBACK, json={"labels": [{"id": "a", "label": "yes"}]})
    assert sample(client, "mdlc_labels_total", version="1") == 1
    assert sample(client, "mdlc_labels_total", version="2") == 0


def test_series_are_bounded_however_many_versions_come_and_go(start: Start, tmp_path: Path) -> None:
    client, _ = start()
    client.post(V1, json={"instances": [ROW], "ids": ["old"]})
    sizes = []
    for version in range(2, KEPT + 8):
        release(tmp_path, client, str(version))
        sizes.append(len(lines(client)))
    assert sizes[-1] == sizes[KEPT - 1]
    shown = {v for v in range(1, KEPT + 8) if lines(client, version=str(v))}
    assert shown == set(range(KEPT + 7 - KEPT, KEPT + 8))
    # A label for one that was forgotten is counted, and takes the place of the oldest.
    client.post(FEEDBACK, json={"labels": [{"id": "old", "label": "yes"}]})
    assert sample(client, "mdlc_labels_total", version="1") == 1
    assert lines(client, version=str(KEPT + 7 - KEPT)) == []
    assert len({v for v in range(1, KEPT + 8) if lines(client, version=str(v))}) == KEPT + 1
    # One that comes back counts on where it was, from 0 if it was forgotten.
    release(tmp_path, client, "5")
    client.post(V1, json={"instances": [ROW]})
    assert sample(client, "mdlc_predictions_total", version="5") == 1
    assert sample(client, "mdlc_feature_bin_total", version="5", feature="x0") == 1


def test_the_page_says_when_the_process_began(start: Start) -> None:
    client, _ = start()
    assert len(lines(client, "process_start_time_seconds ")) == 1
