"""One look of the watch: a scrape in, signals and alerts out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import common
import numpy as np

REPEATS = 20
FEATURES, BINS, WARM = 22, 11, 3


def measure(repeats: int) -> common.Result:
    """Observe a predictor once a simulated day, and time the parts."""
    from mdlc.core.spec.monitor import Drift, Monitor
    from mdlc.monitoring import watch
    from mdlc.monitoring.fake_predictor import MODEL, START
    from mdlc.monitoring.sample_store import SampleStore, parse
    from mdlc.monitoring.signals import measure as measure_signals
    from mdlc.state.watch_documents import Baseline

    monitor = Monitor(window=timedelta(days=14), drift=Drift(ignore=[]))
    baseline = Baseline(version="1", money_per_decision=1.0, log_loss=0.5, mae=None)
    texts = _scrapes(repeats + WARM)
    parts: dict[str, list[float]] = {"parse": [], "store": [], "signals": []}
    whole = []

    def kept(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            started = time.perf_counter()
            found = call(*args, **named)
            parts[part].append((time.perf_counter() - started) * 1e3)
            return found

        return timed

    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(watch, "parse", kept("parse", parse)),
        mock.patch.object(watch, "measure", kept("signals", measure_signals)),
        mock.patch.object(SampleStore, "append", kept("store", SampleStore.append)),
    ):
        look = watch.Watch(monitor, model=MODEL, folder=Path(folder), identifiers=[])
        for day, text in enumerate(texts):
            at = START + timedelta(days=day)
            took = common.timed(partial(look.observe, at, text, baseline=baseline))
            whole.append(took * 1e3)
        look.close()
    series = sum(not line.startswith("#") for line in texts[-1].splitlines())
    result = common.Result("observe", f"Watch.observe of a scrape with {series} series")
    result.add("observe", whole[WARM:], unit="ms")
    for part, values in parts.items():
        result.add(f"of it, {part}", values[WARM:], unit="ms", against="observe")
    prometheus = [common.timed(partial(_prometheus, text)) * 1e3 for text in texts[WARM:]]
    result.add("prometheus_client's parser", prometheus, unit="ms", against="of it, parse")
    result.notes.append("A year of daily looks is 365 of them; a replay has one a simulated day.")
    return result


def _scrapes(days: int) -> list[str]:
    """Return what a predictor with FEATURES features shows, day after day."""
    from mdlc.monitoring.fake_predictor import FakePredictor

    rng, predictor = np.random.default_rng(5), FakePredictor()
    texts = []
    for day in range(days):
        for feature in range(FEATURES):
            counts = rng.poisson(90, BINS).tolist()
            for name, count in enumerate(counts):
                where: dict[str, str] = {"feature": f"x{feature}", "bin": str(name)}
                predictor.add("mdlc_feature_bin_total", count, of={}, **where)
                if not day:
                    predictor.add("mdlc_reference_bin_count", 3000, of={}, **where)
        predictor.predict({str(name): 90.0 for name in range(BINS)})
        predictor.label(900, positive=180, p=0.2)
        texts.append(predictor.show())
    return texts


def _prometheus(text: str) -> int:
    from prometheus_client.parser import text_string_to_metric_families

    return sum(len(family.samples) for family in text_string_to_metric_families(text))
