"""Drift of one window by mdlc, in Python and by Prometheus' rules, beside Evidently and NannyML."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import common
import numpy as np
import scraping

REPEATS = 3
ROWS, COLUMNS, BEGINS = 29_000, 15, "2013-07-01"
PEERS = Path(__file__).parent / "peers"
HOME = common.CACHE / "peers"
QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
BASE = "mdlc: count the window, judge the counts"
EVALUATIONS = 5


def measure(repeats: int) -> common.Result:
    """Give the same rows to each side in turn, each in a process of its own."""
    python = _environment()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = _write_rows(folder)
        once = _side(sys.executable, "mdlc", folder)
        _write_binned(folder, once)
        found: dict[str, list[dict[str, Any]]] = {"mdlc": [], "evidently": [], "nannyml": []}
        for _ in range(repeats):
            for side, runs in found.items():
                runs.append(_side(sys.executable if side == "mdlc" else python, side, folder))
    rules = _by_rules(once["series"])
    result = common.Result(
        "drift_peers",
        f"flights from {BEGINS}: {ROWS:,} rows x {COLUMNS} columns against {rows:,} of training",
    )
    _lines(result, found, rules=rules)
    result.notes += _notes(found, rules=rules)
    return result


def _environment() -> str:
    """Return the Python of the peers' own environment, made where it is not there."""
    python = HOME / "bin" / "python"
    done, wanted = HOME / "requirements.txt", PEERS / "requirements.txt"
    if not done.exists() or done.read_bytes() != wanted.read_bytes():
        uv = [sys.executable, "-m", "uv"]
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(HOME)], check=True)
        options = ["--no-deps", "--require-hashes", "-r", str(wanted)]
        subprocess.run([*uv, "pip", "install", "-q", "--python", python, *options], check=True)
        shutil.copy(wanted, done)
    return str(python)


def _write_rows(folder: Path) -> int:
    """Write reference and window as every side reads them; return the reference's rows."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from mdlc.core.files import read_document
    from mdlc.life.train import TrainingArtifacts

    results = read_document(
        common.flights_home() / "flight-delays" / "results.json", TrainingArtifacts
    )
    prepared = results.folder("preparation")
    features = json.loads((prepared / "prepared.json").read_text())["features"][:COLUMNS]
    table = pq.read_table(prepared / "table.parquet")
    begins = pa.scalar(np.datetime64(BEGINS, "us"))
    sides = {
        "reference": table.filter(pc.equal(table["__split"], "train")),
        "window": table.filter(
            pc.greater_equal(table["__time"], begins.cast(table["__time"].type))
        )[:ROWS],
    }
    for name, side in sides.items():
        chosen = {
            f["name"]: side[f["name"]].cast("string" if f["kind"] == "category" else "float32")
            for f in features
        }
        pq.write_table(pa.table(chosen), folder / f"{name}.parquet")
    assert len(sides["window"]) == ROWS, len(sides["window"])  # noqa: S101 - what the title says
    return len(sides["reference"])


def _write_binned(folder: Path, once: dict[str, Any]) -> None:
    """Write the same rows with each value replaced by the name of mdlc's bin."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name in ("reference", "window"):
        table = pq.read_table(folder / f"{name}.parquet")
        columns: dict[str, Any] = {}
        for column in table.column_names:
            values = table[column].to_numpy()
            if column in once["edges"]:
                index = np.searchsorted(once["edges"][column], values, side="right").astype(str)
                columns[column] = np.where(np.isnan(values), "missing", index)
            else:
                known = set(once["categories"][column])
                columns[column] = [
                    "missing" if value is None else value if value in known else "other"
                    for value in values
                ]
        pq.write_table(pa.table(columns), folder / f"{name}-binned.parquet")


def _side(python: str, side: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(PEERS / f"side_{side}.py"), str(folder)],
        env={**common.environment(), **QUIET, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _by_rules(series: list[list[Any]]) -> dict[str, Any]:
    """Let Prometheus scrape the counts and evaluate the rules; check the indexes."""
    from mdlc.core.spec import load
    from mdlc.monitoring.population_stability import psi
    from mdlc.monitoring.rules.rule_file import rule_file

    lifecycle = load(common.FLIGHTS)
    monitor = lifecycle.spec.monitor.model_copy(
        update={"warm_up": timedelta(0), "scrape": timedelta(seconds=1)}
    )
    lifecycle = lifecycle.model_copy(
        update={"spec": lifecycle.spec.model_copy(update={"monitor": monitor})}
    )
    texts, started = [_exposition(series, share=share) for share in (0, 1)], time.time()
    rules = rule_file(lifecycle, step=timedelta(seconds=2))
    last = 'prometheus_rule_group_last_duration_seconds{rule_group=~".*signals"}'
    seen = 'count(model_version_feature:mdlc_psi:value_short{feature!="__prediction"})'
    with (
        scraping.shown(lambda: texts[time.time() > started + 10]) as target,
        scraping.prometheus(target, rules=[rules], scrape=timedelta(seconds=1)) as asked,
    ):
        asked.wait(seen, at_least=len(series), seconds=60)
        time.sleep(8)
        durations = []
        for _ in range(EVALUATIONS):
            time.sleep(2)
            durations.append(asked.value(last) * 1e3)
        found = {
            labels["feature"]: value
            for labels, value in asked.values("model_version_feature:mdlc_psi:value_short")
        }
        memory = asked.process.memory_info().rss / 2**20
        version = asked.values("prometheus_build_info")[0][0]["version"]
    for name, expected, live in series:
        np.testing.assert_allclose(found[name], psi(expected, live), rtol=1e-9)
    return {
        "durations": durations,
        "memory": memory,
        "version": version,
        "rules": len(rules["groups"][0]["rules"]),
    }


def _exposition(series: list[list[Any]], *, share: int) -> str:
    """Return what a predictor shows of the window's features."""
    at, lines = 'model="flight-delays",version="1"', []
    for name, expected, live in series:
        for bin_name, rows in live.items():
            where = f'{at},feature="{name}",bin="{bin_name}"'
            lines.append(f"mdlc_feature_bin_total{{{where}}} {rows * share}")
            lines.append(f"mdlc_reference_bin_count{{{where}}} {expected[bin_name]}")
    lines.append(f"mdlc_predictions_total{{{at}}} {ROWS * share}")
    lines.append(f'mdlc_model_info{{{at},digest="d",candidate="c"}} 1')
    lines.append(f"process_start_time_seconds {STARTED}")
    return "\n".join(lines) + "\n"


STARTED = time.time()


def _lines(
    result: common.Result, found: dict[str, list[dict[str, Any]]], *, rules: dict[str, Any]
) -> None:
    ours, evidently, nannyml = (found[side] for side in ("mdlc", "evidently", "nannyml"))

    def add(what: str, runs: list[dict[str, Any]], key: str, *, unit: str = "ms") -> None:
        against = "" if unit != "ms" else BASE
        result.add(what, [run[key] for run in runs], unit=unit, against=against)

    result.add(BASE, [run["count"] + run["judge"] for run in ours], unit="ms")
    add("mdlc: judge counts at hand", ours, "judge")
    add("mdlc: count the window, requests of 50 rows", ours, "batches")
    add("mdlc: profile the training rows, once", ours, "fit")
    result.add("mdlc's rules in Prometheus, all signals", rules["durations"], unit="ms")
    add("Evidently: PSI preset, first", evidently, "first")
    add("Evidently: PSI preset, again", evidently, "again")
    for name, title in (
        ("jensen_shannon", "Jensen-Shannon"),
        ("tests", "Kolmogorov-Smirnov, chi-square"),
    ):
        for part in ("fit", "first", "again"):
            add(f"NannyML: {title}, {part}", nannyml, f"{name}_{part}")
    for side, runs in found.items():
        add(f"{side}: memory at its peak", runs, "peak", unit="MiB")
        grown = [run["peak"] - run["before"] for run in runs]
        result.add(f"{side}: of it, after libraries and rows", grown, unit="MiB")
    result.add("Prometheus: memory", [rules["memory"]], unit="MiB")
    for side in ("evidently", "nannyml"):
        add(f"{side}: import", found[side], "imported", unit="ms ")


def _notes(found: dict[str, list[dict[str, Any]]], *, rules: dict[str, Any]) -> list[str]:
    ours, evidently, nannyml = (found[side][0] for side in ("mdlc", "evidently", "nannyml"))
    own, same, raw = ours["values"], evidently["same_bins"], evidently["values"]
    empty = {
        name
        for name, expected, live in ours["series"]
        if any((expected[b] == 0) != (live[b] == 0) for b in expected)
    }
    off, full = (
        max(abs(own[name] - same[name]) for name in own if (name in empty) == which)
        for which in (True, False)
    )
    apart = ", ".join(f"{name} {own[name]:.3f}/{raw[name]:.3f}" for name in _furthest(own, raw))
    both = np.array([[own[name], nannyml["values"][name]] for name in own])
    ranks = both.argsort(axis=0).argsort(axis=0)
    agree = float(np.atleast_2d(np.corrcoef(ranks.T))[0, 1])
    return [
        f"Evidently {evidently['version']}, NannyML {nannyml['version']}, pandas 2, in their own"
        f" environment (peers/requirements.txt); Prometheus {rules['version']}.",
        "Each side is a process of its own that has read the rows; imports and reading are apart.",
        "mdlc counts as it answers; judging then reads no rows. Its bins are quantiles of training"
        " (10, and one for missing), 30 categories and `other`.",
        f"Prometheus' {rules['rules']} rules of the group compute all signals, over two windows,"
        " with their increments; a few minutes of history. Its indexes equal Python's to 1e-9.",
        "Evidently's preset also decides on a share of drifted columns and lays out a report. Its"
        " bins of a number are equally wide over both samples together; missing values are left"
        " out of the bins.",
        f"Given mdlc's bins as categories, Evidently's index differs by {full:.6f} at most; by"
        f" {off:.2f} in the {len(empty)} columns with a bin that is empty on one side, which"
        " counts 0.0001 of the rows there and half a row here. With its own bins (mdlc's first):"
        f" {apart}.",
        "NannyML computes other indexes, by chunk, with thresholds from the reference's chunks, so"
        " fitting judges the reference too. Rank correlation of its Jensen-Shannon with mdlc's PSI"
        f" over the columns: {agree:.2f}.",
    ]


def _furthest(own: dict[str, float], raw: dict[str, float]) -> list[str]:
    return sorted(own, key=lambda name: -abs(own[name] - raw[name]))[:3]
