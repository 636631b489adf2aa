"""A schedule's arguments never change, so its runs look up the newest upload themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mdlc.core.errors import ArtifactError
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow import sources
from mdlc.pipelines.kubeflow.arguments import artifacts_of
from mdlc.pipelines.kubeflow.client import Client
from mdlc.pipelines.kubeflow.inputs import bring
from mdlc.pipelines.kubeflow.schedules import Schedules, Trigger
from mdlc.pipelines.kubeflow.settings import Settings
from tests.services.kfp_standin import standin
from tests.unit.pipelines.cluster import on_cluster, uploaded

ROW = "999,2026-01-02 23:00:00,2026-01-02 23:30:00,0.5,a,left,1\n"


def brought(lifecycle: Lifecycle, given: dict[str, str | float], scratch: Path) -> Path:
    """Return the folder that collection would read."""
    settings = Settings(name="tiny", artifacts=artifacts_of(lifecycle))
    taken = {key: given[key] for key in ("root", "sources", "digests")}
    found = bring("collection", taken, settings=settings, scratch=scratch)
    assert all(json.loads(str(found["digests"])).values()), "what is here now decides"
    return Path(str(found["root"]))


def test_a_scheduled_run_reads_the_newest_upload(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path)
    with standin(tmp_path / "kfp", command=["true"]) as kfp:
        schedules, weekly = Schedules(Client(kfp.url)), Trigger(cron="0 3 * * 1")
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
        sources.root_of(f"{tmp_path}/{sources.RECORD}")


def test_what_somebody_else_keeps_stays_where_it_is() -> None:
    kept = sources.Sources(root="s3://data/daily", digests={"rows": "1"})
    assert sources.newest(kept, artifacts="s3://models/mdlc/tiny") == kept
