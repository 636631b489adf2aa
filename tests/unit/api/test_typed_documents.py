"""A document is a table too; a list of it by its name, nested values as columns."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mdlc.api.typed_documents import DataSnapshot, DocumentList, PlanResult, ReplayResult
from mdlc.errors import UsageError
from mdlc.state.replay_documents import PolicyResult, ReplayRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def policy(name: str, *, earned: float) -> PolicyResult:
    return PolicyResult(
        name=name, title=name, earned=earned, retrainings=0, retraining_cost=0, net=earned
    )


def replay() -> ReplayResult:
    record = ReplayRecord(
        begins=NOW,
        ends=NOW,
        currency="USD",
        decisions=2,
        labels=1,
        failed_requests=0,
        weeks=[],
        events=[],
        policies=[policy("loop", earned=2.5), policy("never", earned=1.0)],
        seconds=1,
        notes=["a <note>"],
    )
    return ReplayResult.of(record)


def test_the_default_list_is_the_table() -> None:
    frame = replay().to_frame()
    assert list(frame["name"]) == ["loop", "never"]
    assert frame["net"].sum() == 3.5
    assert list(frame.index) == [0, 1]


def test_another_list_is_asked_for_by_its_name() -> None:
    assert replay().to_frame("weeks").empty


@pytest.mark.parametrize("part", ["polices", "notes", "currency"])
def test_what_is_no_list_of_objects_is_refused(part: str) -> None:
    with pytest.raises(UsageError, match="ReplayResult has no list"):
        replay().to_frame(part)


def test_a_mapping_has_its_keys_as_names() -> None:
    source = {
        "location": "a.csv",
        "format": "csv",
        "rows": 3,
        "columns": {"x": "int64"},
        "file": "a.parquet",
        "digest": "",
        "source_digest": "",
    }
    snapshot = DataSnapshot.model_validate({"sources": {"a": source}, "digest": ""})
    shown = snapshot.to_frame().to_dict("records")[0]
    assert (shown["name"], shown["rows"], shown["columns.x"]) == ("a", 3, "int64")


def test_it_is_the_document_that_it_was() -> None:
    """So that what a verb prints as JSON is the document of the layers below."""
    given = replay()
    assert isinstance(given, ReplayRecord)
    assert ReplayRecord.model_validate(given.model_dump()) == ReplayRecord(**dict(given))


def test_a_notebook_shows_the_table() -> None:
    shown = DocumentList([policy("<b>", earned=1)])._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
    assert "loop" in replay()._repr_html_()
    assert PlanResult(stages=[])._repr_html_()
