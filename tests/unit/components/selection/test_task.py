"""Which task, and does the payoff fit it."""

import pytest

from mdlc.components.selection.stage import select
from mdlc.core.documents.training_result import Selection
from mdlc.core.errors import ArtifactError, DataError, SpecError
from mdlc.core.files import read_document
from mdlc.core.spec import Business, Data, Model


def test_the_document_on_disk_is_the_one_returned(chosen, tmp_path):
    selection = chosen()
    assert read_document(tmp_path / "out" / "selection.json", Selection) == selection


def test_the_reason_says_inferred_or_stated(chosen):
    reason = chosen().task_reason
    assert reason == "Inferred: the target late has 2 classes (no, yes)."
    assert chosen(model={"task": "binary"}).task_reason.startswith("Stated in the file")
    assert chosen("regression").task_reason == "Inferred: the target late is a number."


def test_another_stated_task_is_an_error(chosen):
    with pytest.raises(SpecError) as caught:
        chosen("multiclass", model={"task": "binary"})
    assert caught.value.where == "spec.model.task"


@pytest.mark.parametrize(
    ("task", "payoff"),
    [
        ("binary", {"under": -1, "over": -1}),
        ("regression", {"right": 1, "wrong": 0}),
        ("multiclass", {"actions": {"x": {"no": 1, "yes": 0}, "y": {"no": 0, "yes": 1}}}),
    ],
)
def test_a_payoff_for_another_task_is_an_error(chosen, task, payoff):
    with pytest.raises(SpecError) as caught:
        chosen(task, business={"payoff": payoff})
    assert caught.value.where == "spec.business.payoff"


def test_one_class_is_an_error(chosen):
    with pytest.raises(DataError, match="the target late has one class, no"):
        chosen(classes=["no"], shares={"no": 1.0})


def test_binary_with_three_classes_is_an_error(chosen):
    with pytest.raises(DataError, match="binary needs two classes"):
        chosen(classes=["a", "b", "c"])


def test_many_classes_are_not_all_named(chosen):
    classes = [f"c{number}" for number in range(20)]
    assert "c7 and 12 more" in chosen("multiclass", classes=classes).task_reason


def test_a_missing_table_is_an_artifact_error(chosen, tmp_path):
    chosen("regression")
    (tmp_path / "prepared" / "table.parquet").unlink()
    with pytest.raises(ArtifactError):
        select(
            Model(),
            data=Data.model_validate({"sources": {"rows": {"csv": "r.csv"}}, "target": "late"}),
            business=Business.model_validate({"payoff": {"under": -1, "over": -1}}),
            prepared=tmp_path / "prepared",
            out=tmp_path,
        )
