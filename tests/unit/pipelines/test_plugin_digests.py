"""A plug-in is part of the question of those stages that call it, in files that name it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdlc.core import model_kind, plugins
from mdlc.pipelines.cache import plugin_digests
from mdlc.pipelines.cache.code_digests import stage_code
from mdlc.pipelines.cache.plugin_digests import question_code


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a distribution with a reader, a check and a kind of model in one package."""
    monkeypatch.syspath_prepend(tmp_path)
    package, info = tmp_path / "acme", tmp_path / "acme-1.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text("class Part: pass\n")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme\nVersion: 1\n"
        "Requires-Dist: pytest>=1\nRequires-Dist: mdlc\nRequires-Dist: boto3; extra == 's3'\n"
    )
    groups = {"mdlc.readers": "acme_rows", "mdlc.checks": "acme_check", "mdlc.candidates": "acme"}
    (info / "entry_points.txt").write_text(
        "".join(f"[{group}]\n{name} = acme.parts:Part\n" for group, name in groups.items())
    )
    forget()
    yield package
    monkeypatch.undo()
    sys.modules.pop("acme", None)
    sys.modules.pop("acme.parts", None)
    forget()


def forget() -> None:
    plugins.forget()
    plugin_digests.code_digest.cache_clear()


def asked(
    *, reader: str = "csv", check: str = "not_null", kind: str = "logistic"
) -> dict[str, str]:
    """Return the code of each stage's question for a file that names these."""
    source = {reader: "rows", "header": True}
    model = json.dumps({"candidates": [{"kind": kind, "params": {}}]})
    parameters = {
        "collection": {"sources": json.dumps({"sources": {"rows": source}, "target": "t"})},
        "preparation": {
            "data": json.dumps({"sources": {"rows": source}, "checks": [{check: True}]}),
            "model": "{}",
        },
        "training": {"model": model},
        "business": {"business": "{}"},
    }
    forget()
    return {stage: question_code(stage, given) for stage, given in parameters.items()}


def test_without_plug_ins_a_stage_has_its_own_code_alone(package: Path) -> None:
    assert asked() == {stage: stage_code(stage) for stage in asked()}


@pytest.mark.parametrize(
    ("named", "stage"),
    [
        ({"reader": "acme_rows"}, "collection"),
        ({"check": "acme_check"}, "preparation"),
        ({"kind": "acme"}, "training"),
    ],
)
@pytest.mark.parametrize("change", ["code", "version", "library"])
def test_a_change_reaches_only_the_stage_that_calls_it(
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: dict[str, str],
    stage: str,
    change: str,
) -> None:
    plain, before = asked(), asked(**named)
    assert {name for name in plain if plain[name] != before[name]} == {stage}
    if change == "code":
        (package / "parts.py").write_text("class Part: more = 1\n")
    elif change == "version":
        metadata = package.parent / "acme-1.dist-info/METADATA"
        metadata.write_text(metadata.read_text().replace("Version: 1", "Version: 2"))
    else:
        versions = {"pytest": "0"}
        monkeypatch.setattr(plugin_digests, "_version", lambda name: versions[name])
    after = asked(**named)
    assert {name for name in plain if before[name] != after[name]} == {stage}
    assert asked() == plain


def test_what_a_kind_says_of_itself_is_part_of_selections_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"model": json.dumps({"candidates": []})}
    before = question_code("selection", given)
    real = model_kind.kind_of
    changed = {"why": "Something else."}

    def told(name: str) -> object:
        kind = real(name)
        return type(kind)(**{**vars(kind), **(changed if name == "lightgbm" else {})})

    monkeypatch.setattr(plugin_digests, "kind_of", told)
    assert question_code("selection", given) != before
    named = {"model": json.dumps({"candidates": [{"kind": "logistic", "params": {}}]})}
    monkeypatch.setattr(plugin_digests, "kind_of", real)
    logistic = question_code("selection", named)
    monkeypatch.setattr(plugin_digests, "kind_of", told)
    assert question_code("selection", named) == logistic
