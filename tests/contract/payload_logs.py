"""What every payload log keeps to, whatever its database. Not a test file: suites inherit it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mdlc.core.columns import KEY, Feature, read_table
from mdlc.serving import sample_bundles
from mdlc.serving.payload_labels import Label
from mdlc.serving.payload_log import PayloadLog, WriteOutcome
from mdlc.serving.payload_tables import PREDICTIONS

NOON = datetime(2026, 3, 1, 12)
HOUR = timedelta(hours=1)
HOSTILE = [
    "",
    "\0",
    "a\0b",
    "'; DROP TABLE predictions; --",
    '"',
    "\\",
    "%s %(id)s {0} :id ?",
    "null",
    "\n\r\t\v\f",
    "\u202e\u200b\ufeff",
    "😀" * 200,
    "é" * 1000,
    "\x7f\x80\x9f",
    "\ufffe\uffff",
]
"""Texts that a client may send as a category, each allowed by JSON and by UTF-8."""


def row(identifier: str, text: str = "AA", version: str = "1") -> dict[str, Any]:
    answer = {"scores": {"no": 0.25, "yes": 0.75}, "action": "wait"}
    money = {"value": None, "expected": 0.0}
    features = {"x0": 1.0, "carrier": text}
    return {
        "id": identifier,
        "time": NOON,
        "version": version,
        "features": features,
        **answer,
        **money,
    }


class PayloadLogContract:
    """Tests over the fixture `url`."""

    @pytest.fixture
    def fates(self) -> list[WriteOutcome]:
        return []

    @pytest.fixture
    def log(self, url: str, fates: list[WriteOutcome]) -> Iterator[PayloadLog]:
        with contextlib.closing(PayloadLog(url, name="loans", watch=fates.append)) as opened:
            yield opened

    @pytest.fixture
    def labelled(self, log: PayloadLog) -> Callable[..., list[str]]:
        def send(*identifiers: str) -> list[str]:
            sent = [Label(identifier, "yes", NOON) for identifier in identifiers]
            return [outcome.status for outcome in log.label(sent, received=NOON + HOUR)]

        return send

    def test_hostile_texts_come_back_as_they_were(
        self, log: PayloadLog, labelled: Callable[..., list[str]], tmp_path: Path
    ) -> None:
        ids = [f"id-{number:02}" for number in range(len(HOSTILE))]
        log.add([row(name, text) for name, text in zip(ids, HOSTILE, strict=True)])
        assert labelled(*ids) == ["accepted"] * len(ids)
        inputs = [Feature(name="x0", kind="number"), Feature(name="carrier", kind="category")]
        manifest = sample_bundles.bundle(tmp_path / "b", classes=["no", "yes"], inputs=inputs)
        out = tmp_path / "out.parquet"
        assert log.export(out, manifest=manifest, until=NOON + HOUR) == len(ids)
        batch, others = read_table(out, features=manifest.features, extra=(KEY,))
        found = dict(zip(others[KEY].tolist(), batch["carrier"].tolist(), strict=True))
        assert found == dict(zip(ids, HOSTILE, strict=True))

    @pytest.mark.parametrize("identifier", [*HOSTILE, "x" * 10_000])
    def test_an_id_that_none_can_be_is_unknown_and_costs_the_others_nothing(
        self, log: PayloadLog, labelled: Callable[..., list[str]], identifier: str
    ) -> None:
        log.add([row("good")])
        assert labelled(identifier, "good") == ["unknown", "accepted"]

    @pytest.mark.parametrize("value", [*HOSTILE, 2**70, 1e400, None, [], {}, 1, "x" * 100_000])
    def test_a_label_that_none_can_be_is_invalid_and_costs_the_others_nothing(
        self, log: PayloadLog, value: object
    ) -> None:
        log.add([row("a"), row("b")])
        sent = [Label("a", value, NOON), Label("b", "yes", NOON)]
        outcomes = log.label(sent, received=NOON + HOUR)
        assert [outcome.status for outcome in outcomes] == ["invalid", "accepted"]

    def test_true_is_the_class_that_says_so(self, log: PayloadLog) -> None:
        log.add([row("a")])
        (outcome,) = log.label([Label("a", True, NOON)], received=NOON + HOUR)
        assert (outcome.status, outcome.text) == ("accepted", "yes")

    def test_extreme_numbers_and_times_are_kept(
        self, log: PayloadLog, labelled: Callable[..., list[str]]
    ) -> None:
        for number, value in enumerate((5e-324, -1.7976931348623157e308, 3.4e38)):
            log.add([{**row(f"v{number}"), "value": value, "expected": value}])
        log.add([{**row("old"), "time": datetime(1, 1, 1)}, row("new")])
        assert labelled("v0", "v1", "v2", "old", "new") == ["accepted"] * 5
        assert log.labelled().expected.tolist()[2:5] == [5e-324, -1.7976931348623157e308, 3.4e38]

    def test_a_row_longer_than_a_block_of_the_reader_is_exported(
        self, log: PayloadLog, labelled: Callable[..., list[str]], tmp_path: Path
    ) -> None:
        """A log may have rows of before texts were bounded; they stopped every retraining."""
        log.add([row("short"), row("long", "y" * 3_000_000), row("last")])
        labelled("short", "long", "last")
        manifest = sample_bundles.bundle(tmp_path / "b", classes=["no", "yes"])
        assert log.export(tmp_path / "o.parquet", manifest=manifest, until=NOON + HOUR) == 3

    def test_a_row_of_another_kind_of_feature_is_set_aside_and_said(
        self,
        log: PayloadLog,
        labelled: Callable[..., list[str]],
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        odd = row("odd")
        odd["features"] = {"x0": "text", "carrier": "AA"}
        log.add([row("a"), odd, row("b")])
        labelled("a", "odd", "b")
        manifest = sample_bundles.bundle(tmp_path / "b", classes=["no", "yes"])
        out = tmp_path / "o.parquet"
        assert log.export(out, manifest=manifest, until=NOON + HOUR) == 2
        _, others = read_table(out, features=manifest.features, extra=(KEY,))
        assert others[KEY].tolist() == ["a", "b"]
        (said,) = [r for r in caplog.records if r.message == "labelled_rows_set_aside"]
        assert said.fields["rows"] == 1  # type: ignore[attr-defined]

    def test_tables_that_are_dropped_are_made_again_and_that_is_counted(
        self, log: PayloadLog, fates: list[WriteOutcome], labelled: Callable[..., list[str]]
    ) -> None:
        log.add([row("before")])
        for table in ("predictions", "labels"):
            with log.engine.begin() as connection:
                schema = "loans." if connection.dialect.name == "postgresql" else ""
                connection.execute(sa.text(f"DROP TABLE {schema}{table}"))
        log.add([row("after")])
        assert labelled("before", "after") == ["unknown", "accepted"]
        assert [fate.reopened for fate in fates] == [1]
        with log.engine.connect() as connection:
            assert connection.execute(sa.select(PREDICTIONS.c.id)).scalars().all() == ["after"]
