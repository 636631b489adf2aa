"""Our runner is kfp.local, only faster: the same compiled pipeline gives the same artifacts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mdlc.core.files import digest_path
from mdlc.core.spec import load
from mdlc.pipelines.cache.code_digests import pipeline_code
from mdlc.pipelines.compile_training import compile_training
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.local.warm_server import WarmServer
from mdlc.pipelines.stage_arguments import Arguments, Renewal, arguments
from mdlc.state.workspace import Workspace, workspace_of
from tests import tiny

pytestmark = pytest.mark.slow
DETERMINISTIC = ("business", "collection", "preparation", "exploration", "selection")


def plain(asked: Arguments, *, workspace: Workspace) -> dict[str, Path]:
    """Run the compiled pipeline by kfp.local as it comes; return each stage's artifact."""
    from kfp import components, local

    compiled = compile_training(workspace.home / "pipelines", code=pipeline_code())
    pipeline = components.load_component_from_file(str(compiled))
    root = workspace.home / "plain"
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(root),
        raise_on_error=True,
        enable_caching=False,
    )
    pipeline(**asked)
    (run,) = root.glob("mdlc-training-*")
    return {stage.name: next(p for p in stage.iterdir() if p.is_dir()) for stage in run.iterdir()}


def ours(asked: Arguments, *, workspace: Workspace) -> dict[str, Path]:
    with WarmServer() as server:
        return LocalRunner(workspace, server).run(asked, kind="training", listener=lambda *_: None)


def models(folder: Path) -> dict[str, str]:
    candidates = json.loads((folder / "training.json").read_text())["candidates"]
    return {candidate["kind"]: candidate["digest"] for candidate in candidates}


@pytest.mark.filterwarnings("ignore")
def test_plain_kfp_local_and_our_runner_write_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tiny.write_rows(tmp_path / "rows.csv")
    file = tiny.write_file(tmp_path)
    lifecycle = load(file)
    found = []
    for run, home in ((plain, "plain-home"), (ours, "our-home")):
        workspace = workspace_of(lifecycle, file=file, home=tmp_path / home)
        found.append(
            run(arguments(lifecycle, workspace=workspace, renewal=Renewal()), workspace=workspace)
        )
    theirs, mine = found
    assert set(theirs) == set(mine)
    for stage in DETERMINISTIC:
        assert digest_path(theirs[stage]) == digest_path(mine[stage]), stage
    assert models(theirs["training"]) == models(mine["training"])
    assert digest_path(theirs["evaluation"]) == digest_path(mine["evaluation"])
