"""A data test stops the run, after all have run, and shows no sensitive value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.errors import DataError
from tests.unit.components.preparation.small import run, spec


@pytest.mark.parametrize(
    ("check", "failing"),
    [
        ({"column": "x", "min": 10}, 10),
        ({"column": "t", "max": "2024-01-01"}, 391),
        ({"column": "c", "one_of": ["a"]}, 261),
        ({"column": "flag", "one_of": [True]}, 200 - 8),
        ({"column": "c", "pattern": "[b-z]"}, 131),
        ({"column": "n", "unique": True}, 389),
        ({"column": "e", "not_null": True}, 390),
        ({"column": "e", "max_null_ratio": 0.5}, 390),
        ({"min_rows": 1000}, 608),
        ({"expression": "x < 390"}, 10 - 1),
    ],
)
def test_each_data_test_stops_the_run_after_all_ran(
    tmp_path: Path, check: dict[str, Any], failing: int
) -> None:
    changes = spec(
        checks=[{"column": "x", "max": 1e9}, check],
        table={"derive": {"seen": "t", "e": "CASE WHEN x IN (1, 3) THEN 1 END"}},
    )
    with pytest.raises(DataError, match="data test failed") as caught:
        run(tmp_path, spec=changes)
    assert caught.value.where == "spec.data.checks[1]"
    results = json.loads((tmp_path / "last/checks.json").read_text())
    mine = next(item for item in results if item["where"] == "spec.data.checks[1]")
    assert mine["failing_rows"] == failing
    assert any(item["name"] == "table: at least 50 training rows" for item in results)
    prepared = run(tmp_path, spec={**changes, "checks": [{**check, "severity": "warn"}]})
    assert not prepared.checks[0].passed


def test_examples_of_sensitive_columns_are_not_shown(tmp_path: Path) -> None:
    changes = spec(checks=[{"column": "c", "one_of": ["z"]}], sensitive=["c"])
    with pytest.raises(DataError) as caught:
        run(tmp_path, spec=changes)
    assert "such as" not in str(caught.value)
