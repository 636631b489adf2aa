"""Whatever replicas do, an increase is what was counted, and windows add up."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mdlc.monitoring.fake_predictor import DAY, START
from mdlc.monitoring.sample_store import ExpositionSample, SampleStore

REPLICAS = ("a", "b", "c")
# For each scrape and replica: did it restart first, how much did it count, was it scraped.
STEP = st.tuples(st.booleans(), st.integers(0, 50), st.booleans())
SCRAPES = st.lists(st.tuples(STEP, STEP, STEP), min_size=2, max_size=12)


def total(store: SampleStore, first: int, last: int) -> float:
    found = store.increase(
        "c_total", match={"model": "m"}, start=START + first * DAY, end=START + last * DAY
    )
    return sum(found.values())


@settings(max_examples=60, deadline=None)
@given(scrapes=SCRAPES)
def test_an_increase_is_what_was_counted_between_scrapes(
    scrapes: list[tuple[tuple[bool, int, bool], ...]],
) -> None:
    """A restart loses what was counted since the last scrape, and nothing else.

    Prometheus' own limit holds too: a counter that restarts and overtakes its old value before the
    next scrape looks like one that went on.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = SampleStore(Path(folder) / "s.sqlite", keep=365 * DAY)
        store.append(START, [])
        raw, seen, truth = dict.fromkeys(REPLICAS, 0), dict.fromkeys(REPLICAS, 0), [0]
        for day, steps in enumerate(scrapes, start=1):
            shown = []
            truth.append(truth[-1])
            for replica, (restarted, counted, scraped) in zip(REPLICAS, steps, strict=True):
                raw[replica] = counted if restarted else raw[replica] + counted
                if scraped:
                    fell = raw[replica] < seen[replica]
                    truth[-1] += raw[replica] - (0 if fell else seen[replica])
                    seen[replica] = raw[replica]
                    labels = (("instance", replica), ("model", "m"))
                    shown.append(
                        ExpositionSample("c_total", labels, float(raw[replica]), counter=True)
                    )
            store.append(START + day * DAY, shown)
        last = len(scrapes)
        for middle in range(last + 1):
            assert total(store, 0, middle) == truth[middle]
            assert total(store, 0, middle) + total(store, middle, last) == total(store, 0, last)
            assert total(store, middle, last) >= 0
        store.close()


@settings(max_examples=30, deadline=None)
@given(counts=st.lists(st.integers(0, 9), min_size=40, max_size=90), window=st.integers(1, 9))
def test_forgetting_never_changes_a_window_that_is_kept(counts: list[int], window: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SampleStore(Path(folder) / "s.sqlite", keep=10 * DAY)
        store.append(START, [])
        for day in range(1, len(counts) + 1):
            sample = ExpositionSample(
                "c_total", (("model", "m"),), float(sum(counts[:day])), counter=True
            )
            store.append(START + day * DAY, [sample])
            first = max(day - window, 0)
            assert total(store, first, day) == sum(counts[first:day])
        store.close()
