"""The notebook of the examples runs from its first cell to its last, and shows what it should."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

pytestmark = pytest.mark.slow
NOTEBOOK = Path(__file__).parents[2] / "examples" / "04-notebook" / "parcels.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    ours = {"MDLC_HOME", "MLFLOW_TRACKING_URI"}
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=environment | {"PYTHONWARNINGS": "ignore"})
    assert (folder / ".mdlc" / "parcels" / "serving.json").exists()
    assert (folder / "lifecycle.yaml").exists()
    return notebook


def shown(notebook: Any, code: str) -> list[dict[str, str]]:
    """Return what the cell that contains `code` displayed, each as its MIME types."""
    cell = next(c for c in notebook.cells if c.cell_type == "code" and code in c.source)
    return [output.get("data", {"text/plain": output.get("text", "")}) for output in cell.outputs]


def test_the_stored_notebook_has_no_outputs() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    assert [c.id for c in stored.cells if c.cell_type == "code" and c.outputs] == []


def test_progress_is_drawn_in_one_output_below_the_cell(executed: Any) -> None:
    drawn = [o["text/html"] for o in shown(executed, "result =") if "text/html" in o]
    assert len(drawn) == 1
    assert "<td>training</td><td>done</td>" in drawn[0]


def test_an_error_is_one_line(executed: Any) -> None:
    (printed,) = shown(executed, "targte")
    assert printed["text/plain"].startswith("spec.data.targte: unknown key")


def test_predictions_have_the_index_and_the_columns(executed: Any) -> None:
    (table,) = shown(executed, "lifecycle.predict(new)")
    for text in ("parcel", "action", "expected", "score_damaged", "score_whole", ">799<"):
        assert text in table["text/html"]


def test_the_label_was_taken_and_its_money_counted(executed: Any) -> None:
    assert "'accepted': 1" in shown(executed, "server.label")[0]["text/plain"]
    assert "damaged" in shown(executed, "lifecycle.trace")[0]["text/plain"]


def test_the_report_shows_itself_in_a_frame_without_the_notebooks_rights(executed: Any) -> None:
    (page,) = shown(executed, "lifecycle.report()")
    assert page["text/html"].startswith('<iframe srcdoc="&lt;!')
    assert 'sandbox="allow-scripts"' in page["text/html"]
