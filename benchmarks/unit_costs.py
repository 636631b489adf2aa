"""What one more of something costs: a prediction, a version's series, a sample, a pod, a trial."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import common
import numpy as np
import psutil
import scraping

import serving  # noqa: TID251 - the benchmark beside this file, not the room

REPEATS = 1
LOGGED, REQUEST = 20_000, 50
SENT = {1: 400, 50: 100}
SAMPLES, SERIES = 1440, 200
LABELLED = 1000


def measure(repeats: int) -> common.Result:
    """Measure each in turn."""
    result = common.Result("unit_costs", "one more prediction, series, sample, pod, trial")
    with tempfile.TemporaryDirectory() as folder:
        place = serving._copy(Path(folder))
        _cpu(result, place, repeats=repeats)
        with _postgres() as postgres:
            for what, url in {"SQLite": f"sqlite:///{folder}/p.db", "PostgreSQL": postgres}.items():
                if url:
                    _payload(result, place, url=url, of=what)
                else:
                    result.notes.append(f"{what} is not installed, so it was not measured.")
        _series(result, place)
        _samples(result, Path(folder) / "samples")
    _pods(result)
    _trials(result)
    result.notes += [
        f"CPU: of the server's process, {REQUEST} rows or one a request, client apart.",
        f"Payload log: {LOGGED:,} predictions of example 01 (18 features, two classes), then a"
        " label for each; file or relations with their indexes.",
        "Series: the predictor's own page after predictions and labels, scraped by Prometheus,"
        " and example 01's rules with warm_up 0; one replica, one version. bins are those of"
        " features and prediction, missing and other included.",
        f"Samples: blocks that promtool wrote from {SERIES} counters and {SERIES} floats x"
        f" {SAMPLES} samples at 15 s; chunks and index.",
        "Pods: steps of the compiled IR x 2 (a driver and an executor each), and a driver for each"
        " DAG; computed, not run here.",
    ]
    return result


@contextmanager
def _postgres() -> Iterator[str]:
    sys.path.append(str(common.ROOT))
    from tests.services import postgres

    if postgres.missing():
        yield ""
        return
    with postgres.server() as server:
        yield server.url()


def _cpu(result: common.Result, place: Any, *, repeats: int) -> None:
    cases = {c.rows: c for c in serving._cases(next((place.folder / "models").iterdir()))}
    path = f"/v1/models/{serving.NAME}:predict"
    with serving._ours(place) as client:
        server = psutil.Process().children()[-1]
        for rows, requests in SENT.items():
            used = []
            for repeat in range(repeats + 1):
                before = sum(server.cpu_times()[:2])
                for _ in range(requests):
                    serving._post(client, path, body=cases[rows].body)
                if repeat:
                    used.append((sum(server.cpu_times()[:2]) - before) * 1e3 / requests / rows)
            result.add(f"CPU a prediction, requests of {rows}", used, unit="ms")
        memory = server.memory_info().rss / 2**20
    result.add("memory of a server with the model", [memory], unit="MiB")


def _payload(result: common.Result, place: Any, *, url: str, of: str) -> None:
    from mdlc.serving import payload_log
    from mdlc.serving.active_models import load
    from mdlc.serving.payload_labels import Label

    model = load(place.pointer, max_rows=10_000).champion
    log, at = (
        payload_log.PayloadLog(url, name=place.name),
        datetime(2025, 1, 1),
    )  # the log has no zones
    empty, ids = _bytes(log, place.name), []
    stream = _stream()
    classes = model.scorer.classes
    for start in range(0, LOGGED, REQUEST):
        rows = model.reader.v1({"instances": stream.instances(slice(start, start + REQUEST))})
        answers = model.scorer.answer(rows.batch)
        log.add(payload_log.records(rows, at=at, version="1", answers=answers, classes=classes))
        ids += rows.ids
    full = _bytes(log, place.name)
    known = datetime(2025, 1, 2)
    for start in range(0, LOGGED, 1000):
        labels = [Label(id, classes[0], known) for id in ids[start : start + 1000]]
        verdicts = log.label(labels, received=known)
        assert all(v.status == "accepted" for v in verdicts)  # noqa: S101 - else nothing was written
    labelled = _bytes(log, place.name)
    log.close()
    result.add(f"payload log, {of}, a prediction", [(full - empty) / LOGGED], unit="bytes")
    result.add(f"payload log, {of}, a label", [(labelled - full) / LOGGED], unit="bytes")


def _stream() -> Any:
    from mdlc.core.files import read_document
    from mdlc.life.train import TrainingArtifacts
    from mdlc.replay.row_stream import read_stream

    results = read_document(
        common.flights_home() / serving.NAME / "results.json", TrainingArtifacts
    )
    return read_stream(results.folder("preparation"), begin=None, end=None)


def _bytes(log: Any, name: str) -> int:
    import sqlalchemy as sa

    with log.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            size = f"""SELECT pg_total_relation_size('"{name}".{{}}')"""
            both = [size.format(table) for table in ("predictions", "labels")]
            return sum(int(connection.execute(sa.text(one)).scalar_one()) for one in both)
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar_one()
        return int(pages * connection.execute(sa.text("PRAGMA page_size")).scalar_one())


def _series(result: common.Result, place: Any) -> None:
    from prometheus_client import disable_created_metrics

    from mdlc.core.spec import load as load_file
    from mdlc.monitoring.rules.rule_file import rule_file
    from mdlc.serving.active_models import load
    from mdlc.serving.predictor_metrics import LabelledQuality, Metrics

    disable_created_metrics()  # type: ignore[no-untyped-call]  # as the server does
    lineup = load(place.pointer, max_rows=10_000)
    model, metrics = lineup.champion, Metrics(lineup.name, currency="USD")
    metrics.serve(lineup)
    rows = model.reader.v1({"instances": _stream().instances(slice(0, 5000))})
    answers = model.scorer.answer(rows.batch)
    classes, half = tuple(model.scorer.classes), np.full(2, LABELLED / 2)
    quality = LabelledQuality(
        LABELLED, classes, LABELLED // 2, 600.0, 200.0, half, half, half, half, half
    )
    lifecycle = load_file(common.FLIGHTS)
    monitor = lifecycle.spec.monitor.model_copy(update={"warm_up": timedelta(0)})
    spec = lifecycle.spec.model_copy(update={"monitor": monitor})
    rules = rule_file(lifecycle.model_copy(update={"spec": spec}), step=timedelta(seconds=2))

    def text() -> str:
        return metrics.exposition("text/plain")[0].decode()

    with (
        scraping.shown(text) as target,
        scraping.prometheus(target, rules=[rules], scrape=timedelta(seconds=1)) as asked,
    ):
        asked.wait('count({__name__="mdlc:counts:step"})', at_least=1, seconds=60)
        time.sleep(5)
        metrics.count(model, batch=rows.batch, answers=answers)
        metrics.judge(model.version, quality=quality, lags=np.full(LABELLED, 3600.0))
        metrics.request_seconds.labels(lineup.name, "v1").observe(0.01)
        asked.wait("count(model_version:mdlc_money:mean_short)", at_least=1, seconds=60)
        time.sleep(5)
        found = {what: asked.value(f"count({which})") for what, which in SELECTED.items()}
    series = model.scorer.profile.series
    result.add(
        "bins of features and prediction", [float(sum(len(s.bins) for s in series))], unit=""
    )
    result.add("features, and the prediction", [float(len(series))], unit="")
    for what, number in found.items():
        result.add(f"series: {what}", [0.0 if np.isnan(number) else number], unit="")


RAW = '__name__!~".+:.+|ALERTS.*|up|scrape_.*"'
RECORDED = '__name__=~".+:.+"'
SELECTED = {
    "scraped, of mdlc": f'{{{RAW},model="flight-delays"}}',
    "scraped, of mdlc, by bin": f'{{{RAW},model="flight-delays",bin!=""}}',
    "scraped, of mdlc, of a version, not by bin": (
        f'{{{RAW},model="flight-delays",version!="",bin=""}}'
    ),
    "scraped, of Python and kserve": f'{{{RAW},job="mdlc-predictor",model=""}}',
    "recorded": f'{{{RECORDED},model="flight-delays"}}',
    "recorded, by bin": f'{{{RECORDED},model="flight-delays",bin!=""}}',
    "recorded, by feature": f'{{{RECORDED},model="flight-delays",feature!="",bin=""}}',
    "recorded, of a version, by neither": (
        f'{{{RECORDED},model="flight-delays",version!="",feature=""}}'
    ),
}


def _samples(result: common.Result, folder: Path) -> None:
    """Let promtool write blocks, and divide their size by their samples."""
    promtool = shutil.which("promtool")
    if promtool is None:
        result.notes.append("promtool is not installed, so bytes a sample were not measured.")
        return
    rng, begins = np.random.default_rng(3), 1_760_000_000
    kinds = {
        "counter": rng.poisson(12, (SERIES, SAMPLES)).cumsum(axis=1),
        "float": np.abs(rng.normal(0.05, 0.01, (SERIES, SAMPLES))),
    }
    for kind, values in kinds.items():
        place = folder / kind
        place.mkdir(parents=True)
        lines = [f"# TYPE bench_{kind} gauge"]
        for number, row in enumerate(values.tolist()):
            name = f'bench_{kind}{{model="m",version="1",feature="x{number}",bin="3"}}'
            lines += [f"{name} {value} {begins + 15 * i}" for i, value in enumerate(row)]
        (place / "text").write_text("\n".join(lines) + "\n# EOF\n")
        command = [promtool, "tsdb", "create-blocks-from", "openmetrics"]
        subprocess.run(
            [*command, str(place / "text"), str(place / "data")], check=True, capture_output=True
        )
        files = [path for path in (place / "data").rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        result.add(f"Prometheus' disk, a sample, {kind}", [size / values.size], unit="bytes")


def _pods(result: common.Result) -> None:
    from mdlc.core.spec import load
    from mdlc.pipelines.kubeflow.compile_lifecycle import compile_lifecycle

    lifecycle = load(common.FLIGHTS)
    update = {"artifacts": "s3://bucket/mdlc", "image": "mdlc-steps:1"}
    cluster = lifecycle.spec.cluster.model_copy(update=update)
    spec = lifecycle.spec.model_copy(update={"cluster": cluster})
    lifecycle = lifecycle.model_copy(update={"spec": spec})
    with tempfile.TemporaryDirectory() as folder:
        compile_lifecycle(lifecycle, Path(folder) / "first", defaults={})  # imports kfp
        for fuse in ("none", "light"):
            out = Path(folder) / fuse
            started = time.perf_counter()
            compile_lifecycle(lifecycle, out, defaults={}, fuse=fuse)
            took = (time.perf_counter() - started) * 1e3
            text = out.read_text()
            steps = len(set(re.findall(r"^    (exec-[\w-]+):", text, flags=re.M)))
            dags = len(re.findall(r"^ +dag:", text, flags=re.M))
            result.add(f"pods a run, fuse: {fuse}", [2.0 * steps + dags], unit="")
            result.add(f"compile for a submission, fuse: {fuse}", [took], unit="ms")


def _trials(result: common.Result) -> None:
    """Read how long each trial of example 01 took when it was trained."""
    from mdlc.core.files import read_document
    from mdlc.life.train import TrainingArtifacts

    results = read_document(
        common.flights_home() / serving.NAME / "results.json", TrainingArtifacts
    )
    training = json.loads((results.folder("training") / "training.json").read_text())
    for candidate in training["candidates"]:
        seconds = [trial["seconds"] for trial in candidate["trials"]]
        if candidate["kind"] != "rule" and seconds:
            result.add(f"a trial, {candidate['kind']}", seconds, unit="s")
    result.notes.append(
        f"Trials: those of the training of {training['rows']['train']:,} rows that benchmarks/"
        ".cache keeps, one at a time on two cores."
    )
