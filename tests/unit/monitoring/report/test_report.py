"""The report is one bounded file that says everything, also what is missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest

from mdlc.core.documents.prepared_data import Prepared
from mdlc.monitoring.report import ReportInput, build
from mdlc.monitoring.report.sections import SECTIONS, headline_section
from mdlc.state.replay_documents import ReplayRecord
from tests.unit.monitoring.report import synthetic

EXAMPLES = {
    made.__name__: made
    for made in (synthetic.empty, synthetic.flights, synthetic.digits, synthetic.demand)
}
ALL = pytest.mark.parametrize("name", EXAMPLES)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reports")
    for name, made in EXAMPLES.items():
        build(made(), out=folder / f"{name}.html")
    return {name: (folder / f"{name}.html").read_text("utf-8") for name in EXAMPLES}


def figures(page: str) -> list[dict[str, object]]:
    found = re.findall(r'<script type="application/json" data-plot="[^"]+">(.*?)</script>', page)
    return [json.loads(text) for text in found]


@ALL
def test_it_stays_below_six_megabytes(pages: dict[str, str], name: str) -> None:
    assert len(pages[name].encode()) < 6_000_000


@ALL
def test_nothing_is_loaded_from_anywhere(pages: dict[str, str], name: str) -> None:
    ours = re.sub(r"<script.*?</script>", "", pages[name], flags=re.DOTALL)
    assert not re.search(r"https?://|@import|<link[^>]+stylesheet|src=\"(?!data:)", ours)
    assert "default-src &#39;none&#39;" in ours or "default-src 'none'" in ours


@ALL
def test_the_policy_names_exactly_the_scripts_that_run(pages: dict[str, str], name: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", pages[name], flags=re.DOTALL)
    digests = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts}
    assert len(scripts) == 2
    assert set(re.findall(r"sha256-([\w+/=]+)", pages[name][:2000])) == digests


@ALL
def test_every_section_is_there_and_in_the_contents(pages: dict[str, str], name: str) -> None:
    for section in SECTIONS:
        made = section(EXAMPLES[name]())
        assert f'id="{made.id}"' in pages[name]
        assert f'href="#{made.id}"' in pages[name]
        assert made.blocks or made.missing


@ALL
def test_every_plot_has_a_caption_of_whole_words(pages: dict[str, str], name: str) -> None:
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", pages[name])
    assert len(captions) >= len(figures(pages[name]))
    assert all(caption.endswith(".") and len(caption) > 30 for caption in captions)


def test_an_empty_lifecycle_says_what_has_not_run(pages: dict[str, str]) -> None:
    assert pages["empty"].count('class="missing"') == len(SECTIONS) + 1  # and the noscript line
    assert figures(pages["empty"]) == []


DOCUMENTS = [field.name for field in fields(ReportInput) if field.name != "name"]


@pytest.mark.parametrize("missing", ["lifecycle", "business", "prepared", "evaluation", "life"])
def test_a_document_may_be_missing(missing: str) -> None:
    inputs = replace(synthetic.flights(), **{missing: None})  # type: ignore[arg-type]
    assert headline_section.build(inputs).sentence
    assert all(section(inputs).title for section in SECTIONS)


@pytest.mark.parametrize("only", DOCUMENTS)
def test_each_document_may_be_alone(only: str) -> None:
    inputs = ReportInput("alone", **{only: getattr(synthetic.flights(), only)})
    assert headline_section.build(inputs).sentence
    assert all(section(inputs).title for section in SECTIONS)


def test_values_from_the_data_cannot_become_markup(tmp_path: Path) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    whole = synthetic.flights()
    assert whole.exploration
    columns = [c.model_copy(update={"top": [(evil, 5)]}) for c in whole.exploration.categories]
    inputs = replace(
        whole,
        name=evil,
        exploration=whole.exploration.model_copy(
            update={"categories": columns, "warnings": [evil]}
        ),
    )
    build(inputs, out=tmp_path / "report.html")
    assert "<img src=x" not in (tmp_path / "report.html").read_text("utf-8")


def test_a_goal_left_open_is_measured_on_the_test_set() -> None:
    states = {goal.metric: goal.met for goal in synthetic.flights().goals}
    assert states == {"money_per_decision": True, "log_loss": False, "mae": None}


def test_when_the_challenger_lost_the_champion_is_judged() -> None:
    whole = synthetic.flights()
    assert whole.evaluation
    kept = replace(whole, evaluation=whole.evaluation.model_copy(update={"promote": False}))
    assert whole.judged and whole.judged.name == "lightgbm"  # noqa: PT018
    assert kept.judged and kept.judged.name == "champion"  # noqa: PT018


def test_many_features_are_bounded(tmp_path: Path) -> None:
    whole = synthetic.flights()
    assert whole.exploration
    many = [
        n.model_copy(update={"name": f"f{i}"}) for i, n in enumerate(whole.exploration.numbers * 20)
    ]
    wide = whole.exploration.model_copy(update={"numbers": many})
    build(ReportInput("wide", exploration=wide), out=tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 6_000_000


def test_empty_lists_are_no_error(tmp_path: Path) -> None:
    whole = synthetic.flights()
    assert whole.exploration and whole.training and whole.evaluation and whole.life  # noqa: PT018
    bare = ReportInput(
        "bare",
        prepared=Prepared.model_validate(
            whole.prepared.model_dump() | {"checks": [], "rows": {}, "features": []}  # type: ignore[union-attr]
        ),
        exploration=whole.exploration.model_copy(
            update={"numbers": [], "categories": [], "correlation": None, "target": {}}
        ),
        training=whole.training.model_copy(update={"candidates": []}),
        evaluation=whole.evaluation.model_copy(update={"contenders": [], "comparisons": []}),
        life=ReplayRecord.model_validate(
            whole.life.model_dump() | {"weeks": [], "events": [], "policies": []}
        ),
    )
    build(bare, out=tmp_path / "report.html")


def test_it_is_built_in_three_seconds(tmp_path: Path) -> None:
    build(synthetic.flights(), out=tmp_path / "report.html")
    begin = time.process_time()
    build(synthetic.flights(), out=tmp_path / "report.html")
    assert time.process_time() - begin < 3
