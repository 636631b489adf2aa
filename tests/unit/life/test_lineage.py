"""A version is followed back to the run that made it, a row forward to the runs that used it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mdlc.core.documents.prepared_data import Snapshot
from mdlc.core.files import write_document
from mdlc.life.lineage import ModelOrigin, origin_of, runs_that_used
from mdlc.pipelines.local.local_runner import LocalRun, StageRun
from tests.unit.bundles import make_bundle, make_prepared
from tests.unit.monitoring.test_history_entries import told
from tests.winners import deployed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Recorded:
    """A run whose stages wrote what a lineage reads: version, digest, table with its splits."""

    def __init__(self, folder: Path, number: int, *, kind: Literal["training", "retraining"]):
        self.folder, self.number, self.kind = folder / f"run-{number}", number, kind
        self.manifest = make_bundle(self.folder / "deployment" / "bundle", bias=float(number))
        evaluation = deployed(
            self.folder / "deployment",
            name="test",
            version=str(number),
            digest=self.manifest.digest,
            money=1,
            created=NOON,
        )
        write_document(self.folder / "evaluation" / "evaluation.json", evaluation)
        make_prepared(
            self.folder / "preparation",
            x=np.zeros(4),
            target=np.array(["good", "bad", "good", "bad"], dtype=object),
            split=np.array(["train", "validation", "test", "later"], dtype=object),
            days=4,
        )
        snapshot = Snapshot(sources={}, digest=f"snapshot-{number}")
        write_document(self.folder / "collection" / "snapshot.json", snapshot)

    def run(self, *missing: str, state: Any = "finished") -> LocalRun:
        stages = {
            stage: StageRun(
                state="finished", seconds=1.0, artifacts={"out": str(self.folder / stage)}
            )
            for stage in ("collection", "preparation", "evaluation", "deployment")
            if stage not in missing
        }
        return LocalRun(
            id=f"r-{self.number}",
            name="test",
            kind=self.kind,
            state=state,
            started=NOON + timedelta(days=self.number),
            seconds=1.0,
            stages=stages,
        )


@pytest.fixture
def first(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path, 1, kind="training")


@pytest.fixture
def second(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path, 2, kind="retraining")


def test_a_version_is_traced_to_the_run_that_made_its_bundle(
    first: Recorded, second: Recorded
) -> None:
    """By the bundle's digest: two runs may have made versions of the same number."""
    found = origin_of(
        [first.run(), second.run()], told("promotion 2"), manifest=second.manifest, version="2"
    )
    assert (found.run, found.kind, found.snapshot) == ("r-2", "retraining", "snapshot-2")
    assert (found.candidate, found.digest) == ("logistic", second.manifest.digest)


@pytest.mark.parametrize(
    ("lines", "tried", "promoted"),
    [
        (["promotion 1", "promotion 2 1"], None, 1),
        (["promotion 1", "canary 2"], 1, None),
        (["promotion 1", "canary 2", "canary_rollback 1 2"], 1, None),
        (["promotion 1", "canary 2", "promotion 2 1"], 1, 2),
        (["promotion 1", "promotion 2 1", "rollback 1 2", "promotion 2 1"], None, 1),
    ],
)
def test_on_trial_is_not_promoted(
    lines: list[str], tried: int | None, promoted: int | None
) -> None:
    found = origin_of([], told(*lines), manifest=None, version="2")
    hours = [moment and (moment - NOON).total_seconds() / 3600 for moment in _began(found)]
    assert hours == [tried, promoted]


def _began(origin: ModelOrigin) -> list[datetime | None]:
    return [origin.tried, origin.promoted]


def test_what_is_no_longer_kept_is_left_open_not_made_up(second: Recorded) -> None:
    found = origin_of([second.run("collection")], [], manifest=second.manifest, version="2")
    assert (found.run, found.snapshot, found.why, found.promoted) == ("r-2", "", "", None)
    nothing = origin_of([], [], manifest=None, version="9")
    assert nothing == ModelOrigin()


def test_a_row_is_found_in_the_retrainings_whose_table_has_it(
    first: Recorded, second: Recorded
) -> None:
    """Trainings do not learn from predictions, so they are not asked."""
    for row, use in enumerate(["train", "validation", "test", "later"]):
        (found,) = runs_that_used([first.run(), second.run()], id=f"{row:08d}")
        assert (found.run, found.use, found.version) == ("r-2", use, "2")
        assert found.promoted is True
    assert runs_that_used([first.run(), second.run()], id="unknown") == []


def test_a_row_that_was_put_aside_is_told_as_such(second: Recorded) -> None:
    aside = pa.table({"__key": ["00000001"]})
    parquet.write_table(aside, second.folder / "preparation" / "quarantine.parquet")
    (found,) = runs_that_used([second.run()], id="00000001")
    assert found.use == "quarantined"


def test_a_run_that_did_not_get_so_far_has_no_version_and_no_decision(second: Recorded) -> None:
    failed = second.run("evaluation", "deployment", state="failed")
    (found,) = runs_that_used([failed], id="00000000")
    assert (found.version, found.promoted, found.state) == ("", None, "failed")
    assert runs_that_used([second.run("preparation")], id="00000000") == []
