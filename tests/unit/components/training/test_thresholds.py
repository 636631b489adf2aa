"""Trees split the same rows after the trip through float32."""

import numpy as np
import pytest

from mdlc.components.training.export_onnx import floor_thresholds


def test_a_threshold_between_neighbouring_floats_keeps_its_rows_apart() -> None:
    """The midpoint of two neighbouring float32 rounds to the upper one; its rows must not move."""
    lightgbm = pytest.importorskip("lightgbm")
    low = np.float32(6.183333)
    high = np.nextafter(low, np.float32(np.inf))
    rows = np.tile(np.array([[low], [high]], np.float32), (200, 1))
    truth = np.tile([0.0, 1.0], 200)
    settings = {"objective": "binary", "verbosity": -1, "min_data_in_bin": 1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, truth), num_boost_round=3)
    expected = booster.predict(rows)
    assert expected[0] != expected[1]

    floored = floor_thresholds(booster)

    assert np.array_equal(floored.predict(rows), expected)
    thresholds = [
        float(value)
        for line in floored.model_to_string().splitlines()
        if line.startswith("threshold=")
        for value in line.partition("=")[2].split()
    ]
    assert thresholds
    assert all(float(np.float32(value)) == value for value in thresholds)
