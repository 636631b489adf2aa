"""A schedule's arguments never change, so its runs look up the newest upload themselves."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path

import pytest

from mdlc.cluster.export_feedback import export_feedback
from mdlc.core.errors import ArtifactError, DataError, SpecError
from mdlc.core.plugins import READERS
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow import source_uploads
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.fetch_inputs import fetch_inputs
from mdlc.pipelines.kubeflow.kfp_client import run_arguments
from mdlc.pipelines.kubeflow.recurring_runs import RecurringRuns, RunTrigger
from mdlc.pipelines.kubeflow.step_settings import StepSettings
from mdlc.pipelines.stage_arguments import Arguments, Renewal
from tests.services.kfp_standin import standin
from tests.unit.conftest import Install
from tests.unit.core.spec_text import loaded
from tests.unit.pipelines.cluster import connect, on_cluster, uploaded

ROW = "999,2026-01-02 23:00:00,2026-01-02 23:30:00,0.5,a,left,1\n"


def arguments(lifecycle: Lifecycle, upload: source_uploads.Sources | None = None) -> Arguments:
    """Return the arguments of a training that somebody submits, with an upload or without."""
    return run_arguments(lifecycle, kind="training", renewal=Renewal(), sources=upload)


def brought(lifecycle: Lifecycle, given: dict[str, str | float], scratch: Path) -> Path:
    """Return the folder that collection would read."""
    settings = StepSettings(name="tiny", artifacts=artifacts_of(lifecycle))
    taken = {key: given[key] for key in ("root", "sources", "digests")}
    found = fetch_inputs(
        "collection", taken, settings=settings, scratch=scratch, export=export_feedback
    )
    assert all(json.loads(str(found["digests"])).values()), "what is here now decides"
    return Path(str(found["root"]))


def test_a_scheduled_run_reads_the_newest_upload(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path)
    with standin(tmp_path / "kfp", command=["true"]) as kfp:
        schedules, weekly = (
            RecurringRuns(connect(kfp.url)),
            RunTrigger(cron="0 3 * * 1"),
        )
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
    root = brought(lifecycle, given, tmp_path / "scratch")
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("place", ["beside", "absolute"])
def test_what_lies_around_the_pods_process_is_not_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    location = {"beside": "rows.csv", "absolute": str(tmp_path / "rows.csv")}[place]
    lifecycle = on_cluster(tmp_path, location=location)
    unknown = source_uploads.Sources(root=source_uploads.IMAGE, digests={"rows": ""})
    with pytest.raises((DataError, SpecError), match=r"no file|outside of the file's folder"):
        brought(lifecycle, arguments(lifecycle, unknown), tmp_path / "scratch")


def test_a_folder_of_the_pod_is_read_where_the_image_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle = on_cluster(tmp_path)
    folder = tmp_path / "mounted"
    folder.mkdir()
    (tmp_path / "rows.csv").rename(folder / "rows.csv")
    given = arguments(lifecycle, source_uploads.at(lifecycle, location=str(folder)))
    with pytest.raises(SpecError, match="MDLC_DATA_ROOTS"):
        brought(lifecycle, given, tmp_path / "scratch")
    monkeypatch.setenv("MDLC_DATA_ROOTS", str(folder))
    assert brought(lifecycle, given, tmp_path / "scratch") == folder


@pytest.mark.parametrize("value", ["{table: rows}", "{location: 'https://example.com/rows'}"])
def test_what_is_no_file_is_not_uploaded(install: Install, tmp_path: Path, value: str) -> None:
    """A plug-in's reader may ask a database: nothing of it lies beside the file."""
    install("acme-sources", group=READERS, entry="acme", code=DATABASE)
    lifecycle = loaded(tmp_path, "{csv: rows.csv}", f"{{acme: {value}}}")
    artifacts = f"file://{tmp_path}/artifacts"
    made = source_uploads.upload(lifecycle, root=tmp_path, artifacts=artifacts)
    assert source_uploads.relative(lifecycle) == {}
    assert made.digests == {"rows": "of the rows"}


DATABASE = """
from mdlc.components.collection.readers import SourceReader, SpecSection


class Table(SpecSection):
    table: str = ""
    location: str = ""


class Key(SourceReader):
    "A table of a database."
    value = Table

    def digest(self, request):
        return "of the rows"

    def open(self, connection, request, *, scratch):
        raise AssertionError("nobody reads it here")
"""
