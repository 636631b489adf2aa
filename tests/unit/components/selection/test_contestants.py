"""Who takes part."""

import pytest

from mdlc.components.selection.kinds import BY_NAME, KINDS
from mdlc.core.columns import Feature
from mdlc.core.errors import SpecError

IMAGE = Feature(name="image", kind="image", shape=(8, 8, 1))


def kinds(selection):
    return [contestant.kind for contestant in selection.contestants]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("binary", ["rule", "logistic", "lightgbm", "keras_mlp"]),
        ("multiclass", ["rule", "logistic", "lightgbm", "keras_mlp"]),
        ("regression", ["rule", "linear", "lightgbm", "keras_mlp"]),
    ],
)
def test_defaults_on_tables_follow_the_task(chosen, task, expected):
    selection = chosen(task, rows=5000)
    assert kinds(selection) == expected
    assert not any(contestant.refused for contestant in selection.contestants)


def test_a_network_takes_no_part_where_rows_are_few_unless_the_file_names_it(chosen):
    by_default = chosen("binary", rows=1999)
    assert [c.kind for c in by_default.contestants if c.refused] == ["keras_mlp"]
    named = chosen("binary", rows=1999, model={"candidates": ["keras_mlp"]})
    assert not any(contestant.refused for contestant in named.contestants)


def test_defaults_on_images(chosen):
    assert kinds(chosen("multiclass", features=[IMAGE])) == ["rule", "logistic", "keras_cnn"]


def test_candidates_of_the_file_replace_the_defaults_but_the_rule_stays_first(chosen):
    assert kinds(chosen(model={"candidates": ["random_forest"]})) == ["rule", "random_forest"]
    named = {"candidates": ["lightgbm", {"kind": "rule"}]}
    assert kinds(chosen(model=named)) == ["rule", "lightgbm"]


def test_an_unknown_kind_names_its_place_and_the_closest(chosen):
    with pytest.raises(SpecError) as caught:
        chosen(model={"candidates": ["logistic", "lightbgm"]})
    assert caught.value.where == "spec.model.candidates[1]"
    assert caught.value.hint == "did you mean lightgbm?"


def test_a_kind_that_stands_twice_is_an_error(chosen):
    with pytest.raises(SpecError, match="lightgbm stands twice"):
        chosen(model={"candidates": ["lightgbm", {"kind": "lightgbm", "params": {"x": 1}}]})


@pytest.mark.parametrize(
    ("kind", "features", "reason"),
    [
        ("linear", None, "does not do binary"),
        ("keras_cnn", None, "needs an image"),
        ("lightgbm", [IMAGE], "does not take images"),
    ],
)
def test_a_kind_that_does_not_suit_is_listed_as_refused(chosen, kind, features, reason):
    changes = {"features": features} if features else {}
    selection = chosen(model={"candidates": [kind]}, **changes)
    refused = selection.contestants[1]
    assert (refused.kind, selection.contestants[0].refused) == (kind, "")
    assert reason in refused.refused


def test_the_table_of_kinds_has_each_once_with_a_reason():
    assert len(BY_NAME) == len(KINDS)
    assert all(kind.why for kind in KINDS)
    assert [kind.name for kind in KINDS if kind.deep] == ["keras_mlp", "keras_cnn"]


BUY = {"options": {"buy": {"name": "cloud", "money_per_decision": 0.5}}}


def test_no_service_no_entry(chosen):
    assert chosen().ready_made is None


def test_a_service_takes_part_on_paper(chosen):
    service = chosen(business=BUY).ready_made
    assert (service.kind, service.refused) == ("cloud", "")
    assert "On paper only" in service.why


@pytest.mark.parametrize(
    ("sensitive", "refused"), [(["distance"], True), (["not_a_feature"], False)]
)
def test_a_service_that_is_sent_a_sensitive_column_is_refused(chosen, sensitive, refused):
    service = chosen(business=BUY, data={"sensitive": sensitive}).ready_made
    assert bool(service.refused) is refused


def test_an_image_of_a_sensitive_column_is_sensitive(chosen):
    data = {"sensitive": ["pixel_7"], "image": {"prefix": "pixel_", "shape": [8, 8, 1]}}
    service = chosen("multiclass", business=BUY, data=data, features=[IMAGE]).ready_made
    assert "pixel_7" in service.refused
