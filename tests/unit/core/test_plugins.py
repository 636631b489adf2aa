"""The door for plug-ins: found by name, imported when used, refused in one line."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from pydantic import ValidationError

from mdlc.core import plugins
from mdlc.core.errors import SpecError
from mdlc.core.plugins import CANDIDATES, CHECKS, READERS
from mdlc.core.spec import Data, Lifecycle, Model
from mdlc.core.steps import explain
from tests.unit.conftest import Install
from tests.unit.core.spec_text import loaded, refused


def test_built_in_plug_ins_come_through_the_same_door() -> None:
    assert {"csv", "tsv", "json", "parquet"} <= set(plugins.names(READERS))
    assert {"not_null", "expression"} <= set(plugins.names(CHECKS))
    assert plugins.find(CANDIDATES, "rule").built_in


def test_every_built_in_plug_in_can_be_imported() -> None:
    for group in plugins.NOUNS:
        for name in plugins.built_in_names(group):
            plugins.load(group, name)


def test_a_package_adds_a_key(install: Install, tmp_path: Path) -> None:
    install("acme-sources", group=READERS, entry="acme")
    source = loaded(tmp_path, "csv: rows.csv", "acme: rows.txt").spec.data.sources["rows"]
    assert (source.format, source.location) == ("acme", "rows.txt")
    assert "acme" in Lifecycle.model_json_schema()["$defs"]["Source"]["properties"]
    assert "acme" not in plugins.built_in_names(READERS)


def test_two_packages_with_one_name_are_refused_where_it_is_used(
    install: Install, tmp_path: Path
) -> None:
    install("acme-sources", group=READERS, entry="acme")
    install("other-sources", group=READERS, entry="acme")
    assert loaded(tmp_path).name == "small"
    error = refused(tmp_path, "csv: rows.csv", "acme: rows.txt")
    assert error.where == "spec.data.sources.rows.acme"
    assert "acme of acme-sources 2.0 and acme of other-sources 2.0" in error.message


def test_a_package_cannot_take_a_built_in_name(install: Install, tmp_path: Path) -> None:
    install("acme-sources", group=READERS, entry="csv")
    error = refused(tmp_path, "csv: rows.csv", "csv: other.csv")
    assert "csv of acme-sources 2.0" in error.message
    assert "csv of mdlc " in error.message


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import acme_lacks_this", "ModuleNotFoundError: No module named 'acme_lacks_this'"),
        ("Other = 1", "AttributeError: module 'acme_sources' has no attribute 'Key'"),
        ("raise RuntimeError('boom\\nand more')", "RuntimeError: boom; repair or uninstall acme-"),
        ("Key = 3", "acme of acme-sources 2.0 is no class of a reader of sources"),
    ],
)
def test_a_broken_package_is_named_only_where_it_is_used(
    install: Install, tmp_path: Path, code: str, says: str
) -> None:
    install("acme-sources", group=READERS, entry="acme", code=code)
    assert loaded(tmp_path).name == "small"
    assert refused(tmp_path, "csv: rows.csv", "cvs: rows.csv").hint == "did you mean csv?"
    error = refused(tmp_path, "csv: rows.csv", "acme: rows.txt")
    assert error.where == "spec.data.sources.rows.acme"
    assert "acme of acme-sources 2.0" in error.message
    assert says in error.message


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("class Key: pass", "does not declare itself: about is no ModelKind of the name acme"),
        (
            "from mdlc.core.model_kind import ModelKind\n"
            "class Key: about = ModelKind('other', why='')",
            "does not declare itself: about is no ModelKind of the name acme",
        ),
    ],
)
def test_a_kind_of_model_that_is_none_is_refused(
    install: Install, tmp_path: Path, code: str, says: str
) -> None:
    install("acme-models", group=CANDIDATES, entry="acme", code=code)
    error = refused(tmp_path, "tuning: {trials: 2}", "candidates: [acme]")
    assert error.where == "spec.model.candidates[0].kind"
    assert "acme of acme-models 2.0" in error.message
    assert says in error.message


def test_a_package_cannot_change_what_a_key_of_every_section_means(
    install: Install, tmp_path: Path
) -> None:
    install("acme-checks", group=CHECKS, entry="severity")
    with pytest.raises(SpecError, match=r"severity of acme-checks 2\.0 has a name that is a key"):
        Lifecycle.model_json_schema()
    assert loaded(tmp_path).name == "small"


def test_a_step_whose_image_lacks_the_plug_in_says_so_in_a_line() -> None:
    text = '{"sources": {"rows": {"acme": "rows.txt"}}, "target": "t"}'
    with pytest.raises(ValidationError) as caught:
        Data.model_validate_json(text)
    error = explain(caught.value, stage="collection")
    assert type(error) is SpecError
    assert str(error) == "collection: sources.rows.acme: unknown key acme"
    with pytest.raises(ValidationError) as caught:
        Model.model_validate_json('{"candidates": [{"kind": "acme", "params": {}}]}')
    error = explain(caught.value, stage="training")
    assert str(error).startswith("training: candidates.0.kind: no kind of model is called acme")


def test_an_installation_without_mdlcs_own_entry_points_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plugins.forget()
    monkeypatch.setattr(metadata, "entry_points", metadata.EntryPoints)
    with pytest.raises(SpecError, match="install it again: make setup"):
        plugins.names(READERS)
    plugins.forget()
