"""Finds the run and the data that made a version, and the runs that used a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from mdlc.core.bundle import Manifest
from mdlc.core.columns import KEY, SPLIT
from mdlc.core.documents.evaluation_result import Deployment, Evaluation
from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.files import D, Document, read_document
from mdlc.pipelines.local.local_runner import LocalRun
from mdlc.state.release_documents import HistoryEntry

Use = Literal["train", "validation", "test", "later", "quarantined"]


class ModelOrigin(Document):
    """The run and the data that a version comes from; None or "" for what is no longer kept."""

    candidate: str = ""
    digest: str = ""
    trained_rows: int | None = None
    trained_until: datetime | None = None
    """All training rows and labels were known before this time."""
    run: str = ""
    kind: str = ""
    started: datetime | None = None
    snapshot: str = ""
    """Digest of the sources."""
    table: str = ""
    """Digest of the table that preparation made of the sources and of feedback."""
    until: datetime | None = None
    boundaries: dict[str, datetime] = {}
    tried: datetime | None = None
    """When it went on trial as a canary; None if it never was one."""
    promoted: datetime | None = None
    """When it began to serve alone; None if it has not yet."""
    why: str = ""
    """Why it was released, on trial or at once."""
    money_per_decision: float | None = None
    """Money per decision that its evaluation promised."""


class TrainingUse(Document):
    """A retraining whose table contains a given row."""

    run: str
    started: datetime
    use: Use
    until: datetime | None
    begins: datetime | None
    """Begin of the window that the row is in."""
    state: str
    """State of the run."""
    version: str
    """The version that the run registered; "" if it did not get so far."""
    promoted: bool | None
    """Whether the version was promoted; None if the run ended before that was decided."""


def origin_of(
    recorded: Sequence[LocalRun],
    entries: Sequence[HistoryEntry],
    *,
    manifest: Manifest | None,
    version: str,
) -> ModelOrigin:
    """Return the origin of a version; its runs and entries are found by its bundle's digest."""
    own = [e for e in entries if e.version == version and e.kind in {"promotion", "canary"}]
    first = own[0] if own else None
    began = {e.kind: e.time for e in reversed(own)}
    digest = manifest.digest if manifest else first.digest if first else ""
    fields: dict[str, object] = {"digest": digest}
    if manifest:
        fields |= {
            "candidate": manifest.candidate,
            "trained_rows": manifest.trained_rows,
            "trained_until": manifest.trained_until,
        }
    if first:
        fields |= {
            "candidate": first.candidate,
            "tried": began.get("canary"),
            "promoted": began.get("promotion"),
            "why": first.why,
            "money_per_decision": first.money_per_decision,
        }
    for run in recorded:
        made = _read(run, "deployment", "deployment.json", Deployment)
        if made is not None and made.digest == digest:
            fields |= _of_run(run)
            break
    return ModelOrigin.model_validate(fields)


def runs_that_used(recorded: Sequence[LocalRun], *, id: str) -> list[TrainingUse]:
    """Return the retrainings whose table, or quarantine, contains the row `id`."""
    found = []
    for run in recorded:
        folder = _folder(run, "preparation")
        if run.kind != "retraining" or folder is None:
            continue
        use = _use(folder, id=id)
        if use is None:
            continue
        prepared = _read(run, "preparation", "prepared.json", Prepared)
        evaluation = _read(run, "evaluation", "evaluation.json", Evaluation)
        made = _read(run, "deployment", "deployment.json", Deployment)
        found.append(
            TrainingUse(
                run=run.id,
                started=run.started,
                use=use,
                until=prepared.until if prepared else None,
                begins=prepared.boundaries.get(use) if prepared else None,
                state=run.state,
                version=made.version if made else "",
                promoted=evaluation.promote if evaluation else None,
            )
        )
    return found


def _of_run(run: LocalRun) -> dict[str, object]:
    snapshot = _read(run, "collection", "snapshot.json", Snapshot)
    prepared = _read(run, "preparation", "prepared.json", Prepared)
    fields: dict[str, object] = {"run": run.id, "kind": run.kind, "started": run.started}
    if snapshot:
        fields["snapshot"] = snapshot.digest
    if prepared:
        fields |= {
            "table": prepared.digest,
            "until": prepared.until,
            "boundaries": prepared.boundaries,
        }
    return fields


def _use(folder: Path, *, id: str) -> Use | None:
    """Return the split of the row in a prepared table; None if it is not there."""
    import duckdb

    with duckdb.connect() as connection:
        aside = folder / "quarantine.parquet"
        if aside.exists():
            query = f"SELECT 1 FROM read_parquet(?) WHERE {KEY} = ? LIMIT 1"  # noqa: S608
            if connection.execute(query, [str(aside), id]).fetchone():
                return "quarantined"
        table = folder / "table.parquet"
        if not table.exists():
            return None
        query = f"SELECT {SPLIT} FROM read_parquet(?) WHERE {KEY} = ? LIMIT 1"  # noqa: S608
        row = connection.execute(query, [str(table), id]).fetchone()
    return row[0] if row else None


def _folder(run: LocalRun, stage: str) -> Path | None:
    """Return the folder that a stage wrote in a run; None if it wrote none or it was deleted."""
    done = run.stages.get(stage)
    if done is None or not done.artifacts:
        return None
    folder = Path(next(iter(done.artifacts.values())))
    return folder if folder.is_dir() else None


def _read(run: LocalRun, stage: str, name: str, kind: type[D]) -> D | None:
    folder = _folder(run, stage)
    if folder is None or not (folder / name).exists():
        return None
    return read_document(folder / name, kind)
