"""Predictions and labels meet by id; what is labelled becomes training data."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from mdlc.core.bundle import Manifest
from mdlc.core.columns import KEY, LABEL_TIME, TARGET, TIME, read_table
from mdlc.core.errors import ServiceError, StorageError
from mdlc.core.scorer import Answers
from mdlc.services.refusals import DuplicateId, Refusal
from mdlc.serving import sample_bundles
from mdlc.serving.payload_labels import Label
from mdlc.serving.payload_log import PayloadLog, WriteOutcome, records
from mdlc.serving.payload_lookup import LoggedLabel
from mdlc.serving.payload_tables import CORRECTIONS, PREDICTIONS
from mdlc.serving.request_rows import RequestRows

NOON = datetime(2026, 1, 1, 12)
HOUR = timedelta(hours=1)
FEATURES = sample_bundles.features(1, image=True)


@pytest.fixture
def fates() -> list[WriteOutcome]:
    return []


@pytest.fixture
def log(tmp_path: Path, fates: list[WriteOutcome]) -> Iterator[PayloadLog]:
    opened = PayloadLog(
        f"sqlite:///{tmp_path}/payload.db",
        name="flights",
        busy_seconds=0.05,
        retry_seconds=0,
        waiting_rows=3,
        watch=fates.append,
    )
    yield opened
    opened.close()


def rows(*ids: str, at: datetime = NOON) -> list[dict[str, Any]]:
    count = len(ids)
    batch = {
        "x0": np.array([0.1, np.nan] * count, np.float32)[:count],
        "carrier": np.array(["AA", ""] * count, object)[:count],
        "photo": np.full((count, 2, 2, 1), 0.25, np.float32),
    }
    answers = Answers(
        scores=np.tile([0.25, 0.75], (count, 1)),
        actions=np.array(["rebook"] * count, object),
        values=np.full(count, np.nan),
        expected=np.full(count, 3.25),
    )
    asked = RequestRows(list(ids), batch)
    return records(asked, at=at, version="1", answers=answers, classes=["no", "yes"])


def label(identifier: str, value: object = "yes", *, at: datetime = NOON + HOUR) -> Label:
    return Label(identifier, value, at)


def test_the_first_answer_of_an_id_stays(log: PayloadLog) -> None:
    log.add(rows("a"))
    with pytest.raises(DuplicateId, match="id a has been answered"):
        log.add(rows("b", "a"))
    assert log.label([label("b")], received=NOON + HOUR)[0].status == "unknown"


def test_each_label_has_its_verdict_and_the_first_is_kept(log: PayloadLog) -> None:
    log.add(rows("a", "b", "c", "d"))
    labels = [
        label("a"),
        label("a", "no"),
        label("b", "maybe"),
        label("c", float("nan")),
        label("z"),
        label("d", at=NOON + 2 * HOUR),
    ]
    verdicts = log.label(labels, received=NOON + HOUR)
    found = [verdict.status for verdict in verdicts]
    assert found == ["accepted", "contradictory", "invalid", "invalid", "unknown", "invalid"]
    assert log.label([label("a", "yes")], received=NOON + HOUR)[0].status == "duplicate"
    assert log.labelled().label.tolist() == ["yes"]


def test_a_label_from_before_its_prediction_is_refused_but_for_clocks_that_differ(
    log: PayloadLog,
) -> None:
    log.add(rows("a", "b"))
    early = [label("a", at=NOON - HOUR), label("b", at=NOON - timedelta(minutes=1))]
    first, second = log.label(early, received=NOON + HOUR)
    assert (first.status, second.status) == ("invalid", "accepted")
    assert "before its prediction was made" in first.problem
    assert second.label.time == NOON


def test_the_newest_label_with_a_reason_wins_where_the_file_says_so(log: PayloadLog) -> None:
    log.add(rows("a"))
    log.label([label("a")], received=NOON + HOUR)
    wrong = Label("a", "no", NOON + 2 * HOUR, "the flight was another one")
    later = NOON + 2 * HOUR
    assert log.label([wrong], received=later)[0].status == "contradictory"
    unreasoned = label("a", "no", at=later)
    assert log.label([unreasoned], received=later, corrections=True)[0].status == "contradictory"
    assert log.labelled().label.tolist() == ["yes"]
    found = log.label([wrong, wrong], received=later, corrections=True)
    assert [verdict.status for verdict in found] == ["corrected", "duplicate"]
    assert log.labelled().label.tolist() == ["no"]
    with log.engine.connect() as connection:
        (trail,) = connection.execute(sa.select(CORRECTIONS)).all()
    assert (trail.id, trail.was, trail.reason) == ("a", "yes", "the flight was another one")


def test_labels_are_counted_from_since_until_before_until(log: PayloadLog) -> None:
    log.add(rows("a", "b"))
    log.label([label("a"), label("b", at=NOON + 2 * HOUR)], received=NOON + 3 * HOUR)
    assert log.count_labels() == 2
    assert log.count_labels(NOON + HOUR, NOON + 2 * HOUR) == 1
    assert log.count_labels((NOON + 2 * HOUR).replace(tzinfo=UTC)) == 1


def test_what_is_labelled_comes_back_as_arrays(log: PayloadLog) -> None:
    log.add(rows("b", at=NOON + timedelta(minutes=1)))
    log.add(rows("a"))
    log.label([label("a"), label("b", "no")], received=NOON + HOUR)
    found = log.labelled(until=NOON + 2 * HOUR)
    assert found.id.tolist() == ["a", "b"]
    assert found.classes == ["no", "yes"]
    assert found.scores.tolist() == [[0.25, 0.75]] * 2
    assert found.label_time[0] == np.datetime64(NOON + HOUR)
    assert found.expected.tolist() == [3.25, 3.25]
    assert np.isnan(found.value).all()


def test_one_prediction_is_told_with_its_label_or_without(log: PayloadLog) -> None:
    log.add(rows("a", "b"))
    log.label([label("b", "no")], received=NOON + 2 * HOUR)
    alone, answered = log.prediction("a"), log.prediction("b")
    assert alone is not None
    assert answered is not None
    assert (alone.time, alone.version, alone.action, alone.label) == (NOON, "1", "rebook", None)
    assert (alone.scores, alone.expected, alone.value) == ({"no": 0.25, "yes": 0.75}, 3.25, None)
    assert alone.features["x0"] == pytest.approx(0.1)
    assert answered.label == LoggedLabel("no", known=NOON + HOUR, received=NOON + 2 * HOUR)
    assert log.prediction("c") is None


def test_ids_that_begin_alike_are_found_for_one_that_is_not_there(log: PayloadLog) -> None:
    assert log.ids_like("order-1") == []
    log.add(rows("order-17", "order-18", "%_x"))
    assert log.ids_like("order-19") == ["order-17", "order-18"]
    assert log.ids_like("order-19", at_most=1) == ["order-17"]
    assert log.ids_like("%_yz") == ["%_x"], "no wildcard of SQL is meant"
    assert log.ids_like("zzz") == ["%_x", "order-17", "order-18"]


def test_a_database_that_does_not_answer_is_a_service_error(log: PayloadLog) -> None:
    PREDICTIONS.drop(log.engine)
    with pytest.raises(ServiceError, match="payload log of flights does not answer"):
        log.prediction("a")
    with pytest.raises(ServiceError, match="payload log of flights does not answer"):
        log.ids_like("a")


def test_the_export_is_a_table_as_preparation_makes_it(log: PayloadLog, tmp_path: Path) -> None:
    manifest: Manifest = sample_bundles.bundle(
        tmp_path / "b", classes=["no", "yes"], inputs=FEATURES
    )
    log.add(rows("a", "b", "c"))
    log.label([label("a"), label("b", "no")], received=NOON + HOUR)
    out = tmp_path / "feedback.parquet"
    assert log.export(out, manifest=manifest, until=NOON + HOUR) == 0
    assert log.export(out, manifest=manifest, until=NOON + 2 * HOUR) == 2
    extra = (KEY, TIME, LABEL_TIME, TARGET)
    batch, others = read_table(out, features=manifest.features, extra=extra)
    np.testing.assert_array_equal(batch["x0"], np.array([0.1, np.nan], np.float32))
    assert batch["carrier"].tolist() == ["AA", ""]
    np.testing.assert_array_equal(batch["photo"], np.full((2, 2, 2, 1), 0.25))
    assert others[KEY].tolist() == ["a", "b"]
    assert others[TARGET].tolist() == ["yes", "no"]
    assert others[TIME][0] == np.datetime64(NOON)
    assert [path.name for path in tmp_path.glob("*feedback*")] == ["feedback.parquet"]


def test_a_row_of_megabytes_does_not_keep_the_others_from_training(
    log: PayloadLog, tmp_path: Path
) -> None:
    """One that was kept before texts had a bound: Arrow reads blocks of a megabyte by default."""
    many = rows("a", "b", "c")
    many[1]["features"] = {**many[1]["features"], "carrier": "x" * 3_000_000}
    log.add(many)
    log.label([label("a"), label("b"), label("c")], received=NOON + HOUR)
    manifest = sample_bundles.bundle(tmp_path / "bundle", classes=["no", "yes"], inputs=FEATURES)
    count = log.export(tmp_path / "f.parquet", manifest=manifest, until=NOON + 2 * HOUR)
    assert count == 3
    batch, _ = read_table(tmp_path / "f.parquet", features=FEATURES)
    assert sorted(map(len, batch["carrier"])) == [2, 2, 3_000_000]


def test_rows_wait_while_the_log_is_locked_and_are_written_when_it_is_back(
    log: PayloadLog, fates: list[WriteOutcome], tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "payload.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        log.add(rows("a", "b"))
        with pytest.raises(DuplicateId):
            log.add(rows("a"))
        log.add(rows("c", "d"))
        assert fates == [WriteOutcome(lost=0, waiting=2), WriteOutcome(lost=1, waiting=3)]
        with pytest.raises(Refusal, match="send the labels again"):
            log.label([label("a")], received=NOON + HOUR)
        other.execute("ROLLBACK")
    log.add(rows("e"))
    assert fates[-1] == WriteOutcome(lost=0, waiting=0)
    verdicts = log.label([label(name) for name in "abcde"], received=NOON + HOUR)
    found = [verdict.status for verdict in verdicts]
    assert found == ["accepted", "accepted", "accepted", "unknown", "accepted"]


def test_a_log_that_does_not_open_says_so_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not open"):
        PayloadLog(f"sqlite:///{tmp_path}/none/payload.db", name="flights")
    with pytest.raises(StorageError) as caught:
        PayloadLog("nothing://user:secret@host/db", name="flights")
    assert "secret" not in str(caught.value)


def test_what_waits_is_written_without_another_request(tmp_path: Path) -> None:
    fates: list[WriteOutcome] = []
    with contextlib.closing(
        PayloadLog(
            f"sqlite:///{tmp_path}/payload.db",
            name="flights",
            busy_seconds=0.05,
            retry_seconds=0.1,
            watch=fates.append,
        )
    ) as log:
        with log.engine.connect() as held:
            held.exec_driver_sql("BEGIN IMMEDIATE")
            log.add(rows("a"))
            assert fates[-1] == WriteOutcome(lost=0, waiting=1)
            time.sleep(0.3)
            held.rollback()
        ends = time.monotonic() + 10
        while fates[-1].waiting and time.monotonic() < ends:
            time.sleep(0.02)
        assert fates[-1] == WriteOutcome(lost=0, waiting=0)
        with log.engine.connect() as connection:
            assert connection.execute(sa.select(PREDICTIONS.c.id)).scalars().all() == ["a"]
