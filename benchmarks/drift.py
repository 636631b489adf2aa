"""Drift of a window from counts, as mdlc computes it, and from raw rows, as is usual."""

from __future__ import annotations

import common
import numpy as np

REPEATS = 7
ROWS, COLUMNS, BINS, BATCH = 29_000, 15, 10, 50


def measure(repeats: int) -> common.Result:
    """Judge the same window of live rows in each way."""
    from scipy.stats import ks_2samp

    from mdlc.core import profile
    from mdlc.monitoring.population_stability import psi

    rng = np.random.default_rng(7)
    trained = rng.normal(size=(COLUMNS, ROWS)).astype(np.float32)
    live = (rng.normal(size=(COLUMNS, ROWS)) + 0.1).astype(np.float32)
    series = [profile.make_number(f"x{i}", trained[i], bins=BINS) for i in range(COLUMNS)]
    counted = [
        dict(zip(s.bins, profile.count(s, column).tolist(), strict=True))
        for s, column in zip(series, live, strict=True)
    ]

    def from_counts() -> list[float]:
        return [psi(s.counts, live_counts) for s, live_counts in zip(series, counted, strict=True)]

    def from_rows() -> list[float]:
        return [_psi_of_rows(a, b) for a, b in zip(trained, live, strict=True)]

    def from_live_rows() -> list[float]:
        return [_psi_of_live(s.edges, s.counts, b) for s, b in zip(series, live, strict=True)]

    def kolmogorov_smirnov() -> list[float]:
        return [float(ks_2samp(a, b).statistic) for a, b in zip(trained, live, strict=True)]

    def count_batches() -> None:
        for start in range(0, ROWS, BATCH):
            for s, column in zip(series, live, strict=True):
                profile.count(s, column[start : start + BATCH])

    def count_at_once() -> None:
        for s, column in zip(series, live, strict=True):
            profile.count(s, column)

    np.testing.assert_allclose(from_counts(), from_live_rows(), rtol=0.02)
    ways = {
        "PSI from counts (mdlc)": from_counts,
        "PSI from live rows, numpy": from_live_rows,
        "PSI from rows of both sides, numpy": from_rows,
        "Kolmogorov-Smirnov from rows, scipy": kolmogorov_smirnov,
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    batches, at_once = [], []
    for _ in range(repeats):
        for way, call in ways.items():
            taken[way].append(common.timed(call) * 1e3)
        batches.append(common.timed(count_batches) / ROWS * 1e6)
        at_once.append(common.timed(count_at_once) / ROWS * 1e6)
    result = common.Result("drift", f"one window of {ROWS:,} rows x {COLUMNS} columns")
    first = next(iter(ways))
    for way, values in taken.items():
        result.add(way, values, unit="ms", against="" if way == first else first)
    unit = "us a prediction"
    result.add(f"counting, requests of {BATCH} rows", batches, unit=unit)
    result.add("counting, all rows at once", at_once, unit=unit)
    result.notes += [
        "Counts are made as predictions are answered (the counting lines) and cost that much then;",
        "judging a window then reads no rows, however many there were.",
        "drift_peers has Evidently and NannyML on real rows.",
    ]
    return result


def _psi_of_rows(expected: np.ndarray, actual: np.ndarray) -> float:
    edges = np.quantile(expected, np.linspace(0, 1, BINS + 1)[1:-1])
    return _index(_bins(expected, edges), _bins(actual, edges))


def _psi_of_live(edges: list[float], counts: dict[str, int], actual: np.ndarray) -> float:
    return _index(np.array([*counts.values()][:-1], float), _bins(actual, np.asarray(edges)))


def _bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)


def _index(expected: np.ndarray, actual: np.ndarray) -> float:
    e = (expected + 0.5) / (expected.sum() + 0.5 * len(expected))
    a = (actual + 0.5) / (actual.sum() + 0.5 * len(actual))
    return float(((a - e) * np.log(a / e)).sum())
