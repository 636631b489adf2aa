"""Who takes part."""

import pytest

from mdlc.components.selection.contestants import DEFAULTS, contestants
from mdlc.core import plugins
from mdlc.core.columns import Feature
from mdlc.core.errors import SpecError
from mdlc.core.model_kind import kind_of
from mdlc.core.spec.model import CandidateChoice

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


def test_every_built_in_kind_declares_itself_under_its_own_name():
    kinds = {name: kind_of(name) for name in plugins.built_in_names(plugins.CANDIDATES)}
    assert set(DEFAULTS) < set(kinds)
    assert all(kind.why and kind.name == name for name, kind in kinds.items())
    assert {name for name, kind in kinds.items() if kind.deep} == {"keras_mlp", "keras_cnn"}


def test_a_kind_that_is_gone_since_the_file_was_read_is_named():
    gone = CandidateChoice.model_construct(kind="light_gbm", params={})
    with pytest.raises(SpecError, match="no kind of model is called light_gbm; did you mean"):
        contestants([gone], task="binary", image=False, rows=3000)


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
