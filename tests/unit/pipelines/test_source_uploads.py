"""A schedule's arguments never change, so its runs look up the newest upload themselves."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path

import pytest

from mdlc.core.errors import ArtifactError
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow import source_uploads
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.fetch_inputs import fetch_inputs
from mdlc.pipelines.kubeflow.kfp_client import KfpClient, run_arguments
from mdlc.pipelines.kubeflow.recurring_runs import RecurringRuns, RunTrigger
from mdlc.pipelines.kubeflow.step_settings import StepSettings
from mdlc.pipelines.stage_arguments import Arguments, Renewal
from tests.services.kfp_standin import standin
from tests.unit.pipelines.cluster import on_cluster, uploaded

ROW = "999,2026-01-02 23:00:00,2026-01-02 23:30:00,0.5,a,left,1\n"


def arguments(lifecycle: Lifecycle, upload: source_uploads.Sources | None = None) -> Arguments:
    """Return the arguments of a training that somebody submits, with an upload or without."""
    return run_arguments(lifecycle, kind="training", renewal=Renewal(), sources=upload)


def brought(lifecycle: Lifecycle, given: dict[str, str | float], scratch: Path) -> Path:
    """Return the folder that collection would read."""
    settings = StepSettings(name="tiny", artifacts=artifacts_of(lifecycle))
    taken = {key: given[key] for key in ("root", "sources", "digests")}
    found = fetch_inputs("collection", taken, settings=settings, scratch=scratch)
    assert all(json.loads(str(found["digests"])).values()), "what is here now decides"
    return Path(str(found["root"]))


def test_a_scheduled_run_reads_the_newest_upload(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path)
    with standin(tmp_path / "kfp", command=["true"]) as kfp:
        schedules, weekly = RecurringRuns(KfpClient(kfp.url)), RunTrigger(cron="0 3 * * 1")
        one = schedules.add(
            lifecycle, trigger=weekly, sources=uploaded(lifecycle, tmp_path), fuse=None
        )
        with (tmp_path / "rows.csv").open("a") as rows:
            rows.write(ROW)
        later = uploaded(lifecycle, tmp_path)
        same = schedules.add(lifecycle, trigger=weekly, sources=later, fuse=None)
        assert same.run_id == one.run_id, "new data are no new schedule"
        (stored,) = kfp.state.things["recurringruns"].values()
    given = stored.runtime_config.parameters
    root = brought(lifecycle, given, tmp_path / "scratch")
    assert (root / "rows.csv").read_text().endswith(ROW)
    assert root == Path(later.root)


def test_without_the_record_of_uploads_the_step_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="--upload"):
        source_uploads.root_of(f"{tmp_path}/{source_uploads.RECORD}", artifacts=str(tmp_path))


def test_what_somebody_else_keeps_stays_where_it_is() -> None:
    kept = source_uploads.Sources(root="s3://data/daily", digests={"rows": "1"})
    assert source_uploads.newest(kept, artifacts="s3://models/mdlc/tiny") == kept


def test_an_upload_brings_what_a_package_ships_to_an_image_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "ours"
    (package / "data").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    lifecycle = on_cluster(tmp_path, location="package://ours/data/rows.csv")
    (tmp_path / "rows.csv").rename(package / "data" / "rows.csv")
    before = arguments(lifecycle)
    upload = uploaded(lifecycle, tmp_path)
    assert json.loads(str(before["digests"])) == upload.digests

    shutil.rmtree(package)
    importlib.invalidate_caches()
    for given in (arguments(lifecycle, upload), arguments(lifecycle)):
        root = brought(lifecycle, given, tmp_path / "scratch")
        assert root == Path(upload.root), "the newest upload counts for who did not upload"
        assert (root / ".packages/ours/data/rows.csv").is_file()


def test_without_an_upload_what_a_package_ships_is_in_the_image(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path, location="package://sklearn/datasets/data/iris.csv")
    given = arguments(lifecycle)
    assert brought(lifecycle, given, tmp_path / "scratch") == Path()
