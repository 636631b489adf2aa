"""Why a stage failed is told to the step that ends the run, whatever else goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.core.errors import DataError, ServiceError
from mdlc.core.steps import reporting
from mdlc.pipelines.kubeflow.failure_records import (
    RETRY_VARIABLE,
    RUN_VARIABLE,
    read_failure,
    recording_failure,
)


@pytest.fixture(autouse=True)
def run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_VARIABLE, "r-1")


def fail(folder: Path, error: Exception, *, part: str = "") -> None:
    with (
        pytest.raises(type(error)),
        recording_failure("training", artifacts=str(folder), part=part),
    ):
        raise error


def test_an_error_is_told_to_its_own_run(tmp_path: Path) -> None:
    assert read_failure(str(tmp_path), run="r-1") is None
    fail(tmp_path, DataError("too few rows", hint="bring more"))
    found = read_failure(str(tmp_path), run="r-1")
    assert isinstance(found, DataError)
    assert str(found) == "too few rows; bring more"
    assert read_failure(str(tmp_path), run="r-2") is None


def test_an_error_that_is_none_of_ours_is_told_in_a_line(tmp_path: Path) -> None:
    fail(tmp_path, ValueError("odd\nand more"))
    assert "training: ValueError: odd" in str(read_failure(str(tmp_path), run="r-1"))


def test_an_error_that_the_stage_reported_itself_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SystemExit),
        recording_failure("training", artifacts=str(tmp_path)),
        reporting("training"),
    ):
        raise DataError("too few rows")
    assert str(read_failure(str(tmp_path), run="r-1")) == "too few rows"


def test_a_later_try_that_goes_well_takes_its_error_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(tmp_path, ServiceError("the object store is away"), part="rule")
    fail(tmp_path, DataError("too few rows"), part="logistic")
    monkeypatch.setenv(RETRY_VARIABLE, "1")
    with recording_failure("training", artifacts=str(tmp_path), part="rule"):
        pass
    with recording_failure("evaluation", artifacts=str(tmp_path)):
        pass
    assert str(read_failure(str(tmp_path), run="r-1")) == "too few rows", "the other's stands"
    assert len(list((tmp_path / "runs/r-1.errors").iterdir())) == 2, "nothing is left for nothing"


def test_a_store_that_is_away_does_not_hide_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fail(tmp_path / "file", ServiceError("the object store is away"))


def test_without_a_run_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RUN_VARIABLE)
    fail(tmp_path, DataError("too few rows"))
    assert not list(tmp_path.iterdir())
