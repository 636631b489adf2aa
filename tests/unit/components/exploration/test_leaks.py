"""Copies and near copies of the target are suspected; good features are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

ROWS = 600
RANDOM = np.random.default_rng(5)
TARGET = np.where(RANDOM.random(ROWS) < 0.3, "yes", "no")
YES = TARGET == "yes"
NUMBER = RANDOM.lognormal(size=ROWS)
FLIP = np.where(RANDOM.random(ROWS) < 0.02, ~YES, YES)


def frame(target: Any, **columns: Any) -> pd.DataFrame:
    honest = (np.asarray(target) == "yes") if target is TARGET else np.log(target)
    noise = np.random.default_rng(1).normal(size=ROWS)
    return pd.DataFrame({"honest": honest + 0.7 * noise, **columns, "__target": target})


@pytest.mark.parametrize(
    "leak",
    [
        TARGET,
        np.where(YES, "closed", "open"),
        YES * 17.5 - 3,
        np.where(FLIP, "a", "b"),
        YES + np.linspace(0, 0.1, ROWS),
        -np.exp(YES + np.linspace(0, 0.5, ROWS)),
        np.where(YES, NUMBER, np.nan),
        np.where(YES, "reason", ""),
    ],
    ids=["copy", "renamed", "scaled", "near", "noisy", "monotone", "missing", "empty"],
)
def test_what_tells_a_class_is_suspected(explored, leak: Any) -> None:
    found = explored(frame(TARGET, leak=leak), max_null_ratio=1.0)
    assert [line.split()[0] for line in found.leaks] == ["leak"]
    assert "spec.explore.allow: [leak]" in found.leaks[0]
    assert found.leaks[0] in found.warnings


@pytest.mark.parametrize(
    "leak",
    [NUMBER, np.log(NUMBER), 1 / NUMBER, np.abs(np.log(NUMBER) + 9), NUMBER * 1.02 + 1],
    ids=["copy", "logarithm", "inverse", "distance", "scaled"],
)
def test_what_tells_a_number_is_suspected(explored, leak: Any) -> None:
    found = explored(frame(NUMBER, leak=leak))
    assert [line.split()[0] for line in found.leaks] == ["leak"]


def test_a_transformation_that_is_not_monotone_is_seen_through(explored) -> None:
    number = np.random.default_rng(3).uniform(-1, 1, 5000)
    table = pd.DataFrame({"leak": number, "__target": number**2})
    assert len(explored(table).leaks) == 1


def test_what_the_file_allows_is_not_suspected(explored) -> None:
    assert not explored(frame(TARGET, leak=TARGET), allow=["leak"]).leaks


def test_a_leak_that_cleaning_drops_is_not_used_and_stops_nothing(explored) -> None:
    rare = np.where(YES & (np.arange(ROWS) % 3 == 0), NUMBER, np.nan)
    found = explored(frame(TARGET, leak=rare))
    assert any(d.action == "drop" and d.column == "leak" for d in found.decisions)
    assert not found.leaks


def test_good_measurements_are_not_suspected(explored) -> None:
    """Iris' petals and the cells of a tumour tell much, and are no leaks."""
    from sklearn import datasets

    for load in (datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer):
        data = load(as_frame=True)
        columns = data.data.rename(columns=lambda name: name.replace(" ", "_"))
        from mdlc.components.exploration import leaks

        truth = data.target_names[data.target]
        for name in columns:
            told = leaks._of_classes(columns[name].to_numpy(float), truth, number=True, above=0.99)
            assert told is None, (load.__name__, name, told)


def test_copies_of_rows_do_not_make_a_leak_of_every_number(explored) -> None:
    once = frame(TARGET, noise=NUMBER)
    table = pd.concat([once] * 10, ignore_index=True)
    table["__copy"] = [str(i % ROWS) for i in range(len(table))]
    assert not explored(table, prepared={"copies": 9 * ROWS}).leaks
