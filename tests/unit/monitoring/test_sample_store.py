"""Increases are right across restarts, replicas and new series; the store stays small."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mdlc.core.errors import ArtifactError, DataError, ServiceError
from mdlc.monitoring.fake_predictor import DAY, START
from mdlc.monitoring.sample_store import ExpositionSample, Labels, SampleStore, by, parse


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    store = SampleStore(tmp_path / "samples.sqlite", keep=30 * DAY)
    yield store
    store.close()


def counter(value: float, **labels: str) -> ExpositionSample:
    return ExpositionSample("c_total", tuple(sorted(labels.items())), value, counter=True)


def rose(store: SampleStore, first: float, last: float, **match: str) -> float:
    found = store.increase(
        "c_total", match=match, start=START + first * DAY, end=START + last * DAY
    )
    return sum(found.values())


def test_a_counter_that_starts_again_is_not_a_fall(store: SampleStore) -> None:
    for day, value in enumerate([10, 25, 5, 9]):
        store.append(START + day * DAY, [counter(value)])
    assert rose(store, 0, 3) == 15 + 5 + 4
    assert rose(store, 1, 2) == 5


def test_replicas_add_up_and_restart_apart(store: SampleStore) -> None:
    for day, (a, b) in enumerate([(0, 100), (10, 110), (20, 3)]):
        store.append(START + day * DAY, [counter(a, instance="a"), counter(b, instance="b")])
    assert rose(store, 0, 2) == 20 + 10 + 3
    assert rose(store, 0, 2, instance="b") == 13


def test_the_first_scrape_has_an_unknown_age_but_a_later_series_began_at_zero(
    store: SampleStore,
) -> None:
    store.append(START, [counter(1000, instance="old")])
    store.append(START + DAY, [counter(1001, instance="old"), counter(7, instance="new")])
    assert rose(store, 0, 1) == 1 + 7


def test_a_replica_that_went_keeps_what_it_counted(store: SampleStore) -> None:
    store.append(START, [])
    store.append(START + DAY, [counter(5, instance="a")])
    store.append(START + 2 * DAY, [counter(3, instance="b")])
    assert rose(store, 0, 2) == 8


def test_the_same_scrape_twice_changes_nothing(store: SampleStore) -> None:
    store.append(START, [counter(0)])
    store.append(START + DAY, [counter(4)])
    store.append(START + DAY, [counter(4)])
    assert rose(store, 0, 1) == 4


def test_scrapes_come_in_order_and_times_have_a_zone(store: SampleStore) -> None:
    store.append(START, [])
    with pytest.raises(DataError, match="older than the newest"):
        store.append(START - DAY, [])
    with pytest.raises(DataError, match="no zone"):
        store.append(datetime(2025, 1, 2), [])


def test_what_is_not_kept_is_an_error_and_what_is_kept_stays_right(store: SampleStore) -> None:
    for day in range(100):
        store.append(START + day * DAY, [counter(day * 10), counter(3, bin="rare")])
    assert rose(store, 80, 99) == 190
    with pytest.raises(DataError, match="no samples are kept"):
        rose(store, 10, 99)


def test_series_that_no_scrape_shows_any_more_are_forgotten(store: SampleStore) -> None:
    store.append(START, [counter(1, version="1")])
    for day in range(1, 80):
        store.append(START + day * DAY, [counter(day, version="2")])
    found = store.increase("c_total", match={}, start=START + 60 * DAY, end=START + 79 * DAY)
    assert [dict(labels)["version"] for labels in found] == ["2"]


def test_a_gauge_is_what_it_was(store: SampleStore) -> None:
    for day, value in enumerate([5.0, 3.0]):
        store.append(START + day * DAY, [ExpositionSample("g", (), value, counter=False)])
    assert store.value("g", match={}, time=START) == {(): 5.0}
    assert store.value("g", match={}, time=START + DAY) == {(): 3.0}


def test_restarting_the_watch_loses_nothing(tmp_path: Path) -> None:
    for day, value in enumerate([0, 6, 2]):
        store = SampleStore(tmp_path / "s.sqlite", keep=30 * DAY)
        store.append(START + day * DAY, [counter(value)])
        seen = rose(store, 0, day)
        store.close()
    assert seen == 8


def test_an_altered_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(ArtifactError, match=r"s\.sqlite was altered"):
        SampleStore(tmp_path / "s.sqlite", keep=DAY)


def test_parsing_keeps_counters_and_gauges() -> None:
    text = (
        '# TYPE c_total counter\nc_total{a="x"} 2\n# TYPE g gauge\ng 1.5\n'
        '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 2\nh_count 1\n'
    )
    assert parse(text) == [
        ExpositionSample("c_total", (("a", "x"),), 2.0, counter=True),
        ExpositionSample("g", (), 1.5, counter=False),
    ]


def by_prometheus(text: str) -> list[ExpositionSample]:
    """Parse every line with Prometheus' own parser."""
    return [
        ExpositionSample(
            name, tuple(sorted(labels.items())), float(value), family.type == "counter"
        )
        for family in text_string_to_metric_families(text)
        if family.type in {"counter", "gauge"}
        for name, labels, value, *_ in family.samples
        if math.isfinite(value)
    ]


TRICKY = (
    "# HELP c_total a 1\n# TYPE c_total counter\n"
    'c_total{a="} 5",b="\\"x\\\\",} 2\nc_total{b="é y",a="{"}  3\n c_total 4 \n'
    'c_total{a="t"} 1 1234\nc_total{a="7"}\t7\nc_total{a="1e3"} 1e3\n'
    'c_total{a="8"} 8 # {x="y"} 9\n'
    "# TYPE g gauge\ng -1.5\ng NaN\ng +Inf\ng Inf\ng nan\nother 3\n\n# no more\n"
    '# TYPE short counter\nshort{a="b"} 6\nc_total{a="late"} 1\n'
    "# TYPE g gauge\ng 10000000000000001\n"
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 2\nh_count 1\n'
)


@pytest.mark.parametrize("text", [TRICKY, *TRICKY.split("\n"), "", TRICKY.replace("\n", "\r\n")])
def test_parsing_once_a_layout_reads_what_prometheus_reads(text: str) -> None:
    for _ in range(2):  # the second time from the layout kept
        assert parse(text) == by_prometheus(text)


def test_a_layout_kept_gives_new_values() -> None:
    texts = [f'# TYPE c_total counter\nc_total{{a="x"}} {n}\nc_total {n + 1}.5\n' for n in range(3)]
    for text in texts:
        assert parse(text) == by_prometheus(text)


@pytest.mark.parametrize("text", ["<html>no</html>", "# TYPE c counter\nc NaN\n", "c_total{a= 1"])
def test_what_is_no_exposition_is_an_error(text: str) -> None:
    with pytest.raises(ServiceError, match="not a Prometheus exposition"):
        parse(text)


def test_summing_over_replicas() -> None:
    series: dict[Labels, float] = {
        (("bin", "0"), ("instance", "a")): 1.0,
        (("bin", "0"), ("instance", "b")): 2.0,
    }
    assert by(series, "bin") == {"0": 3.0}


@pytest.mark.slow
def test_a_year_of_scrapes_stays_fast(tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "s.sqlite", keep=366 * DAY)
    series = [(("bin", str(index)), ("model", "m")) for index in range(500)]
    for step in range(365):
        samples = [
            ExpositionSample("c_total", labels, float(step), counter=True) for labels in series
        ]
        store.append(START + step * DAY, samples)
    began = time.perf_counter()
    total = rose(store, 300, 307)
    took = time.perf_counter() - began
    store.close()
    assert total == 500 * 7
    assert took < 0.05
